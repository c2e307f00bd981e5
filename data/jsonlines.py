"""JSON lines, read one at a time: what is no JSON becomes an error in its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, NoReturn

from data.schemas import ErrorDetail, ErrorLine

MAX_LINE_BYTES = 4_500_000
"""Longest line read, in bytes: a note of a million characters, escaped."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class JsonLine:
    """A decoded line and its number, from 1."""

    number: int
    value: object


def _error(code: str, message: str, line: int) -> ErrorLine:
    return ErrorLine(line=line, error=ErrorDetail(code=code, message=message))


def json_lines(stream: BinaryIO) -> Iterator[JsonLine | ErrorLine]:
    """Decoded lines of a stream; blank lines and a byte-order mark are passed over."""
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1 and raw.startswith(_UTF16_MARKS):
            yield _error("not_utf8", "the file is UTF-16; save it as UTF-8 and send it again", 1)
            return
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            _skip_line(stream)
            yield _error(
                "line_too_long", f"the line is longer than {MAX_LINE_BYTES} bytes; split it", number
            )
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.strip():
            yield parse_json(raw, number)


def parse_json(raw: bytes, number: int) -> JsonLine | ErrorLine:
    """One line decoded, or what is wrong with it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _error(
            "not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8", number
        )
    try:
        return JsonLine(number, json.loads(text, parse_constant=_no_constant))
    except RecursionError:
        return _error("not_json", "nested too deeply", number)
    except json.JSONDecodeError as error:
        return _error("not_json", f"not JSON at column {error.colno}: {error.msg.lower()}", number)
    except ValueError:
        return _error("not_json", "a number that JSON does not allow", number)


def _skip_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

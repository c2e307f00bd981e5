"""Claims from and to JSON lines: one claim an object, one object a line, UTF-8.

Tolerant where no meaning is lost: a byte-order mark, blank lines, codes without
their dot or in lower case, and diagnoses given as plain strings are accepted.
Everything else that is wrong becomes an :class:`ErrorLine` in its place.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO, NoReturn

from pydantic import ValidationError

from data.claims.codes import dotted
from data.claims.validation import describe, error_line
from data.schemas import Claim, ErrorLine

MAX_LINE_BYTES = 4_000_000
"""Longest line read, in bytes; a claim of 50 lines takes about 15,000."""

_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_jsonl(stream: BinaryIO) -> Iterator[Claim | ErrorLine]:
    """Claims of a JSONL stream, one line held in memory at a time.

    Yields:
        A :class:`Claim`, or an :class:`ErrorLine` whose ``line`` counts from 1.
    """
    number = 0
    while raw := stream.readline(MAX_LINE_BYTES + 1):
        number += 1
        if number == 1 and raw.startswith(_UTF16_MARKS):
            yield error_line(
                "not_utf8", "the file is UTF-16; save it as UTF-8 and send it again", line=1
            )
            return
        if len(raw) > MAX_LINE_BYTES and not raw.endswith(b"\n"):
            _skip_line(stream)
            yield error_line(
                "line_too_long",
                f"the line is longer than {MAX_LINE_BYTES} bytes; write one claim a line",
                line=number,
            )
            continue
        if number == 1:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        if raw.strip():
            yield parse_line(raw, number)


def parse_line(raw: bytes, number: int) -> Claim | ErrorLine:
    """One line of JSON as a claim, or what is wrong with it."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return error_line(
            "not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8", line=number
        )
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        return error_line("not_json", "nested too deeply for a claim", line=number)
    except json.JSONDecodeError as error:
        return error_line(
            "not_json", f"not JSON at column {error.colno}: {error.msg.lower()}", line=number
        )
    except ValueError:
        return error_line("not_json", "a number that JSON does not allow", line=number)
    return parse_object(value, number)


def parse_object(value: object, number: int | None = None) -> Claim | ErrorLine:
    """A decoded JSON value as a claim, or what is wrong with it."""
    if not isinstance(value, dict):
        return error_line("not_an_object", "write one claim as {...} a line", line=number)
    given = value.get("claim_id")
    claim_id = given if isinstance(given, str) and given else None
    try:
        return Claim.model_validate(_with_dots(value))
    except ValidationError as error:
        return error_line("invalid_claim", describe(error), line=number, claim_id=claim_id)


def write_line(claim: Claim) -> str:
    """The claim as one JSON line, empty fields left out; ends with a newline."""
    return claim.model_dump_json(exclude_defaults=True) + "\n"


def _with_dots(value: dict[str, object]) -> dict[str, object]:
    diagnoses = value.get("diagnoses")
    if not isinstance(diagnoses, list):
        return value
    tidy: list[object] = []
    for item in diagnoses:
        if isinstance(item, str):
            tidy.append({"code": dotted(item)})
        elif isinstance(item, dict) and isinstance(item.get("code"), str):
            tidy.append({**item, "code": dotted(item["code"])})
        else:
            tidy.append(item)
    return {**value, "diagnoses": tidy}


def _skip_line(stream: BinaryIO) -> None:
    while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
        pass


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")

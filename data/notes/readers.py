"""Notes from wherever they lie: JSON lines, a plain text file, or standard input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from pydantic import ValidationError

from data.jsonlines import json_lines
from data.schemas import MAX_NOTE_CHARACTERS, ErrorDetail, ErrorLine, Note
from data.validation import Fields, describe, printable

_FIELDS: Fields = {"": Note}
_MARK = b"\xef\xbb\xbf"
_MAX_BYTES = len(_MARK) + 4 * MAX_NOTE_CHARACTERS
"""Most bytes that a text file of one note can have."""
JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})


class NoteSourceError(ValueError):
    """A source that cannot be opened; the message says what to give instead."""


def read_notes(source: str | Path) -> Iterator[Note | ErrorLine]:
    """Notes of a JSONL file, one note of a text file, or JSONL (else text) from stdin (``-``).

    Raises:
        NoteSourceError: no such file.
    """
    if str(source) == "-":
        yield from _read_unknown(sys.stdin.buffer)
        return
    path = Path(source)
    try:
        stream = path.open("rb")
    except OSError as error:
        reason = (error.strerror or "cannot be opened").lower()
        raise NoteSourceError(f"{path}: {reason}; give a .jsonl or .txt file, or '-'") from error
    with stream:
        if path.suffix.lower() in JSONL_SUFFIXES:
            yield from read_jsonl(stream)
        else:
            yield _text_note(stream.read(_MAX_BYTES + 1), path.stem or "note")


def _read_unknown(stream: BinaryIO) -> Iterator[Note | ErrorLine]:
    """Standard input is JSON lines if it begins like an object, else the text of one note."""
    head = stream.peek(64) if hasattr(stream, "peek") else b""
    if head.removeprefix(_MARK).lstrip()[:1] == b"{":
        yield from read_jsonl(stream)
    else:
        yield _text_note(stream.read(_MAX_BYTES + 1), "stdin")


def read_jsonl(stream: BinaryIO) -> Iterator[Note | ErrorLine]:
    """Notes of a JSONL stream, one line held in memory at a time; a bad line yields an error."""
    for line in json_lines(stream):
        if isinstance(line, ErrorLine):
            yield line
        else:
            yield parse_note(line.value, line.number)


def parse_note(value: object, number: int | None = None) -> Note | ErrorLine:
    """A decoded JSON value as a note, or what is wrong with it (never the words of the note)."""
    if not isinstance(value, dict):
        return _error("not_an_object", "write one note as {...} a line", line=number)
    given = value.get("id")
    note_id = given if isinstance(given, str) and given else None
    try:
        return Note.model_validate(value)
    except ValidationError as error:
        return _error("invalid_note", describe(error, _FIELDS), line=number, note_id=note_id)


def _text_note(raw: bytes, name: str) -> Note | ErrorLine:
    content = raw.removeprefix(_MARK)
    if len(content) > 4 * MAX_NOTE_CHARACTERS:  # read in part: its last character may be cut
        return _error(
            "invalid_note",
            f"text: longer than {MAX_NOTE_CHARACTERS} characters; split the note",
            note_id=name,
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        return _error(
            "not_utf8", f"byte {error.start} is not UTF-8; save the file as UTF-8", note_id=name
        )
    return parse_note({"id": printable(name, 200), "text": text})


def _error(
    code: str, message: str, *, line: int | None = None, note_id: str | None = None
) -> ErrorLine:
    return ErrorLine(
        id=printable(note_id, 200) if note_id else None,
        line=line,
        error=ErrorDetail(code=code, message=message),
    )

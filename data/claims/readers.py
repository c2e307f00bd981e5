"""Claims from wherever they lie: a file, a folder, or standard input."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from data.claims.jsonl import read_jsonl
from data.claims.x12_837 import read_837
from data.schemas import Claim, ErrorLine
from data.validation import printable

X12_SUFFIXES = frozenset({".837", ".edi", ".x12"})
JSONL_SUFFIXES = frozenset({".jsonl", ".ndjson"})
SNIFFED_SUFFIXES = frozenset({".txt", ".dat"})
"""Read as X12 when they begin like it, and left alone otherwise (in a folder)."""


class ClaimSourceError(ValueError):
    """A source that cannot be opened; the message says what to give instead."""


def read_claims(source: str | Path) -> Iterator[Claim | ErrorLine]:
    """Claims of a JSONL or 837 file, of every such file below a folder, or of stdin (``-``).

    The format is told by the content: what begins with ISA (or GS, ST) is X12.

    Raises:
        ClaimSourceError: no such file or folder, or a folder without claim files.
    """
    if str(source) == "-":
        yield from read_stream(sys.stdin.buffer)
        return
    path = Path(source)
    if path.is_dir():
        yield from _read_folder(path)
        return
    with _open(path) as stream:
        yield from read_stream(stream)


def read_stream(stream: BinaryIO) -> Iterator[Claim | ErrorLine]:
    """Claims of one binary stream, format told by its first bytes."""
    buffered = io.BufferedReader(_Raw(stream), buffer_size=1 << 16)
    if _looks_like_x12(buffered.peek(64)):
        yield from read_837(buffered)
    else:
        yield from read_jsonl(buffered)


def _read_folder(folder: Path) -> Iterator[Claim | ErrorLine]:
    found = False
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        suffix = path.suffix.lower()
        if suffix not in X12_SUFFIXES | JSONL_SUFFIXES | SNIFFED_SUFFIXES:
            continue
        with _open(path) as stream:
            if suffix in SNIFFED_SUFFIXES:
                head = stream.read(64)
                stream.seek(0)
                if not _looks_like_x12(head):
                    continue
            found = True
            for item in read_stream(stream):
                yield _name_file(item, path.relative_to(folder))
    if not found:
        raise ClaimSourceError(
            f"{folder}: no claim files here; expected .jsonl, .837, .edi or .x12 files"
        )


def _name_file(item: Claim | ErrorLine, path: Path) -> Claim | ErrorLine:
    if isinstance(item, Claim):
        return item
    message = f"{printable(str(path), 200)}: {item.error.message}"
    return item.model_copy(update={"error": item.error.model_copy(update={"message": message})})


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise ClaimSourceError(f"{path}: {reason.lower()}; give a claim file or '-'") from error


def _looks_like_x12(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    return text[:3] in (b"ISA",) or text[:3] in (b"GS*", b"ST*")


class _Raw(io.RawIOBase):
    """Any binary stream, made peekable; closing it leaves the stream open."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: object) -> int:
        view = memoryview(buffer)  # type: ignore[arg-type]
        # read1 returns what a pipe has now; read would wait for a full buffer.
        chunk: bytes = getattr(self._stream, "read1", self._stream.read)(len(view))
        view[: len(chunk)] = chunk
        return len(chunk)

"""X12 segments from a byte stream, by the delimiters that each ISA declares.

Memory is bounded by one segment. ISA is fixed-width by the standard (106
characters), but files whose ISA was re-padded by hand exist, so the delimiters
are taken by counting its sixteen elements, not by position.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

CHUNK_BYTES = 1 << 16
MAX_SEGMENT_CHARACTERS = 100_000


@dataclass(frozen=True, slots=True)
class Delimiters:
    """Element, repetition and component separators and the segment terminator."""

    element: str = "*"
    repetition: str = "^"
    component: str = ":"
    terminator: str = "~"


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment: its ordinal in the file (from 1) and its elements, tag first."""

    position: int
    elements: tuple[str, ...]
    delimiters: Delimiters

    @property
    def tag(self) -> str:
        return self.elements[0]

    def get(self, index: int) -> str:
        """Element ``index`` (1-based as in the guide), trimmed; "" where absent."""
        return self.elements[index].strip() if index < len(self.elements) else ""

    def components(self, index: int) -> tuple[str, ...]:
        """The components of element ``index``, trimmed."""
        return tuple(part.strip() for part in self.get(index).split(self.delimiters.component))


@dataclass(frozen=True, slots=True)
class SegmentDefect:
    """Something in the envelope that could not be read."""

    position: int
    message: str


class _Buffer:
    """Text of the stream not yet split, with a cursor; refilled by chunks."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.text = ""
        self.at = 0
        self.ended = False

    def fill(self) -> None:
        """Drop what was read and append one chunk; sets ``ended`` at the end."""
        chunk = self._stream.read(CHUNK_BYTES)
        self.ended = not chunk
        # X12's extended set is Latin-1 in practice; every byte decodes, none is lost.
        self.text = self.text[self.at :] + chunk.decode("latin-1")
        self.at = 0

    def skip_blank(self) -> bool:
        """Move to the next character that is no white space; False at the end."""
        while True:
            while self.at < len(self.text) and self.text[self.at].isspace():
                self.at += 1
            if self.at < len(self.text):
                return True
            if self.ended:
                return False
            self.fill()


def read_segments(stream: BinaryIO) -> Iterator[Segment | SegmentDefect]:
    """Segments in order; a defect in place of what cannot be split."""
    buffer, position, delimiters = _Buffer(stream), 0, None
    buffer.fill()
    if buffer.text.startswith("\u00ef\u00bb\u00bf"):  # a UTF-8 byte-order mark
        buffer.at = 3
    while buffer.skip_blank():
        while len(buffer.text) - buffer.at < 300 and not buffer.ended:
            buffer.fill()
        if delimiters is None or buffer.text.startswith("ISA", buffer.at):
            found = _delimiters(buffer.text[buffer.at : buffer.at + 300])
            if found is None and delimiters is None:
                yield SegmentDefect(
                    position + 1,
                    "no ISA header; the usual delimiters * : ~ are assumed. "
                    "Send the file from its ISA segment on",
                )
            delimiters = found or delimiters or Delimiters()
        end = buffer.text.find(delimiters.terminator, buffer.at)
        while end < 0 and not buffer.ended:
            if len(buffer.text) - buffer.at > MAX_SEGMENT_CHARACTERS:
                yield SegmentDefect(position + 1, "no segment terminator; the file cannot be split")
                return
            buffer.fill()
            end = buffer.text.find(delimiters.terminator, buffer.at)
        if end < 0:
            yield SegmentDefect(position + 1, "the file ends inside a segment; it may be cut")
            end = len(buffer.text)
        text = buffer.text[buffer.at : end].strip()
        buffer.at = end + 1
        if text:
            position += 1
            yield Segment(position, tuple(text.split(delimiters.element)), delimiters)


def _delimiters(text: str) -> Delimiters | None:
    """Delimiters of an ISA segment at the start of ``text``; None where it is no ISA."""
    if not text.startswith("ISA") or len(text) < 20:
        return None
    element = text[3]
    head = text[:300].split(element, 17)
    if element.isalnum() or len(head) < 17:
        return None
    start = sum(len(part) + 1 for part in head[:16])
    if start + 1 >= len(text):
        return None
    component, terminator = text[start], text[start + 1]
    if terminator == "\r" and text[start + 2 : start + 3] == "\n":
        terminator = "\n"
    if component.isalnum() or terminator.isalnum():
        return None
    repetition = head[11] if len(head[11]) == 1 and not head[11].isalnum() else "^"
    return Delimiters(element, repetition, component, terminator)

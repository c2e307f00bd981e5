"""Code references inside the Tabular List's notes, and the Excludes1 pairs they make.

A note names codes in brackets: ``(I20.0)``, ``(E08-E13)``, ``(F32.-)``. Excludes1
is not inherited in the file: a code is bound by its own notes and by those of
every node above it (guideline I.A.12.a).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from data.terminology.icd10cm import Release

_BRACKET = re.compile(r"[(\[]([^)\]]*)[)\]]")
_CODE = r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]*)?"
_REFERENCE = re.compile(rf"({_CODE})(?:-?\s*-\s*({_CODE}))?-?")


@dataclass(frozen=True, slots=True)
class Reference:
    """A code prefix, or a range of them (both ends included, compared to their own length)."""

    first: str
    last: str

    def covers(self, code: str) -> bool:
        if self.first == self.last:
            return code.startswith(self.first)
        return code[: len(self.first)] >= self.first and code[: len(self.last)] <= self.last


@lru_cache(maxsize=20_000)
def references(note: str) -> tuple[Reference, ...]:
    """Every code reference of one note."""
    found = []
    for bracket in _BRACKET.finditer(note):
        for match in _REFERENCE.finditer(bracket[1]):
            first = match[1].rstrip(".")
            found.append(Reference(first, (match[2] or match[1]).rstrip(".")))
    return tuple(found)


class Excludes1:
    """Excludes1 pairs of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._bound: dict[str, tuple[tuple[str, tuple[Reference, ...]], ...]] = {}

    def _notes(self, code: str) -> tuple[tuple[str, tuple[Reference, ...]], ...]:
        """(node where the note stands, its references) for a code and the nodes above it."""
        if code not in self._bound:
            node = self._release.nodes.get(code)
            chain = [node, *self._release.ancestors(code)] if node else []
            self._bound[code] = tuple(
                (n.code, refs)
                for n in chain
                for refs in (tuple(r for text in n.excludes1 for r in references(text)),)
                if refs
            )
        return self._bound[code]

    def between(self, one: str, other: str) -> str | None:
        """The node whose Excludes1 note forbids the pair; None where none does."""
        for code, against in ((one, other), (other, one)):
            for at, refs in self._notes(code):
                if against.startswith(at):
                    continue  # the note is about codes outside its own node
                if any(r.covers(against) for r in refs):
                    return at
        return None

"""The pairs that the Tabular List's Excludes1 notes forbid.

Excludes1 is not inherited in the file: a code is bound by its own notes and by those
of every node above it (guideline I.A.12.a).
"""

from __future__ import annotations

from data.terminology.icd10cm import Release
from data.terminology.references import Reference, references


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

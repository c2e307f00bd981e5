"""How far the words of a code and the words of the note cover each other.

"Cancer of the upper outer quadrant, left breast" covers all that C50.412 claims; C50.919
leaves half of the line unexplained and "hepatitis A without coma" claims what "toxic
hepatitis" never said. Words weigh by how rare they are among the descriptions.
"""

from __future__ import annotations

from collections.abc import Callable

from data.terminology.icd10cm import Release
from data.terminology.words import content_stems, stems
from models.coding.context import ContextReader
from models.coding.document import Document
from models.coding.occurrences import Candidate, Candidates, Coverage

# What a description says of its own kind of code, and not of the patient.
_FORMAL = frozenset(
    stems(
        "other disease disorder not without part side type condition initial subsequent encounter "
        "sequela"
    )
)


class Wordings:
    """The words of a release's codes, made when first asked for."""

    def __init__(self, release: Release, weight: Callable[[str], float]) -> None:
        self._release = release
        self._weight = weight
        self._own: dict[str, dict[str, float]] = {}
        self._family: dict[str, frozenset[str]] = {}

    def _described(self, code: str) -> dict[str, float]:
        """Stem → weight of a code's description."""
        if code not in self._own:
            words = set(content_stems(self._release.nodes[code].description)) - _FORMAL
            self._own[code] = {word: self._weight(word) for word in words}
        return self._own[code]

    def _of_family(self, code: str) -> frozenset[str]:
        """Stems of the code, its inclusion terms and all nodes above it."""
        if code not in self._family:
            node = self._release.nodes[code]
            words = set(content_stems(" ".join((node.description, *node.inclusion_terms))))
            if node.parent:
                words |= self._of_family(node.parent)
            self._family[code] = frozenset(words)
        return self._family[code]

    def cover(self, document: Document, found: Candidates, contexts: ContextReader) -> None:
        """Set the coverage of every candidate."""
        heads: dict[tuple[int, int], dict[str, float]] = {}
        for candidate in found.values():
            candidate.coverage = self._coverage(candidate, document, contexts, heads)

    def _coverage(
        self,
        candidate: Candidate,
        document: Document,
        contexts: ContextReader,
        heads: dict[tuple[int, int], dict[str, float]],
    ) -> Coverage:
        own = self._described(candidate.code)
        total = sum(own.values()) or 1.0
        near = beside = explained = 0.0
        for number in {o.sentence for o in candidate.occurrences}:
            around = contexts.around(number)
            said = sum(w for word, w in own.items() if word in around.said)
            near = max(near, said)
            more = (word in around.beside and word not in around.said for word in own)
            beside = max(
                beside, said + sum(w for w, m in zip(own.values(), more, strict=True) if m)
            )
        for o in candidate.occurrences:
            if o.source != "retrieval":
                continue
            span = (o.start, o.end)
            if span not in heads:
                words = set(content_stems(document.text[o.start : o.end]))
                heads[span] = {word: self._weight(word) for word in words}
            family = self._of_family(candidate.code)
            held = sum(w for word, w in heads[span].items() if word in family)
            explained = max(explained, held / (sum(heads[span].values()) or 1.0))
        in_note = sum(w for word, w in own.items() if word in contexts.note)
        unsaid = sum(w for word, w in own.items() if word not in contexts.note)
        return Coverage(near / total, beside / total, in_note / total, unsaid, explained)

"""What the note says of a mention: present, negated, family, historical, hypothetical, uncertain.

A cue table with direction and scope, after ConText (Harkema et al., J Biomed
Inform 2009): a cue governs the words of its sentence up to its scope in words, a
breaker or a cue of another kind; sections give the prior. The table is
``resources/assertion_cues.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion
from data.terminology.words import WORD
from models.coding.document import RESOURCES, Document, Sentence, Token

# Which reading wins where several cues govern one mention.
_PRECEDENCE = (
    Assertion.FAMILY,
    Assertion.NEGATED,
    Assertion.HYPOTHETICAL,
    Assertion.UNCERTAIN,
    Assertion.HISTORICAL,
)

# What a section says of the mentions in it, unless a cue says otherwise.
SECTION_PRIORS = {
    "family": Assertion.FAMILY,
    "psh": Assertion.HISTORICAL,
    "instructions": Assertion.HYPOTHETICAL,
    "allergies": Assertion.HISTORICAL,
}


@dataclass(frozen=True, slots=True)
class Cue:
    words: tuple[str, ...]
    assertion: Assertion
    direction: str
    scope: int


@dataclass(frozen=True, slots=True)
class _Hit:
    cue: Cue
    first: int
    last: int


def _lower_words(text: str) -> tuple[str, ...]:
    return tuple(word.lower() for word in WORD.findall(text))


@cache
def _cues() -> dict[str, tuple[Cue, ...]]:
    """Cues by first word, longest first."""
    table: dict[str, list[Cue]] = {}
    with (RESOURCES / "assertion_cues.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            parts = _lower_words(row["cue"])
            cue = Cue(parts, Assertion(row["assertion"]), row["direction"], int(row["scope"]))
            table.setdefault(parts[0], []).append(cue)
    return {w: tuple(sorted(cs, key=lambda c: -len(c.words))) for w, cs in table.items()}


@cache
def _breakers() -> frozenset[tuple[str, ...]]:
    with (RESOURCES / "scope_breakers.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(_lower_words(row["words"]) for row in csv.DictReader(handle))


class SentenceScopes:
    """The cues of one sentence and what they govern."""

    def __init__(self, document: Document, sentence: Sentence) -> None:
        self._text = document.text
        self._tokens: Sequence[Token] = document.sentence_tokens(sentence)
        self._offset = sentence.first
        self._prior = SECTION_PRIORS.get(document.section_of(sentence).kind)
        self._question = document.text[sentence.start : sentence.end].rstrip().endswith("?")
        self._lower = [token.text.lower() for token in self._tokens]
        self._hits = self._find()
        self._breaks = self._find_breaks()

    def _find(self) -> list[_Hit]:
        hits, i = [], 0
        table = _cues()
        while i < len(self._lower):
            for cue in table.get(self._lower[i], ()):
                if tuple(self._lower[i : i + len(cue.words)]) == cue.words:
                    hits.append(_Hit(cue, i, i + len(cue.words)))
                    i += len(cue.words) - 1
                    break
            i += 1
        return hits

    def _find_breaks(self) -> list[int]:
        breaks = []
        known = _breakers()
        for i in range(len(self._lower)):
            if (self._lower[i],) in known or tuple(self._lower[i : i + 2]) in known:
                breaks.append(i)
        return breaks

    def _open(self, first: int, last: int) -> bool:
        """Whether nothing between two token positions ends a scope."""
        if any(first <= b < last for b in self._breaks):
            return False
        if first < last and first > 0:
            gap = self._text[self._tokens[first - 1].end : self._tokens[last].start]
            if any(stop in gap for stop in (";", ". ", "\n\n")):
                return False
        return True

    def _governs(self, hit: _Hit, first: int, last: int) -> bool:
        cue = hit.cue
        if cue.direction in ("forward", "both") and hit.last <= first < hit.last + cue.scope:
            return self._open(hit.last, first)
        if cue.direction in ("backward", "both") and last <= hit.first < last + cue.scope:
            return self._open(last, hit.first)
        return False

    def assertion(self, first: int, last: int) -> Assertion:
        """The reading of a mention given by token positions in the document, half-open."""
        first, last = first - self._offset, last - self._offset
        found = {h.cue.assertion for h in self._hits if self._governs(h, first, last)}
        for assertion in _PRECEDENCE:
            if assertion in found:
                return assertion
        if Assertion.PRESENT not in found and self._prior:
            return self._prior
        if self._question:
            return Assertion.UNCERTAIN
        after = self._text[self._tokens[last - 1].end : self._tokens[last - 1].end + 2]
        before = self._text[max(0, self._tokens[first].start - 2) : self._tokens[first].start]
        if "?" in after or "?" in before:
            return Assertion.UNCERTAIN
        return Assertion.PRESENT

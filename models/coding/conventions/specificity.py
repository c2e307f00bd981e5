"""Two readings of one condition: the specific one stays (I.B.2, I.B.13, I.B.18).

Pairs of one category are compared by what their descriptions assert: a code that says
nothing the other does not, less the side, stage or complication, is superseded by it;
two readings of the very same words are alternatives, and the surer stays; families of
which an encounter carries one are a table (``one_of.csv``).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations as pairs

from data.terminology.icd10cm import Release
from data.terminology.words import content_stems
from models.coding.candidates import Candidates
from models.coding.conventions.conflicts import DOUBT, Conflict, Spans, spans
from models.coding.conventions.tables import one_of

MANY_AT_ONCE = ("E08", "E09", "E10", "E11", "E13", "I69", "O", "Z", "V", "W", "X", "Y", "R29.7")
"""Categories of which one patient bears several codes from the same words (I.C.4.a)."""

EACH_ITS_OWN = ("C", "D0", "S", "T", "L89", "L97")
"""Lesions and injuries: a plain one may be another than the specific one."""

_DENIED = re.compile(r"\b(?:without|not)\b.*?(?=\bwith\b|,|$)", re.I)
_PLAIN = re.compile(
    r"\bunspecified\b|\bwithout\b|\buncomplicated\b|\bnot intractable\b|\bNOS\b", re.I
)
_OPEN = re.compile(r"\bunspecified\b|\bNOS\b|\bwithout complications\b", re.I)
_OTHER = re.compile(r"^other\b|\bother specified\b", re.I)
_COURSE = frozenset(content_stems("acute chronic"))
_EMPTY = frozenset(
    content_stems("unspecified uncomplicated other part side eye ear encounter initial subsequent")
)
_SIDES = {"left": "L", "right": "R", "bilater": "B", "both": "B"}


@dataclass(frozen=True, slots=True)
class Facets:
    """What a description asserts.

    Attributes:
        words: stems, less sides and what is denied.
        side: L, R, B or ``""``.
        plain: leaves something open, or denies complications.
    """

    words: frozenset[str]
    side: str
    plain: bool


@lru_cache(maxsize=50_000)
def facets(description: str) -> Facets:
    """Read one description."""
    found = frozenset(content_stems(_DENIED.sub(" ", description)))
    sides = {_SIDES[w] for w in found if w in _SIDES}
    return Facets(
        found - _EMPTY - frozenset(_SIDES),
        sides.pop() if len(sides) == 1 else "",
        bool(_PLAIN.search(description)),
    )


def _touches(ours: Spans, theirs: Spans) -> bool:
    return any(a < d and c < b for a, b in ours for c, d in theirs)


def _inside(ours: Spans, theirs: Spans) -> bool:
    """Whether each of our spans lies within one of theirs."""
    return all(any(c <= a and b <= d for c, d in theirs) for a, b in ours)


def _says_less(one: str, other: str, release: Release, touching: bool) -> str | None:
    """Why ``one`` says nothing that ``other`` does not say better; None where it does."""
    mine, theirs = facets(release.description(one)), facets(release.description(other))
    if mine.side and mine.side != theirs.side:
        return None
    if mine.words == theirs.words:
        if theirs.side and not mine.side:
            return "the side is known (guideline I.B.13)"
        if mine.plain and not theirs.plain and mine.side == theirs.side:
            return "the specific code is known (guideline I.B.18)"
        return None
    if one.startswith(EACH_ITS_OWN) and not touching:
        return None
    if mine.words | _COURSE == theirs.words:
        return "acute and chronic are one code (guideline I.B.8)"
    # "Unspecified nonsuppurative otitis media": the words of the category, and no more.
    known = theirs.words | facets(release.description(other[:3])).words
    if mine.words < known and (mine.plain or touching):
        return "the specific code is known (guideline I.B.18)"
    return None


class _Judge:
    """Decides pairs of one note's chosen codes."""

    def __init__(
        self, confidence: Mapping[str, float], candidates: Candidates, release: Release
    ) -> None:
        self._confidence, self._candidates, self._release = confidence, candidates, release
        self.gone: dict[str, Conflict] = {}

    def sure(self, code: str) -> float:
        return self._confidence.get(code, 0.0)

    def give_up(self, code: str, to: str, why: str) -> None:
        self.gone.setdefault(code, Conflict(code, to, f"superseded by {to}: {why}"))

    def families(self, chosen: Sequence[str]) -> None:
        """One code of a family that an encounter carries once."""
        for family in one_of():
            if sum(c.startswith(family.prefixes) for c in chosen) < 2:
                continue
            have = [(rank, c) for c in chosen if (rank := family.rank(c)) is not None]
            have.sort(key=lambda h: ((h[0] if family.ranked else 0), -self.sure(h[1]), h[1]))
            for rank, code in have[1:]:
                if len(family.prefixes) == 1 or rank != have[0][0]:
                    self.give_up(code, have[0][1], f"one of these at a time ({family.source})")

    def pair(self, surer: str, other: str) -> None:
        """Two codes of one category, the surer first."""
        ours, theirs = (spans(self._candidates[c]) for c in (surer, other))
        touching = _touches(ours, theirs)
        for plain, specific in ((surer, other), (other, surer)):
            why = _says_less(plain, specific, self._release, touching)
            if why is None:
                continue
            said = spans(self._candidates[specific], chosen_only=True)
            # "Other specified" says nothing that the words do: it must be the surer one.
            other_kind = _OTHER.search(self._release.description(specific))
            open_ = (
                said
                and not other_kind
                and (_OPEN.search(self._release.description(plain)) or not touching)
            )
            if self.sure(specific) >= (DOUBT if open_ else 1.0) * self.sure(plain):
                self.give_up(plain, specific, why)
            elif touching:
                self.give_up(specific, plain, "another reading of the same words, and less sure")
            return
        if surer.startswith(MANY_AT_ONCE) or not ours & theirs or not theirs:
            return
        both = spans(self._candidates[surer], True) & spans(self._candidates[other], True)
        if not both and _inside(theirs, ours):
            self.give_up(other, surer, "another reading of the same words, and less sure")


def contradictions(
    chosen: Sequence[str],
    confidence: Mapping[str, float],
    candidates: Candidates,
    release: Release,
) -> list[Conflict]:
    """Which chosen codes yield to another reading of the same condition."""
    judge = _Judge(confidence, candidates, release)
    judge.families(chosen)
    by_category: dict[str, list[str]] = {}
    for code in chosen:
        by_category.setdefault(code[:3], []).append(code)
    for codes in by_category.values():
        ordered = sorted(codes, key=lambda c: (-judge.sure(c), c))
        for surer, other in pairs(ordered, 2):
            if surer not in judge.gone and other not in judge.gone:
                judge.pair(surer, other)
    return list(judge.gone.values())

"""Codes that may not stand together: integral symptoms (I.B.5) and Excludes1 (I.A.12.a)."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from data.schemas import Assertion
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from data.terminology.words import content_stems
from models.coding.candidates import CHOSEN, Candidate, Candidates
from models.coding.conventions.tables import integral_to

UNRELATED_CONFIDENCE = 0.6
"""Two codes at least this sure, of other conditions at other places of the note, may be
unrelated, which is the exception that I.A.12.a makes."""

DOUBT = 0.4
"""A specific code less sure than this share of the plain one's confidence loses to it; one
that asserts what the other denies of the same words must be as sure."""

_EMPTY = frozenset(
    content_stems(
        "disease disorder syndrome condition unspecified other specified acute chronic without "
        "complication encounter initial left right bilateral type current personal history"
    )
)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A code that yields to another, and the rule that says so.

    Attributes:
        warning: both stay; the coder must see that the pair is an exception.
    """

    code: str
    to: str
    reason: str
    warning: bool = False


Spans = frozenset[tuple[int, int]]


def spans(candidate: Candidate, chosen_only: bool = False) -> Spans:
    """(start, end) of the wordings that assert a code."""
    return frozenset(
        (o.start, o.end)
        for o in candidate.occurrences
        if o.words
        and o.assertion in (Assertion.PRESENT, Assertion.HISTORICAL, Assertion.UNCERTAIN)
        and (o.role == CHOSEN or not chosen_only)
    )


@lru_cache(maxsize=20_000)
def _words(description: str) -> frozenset[str]:
    return frozenset(content_stems(description)) - _EMPTY


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the chosen codes stand and what they are called.

    Attributes:
        places: code → spans (start, end) of the words that assert it.
        descriptions: code → description.
    """

    places: Mapping[str, Spans]
    descriptions: Mapping[str, str]

    def apart(self, one: str, other: str) -> bool:
        """Whether both have words of their own in the note and none in common."""
        ours, theirs = self.places.get(one), self.places.get(other)
        if not ours or not theirs:
            return False
        return all(a >= d or c >= b for a, b in ours for c, d in theirs)

    def of_one_kind(self, one: str, other: str) -> bool:
        """Whether the two descriptions share a word that says what they are."""
        mine, theirs = self.descriptions.get(one, ""), self.descriptions.get(other, "")
        return one[:3] == other[:3] or bool(_words(mine) & _words(theirs))

    @classmethod
    def of(cls, codes: Sequence[str], candidates: Candidates, release: Release) -> Standing:
        return cls(
            {code: spans(candidates[code]) for code in codes},
            {code: release.description(code) for code in codes},
        )


_NOWHERE = Standing({}, {})


def conflicts(
    chosen: Sequence[str],
    confidence: Mapping[str, float],
    excludes: Excludes1,
    standing: Standing = _NOWHERE,
    asked: Container[str] = (),
) -> list[Conflict]:
    """Which of the chosen codes must yield: integral symptoms first, then Excludes1 pairs.

    Args:
        asked: codes that the notes of other chosen codes ask for: they are reported beside
            the disease (guideline I.B.5 yields to the Tabular List's own instruction).
    """
    out: list[Conflict] = []
    gone: set[str] = set()
    for code in chosen:
        for diseases, source in () if code in asked else integral_to(code):
            # What yielded makes nothing else yield.
            disease = _first_with_prefix([c for c in chosen if c not in gone], diseases, code)
            if disease:
                gone.add(code)
                out.append(Conflict(code, disease, f"symptom integral to {disease} ({source})"))
                break
    rest = sorted((c for c in chosen if c not in gone), key=lambda c: (-confidence.get(c, 0.0), c))
    for i, strong in enumerate(rest):
        for weak in rest[i + 1 :]:
            if strong in gone or weak in gone:
                continue
            at = excludes.between(strong, weak)
            if not at:
                continue
            unrelated = (
                confidence.get(weak, 0.0) >= UNRELATED_CONFIDENCE
                and standing.apart(strong, weak)
                and not standing.of_one_kind(strong, weak)
            )
            if unrelated:
                reason = (
                    f"Excludes1 note at {at} names {strong} and {weak}: both only if the two are "
                    "unrelated (guideline I.A.12.a); check"
                )
            else:
                gone.add(weak)
                reason = (
                    f"Excludes1 note at {at} against {strong} (guideline I.A.12.a; may be "
                    "overridden where the two are unrelated)"
                )
            out.append(Conflict(weak, strong, reason, unrelated))
    return out


def _first_with_prefix(codes: Iterable[str], prefixes: tuple[str, ...], but: str) -> str | None:
    return next((c for c in codes if c != but and c.startswith(prefixes)), None)

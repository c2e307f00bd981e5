"""The order of diagnoses on the claim: first-listed reason for the visit, then the rest.

Tiers are a table (``resources/sequence_tiers.csv``); inside a tier the order of the
discharge diagnoses or of the assessment decides, then the place in the note (guidelines
IV.G, II, I.C.20.a.6). "Code first" notes put the named code ahead (I.A.13), "use
additional code" notes put it behind, and some codes stand right behind the one they
complete (``resources/sequence_attached.csv``).
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion
from data.terminology.references import Reference, references
from data.terminology.tabular_notes import Links
from models.coding.candidates import CHOSEN, Candidate, Occurrence
from models.coding.document import RESOURCES

ORDINARY = 2.5
"""The tier of codes that the table does not name: conditions and symptoms."""

Place = tuple[int, int]
"""(rank of the section, offset in the note)."""

NOWHERE: Place = (99, 0)

_SECTION_RANK = {
    "discharge_diagnosis": 0,
    "assessment": 1,
    "assessment_plan": 1,
    "impression": 1,
    "admission_diagnosis": 2,
    "plan": 3,
    "chief_complaint": 3,
    "indication": 3,
}
_ELSEWHERE = 4

_ADVERSE = references("(T36-T50 with fifth or sixth character 5-6)")[0]
_ASSERTED = (Assertion.PRESENT, Assertion.UNCERTAIN)


@cache
def _tiers() -> tuple[tuple[float, tuple[str, ...]], ...]:
    with (RESOURCES / "sequence_tiers.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (float(row["tier"]), tuple(row["prefixes"].split("|")))
            for row in csv.DictReader(handle)
        )


@cache
def tier(code: str) -> float:
    """0 reasons that must come first … conditions … status, external causes last."""
    named = (
        (len(prefix), number)
        for number, prefixes in _tiers()
        for prefix in prefixes
        if code.startswith(prefix)
    )
    return max(named, default=(0, ORDINARY))[1]  # the longest prefix decides


@dataclass(frozen=True, slots=True)
class Attachment:
    """A code that stands right behind another.

    Attributes:
        how: ``after`` its last host, the nearest in the note (``near``), or the host whose
            note asks for it (``asked``).
    """

    followers: tuple[Reference, ...]
    hosts: tuple[Reference, ...]
    how: str
    source: str


@cache
def attachments() -> tuple[Attachment, ...]:
    with (RESOURCES / "sequence_attached.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            Attachment(
                references(f"({row['follower']})"),
                references(f"({row['host']})"),
                row["how"],
                row["source"],
            )
            for row in csv.DictReader(handle)
        )


def _covers(refs: Iterable[Reference], code: str) -> bool:
    return any(r.covers(code) for r in refs)


def place_of(candidate: Candidate) -> Place:
    """Where a code stands: its wording in the most final section that asserts it."""

    def key(o: Occurrence) -> tuple[bool, int, bool, bool, int]:
        return (
            o.assertion not in _ASSERTED,
            _SECTION_RANK.get(o.section, _ELSEWHERE),
            o.words == 0,
            o.role != CHOSEN,
            o.start,
        )

    best = min(candidate.occurrences, key=key, default=None)
    return NOWHERE if best is None else (_SECTION_RANK.get(best.section, _ELSEWHERE), best.start)


class _Order:
    """One note's codes being put in order."""

    def __init__(
        self, codes: Sequence[str], places: Mapping[str, Place], links: Links | None
    ) -> None:
        self._places = {c: places.get(c, NOWHERE) for c in codes}
        have = set(codes)
        self._first = {
            c: [
                link.other
                for link in (links.first.get(c, ()) if links else ())
                if link.other in have and not _ADVERSE.covers(link.other)
            ]
            for c in codes
        }
        asked = links.asked if links else {}
        self._askers = {c: [a.code for a in asked.get(c, ()) if a.code in have] for c in codes}
        self._key = {c: self._own_key(c) for c in codes}
        for code in codes:
            self._delay(code)
        self._host = self._hosts(codes)
        self.done: list[str] = []

    def _own_key(self, code: str) -> tuple[float, Place, str]:
        return tier(code), self._places[code], code

    def _delay(self, code: str) -> None:
        """An additional code comes no earlier than the first of those that ask for it."""
        askers = [a for a in self._askers[code] if code not in self._askers[a]]
        if askers and not self._first[code]:  # a "code first" note brings the other forward
            earliest = min(self._own_key(a) for a in askers)
            if earliest > self._key[code]:
                self._key[code] = (*earliest[:2], earliest[2] + "+")

    def _hosts(self, codes: Sequence[str]) -> dict[str, str]:
        """Follower → the code it stands behind."""
        out: dict[str, str] = {}
        by_key = sorted(codes, key=lambda c: self._key[c])
        for rule in attachments():
            hosts = [c for c in by_key if _covers(rule.hosts, c)]
            for code in by_key:
                if code in out or not _covers(rule.followers, code):
                    continue
                mine = [h for h in hosts if h != code and not self._hangs_on(h, code, out)]
                if rule.how == "asked":
                    mine = [h for h in mine if h in self._askers[code]]
                if not mine:
                    continue
                if rule.how == "near":
                    out[code] = min(mine, key=lambda h: (self._distance(code, h), self._key[h]))
                else:
                    out[code] = max(mine, key=lambda h: self._key[h])
        return out

    @staticmethod
    def _hangs_on(code: str, other: str, hosts: Mapping[str, str]) -> bool:
        """Whether ``code`` stands behind ``other``, at once or by those between."""
        while code in hosts:
            code = hosts[code]
            if code == other:
                return True
        return False

    def _distance(self, one: str, other: str) -> tuple[bool, int]:
        (section, start), (their, begin) = self._places[one], self._places[other]
        return section != their, abs(start - begin)

    def _put(self, code: str, waiting: Collection[str]) -> None:
        if code in self.done or code in waiting:
            return  # placed, or a circle of notes: the place in the note decides
        inside = {*waiting, code}
        for first in sorted(self._first[code], key=lambda c: self._key[c]):
            if tier(first) <= tier(code):
                self._put(first, inside)
        if self._host.get(code, code) not in (*self.done, code):
            return  # its host will bring it along
        self.done.append(code)
        followers = [f for f, h in self._host.items() if h == code]
        for follower in followers:  # in the order of the table
            if follower not in waiting:
                self._put(follower, inside - {code})

    def run(self) -> list[str]:
        for code in sorted(self._key, key=lambda c: self._key[c]):
            self._put(code, ())
        return self.done


def in_sequence(
    codes: Sequence[str], places: Mapping[str, Place], links: Links | None = None
) -> list[str]:
    """``codes`` in the order a claim would carry them.

    Args:
        places: section rank and offset of each (:func:`place_of`).
        links: what the Tabular notes of these codes ask of one another.
    """
    return _Order(codes, places, links).run()

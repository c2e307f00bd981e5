"""The tables behind the conventions: read once, each row with its source.

They stand in ``data/terminology/conventions`` and hold what the Tabular List's own
notes do not: the Index's "with" pairs, integral symptoms, ages, single choices.
"""

from __future__ import annotations

import csv
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from models.coding.candidates import CONVENTIONS


@dataclass(frozen=True, slots=True)
class Combination:
    """Codes that stand together and are reported as one (guidelines I.B.9, I.A.15).

    Attributes:
        when: one alternative of each part must be in the note.
        add: the code that reports them; ``""`` where the more specific part does.
        drop: prefixes of what it replaces.
        unless: prefixes of which none may be in the note.
    """

    id: str
    when: tuple[tuple[str, ...], ...]
    add: str
    drop: tuple[str, ...]
    source: str
    unless: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OneOf:
    """Code families of which an encounter carries one at a time.

    Attributes:
        ranked: the earlier prefix wins; else the surer code.
    """

    id: str
    prefixes: tuple[str, ...]
    ranked: bool
    source: str

    def rank(self, code: str) -> int | None:
        """Place of the code's prefix; None where it is none of them."""
        return next((i for i, p in enumerate(self.prefixes) if code.startswith(p)), None)


@dataclass(frozen=True, slots=True)
class AgeLimit:
    """Ages in days, both ends included; None where that end is open."""

    prefixes: tuple[str, ...]
    youngest: int | None
    oldest: int | None
    source: str


def alternatives(cell: str) -> tuple[str, ...]:
    """``"A|B"`` → A, B."""
    return tuple(p.strip() for p in cell.split("|") if p.strip())


def _rows(name: str) -> Iterator[dict[str, str]]:
    with (CONVENTIONS / name).open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


@cache
def combinations() -> tuple[Combination, ...]:
    return tuple(
        Combination(
            row["id"],
            tuple(alternatives(part) for part in row["when"].split("+")),
            row["add"].strip(),
            alternatives(row["drop"]),
            row["source"],
            alternatives(row["unless"]),
        )
        for row in _rows("combinations.csv")
    )


class RuleTable:
    """Combinations by the categories of their first part: few of them concern one note."""

    def __init__(self, rules: Iterable[Combination]) -> None:
        self._rules = tuple(rules)
        self._rest: list[tuple[frozenset[str], ...]] = []
        self._starts: dict[str, list[int]] = {}
        for number, rule in enumerate(self._rules):
            first, *rest = (frozenset(p[:3] for p in part) for part in rule.when)
            self._rest.append(tuple(rest))
            for category in first:
                self._starts.setdefault(category, []).append(number)

    def for_note(self, categories: set[str]) -> Iterator[Combination]:
        """The rules that codes of these categories could meet, in the table's order.

        ``categories`` may grow on the way: rules further down see what is new.
        """
        seen, waiting, number = set[str](), list[int](), -1
        while True:
            for category in categories - seen:
                for later in self._starts.get(category, ()):
                    if later > number:
                        heapq.heappush(waiting, later)
            seen |= categories
            if not waiting:
                return
            number = heapq.heappop(waiting)
            while waiting and waiting[0] == number:
                heapq.heappop(waiting)
            if not any(part.isdisjoint(categories) for part in self._rest[number]):
                yield self._rules[number]


@cache
def adding() -> RuleTable:
    """The combinations that report a code of their own."""
    return RuleTable(rule for rule in combinations() if rule.add)


@cache
def leaving() -> RuleTable:
    """The combinations whose more specific part reports the others."""
    return RuleTable(rule for rule in combinations() if not rule.add)


@cache
def integral_symptoms() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """(symptom prefix, disease prefixes, source): guideline I.B.5."""
    return tuple(
        (row["symptom"], alternatives(row["disease"]), row["source"])
        for row in _rows("integral_symptoms.csv")
    )


@cache
def integral_to(code: str) -> tuple[tuple[tuple[str, ...], str], ...]:
    """(disease prefixes, source) of every row whose symptom the code is."""
    return tuple(
        (diseases, source)
        for symptom, diseases, source in integral_symptoms()
        if diseases and code.startswith(symptom)
    )


@cache
def one_of() -> tuple[OneOf, ...]:
    return tuple(
        OneOf(row["id"], alternatives(row["codes"]), row["keep"] == "first", row["source"])
        for row in _rows("one_of.csv")
    )


def _days(cell: str) -> int | None:
    """``"28d"`` → 28, ``"18y"`` → the days of 18 years."""
    if not cell:
        return None
    number = int(cell[:-1])
    return number if cell.endswith("d") else int(number * 365.25)


@cache
def age_limits() -> tuple[AgeLimit, ...]:
    return tuple(
        AgeLimit(
            alternatives(row["codes"]), _days(row["youngest"]), _days(row["oldest"]), row["source"]
        )
        for row in _rows("age_limits.csv")
    )


@cache
def confirmed_only() -> tuple[tuple[tuple[str, ...], str], ...]:
    """(prefixes, source) of what is coded only when confirmed, on every claim."""
    return tuple((alternatives(row["codes"]), row["source"]) for row in _rows("confirmed_only.csv"))

"""The edits' parameter tables, read once from the CSV files beside this module.

Values in the starter tables that follow no public source say so in the table;
the official files of issue 5's loaders replace them where they are loaded.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

ALL = "*"


class EditTableError(ValueError):
    """A table that cannot be used; the message names table, row and column."""


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of ``tables/<name>.csv``.

    Raises:
        EditTableError: a row with more or fewer cells than the header.
    """
    text = (resources.files("models.claims.edits") / "tables" / f"{name}.csv").read_text("utf-8")
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        if None in row or None in row.values():
            raise EditTableError(f"{name}.csv: row {number}: wrong number of cells")
        yield row


@dataclass(frozen=True, slots=True)
class CodeRange:
    """Codes of equal length from first to last, both included."""

    first: str
    last: str

    def __contains__(self, code: str) -> bool:
        return len(code) == len(self.first) and self.first <= code <= self.last


@dataclass(frozen=True, slots=True)
class AgeLimit:
    prefix: str
    minimum: int
    maximum: int  # completed years, included
    citation: str


@dataclass(frozen=True, slots=True)
class RequiredField:
    field: str
    payer_types: frozenset[str]
    words: str


@dataclass(frozen=True, slots=True)
class AuthorizationRow:
    payer_types: frozenset[str]
    codes: CodeRange
    words: str


@dataclass(frozen=True)
class EditTables:
    """Every parameter table, in the form the rule functions look things up in."""

    required_fields: tuple[RequiredField, ...]
    places: frozenset[str]
    family_places: Mapping[str, frozenset[str]]
    modifiers: Mapping[str, frozenset[str]]
    repeat_modifiers: frozenset[str]
    visit_families: frozenset[str]
    procedure_families: frozenset[str]
    counts_as: Mapping[str, str]
    component_places: Mapping[str, frozenset[str]]
    component_exceptions: frozenset[str]
    add_on_primaries: Mapping[str, frozenset[str]]
    telehealth: Mapping[str, frozenset[str]]
    unit_limits: tuple[tuple[CodeRange, int], ...]
    timely_filing_days: Mapping[str, int]
    authorization: tuple[AuthorizationRow, ...]
    age_limits: tuple[AgeLimit, ...]
    unspecified: tuple[tuple[str, str], ...]


def family_of(code: str) -> str:
    """The code's family ("office-visit", "surgery", …); "other" where no range holds it."""
    return _family(code)


@lru_cache(maxsize=20_000)
def _family(code: str) -> str:
    return next((family for codes, family in _families() if code in codes), "other")


@cache
def _families() -> tuple[tuple[CodeRange, str], ...]:
    return tuple((CodeRange(r["first"], r["last"]), r["family"]) for r in rows("code_families"))


@cache
def load_tables() -> EditTables:
    """The tables that ship."""
    return EditTables(
        required_fields=tuple(
            RequiredField(r["field"], _set(r["payer_types"]), r["words"])
            for r in rows("required_fields")
        ),
        places=frozenset(r["place"] for r in rows("places")),
        family_places={r["family"]: _set(r["places"]) for r in rows("family_places")},
        modifiers={r["modifier"]: _set(r["families"]) for r in rows("modifiers")},
        repeat_modifiers=frozenset(r["modifier"] for r in rows("repeat_modifiers")),
        visit_families=_counting("visit"),
        procedure_families=_counting("procedure"),
        counts_as={r["code"]: r["counts_as"] for r in rows("procedure_exceptions")},
        component_places={r["family"]: _set(r["places"]) for r in rows("component_places")},
        component_exceptions=frozenset(r["code"] for r in rows("component_exceptions")),
        add_on_primaries={r["code"]: _set(r["primaries"]) for r in rows("add_on_codes")},
        telehealth=_grouped((r["kind"], r["value"]) for r in rows("telehealth")),
        unit_limits=tuple(
            (CodeRange(r["first"], r["last"]), int(r["limit"])) for r in rows("unit_limits")
        ),
        timely_filing_days={r["payer_type"]: int(r["days"]) for r in rows("timely_filing")},
        authorization=tuple(
            AuthorizationRow(_set(r["payer_types"]), CodeRange(r["first"], r["last"]), r["words"])
            for r in rows("authorization")
        ),
        age_limits=tuple(
            AgeLimit(r["prefix"], int(r["minimum"]), int(r["maximum"]), r["citation"])
            for r in rows("age_limits")
        ),
        unspecified=tuple((r["pattern"], r["words"]) for r in rows("unspecified")),
    )


def applies_to(payer_types: frozenset[str], payer_type: str | None) -> bool:
    """Whether a row for ``payer_types`` holds for a claim's payer type."""
    return ALL in payer_types or (payer_type or "") in payer_types


def _set(cell: str) -> frozenset[str]:
    return frozenset(cell.split())


def _counting(kind: str) -> frozenset[str]:
    return frozenset(r["family"] for r in rows("procedure_families") if r["counts_as"] == kind)


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for key, value in pairs:
        found.setdefault(key, set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}

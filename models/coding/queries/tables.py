"""The tables of provider queries, each row a frozen record.

They stand in ``models/coding/resources/queries``. Codes are shell patterns over a
diagnosis without its 7th character (``L89.??9``), or prefixes where a column says so; a
pattern that begins with ``~`` is a regular expression over the code's description.
Importance runs from 1 to 9; 0 means never asked.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from data.schemas import Setting

FOLDER: Final = Path(__file__).parent.parent / "resources" / "queries"

Pattern = re.Pattern[str]


def rows(table: str) -> Iterator[dict[str, str]]:
    """The rows of one table as they are written."""
    with (FOLDER / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def split(cell: str) -> tuple[str, ...]:
    return tuple(part for part in cell.split("|") if part)


def pattern(cell: str) -> Pattern | None:
    return re.compile(cell, re.IGNORECASE) if cell else None


def importance_of(row: dict[str, str]) -> dict[Setting, int]:
    return {setting: int(row.get(setting.value) or 0) for setting in Setting}


@dataclass(frozen=True, slots=True)
class Family:
    """An unspecified code, the element it lacks and what may be answered."""

    id: str
    codes: tuple[str, ...]
    requires: Pattern | None
    stated: Pattern | None
    condition: str
    element: str
    options: tuple[str, ...]
    indicators: Pattern | None
    importance: dict[Setting, int]
    better: tuple[str, ...]
    source: str


@cache
def families() -> tuple[Family, ...]:
    """Specificity: ``specificity.csv``."""
    return tuple(
        Family(
            row["id"],
            split(row["codes"]),
            pattern(row["requires"]),
            pattern(row["stated"]),
            row["condition"],
            row["element"],
            split(row["options"]),
            pattern(row["indicators"]),
            importance_of(row),
            split(row["better"]),
            row["source"],
        )
        for row in rows("specificity")
    )


@dataclass(frozen=True, slots=True)
class Treatment:
    """Drugs and the conditions they are given for.

    Attributes:
        conditions: code prefixes; one of them in the note answers the question.
        words: what says an indication that no code was found for.
        history: whether a condition said to be past contradicts the drug.
        planned, listed: importance where the drug is ordered, and where it is only listed.
    """

    id: str
    drugs: tuple[str, ...]
    conditions: tuple[str, ...]
    words: Pattern | None
    options: tuple[str, ...]
    history: bool
    planned: int
    listed: int
    source: str


@cache
def treatments() -> tuple[Treatment, ...]:
    """Drugs: ``treatments.csv``."""
    return tuple(
        Treatment(
            row["id"],
            split(row["drugs"]),
            split(row["condition_codes"]),
            pattern(row["words"]),
            split(row["options"]),
            row["history"] == "1",
            int(row["planned"]),
            int(row["listed"]),
            row["source"],
        )
        for row in rows("treatments")
    )


@cache
def treatment_of() -> dict[str, Treatment]:
    """Drug name, lower case → its row; the first row that names it."""
    table: dict[str, Treatment] = {}
    for treatment in treatments():
        for drug in treatment.drugs:
            table.setdefault(drug, treatment)
    return table


@dataclass(frozen=True, slots=True)
class Measure:
    """A measured value: how notes write it and which values are possible, in ``unit``."""

    name: str
    names: tuple[str, ...]
    lowest: float
    highest: float
    scale: str
    unit: str


@cache
def measures() -> tuple[Measure, ...]:
    """Measured values: ``measures.csv``."""
    return tuple(
        Measure(
            row["measure"],
            split(row["names"]),
            float(row["lowest"]),
            float(row["highest"]),
            row["scale"],
            row["unit"],
        )
        for row in rows("measures")
    )


@dataclass(frozen=True, slots=True)
class AbnormalFinding:
    """A value or culture that was treated, and the diagnoses that would name it.

    Attributes:
        measure: of ``measures.csv``; empty for a culture.
        direction: ``above``, ``below``, or ``rise`` (highest over lowest value).
        found: the words of a positive culture.
        ages: years, inclusive.
        conditions: code prefixes; any mention of one, denied or not, answers the question.
    """

    id: str
    measure: str
    direction: str
    threshold: float
    found: Pattern | None
    ages: tuple[int, int]
    conditions: tuple[str, ...]
    words: Pattern | None
    treatment: Pattern | None
    finding: str
    options: tuple[str, ...]
    importance: dict[Setting, int]
    source: str


@cache
def abnormal_findings() -> tuple[AbnormalFinding, ...]:
    """Values and cultures: ``findings.csv`` and ``cultures.csv``."""
    return tuple(
        AbnormalFinding(
            row["id"],
            row.get("measure", ""),
            row.get("direction", ""),
            float(row.get("threshold") or 0),
            pattern(row.get("found", "")),
            (int(row.get("age_from") or 0), int(row.get("age_to") or 150)),
            split(row["condition_codes"]),
            pattern(row["words"]),
            pattern(row["treatment"]),
            row["finding"],
            split(row["options"]),
            importance_of(row),
            row["source"],
        )
        for table in ("findings", "cultures")
        for row in rows(table)
    )


@cache
def vocabulary(name: str) -> Pattern:
    """Whole words of one list of ``vocabulary.csv``, in any case.

    Raises:
        KeyError: there is no such list.
    """
    lists = {row["list"]: row["words"] for row in rows("vocabulary")}
    return re.compile(rf"\b(?:{lists[name]})\b", re.IGNORECASE)


@cache
def site_words() -> dict[str, Pattern]:
    """Site named in a description → words by which notes speak of it: ``sites.csv``."""
    return {row["site"]: re.compile(row["words"], re.IGNORECASE) for row in rows("sites")}


@cache
def forbidden() -> Pattern:
    """Words that no query may hold: payment, codes, severity scores, quality reporting."""
    return re.compile("|".join(row["pattern"] for row in rows("forbidden_words")), re.IGNORECASE)

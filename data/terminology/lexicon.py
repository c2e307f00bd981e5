"""The lexicon: words clinicians write, each to the ICD-10-CM node they justify.

Tables stand in ``data/terminology/lexicon/*.csv``:

* ``terms*.csv``: ``surface,code,kind,source,review``; a ``kind`` of ``phrase`` is read in the
  order of its words and in one clause; ``review`` says how often the row was read against
  the Tabular List (``once``, ``twice``).
* ``ambiguous.csv``: one row a reading of a form that words alone do not decide. A surface
  in lower case is met in any case, one with capitals only as written.
* ``common_conditions.csv``: the codes that most US claims carry, by setting and tier.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import NamedTuple

from data.terminology.words import stems

FOLDER = Path(__file__).parent / "lexicon"


class Term(NamedTuple):
    """A surface form and the node (billable or wider) that the words alone justify."""

    surface: str
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class Sense:
    """One reading of an ambiguous form; ``code`` is empty for what is no disease.

    Attributes:
        contexts: stems that speak for the reading; all stems of one entry must be near.
        default: whether it holds where nothing near decides.
    """

    surface: str
    code: str
    sense: str
    context_words: frozenset[str]
    contexts: frozenset[frozenset[str]]
    sections: frozenset[str]
    specialties: frozenset[str]
    default: bool


class Common(NamedTuple):
    """A billable code that claims often carry.

    Attributes:
        setting: ``office``, ``emergency``, ``inpatient`` or ``any``.
        tier: 1 (the most common) to 4.
    """

    code: str
    setting: str
    tier: int


def _rows(pattern: str) -> Iterator[dict[str, str]]:
    for path in sorted(FOLDER.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as handle:
            yield from csv.DictReader(handle)


def _set(cell: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in cell.split(";") if part.strip())


@cache
def load_terms() -> tuple[Term, ...]:
    """Every row of the main tables, in file order."""
    terms: list[Term] = []
    for path in sorted(FOLDER.glob("terms*.csv")):
        with path.open(encoding="utf-8", newline="") as handle:
            # Tens of thousands of rows at every start: by position, not by name.
            reader = csv.reader(handle)
            next(reader)
            terms.extend(Term._make(row[:3]) for row in reader)
    return tuple(terms)


@cache
def load_senses() -> dict[str, tuple[Sense, ...]]:
    """Senses by surface form as the table writes it."""
    senses: dict[str, list[Sense]] = {}
    for row in _rows("ambiguous.csv"):
        context_words = _set(row["context_words"])
        senses.setdefault(row["surface"], []).append(
            Sense(
                surface=row["surface"],
                code=row["code"],
                sense=row["sense"],
                context_words=context_words,
                contexts=frozenset(frozenset(stems(word)) for word in context_words),
                sections=_set(row["sections"]),
                specialties=_set(row["specialties"]),
                default=row["default"].strip() == "1",
            )
        )
    return {surface: tuple(rows) for surface, rows in senses.items()}


@cache
def common_conditions() -> tuple[Common, ...]:
    """Every row of ``common_conditions.csv``, in file order."""
    return tuple(
        Common(row["code"], row["setting"], int(row["tier"]))
        for row in _rows("common_conditions.csv")
    )


@cache
def load_common() -> dict[str, int]:
    """Billable code → tier, 1 for the most common of US claims to 4; absent: not common."""
    return {row.code: row.tier for row in common_conditions()}

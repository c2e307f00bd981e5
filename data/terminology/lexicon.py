"""The lexicon: words clinicians write, each to the ICD-10-CM node they justify.

Tables stand in ``data/terminology/lexicon/*.csv``. Main tables have the columns
``surface,code,kind,source,review``; ``ambiguous*.csv`` hold one row a sense of
a surface form that words alone do not decide.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent / "lexicon"


@dataclass(frozen=True, slots=True)
class Term:
    """A surface form and the node (billable or wider) that the words alone justify."""

    surface: str
    code: str
    kind: str


@dataclass(frozen=True, slots=True)
class Sense:
    """One reading of an ambiguous form; ``code`` is empty for what is no disease."""

    surface: str
    code: str
    sense: str
    context_words: frozenset[str]
    sections: frozenset[str]
    specialties: frozenset[str]
    default: bool


def _rows(pattern: str) -> Iterator[dict[str, str]]:
    for path in sorted(FOLDER.glob(pattern)):
        with path.open(encoding="utf-8", newline="") as handle:
            yield from csv.DictReader(handle)


def _set(cell: str) -> frozenset[str]:
    return frozenset(part.strip().lower() for part in cell.split(";") if part.strip())


@cache
def load_terms() -> tuple[Term, ...]:
    """Every row of the main tables, in file order."""
    return tuple(Term(row["surface"], row["code"], row["kind"]) for row in _rows("terms*.csv"))


@cache
def load_senses() -> dict[str, tuple[Sense, ...]]:
    """Senses by surface form as written (case kept)."""
    senses: dict[str, list[Sense]] = {}
    for row in _rows("ambiguous*.csv"):
        senses.setdefault(row["surface"], []).append(
            Sense(
                surface=row["surface"],
                code=row["code"],
                sense=row["sense"],
                context_words=_set(row["context_words"]),
                sections=_set(row["sections"]),
                specialties=_set(row["specialties"]),
                default=row["default"].strip() == "1",
            )
        )
    return {surface: tuple(rows) for surface, rows in senses.items()}

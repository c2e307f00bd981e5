"""The tables of provider queries about conflicts and clinical validity.

``exclusive.csv``, ``denied.csv``, ``validity.csv`` and ``links.csv``; codes are prefixes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from data.schemas import Setting
from models.coding.queries.tables import Pattern, importance_of, pattern, rows, split


@dataclass(frozen=True, slots=True)
class Exclusive:
    """Two statements that cannot both be true of one condition.

    Attributes:
        triggers: for each statement words, lower case, one of which is in every wording of it.
        unless: words that say how both can: a change over time, a comparison, a relative.
    """

    id: str
    triggers: tuple[frozenset[str], ...]
    first: Pattern
    second: Pattern
    unless: Pattern
    subject: str
    options: tuple[str, ...]
    importance: int
    source: str


@cache
def exclusive() -> tuple[Exclusive, ...]:
    """Contradicting kinds: ``exclusive.csv``."""
    return tuple(
        Exclusive(
            row["id"],
            tuple(frozenset(split(group)) for group in row["triggers"].split(";")),
            re.compile(row["first"], re.IGNORECASE),
            re.compile(row["second"], re.IGNORECASE),
            re.compile(row["not_if"], re.IGNORECASE),
            row["subject"],
            split(row["options"]),
            int(row["importance"]),
            row["source"],
        )
        for row in rows("exclusive")
    )


@dataclass(frozen=True, slots=True)
class Deniable:
    """A condition that is there or is not: asserted and denied in one note is a conflict.

    Attributes:
        plain: all the words of a mention that speaks of the condition itself and of no
            complication ("no diabetic retinopathy" denies no diabetes).
    """

    id: str
    codes: tuple[str, ...]
    plain: Pattern
    condition: str
    importance: int
    source: str


@cache
def deniable() -> tuple[Deniable, ...]:
    """Conditions asserted and denied: ``denied.csv``; ``codes`` are prefixes."""
    return tuple(
        Deniable(
            row["id"],
            split(row["codes"]),
            re.compile(row["plain"], re.IGNORECASE),
            row["condition"],
            int(row["importance"]),
            row["source"],
        )
        for row in rows("denied")
    )


@dataclass(frozen=True, slots=True)
class Validity:
    """A diagnosis and the criteria of which some must stand in the note.

    Attributes:
        values: (measure, sign, threshold).
        words: indicators told in words.
        needed: how many different criteria make the diagnosis plain.
    """

    id: str
    codes: tuple[str, ...]
    condition: str
    values: tuple[tuple[str, str, float], ...]
    words: Pattern | None
    needed: int
    importance: dict[Setting, int]
    source: str


_CRITERION = re.compile(r"(\w+)([<>])([\d.]+)")


def _validity(row: dict[str, str]) -> Validity:
    values: list[tuple[str, str, float]] = []
    words: list[str] = []
    for part in row["criteria"].split(";"):
        if part.startswith("/"):
            words.append(part[1:])
        elif match := _CRITERION.fullmatch(part):
            values.append((match[1], match[2], float(match[3])))
    return Validity(
        row["id"],
        split(row["codes"]),
        row["condition"],
        tuple(values),
        pattern("|".join(words)),
        int(row["needed"]),
        importance_of(row),
        row["source"],
    )


@cache
def validity() -> tuple[Validity, ...]:
    """Criteria of diagnoses: ``validity.csv``; ``codes`` are prefixes."""
    return tuple(_validity(row) for row in rows("validity"))


@dataclass(frozen=True, slots=True)
class Link:
    """Two diagnoses whose relation only the clinician can state; the codes are prefixes."""

    id: str
    conditions: tuple[str, ...]
    beside: tuple[str, ...]
    absent: tuple[str, ...]
    linked: Pattern
    question: str
    options: tuple[str, ...]
    importance: dict[Setting, int]
    source: str


@cache
def links() -> tuple[Link, ...]:
    """Relations to be stated: ``links.csv``."""
    return tuple(
        Link(
            row["id"],
            split(row["condition_codes"]),
            split(row["with_codes"]),
            split(row["absent_codes"]),
            re.compile(row["linked"], re.IGNORECASE),
            row["question"],
            split(row["options"]),
            importance_of(row),
            row["source"],
        )
        for row in rows("links")
    )

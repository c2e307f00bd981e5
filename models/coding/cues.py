"""The vocabulary of :mod:`models.coding.assertion`, from the tables in ``resources/``.

``assertion_cues.csv``: cue, assertion, direction, scope in words, where. Directions:
``forward``; ``list`` (forward over the items of a list); ``backward``; ``end``
(backward, and the clause ends behind the cue); ``next`` (backward, right behind the
mention); ``both``; ``kin`` (a relative). A scope of 0 is a pseudo-cue: its words are
taken from the cues inside it and govern nothing. ``where`` limits a cue to a kind
of section or of visit, or spares conditions that last (``lasting_conditions.csv``): "history of
hypertension" says that the patient has it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion
from data.terminology.words import as_tokens
from models.coding.headers import RESOURCES

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Cue:
    words: Words
    assertion: Assertion
    direction: str
    scope: int
    where: str


def lower_words(text: str) -> Words:
    """The words of a text in lower case, as the tokens of a document are cut."""
    return tuple(as_tokens(text.lower()))


def _rows(table: str) -> Iterator[dict[str, str]]:
    with (RESOURCES / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


@cache
def cues() -> dict[str, tuple[Cue, ...]]:
    """Cues by first word: longest first, those bound to a section before the general one."""
    table: dict[str, list[Cue]] = {}
    for row in _rows("assertion_cues"):
        words = lower_words(row["cue"])
        cue = Cue(
            words, Assertion(row["assertion"]), row["direction"], int(row["scope"]), row["where"]
        )
        table.setdefault(words[0], []).append(cue)
    return {
        word: tuple(sorted(some, key=lambda c: (-len(c.words), not c.where)))
        for word, some in table.items()
    }


@dataclass(frozen=True, slots=True)
class Breakers:
    """Words that end a scope: of any cue, of most, of a relative's, of a denial behind a comma."""

    every: frozenset[Words]
    most: frozenset[Words]
    family: frozenset[Words]
    behind_comma: frozenset[Words]
    firsts: frozenset[str]  # words that one of them begins with


@cache
def breakers() -> Breakers:
    """The table ``scope_breakers.csv``: words, whether they stand behind a comma, what they end."""
    sets: dict[str, set[Words]] = {}
    for row in _rows("scope_breakers"):
        sets.setdefault(row["ends"], set()).add(lower_words(row["words"]))
    return Breakers(
        frozenset(sets["all"]),
        frozenset(sets["not hypothetical family"]),
        frozenset(sets["family"]),
        frozenset(sets["negated"]),
        frozenset(words[0] for each in sets.values() for words in each),
    )


@cache
def lasting_conditions() -> frozenset[str]:
    """Words of conditions that do not pass."""
    return frozenset(
        word for row in _rows("lasting_conditions") for word in row["words"].split("|")
    )


@cache
def kin_reporters() -> tuple[frozenset[str], frozenset[str]]:
    """Words before and behind a relative who reports, brings or cares, and has nothing."""
    table = {row["place"]: frozenset(row["words"].split("|")) for row in _rows("kin_reporters")}
    return table["before"], table["after"]

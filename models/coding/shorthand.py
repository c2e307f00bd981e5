"""Shorthand of notes and the words of descriptions, or the side, that it stands for.

Clinicians write "R knee", "OU", "HFpEF"; ``resources/note_words.csv`` says what they mean.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from data.terminology.words import stems
from models.coding.document import RESOURCES, Token

LEFT, RIGHT, BOTH = "left", "right", "bilater"


@dataclass(frozen=True, slots=True)
class NoteWord:
    stems: tuple[str, ...]
    side: str


@cache
def _note_words() -> dict[str, NoteWord]:
    """Shorthand → stems and side; all-capitals rows match capitals only."""
    table: dict[str, NoteWord] = {}
    with (RESOURCES / "note_words.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            side = BOTH if row["side"] == "both" else row["side"]
            table[row["word"]] = NoteWord(stems(row["means"]), side)
    return table


def note_word(token: Token) -> NoteWord | None:
    table = _note_words()
    return table.get(token.text) or (
        table.get(token.text.lower()) if not token.text.isupper() else None
    )


def meant(tokens: Sequence[Token]) -> Iterator[str]:
    """The tokens' stems and those of what shorthand among them stands for."""
    for token in tokens:
        yield token.stem
        known = note_word(token)
        if known:
            yield from known.stems

"""Clinicians' shorthand in the words of the code set: "R knee", "OU", "HFpEF", "poorly controlled".

``resources/note_words.csv`` says which words of a description and which side shorthand
stands for, ``resources/site_parts.csv`` which whole a part of the body belongs to.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from data.terminology.words import stem, stems
from models.coding.document import RESOURCES, Token

LEFT, RIGHT, BOTH = "left", "right", "bilater"
SIDES = frozenset({LEFT, RIGHT, BOTH})


@dataclass(frozen=True, slots=True)
class NoteWord:
    """What shorthand stands for: words of descriptions, and a side."""

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


@lru_cache(maxsize=100_000)
def _by_itself(text: str) -> NoteWord | None:
    table = _note_words()
    return table.get(text) or (table.get(text.lower()) if not text.isupper() else None)


def note_word(token: Token) -> NoteWord | None:
    """What a token stands for by itself."""
    return _by_itself(token.text)


@cache
def _phrases() -> Mapping[str, tuple[tuple[tuple[str, ...], NoteWord], ...]]:
    """First word → the shorthand of several words that begins with it, in small letters."""
    table: dict[str, list[tuple[tuple[str, ...], NoteWord]]] = {}
    for surface, known in _note_words().items():
        parts = tuple(surface.split())
        if len(parts) > 1:
            table.setdefault(parts[0], []).append((parts, known))
    return {first: tuple(rows) for first, rows in table.items()}


@lru_cache(maxsize=100_000)
def _beginning(text: str) -> tuple[tuple[tuple[str, ...], NoteWord], ...]:
    return _phrases().get(text.lower(), ())


def phrases_at(tokens: Sequence[Token], i: int) -> Iterator[NoteWord]:
    """What the shorthand of several words beginning at a token stands for."""
    for parts, known in _beginning(tokens[i].text):
        if tuple(t.text.lower() for t in tokens[i : i + len(parts)]) == parts:
            yield known


def meant(tokens: Sequence[Token]) -> set[str]:
    """The tokens' stems and those of what shorthand among them stands for."""
    found: set[str] = set()
    for i, token in enumerate(tokens):
        found.add(token.stem)
        known = _by_itself(token.text)
        if known:
            found.update(known.stems)
        if _beginning(token.text):
            for phrase in phrases_at(tokens, i):
                found.update(phrase.stems)
    return found


@cache
def site_parts() -> Mapping[str, tuple[str, ...]]:
    """Stem of a part of the body → stems of what it belongs to, from ``site_parts.csv``."""
    with (RESOURCES / "site_parts.csv").open(encoding="utf-8", newline="") as handle:
        direct = {stem(row["part"]): stems(row["whole"]) for row in csv.DictReader(handle)}
    # The hallux is of the foot, and what is of the foot is of the lower limb.
    wider = {
        part: tuple(dict.fromkeys((*wholes, *(w for each in wholes for w in direct.get(each, ())))))
        for part, wholes in direct.items()
    }
    return {part: tuple(w for w in wholes if w != part) for part, wholes in wider.items()}


def implied_by(said: Iterable[str]) -> frozenset[str]:
    """Stems of the wholes that sites among the stems are parts of."""
    return frozenset(w for s in said for w in site_parts().get(s, ()))


def is_handedness(tokens: Sequence[Token], i: int) -> bool:
    """Whether a side is the hand that somebody uses: "right-handed", "R hand dominant"."""
    after = [t.text.lower() for t in tokens[i + 1 : i + 3]]
    return bool(after) and (
        after[0] in ("handed", "hander", "dominant") or after == ["hand", "dominant"]
    )


def hand_used(tokens: Sequence[Token]) -> str:
    """The hand that the patient uses: "R-handed", "left hand dominant", "RHD"."""
    for i, token in enumerate(tokens):
        if token.text in ("RHD", "LHD"):
            return LEFT if token.text == "LHD" else RIGHT
        side = {"l": LEFT, "r": RIGHT}.get(token.stem, token.stem)
        if side in (LEFT, RIGHT) and is_handedness(tokens, i):
            return side
    return ""

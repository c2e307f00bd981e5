"""Code references inside the Tabular List's notes.

A note names codes in brackets, ``(I20.0)``, ``(E08-E13)``, ``(F32.-)``, some with a
condition on their later characters, ``(T36-T50 with fifth or sixth character 5)``, and
now and then without brackets, "code from category O08".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

_BRACKET = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_CODE = r"[A-Z]\d[0-9A-Z](?:\.[0-9A-Z]*)?"
_REFERENCE = re.compile(rf"({_CODE})(?:-?\s*(?:-|\bto\b)\s*({_CODE}))?-?")
# Outside brackets only what is called a code: "vitamin B12" is none, "see E11 with …" no match.
_NAMED = re.compile(
    r"(?<!see )\b(?:categor(?:y|ies)|classified (?:to|in)|classifiable to|codes?(?:\(s\))? from|"
    rf"^from)\s+(?:category\s+)?(?=({_CODE}[-0-9A-Z.,\s]*(?:\band\s+{_CODE}[-0-9A-Z.,\s]*)*))",
    re.I,
)
_LAST_WORD = re.compile(rf"(?<!itamin )\b({_CODE}-?(?:\s*-\s*{_CODE}-?)?)\.?$")
_POSITION = {
    "4th": 4, "fourth": 4, "5th": 5, "fifth": 5, "6th": 6, "sixth": 6, "six": 6, "7th": 7,
    "seventh": 7,
}  # fmt: skip
_NTH = re.compile(
    rf"\b({'|'.join(_POSITION)})(?:[\s-]+(?:or|to)[\s-]+({'|'.join(_POSITION)}))?[\s-]+"
    r"characters?\s+\.?([0-9A-Z](?:-[0-9A-Z])?)(?:\s+or\s+([0-9A-Z]))?\b",
    re.I,
)
_FINAL = re.compile(r"\bwith (?:final characters? )?([-.\d]+(?:(?:,|\.| or|-)\s*\.?[-.\d]+)*)")


def _characters(first: str, second: str | None) -> frozenset[str]:
    """``"1-4"`` → 1, 2, 3, 4; ``"B", "C"`` → B, C."""
    low, _, high = first.upper().partition("-")
    span = range(ord(low), ord(high or low) + 1)
    return frozenset(map(chr, span)) | frozenset((second or "").upper())


@dataclass(frozen=True, slots=True)
class Reference:
    """A code prefix, or a range of them (both ends included, compared to their own length).

    Attributes:
        positions, characters: some character at these places (from 1, dot not counted)
            must be one of these; no condition where empty.
        endings: the code, dot not counted, must end in one of these, unless empty.
    """

    first: str
    last: str
    positions: tuple[int, ...] = ()
    characters: frozenset[str] = frozenset()
    endings: tuple[str, ...] = ()

    def covers(self, code: str) -> bool:
        """Whether the code lies in the range and meets the condition on its characters."""
        if self.first == self.last:
            inside = code.startswith(self.first)
        else:
            inside = code[: len(self.first)] >= self.first and code[: len(self.last)] <= self.last
        if not inside or not (self.positions or self.endings):
            return inside
        bare = code.replace(".", "")
        if self.endings:
            return bare.endswith(self.endings)
        return any(bare[p - 1 : p] in self.characters for p in self.positions if len(bare) >= p)


def _condition(text: str) -> tuple[tuple[int, ...], frozenset[str], tuple[str, ...]]:
    nth = _NTH.search(text)
    if nth:
        one, two = _POSITION[nth[1].lower()], _POSITION.get((nth[2] or "").lower())
        return tuple(p for p in (one, two) if p), _characters(nth[3], nth[4]), ()
    final = _FINAL.search(text)
    if final:
        low, dash, high = final[1].partition("-.")  # ".51-.52"
        if dash and low.strip(".").isdigit() and high.isdigit():
            width = len(high)
            numbers = range(int(low.strip(".")), int(high) + 1)
            return (), frozenset(), tuple(f"{n:0{width}d}" for n in numbers)
        return (), frozenset(), tuple(re.findall(r"\d+", final[1]))
    return (), frozenset(), ()


def _in(text: str, condition: str) -> list[Reference]:
    positions, characters, endings = _condition(condition)
    found = []
    for match in _REFERENCE.finditer(text):
        first, last = match[1].rstrip("."), (match[2] or match[1]).rstrip(".")
        found.append(Reference(first, last, positions, characters, endings))
    return found


@lru_cache(maxsize=20_000)
def references(note: str) -> tuple[Reference, ...]:
    """Every code reference of one note: those in brackets, else those called codes."""
    found: list[Reference] = []
    for bracket in _BRACKET.finditer(note):
        behind = note[bracket.end() :]  # "(T36-T50) with fifth or sixth character 6"
        condition = bracket[1] if " with " in bracket[1] else behind[: behind.find("(") % 60]
        # "(O03.37, … with .17, .27)": what follows "with" are characters, not codes.
        found.extend(_in(bracket[1].split(" with ")[0], condition))
    if not found:
        for named in _NAMED.finditer(note):
            found.extend(_in(named[1], ""))
    if not found and (last := _LAST_WORD.search(note)):
        found.extend(_in(last[1], ""))
    return tuple(found)

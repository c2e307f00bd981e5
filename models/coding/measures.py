"""Status codes read off measured values: body mass index, weeks of gestation, stroke scale.

They never stand alone: each needs the diagnosis it qualifies (guidelines I.B.14,
I.C.21.c.11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from data.schemas import Note

ADULT_YEARS = 20  # Z68 adult codes are for 20 years and older (Tabular note at Z68)
_BMI = re.compile(r"\bBMI\b[^0-9\n]{0,20}(\d{2}(?:\.\d{1,2})?)", re.I)
_WEEK = r"(?:wks?|weeks?|w)"
# Best first: with days, then named as gestation, then a bare count that is no interval.
_GESTATION = tuple(
    re.compile(pattern, re.I)
    for pattern in (
        rf"\b(\d{{1,2}})(?:\s?\+\s?[0-6](?:/7)?|\s?{_WEEK}\s?(?:and\s)?[0-6]\s?(?:/7|d\b|days?)"
        rf"|[\s-][0-6]/7\s?{_WEEK}|\s?{_WEEK}\s?[0-6]\b)",
        rf"\b(\d{{1,2}})\s?-?{_WEEK}\s?(?:gestation|pregnan|GA\b|EGA\b|IUP|by\s)",
        rf"\b(?:IUP|GA|EGA|gestation|pregnant|gestational age)\b[^.\n\d]{{0,12}}"
        rf"(\d{{1,2}})\s?{_WEEK}\b",
        rf"(?<!\bin )(?<!for )(?<!x )(?<!x)(?<!every )(?<!past )(?<!last )(?<!next )(?<!q)"
        rf"\b(\d{{1,2}})\s?{_WEEK}\b(?!\s?(?:ago|post|old|later|apart|prior|out|f/u|s/p))",
    )
)
_BMI_PERCENTILE = re.compile(
    r"\bBMI\b[^\n]{0,30}?(?P<below>[<≤]|below |under |less than )?\s?(?P<value>\d{1,3})"
    r"(?:st|nd|rd|th)?\s?(?:%(?!\s?of)|%ile|percentile|pctl|centile)",
    re.I,
)
# Upper bounds of the percentiles of the child codes (Tabular List, Z68.5-).
_PERCENTILES = ((5, "Z68.51"), (85, "Z68.52"), (95, "Z68.53"))
CHILD_YEARS = 2
_NIHSS = re.compile(r"\b(?:NIHSS|NIH stroke scale)\b[^0-9\n]{0,24}(\d{1,2})\b", re.I)

NUTRITION = ("E66", "E40", "E41", "E43", "E44", "E46", "R63.4", "R63.5", "R63.6", "F50")
PREGNANCY = ("O", "Z34")
STROKE = ("I63",)


def body_mass_code(value: float) -> str | None:
    """Z68 code of an adult's body mass index in kg/m²; None for an absurd value."""
    if not 10 <= value < 120:
        return None
    if value < 20:
        return "Z68.1"
    if value < 40:
        return f"Z68.{int(value)}"
    lows = ((70, "Z68.45"), (60, "Z68.44"), (50, "Z68.43"), (45, "Z68.42"), (40, "Z68.41"))
    return next(code for low, code in lows if value >= low)


def child_mass_code(percentile: float) -> str:
    """Z68.5 code of a child's body mass index for age."""
    return next((code for bound, code in _PERCENTILES if percentile < bound), "Z68.54")


def gestation_code(weeks: int) -> str | None:
    """Z3A code of completed weeks of gestation."""
    if weeks < 4 or weeks > 45:
        return None
    if weeks < 8:
        return "Z3A.01"
    return "Z3A.49" if weeks > 42 else f"Z3A.{weeks:02d}"


def trimester(weeks: int) -> str:
    """First under 14 weeks 0 days, second under 28 weeks 0 days, third from then (chapter 15)."""
    return "first" if weeks < 14 else "second" if weeks < 28 else "third"


@dataclass(frozen=True, slots=True)
class Gestation:
    weeks: int
    start: int
    end: int


def gestation(text: str) -> Gestation | None:
    """The best statement of weeks of gestation: with days, else named so, else the first count."""
    for pattern in _GESTATION:
        for match in pattern.finditer(text):
            weeks = int(match[1])
            if 4 <= weeks <= 43:
                return Gestation(weeks, match.start(1), match.end())
    return None


def measured_codes(
    text: str, note: Note, present: Set[str], ended: bool = False
) -> Iterator[tuple[str, int, int]]:
    """(code, start, end) for every measured value whose diagnosis is among ``present``.

    Args:
        ended: whether a pregnancy told of was over before this visit (I.C.21.c.11).
    """
    years = None
    if note.birth_date and note.date_of_service:
        years = (note.date_of_service - note.birth_date).days / 365.25
    if any(c.startswith(NUTRITION) for c in present):
        for match in _BMI.finditer(text) if years is None or years >= ADULT_YEARS else ():
            code = body_mass_code(float(match[1]))
            if code:
                yield code, match.start(), match.end()
        if years is not None and CHILD_YEARS <= years < ADULT_YEARS:
            for match in _BMI_PERCENTILE.finditer(text):
                value = int(match["value"]) - bool(match["below"])
                if value < 100:
                    yield child_mass_code(value), match.start(), match.end()
    if not ended and any(c.startswith(PREGNANCY) for c in present):
        found = gestation(text)
        code = gestation_code(found.weeks) if found else None
        if found and code:
            yield code, found.start, found.end
    if any(c.startswith(STROKE) for c in present):
        for match in _NIHSS.finditer(text):
            score = int(match[1])
            if score <= 42:
                yield f"R29.7{score:02d}", match.start(), match.end()

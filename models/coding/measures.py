"""Codes read off measured values: body mass, weeks of gestation, stroke scale, burned surface.

They never stand alone: each needs the diagnosis it qualifies (guidelines I.B.14,
I.C.21.c.11).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass

from data.schemas import Note
from models.coding.birth_weight import birth_weight_codes

ADULT_YEARS = 20  # Z68 adult codes are for 20 years and older (Tabular note at Z68)
INFANT_DAYS = 366  # to whom the weight and weeks of the birth still matter
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
_TRIMESTER = re.compile(r"\b(first|second|third|1st|2nd|3rd)\s+trimester", re.I)
_BMI_PERCENTILE = re.compile(
    r"\bBMI\b[^\n]{0,30}?(?P<below>[<≤]|below |under |less than )?\s?(?P<value>\d{1,3})"
    r"(?:st|nd|rd|th)?\s?(?:%(?!\s?of)|%ile|percentile|pctl|centile)",
    re.I,
)
# Upper bounds of the percentiles of the child codes (Tabular List, Z68.5-).
_PERCENTILES = ((5, "Z68.51"), (85, "Z68.52"), (95, "Z68.53"))
CHILD_YEARS = 2
MOTHER_YEARS = 10
_NIHSS = re.compile(r"\b(?:NIHSS|NIH stroke scale)\b[^0-9\n]{0,24}(\d{1,2})\b", re.I)

_PERCENT = r"((?:<\s?)?\d{1,2}(?:\.\d)?)\s?%"
_BODY = r"(?:TBSA|BSA|total body (?:surface )?(?:area)?|body surface(?: area)?)"
_BURNED = (
    re.compile(rf"{_PERCENT}\s*(?:of\s)?(?:the\s)?(?:total\s)?{_BODY}", re.I),
    re.compile(rf"\b{_BODY}[^%\n]{{0,40}}?{_PERCENT}", re.I),
)
_DEEP = re.compile(
    rf"{_PERCENT}\s*(?:TBSA\s)?(?:is\s)?(?:full[ -]thickness|third|3rd)"
    rf"|(?:full[ -]thickness|(?:third|3rd)[ -]deg(?:ree)?)[^%.\n]{{0,20}}?{_PERCENT}",
    re.I,
)

_IS_BURN = re.compile(r"\bburn(?:s|ed|t)?\b|\bscald|TBSA", re.I)
BURN = ("T20", "T21", "T22", "T23", "T24", "T25")
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


def burn_extent_code(percent: float, deep: float, corrosion: bool = False) -> str:
    """T31 (T32) code of the body surface burned and the part of it to the third degree."""
    tens, deep_tens = min(9, int(percent // 10)), int(deep // 10)
    if not tens:
        return "T32.0" if corrosion else "T31.0"
    return f"T{32 if corrosion else 31}.{tens}{min(deep_tens, tens)}"


def _share(percent: str) -> float:
    """A percentage; "<10" is less than it says."""
    value = float(percent.lstrip("< "))
    return value - 0.1 if percent.startswith("<") and value else value


def _burned(text: str, present: Set[str]) -> Iterator[tuple[str, int, int]]:
    """Extent of the burns (I.C.19.d.6); the greatest share said is the whole."""
    found = [m for pattern in _BURNED for m in pattern.finditer(text)]
    whole = max(found, key=lambda m: _share(m[1]), default=None)
    if whole is None:
        return
    shares = (_share(m[1] or m[2]) for m in _DEEP.finditer(text))
    deep = max((s for s in shares if s <= _share(whole[1])), default=0.0)
    # Burns of the fourth character 4 to 7 are corrosions.
    burns = [c for c in present if c.startswith(BURN)]
    corrosion = bool(burns) and all(c[4] in "4567" for c in burns)
    yield burn_extent_code(_share(whole[1]), deep, corrosion), whole.start(), whole.end()


def named_trimester(text: str) -> str:
    """The trimester that a text names; ``""`` where it names none."""
    match = _TRIMESTER.search(text)
    names = {"1st": "first", "2nd": "second", "3rd": "third"}
    return names.get(match[1].lower(), match[1].lower()) if match else ""


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
    days = None
    if note.birth_date and note.date_of_service:
        days = (note.date_of_service - note.birth_date).days
    years = None if days is None else days / 365.25
    if days is None or days <= INFANT_DAYS:
        yield from birth_weight_codes(text, present)
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
    if any(c.startswith((*BURN, "T30")) for c in present) or _IS_BURN.search(text):
        yield from _burned(text, present)
    # The weeks of a newborn's own birth are no pregnancy of the patient's.
    grown = years is None or years >= MOTHER_YEARS
    if grown and not ended and any(c.startswith(PREGNANCY) for c in present):
        found = gestation(text)
        code = gestation_code(found.weeks) if found else None
        if found and code:
            yield code, found.start, found.end
    if any(c.startswith(STROKE) for c in present):
        for match in _NIHSS.finditer(text):
            score = int(match[1])
            if score <= 42:
                yield f"R29.7{score:02d}", match.start(), match.end()

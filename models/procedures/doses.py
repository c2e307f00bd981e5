"""A drug's amount as written, and the units of its code that it makes."""

from __future__ import annotations

import math
import re

_NUMBER = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d*\.\d+|\d+"
_AMOUNT = re.compile(
    rf"(?<![\d.])(?P<number>{_NUMBER})\s*-?\s*"
    r"(?P<unit>million units|mu\b|mcg|µg|ug\b|mg|grams?|gm?\b|units?|u\b|iu\b|ml\b|cc\b)"
    r"(?P<per>\s*/\s*(?:(?P<volume>\d+(?:\.\d+)?)\s*)?ml)?"
    r"(?!\s*/\s*(?:kg|m2|m²))",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"[\s:-]{1,2}(?P<number>\d*\.\d+|\d{1,4})"
    r"(?=\s*(?:IVPB?|IV|IM|SQ|SC|subq|push|given|x\s?1\b|in\b|[+,;.]\s|$))",
    re.IGNORECASE,
)
_STRENGTH = re.compile(r"[\s-](?:10|40|80)$")
_GAUGE = re.compile(r"\b(?:1[4-9]|2\d|30)[gG]$")
_VOLUME = re.compile(rf"(?P<number>{_NUMBER})\s*(?:ml|cc)\b", re.IGNORECASE)
_USED = re.compile(rf"\bunits\s+used:?\s*(?P<number>{_NUMBER})", re.IGNORECASE)
_DISCARDED = re.compile(
    rf"\bunits?\s+(?:discarded|wasted):?\s*(?P<a>{_NUMBER})|"
    rf"(?P<b>{_NUMBER})\s*(?P<unit>mg|mcg|units?|u)\s+(?:were |was |of )?"
    r"(?:discarded|wasted|wastage|waste)\b",
    re.IGNORECASE,
)
_NO_WASTE = re.compile(
    r"\bno (?:waste|discard|drug discarded)|none wasted|nothing (?:wasted|discarded)|"
    r"no wastage|0 wasted|all used",
    re.IGNORECASE,
)
# Amounts of each unit in the smallest one of its kind: micrograms, or units, or millilitres.
_SCALE = {
    "mcg": (1.0, "mass"), "µg": (1.0, "mass"), "ug": (1.0, "mass"), "mg": (1e3, "mass"),
    "g": (1e6, "mass"), "gm": (1e6, "mass"), "gram": (1e6, "mass"), "grams": (1e6, "mass"),
    "unit": (1.0, "units"), "units": (1.0, "units"), "u": (1.0, "units"), "iu": (1.0, "units"),
    "million units": (1e6, "units"), "mu": (1e6, "units"), "ml": (1.0, "volume"),
    "cc": (1.0, "volume"),
}  # fmt: skip


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def dose_near(
    text: str, start: int, end: int, low: int, high: int, kind: str
) -> tuple[float, int, int] | None:
    """The dose nearest to a drug: (amount in the kind's smallest unit, start, end).

    ``kind`` is ``mass``, ``units`` or ``volume``. "1 mL of 40 mg/mL" counts as 40 mg; in
    "2 mg/0.05 mL" the first figure is the dose.
    """
    used = _USED.search(text, low, high) if kind == "units" else None
    if used:
        return _number(used["number"]), used.start(), used.end()
    best = _bare_dose(text, start, end, low, high) if kind == "mass" else None
    for match in _AMOUNT.finditer(text, max(low, start - 45), min(high, end + 70)):
        unit = re.sub(r"\s+", " ", match["unit"].lower())
        scale, found_kind = _SCALE[unit]
        if found_kind != kind or (unit == "g" and _GAUGE.search(match.group())):
            continue  # a 20 g needle is no dose
        amount = _number(match["number"]) * scale
        if match["per"] and match["volume"] is None:
            volume = _VOLUME.search(text, max(low, match.start() - 45), match.start())
            amount *= _number(volume["number"]) if volume else 1.0
        gap = match.start() - end if match.start() >= end else (start - match.end()) + 12
        if best is None or gap < best[0]:
            best = (gap, amount, match.start(), match.end())
    return None if best is None else best[1:]


def _bare_dose(
    text: str, start: int, end: int, low: int, high: int
) -> tuple[int, float, int, int] | None:
    """A dose written without its unit, in mg: "Toradol 60 IM", or "1 cc Kenalog-40"."""
    strength = _STRENGTH.search(text, start, end)
    if strength:
        volumes = [*_VOLUME.finditer(text, max(low, start - 20), min(high, end + 20))]
        if not volumes:
            return None
        near = min(volumes, key=lambda m: (m.end() > start, abs(m.start() - end)))
        each = float(re.sub(r"\D", "", strength.group()))
        return 0, _number(near["number"]) * each * 1e3, near.start(), near.end()
    match = _BARE.match(text, end, min(high, end + 14)) or _BARE.search(text, start, end)
    return (1, _number(match["number"]) * 1e3, *match.span("number")) if match else None


def parse_billing_unit(cell: str) -> tuple[float, str]:
    """``"10 mg"`` → (10,000 micrograms, "mass").

    Raises:
        KeyError: a unit this module does not know.
    """
    number, _, unit = cell.partition(" ")
    scale, kind = _SCALE[unit.lower()]
    return float(number) * scale, kind


def billing_units(amount: float, unit: float) -> int:
    """Whole units of the code: each full or part one counts."""
    return max(1, math.ceil(round(amount / unit, 6)))


def waste_near(text: str, low: int, high: int) -> tuple[float | None, tuple[int, int]] | None:
    """Discarded amount as written, with its span; (None, span) if none was; None if unsaid.

    The first of the two counts: what follows may speak of another drug.
    """
    none = _NO_WASTE.search(text, low, high)
    match = _DISCARDED.search(text, low, high)
    if match and (none is None or match.start() < none.start()):
        return _number(match["a"] or match["b"]), match.span()
    return None if none is None else (None, none.span())

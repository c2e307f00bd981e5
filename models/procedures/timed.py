"""Therapy billed by the quarter hour: minutes as written, and the units they make.

Medicare counts the units over the total of all timed minutes of the day (8 minutes make
one, 23 make two) and gives the units left over to the services with the longest rests;
CPT counts each service by itself, a unit once its midpoint is passed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from models.procedures.types import Judged, Line

UNIT = 15
MIDPOINT = 8
OVER_THE_TOTAL = frozenset({"medicare", "medicare_advantage", "tricare"})
_AFTER = re.compile(
    r"[^\n;]{0,45}?(?<!\d)(?P<minutes>\d{1,3})\s?(?:min\b|mins\b|minutes?\b|')|"
    r"[^\n;]{0,25}?(?:x\s?)?(?P<units>\d)\s?units?\b",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"(?<!\d)(\d{1,3})\s?(?:min|mins|minutes)\s(?:of\s)?(?:[a-z]+\s){0,2}$", re.I)
_WITHIN = re.compile(r"(?<!\d)(\d{1,3})\s?(?:min|mins|minutes)\b", re.IGNORECASE)
_REACH = 60


def stated_minutes(text: str, judged: Sequence[Judged]) -> float | None:
    """Minutes of a timed service: before its words ("15 min of gait training"), in or after."""
    for item in judged:
        start, end = item.mention.start, item.mention.end
        before = _BEFORE.search(text, max(0, start - 30), start)
        if before:
            return float(before[1])
        within = _WITHIN.search(text, start, end)
        if within:
            return float(within[1])
        after = _AFTER.match(text, end, min(len(text), end + _REACH))
        if after:
            return float(after["minutes"] or int(after["units"]) * UNIT)
    return None


def count_timed(lines: Sequence[Line]) -> list[Line]:
    """The lines with units of the timed ones; one too short to count is left out."""
    timed = {
        i: int(minutes)
        for i, line in enumerate(lines)
        if "timed" in line.concept.attributes
        and isinstance(minutes := line.slots.get("timed_minutes"), float)
    }
    if not timed:
        return list(lines)
    payer = next(iter(lines[i].slots.get("payer") for i in timed), None)
    units = {i: (minutes + UNIT - MIDPOINT) // UNIT for i, minutes in timed.items()}
    if payer in OVER_THE_TOTAL:
        units = {i: minutes // UNIT for i, minutes in timed.items()}
        left = (sum(timed.values()) + UNIT - MIDPOINT) // UNIT - sum(units.values())
        for i in sorted(timed, key=lambda i: (-(timed[i] % UNIT), i))[: max(0, left)]:
            units[i] += 1
    return [
        replace(line, units=units[i]) if i in units else line
        for i, line in enumerate(lines)
        if units.get(i, 1) > 0
    ]

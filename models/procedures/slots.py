"""Numbers and words that pick the code of a service: views, contrast, side, size, minutes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache

from data.schemas import Note
from models.procedures.tables import compile_phrases, rows, split

_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})\s*(?:am|pm)?\s*(?:-|–|to|,?\s*(?:stop|end|stopped)\s*(?:at\s*)?)\s*(\d{1,2}):(\d{2})",
    re.I,
)
_CLOCK_BARE = re.compile(r"\b([01]\d|2[0-3])([0-5]\d)\s*(?:-|–|to)\s*([01]\d|2[0-3])([0-5]\d)\b")
_SIDE = re.compile(
    r"(?<!\w)(?:(?P<both>bilateral(?:ly)?|bilat|both|b/l)|(?P<left>left|lt|(?-i:L)|os)|(?P<right>right|rt|(?-i:R)|od)|(?P<each>(?-i:OU)))(?![\w'/]|-\d|\d)",
    re.IGNORECASE,
)  # fmt: skip
FACILITY_PLACES = frozenset({"19", "21", "22", "23", "24", "51", "61"})


@dataclass(frozen=True, slots=True)
class SlotRule:
    slot: str
    kind: str
    reach: int
    value: str
    pattern: re.Pattern[str]


@cache
def slot_rules() -> tuple[SlotRule, ...]:
    return tuple(
        SlotRule(
            row["slot"], row["kind"], int(row["reach"]), row["value"],
            compile_phrases(split(row["phrases"])),
        )
        for row in rows("slots")
    )  # fmt: skip


def clock_minutes(text: str, start: int, end: int) -> tuple[int, int, int] | None:
    """(minutes, start, end) of the first span of clock times such as "10:02, stop 10:24"."""
    for pattern in (_CLOCK, _CLOCK_BARE):
        match = pattern.search(text, start, end)
        if match:
            minutes = (int(match[3]) * 60 + int(match[4])) - (int(match[1]) * 60 + int(match[2]))
            if minutes < 0:
                minutes += 12 * 60
            if 0 < minutes < 12 * 60:
                return minutes, match.start(), match.end()
    return None


def _distance(first: int, last: int, start: int, end: int) -> int:
    return first - end if first >= end else start - last if last <= start else 0


def text_slots(
    text: str, start: int, end: int, low: int, high: int, wanted: frozenset[str]
) -> dict[str, str | float]:
    """The ``wanted`` slots stated near ``[start, end)`` in ``[low, high)``, the nearest each."""
    found: dict[str, tuple[int, int, str | float]] = {}
    for rule in slot_rules():
        if rule.slot not in wanted:
            continue
        first, last = max(low, start - rule.reach), min(high, end + rule.reach)
        if rule.kind == "range":
            clock = clock_minutes(text, first, last)
            if clock and rule.slot not in found:
                found[rule.slot] = (_distance(clock[1], clock[2], start, end), 0, clock[0])
            continue
        for match in rule.pattern.finditer(text, first, last):
            gap = _distance(match.start(), match.end(), start, end)
            value: str | float = rule.value
            if rule.kind == "number":
                value = float(next(group for group in match.groups() if group))
            elif rule.value.isdigit():
                value = float(rule.value)
            key = (gap, -(match.end() - match.start()))
            if rule.slot not in found or key < found[rule.slot][:2]:
                found[rule.slot] = (*key, value)
    return {slot: value for slot, (_, _, value) in found.items()}


def side_near(text: str, start: int, end: int, low: int, high: int) -> str | None:
    """``left``, ``right`` or ``both`` stated nearest to ``[start, end)``; None if not stated."""
    best: tuple[int, str] | None = None
    for match in _SIDE.finditer(text, low, high):
        gap = _distance(match.start(), match.end(), start, end)
        if match.start() >= end:
            gap += 6  # the side stands before the part more often than after it
        name = match.lastgroup or ""
        side = "both" if name in ("both", "each") else name
        if best is None or gap < best[0]:
            best = (gap, side)
    return best[1] if best else None


def age_on(note: Note) -> int | None:
    """Whole years at the date of service (today's date is never used)."""
    if note.birth_date is None or note.date_of_service is None:
        return None
    born, day = note.birth_date, note.date_of_service
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def note_slots(note: Note) -> dict[str, str | float]:
    """Slots that the encounter's own data give."""
    slots: dict[str, str | float] = {}
    age = age_on(note)
    if age is not None:
        slots["age"] = float(age)
    if note.payer_type:
        slots["payer"] = note.payer_type
    if note.sex:
        slots["sex"] = note.sex.value
    if is_facility_place(note):
        slots["place"] = "facility"
    return slots


def is_facility_place(note: Note) -> bool:
    """Whether the place of service pays the facility for staff, rooms and supplies."""
    if note.place_of_service:
        return note.place_of_service in FACILITY_PLACES
    return note.setting in ("inpatient", "emergency")


def service_day(note: Note) -> date | None:
    return note.date_of_service

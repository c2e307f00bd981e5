"""Numbers and words that pick the code of a service: views, contrast, side, size, minutes."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import cache, cached_property

from data.schemas import Note
from models.procedures.tables import compile_phrases, rows, split

_CLOCK = re.compile(
    r"(\d{1,2}):(\d{2})\s*(?:am|pm)?\s*(?:-|–|to|[,;.]?\s*(?:stop|end|stopped|ended|off)\s*(?:time\s*)?:?\s*(?:at\s*)?)\s*(\d{1,2}):(\d{2})",
    re.I,
)
_CLOCK_BARE = re.compile(
    r"\b([01]\d|2[0-3])([0-5]\d)\s*(?:-|–|to|[,;.]?\s*(?:stop|end|stopped|ended|off)\s*(?:at\s*)?)"
    r"\s*([01]\d|2[0-3])([0-5]\d)\b",
    re.IGNORECASE,
)
_SIDE = re.compile(
    r"(?<!\w)(?:(?P<both>bilateral(?:ly)?|bilat|both|b/l)|(?P<left>left(?!\s(?:alone|in\s(?:place|situ)|open|intact|behind|over)\b)|lt|(?-i:L)|os)|(?P<right>right|rt|(?-i:R)|od)|(?P<each>(?-i:OU)))(?![\w'/]|-\d|\d)",
    re.IGNORECASE,
)  # fmt: skip
_JOINTED = re.compile(r"(?<![\w.])([CTLS])(\d{1,2})\s?(?:[-–/]|to)\s?([CTLS])?(\d{1,2})(?!\d)")
_VERTEBRA = re.compile(r"(?<![\w.])([CTLS])(\d{1,2})(?!\d)")
_ABOVE = {"C": 0, "T": 7, "L": 19, "S": 24}
_ROMAN = {"i": 1, "ii": 2, "iii": 3, "iv": 4, "v": 5, "vi": 6}
FACILITY_PLACES = frozenset({"19", "21", "22", "23", "24", "51", "61"})


@dataclass(frozen=True)
class SlotRule:
    """A row of ``slots.csv``; its words are compiled when a service first asks for the slot."""

    slot: str
    kind: str
    reach: int
    value: str
    phrases: tuple[str, ...]

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        return compile_phrases(self.phrases)


@cache
def slot_rules() -> tuple[SlotRule, ...]:
    return tuple(
        SlotRule(
            row["slot"], row["kind"], int(row["reach"]), row["value"], split(row["phrases"])
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


def spinal_levels(text: str) -> tuple[int, int]:
    """Number of joints between vertebrae that a text names, and of vertebrae named alone."""
    joints: set[int] = set()
    for match in _JOINTED.finditer(text):
        upper = _ABOVE[match[1]] + int(match[2])
        lower = _ABOVE[match[3] or match[1]] + int(match[4])
        if match[3] is None and match[1] == "L" and match[4] == "1":
            lower = _ABOVE["S"] + 1  # "L5-1"
        if 0 < lower - upper <= 20:
            joints.update(range(upper, lower))
    alone = {m.group() for m in _VERTEBRA.finditer(_JOINTED.sub(" ", text))}
    return len(joints), len(alone)


def _levels(rule: SlotRule, text: str) -> float:
    joints, alone = spinal_levels(text)
    if rule.value == "roots":  # "L4 and L5" are two roots of one joint
        return max(joints, alone)
    # three medial branches serve two joints
    return joints or (max(1, alone - 1) if alone and rule.value == "nerves" else alone)


def _distinct(rule: SlotRule, text: str) -> float:
    return len({re.sub(r"\W+|s$", "", m.group().lower()) for m in rule.pattern.finditer(text)})


def _highest(rule: SlotRule, text: str) -> float:
    named = [
        next(group for group in m.groups() if group).lower() for m in rule.pattern.finditer(text)
    ]
    return max((_ROMAN.get(word) or int(word) for word in named), default=0)


def _sum(rule: SlotRule, text: str) -> float:
    """All numbers together ("motor (8), sensory (6)")."""
    return sum(
        float(next(group for group in m.groups() if group)) for m in rule.pattern.finditer(text)
    )


def _span(rule: SlotRule, text: str) -> float:
    """Minutes between the two clock times of a match ("anesthesia start 0731 ... end 0912")."""
    match = rule.pattern.search(text)
    times = [int(group) for group in match.groups() if group] if match else []
    if len(times) != 4:
        return 0.0
    return float((times[2] * 60 + times[3] - times[0] * 60 - times[1]) % (24 * 60))


_COUNTED: dict[str, Callable[[SlotRule, str], float]] = {
    "levels": _levels, "distinct": _distinct, "highest": _highest,
    "span": _span, "sum": _sum,
}  # fmt: skip
"""Kinds of rules that look at a whole stretch: spine levels, different words, highest number."""


def _number(kind: str, match: re.Match[str]) -> float:
    """The number a match gives: as it is, from millimeters, larger side or area of two sides."""
    numbers = [float(group) for group in match.groups() if group]
    if kind == "product":
        return round(numbers[0] * numbers[-1], 2)
    return max(numbers) if kind == "larger" else numbers[0] / (10 if kind == "mm" else 1)


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
                gap = _distance(clock[1], clock[2], start, end)
                found[rule.slot] = (gap, 0, float(clock[0]))
            continue
        if rule.kind in _COUNTED:
            counted = _COUNTED[rule.kind](rule, text[first:last])
            if counted and rule.slot not in found:
                found[rule.slot] = (0, 0, float(counted))
            continue
        for match in rule.pattern.finditer(text, first, last):
            gap = _distance(match.start(), match.end(), start, end)
            value: str | float = rule.value
            if rule.kind in ("number", "mm", "larger", "product"):
                value = _number(rule.kind, match)
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


def only_side(text: str) -> str | None:
    """The one side that a whole text speaks of; None where it names more or none."""
    named = {match.lastgroup for match in _SIDE.finditer(text)}
    side = named.pop() if len(named) == 1 else None
    return "both" if side == "each" else side


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

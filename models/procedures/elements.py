"""What an element of decision making is made of, and the total time a note states."""

from __future__ import annotations

import re
from dataclasses import dataclass

ASSESSMENT = frozenset((
    "assessment", "assessment_plan", "impression", "plan", "discharge_diagnosis",
    "hospital_course",
))  # fmt: skip
_OVER = re.compile(r"(?:greater than|more than|over|>)\s?(\d{2})\s?min", re.IGNORECASE)
_TIME = re.compile(
    r"(?:total (?:visit |encounter )?time|time spent|total of|spent(?: a total of)?|time)"
    r"\W{0,6}(?:was |today |on \w+ )?(\d{1,3})\s?(?:min|minutes)\b|"
    r"(\d{1,3})\s?(?:min|minutes)\b[^.\n]{0,25}?\b(?:total|was spent|spent|of total time)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Item:
    """One thing counted, and where the note says it (None: from the encounter's data)."""

    kind: str
    label: str
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its level and what was counted."""

    level: int
    items: tuple[Item, ...]


def total_minutes(text: str) -> tuple[int, tuple[int, int]] | None:
    """Total time on the day as the note states it, with its span; the longest of several.

    "More than 30 minutes" counts as 31.
    """
    stated = [(int(m[1] or m[2]), m.span()) for m in _TIME.finditer(text)]
    stated += [(int(m[1]) + 1, m.span()) for m in _OVER.finditer(text)]
    within = [row for row in stated if 5 <= row[0] <= 240]
    return max(within, key=lambda row: row[0], default=None)

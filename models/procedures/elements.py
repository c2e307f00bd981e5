"""What an element of decision making is made of, and the total time a note states."""

from __future__ import annotations

import re
from dataclasses import dataclass

ASSESSMENT = frozenset((
    "assessment", "assessment_plan", "impression", "plan", "discharge_diagnosis",
    "hospital_course",
))  # fmt: skip
_MINUTES = r"\s?-?(?:min(?:ute)?s?|['’](?!\s?\d))(?!\w)"
_ABOUT = r"(?:about |approximately |approx\.? |roughly |at least |a total of |~\s?)?"
_OVER = re.compile(rf"(?:greater than|more than|over|>)\s?([3-9]\d){_MINUTES}", re.IGNORECASE)
_TIME = re.compile(
    r"(?:total (?:visit |encounter |provider |physician |MD |E/?M )?time|time spent|total of|"
    r"spent|(?:my|MD|provider|physician|encounter|visit) time|total|time|MDM,)"
    rf"\W{{0,6}}(?:was |is |today |on \w+ |= ?)?{_ABOUT}(\d{{1,3}}){_MINUTES}|"
    # "All of my time on this date: 72 minutes", "Total time … incl. chart review = 64 minutes"
    r"\b(?:total time|(?:all of )?my (?:total )?time|time on (?:the )?(?:date|day|DOS))\b"
    rf"(?:[^.;\n\d]|\.(?=\s[a-z])){{0,120}}?(\d{{2,3}}){_MINUTES}|"
    rf"(\d{{1,3}}){_MINUTES}[^.\n]{{0,25}}?\b(?:total|was spent|spent|of total time)|"
    rf"\b(\d{{2,3}}){_MINUTES} (?:visit|encounter|appointment)\b",
    re.IGNORECASE,
)
_HOURS = re.compile(
    r"(?:total|time|spent)\b[^.\n\d]{0,40}?([1-3]) ?(?:hours?|hrs?|h)\b"
    r"(?:,? (?:and )?(\d{1,2}) ?m(?:in\w*)?\b)?",
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
    stated = [
        (int(next(group for group in m.groups() if group)), m.span()) for m in _TIME.finditer(text)
    ]
    stated += [(60 * int(m[1]) + int(m[2] or 0), m.span()) for m in _HOURS.finditer(text)]
    stated += [(int(m[1]) + 1, m.span()) for m in _OVER.finditer(text)]
    within = [row for row in stated if 5 <= row[0] <= 240]
    return max(within, key=lambda row: row[0], default=None)

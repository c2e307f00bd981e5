"""Dates written in a note, against the date of service: same day, earlier or later."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

_MONTHS = {
    name: number
    for number, names in enumerate(
        ("jan january", "feb february", "mar march", "apr april", "may", "jun june", "jul july",
         "aug august", "sep sept september", "oct october", "nov november", "dec december"), 1,
    )
    for name in names.split()
}  # fmt: skip
_NUMERIC = re.compile(r"(?<![\d/.-])(\d{1,2})/(\d{1,2})(?:/(\d{4}|\d{2}))?(?![\d/%])")
_MONTH_YEAR = re.compile(r"(?<![\d/.-])(\d{1,2})/((?:19|20)\d{2})(?![\d/])")
_NAMED = re.compile(
    rf"\b({'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?\s+"
    r"(?:(\d{1,2})(?:,?\s+(\d{4}))?\b|(\d{4}))?",
    re.IGNORECASE,
)
_YEAR = re.compile(r"\b((?:19|20)\d{2})\b(?!\s*(?:mg|mcg|units|mL))")


def _relation(year: int, month: int | None, day: int | None, service: date) -> str | None:
    if month is None:
        return "earlier" if year < service.year else None
    if day is None:
        given, here = (year, month), (service.year, service.month)
        return "earlier" if given < here else "later" if given > here else None
    try:
        when = date(year, month, day)
    except ValueError:
        return None
    return "same_day" if when == service else "earlier" if when < service else "later"


def _compares(text: str, begin: int, stop: int, low: int, high: int) -> bool:
    """Whether a date stands in brackets with an older value, as in "9.8 (6/16: 9.6)"."""
    opened = text.rfind("(", low, begin)
    if opened < 0 or text.rfind(")", opened, begin) >= 0:
        return False
    closed = text.find(")", stop, high + 40)
    if closed < 0:
        return False
    rest = text[opened + 1 : begin] + text[stop:closed]
    return any(character.isdigit() for character in rest) or "was" in rest


def relations(
    text: str, start: int, end: int, service: date | None
) -> Iterator[tuple[int, int, str]]:
    """(start, end, relation) of dates in ``text[start:end]``; nothing without a date of service."""
    if service is not None:
        for begin, stop, relation in _all(text, start, end, service):
            if not _compares(text, begin, stop, max(0, begin - 40), end):
                yield begin, stop, relation


def _all(text: str, start: int, end: int, service: date) -> Iterator[tuple[int, int, str]]:
    for match in _NUMERIC.finditer(text, start, end):
        month, day = int(match[1]), int(match[2])
        year = service.year if match[3] is None else int(match[3]) % 2000 + 2000
        if match[3] is None and not (1 <= month <= 12 and 1 <= day <= 31):
            continue
        if match[3] is None and day <= 10 and month <= 10:
            continue  # "5/5" is strength as often as a day; a year settles it
        relation = _relation(year, month, day, service)
        if relation:
            yield match.start(), match.end(), relation
    for match in _MONTH_YEAR.finditer(text, start, end):
        relation = _relation(int(match[2]), int(match[1]), None, service)
        if relation:
            yield match.start(), match.end(), relation
    for match in _NAMED.finditer(text, start, end):
        if match[1].isupper() or (match[1].lower() == "may" and not (match[2] or match[4])):
            continue  # OCT, MAR: a scan and a medication record
        month = _MONTHS[match[1].lower()]
        year = int(match[3] or match[4] or service.year)
        relation = _relation(year, month, int(match[2]) if match[2] else None, service)
        if relation:
            yield match.start(), match.end(), relation
    for match in _YEAR.finditer(text, start, end):
        relation = _relation(int(match[1]), None, None, service)
        if relation:
            yield match.start(), match.end(), relation

"""Turns a failed input into words that name the field and the fix.

A value of the input never enters a message: notes and claims hold patients'
data, and messages end in logs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

Fields = dict[str, type[BaseModel]]
"""Which type holds the fields below a step of the path; ``""`` is the whole."""

_FIX_BY_TYPE = {
    "missing": "the field is required; add it",
    "string_pattern_mismatch": "does not have the form of this field; correct it",
    "date_from_datetime_parsing": "is not a date; write YYYY-MM-DD",
    "date_parsing": "is not a date; write YYYY-MM-DD",
    "date_type": "is not a date; write YYYY-MM-DD",
    "date_from_datetime_inexact": "carries a time of day; write YYYY-MM-DD",
    "decimal_parsing": "is not a number; write for example 125.00",
    "decimal_max_digits": "has more digits than an amount may have; correct it",
    "decimal_max_places": "has more decimal places than allowed; round it",
    "finite_number": "is not a finite number; correct it",
    "string_unicode": "holds a broken Unicode character; save the text as UTF-8",
}


def printable(text: str, limit: int = 40) -> str:
    """``text`` cut to ``limit`` characters and free of control characters."""
    return "".join(c if c.isprintable() else "?" for c in text[:limit])


def describe(error: ValidationError, fields: Fields, limit: int = 3) -> str:
    """The first ``limit`` defects as ``field: what is wrong; the fix``."""
    parts = []
    for item in error.errors(include_url=False, include_input=False)[:limit]:
        path = [printable(str(step)) for step in item["loc"]]
        kind = item["type"]
        if kind == "extra_forbidden":
            words = _unknown_field(path, fields)
        else:
            words = _FIX_BY_TYPE.get(kind, item["msg"])
        parts.append(f"{'.'.join(path) or 'input'}: {words}")
    more = error.error_count() - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _unknown_field(path: Iterable[str], fields: Fields) -> str:
    steps = list(path)
    owner = next((s for s in steps[:-1] if s in fields), "")
    known = list(fields[owner].model_fields)
    close = difflib.get_close_matches(steps[-1], known, n=1)
    return f"unknown field; did you mean {close[0]}?" if close else "unknown field; remove it"

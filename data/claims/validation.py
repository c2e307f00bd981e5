"""Turns a failed claim into words that name the field and the fix.

A value of the claim never enters a message: claims hold patients' data, and
messages end in logs.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from pydantic import BaseModel, ValidationError

from data.schemas import Claim, ClaimDiagnosis, ClaimLine, ErrorDetail, ErrorLine

_FIELDS: dict[str, type[BaseModel]] = {"": Claim, "diagnoses": ClaimDiagnosis, "lines": ClaimLine}

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


def describe(error: ValidationError, limit: int = 3) -> str:
    """The first ``limit`` defects as ``field: what is wrong; the fix``."""
    parts = []
    for item in error.errors(include_url=False, include_input=False)[:limit]:
        path = [printable(str(step)) for step in item["loc"]]
        kind = item["type"]
        if kind == "extra_forbidden":
            words = _unknown_field(path)
        else:
            words = _FIX_BY_TYPE.get(kind, item["msg"])
        parts.append(f"{'.'.join(path) or 'claim'}: {words}")
    more = error.error_count() - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more > 0 else "")


def _unknown_field(path: Iterable[str]) -> str:
    steps = list(path)
    owner = next((s for s in steps[:-1] if s in _FIELDS), "")
    known = list(_FIELDS[owner].model_fields)
    close = difflib.get_close_matches(steps[-1], known, n=1)
    return f"unknown field; did you mean {close[0]}?" if close else "unknown field; remove it"


def error_line(
    code: str, message: str, *, line: int | None = None, claim_id: str | None = None
) -> ErrorLine:
    """An error standing in place of a claim."""
    return ErrorLine(
        claim_id=printable(claim_id, 200) if claim_id else None,
        line=line,
        error=ErrorDetail(code=code, message=message),
    )

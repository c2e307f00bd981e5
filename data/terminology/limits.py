"""Codes limited by sex: an own table with citations, since the Tabular List does not say."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

CONVENTIONS = Path(__file__).parent / "conventions"


@cache
def _sex_limits() -> tuple[tuple[str, str], ...]:
    with (CONVENTIONS / "sex_limits.csv").open(encoding="utf-8", newline="") as handle:
        return tuple((row["prefix"], row["sex"]) for row in csv.DictReader(handle))


@cache
def sex_limit(code: str) -> str | None:
    """``F`` or ``M`` for a code that only such a patient can bear; None for the others."""
    return next((sex for prefix, sex in _sex_limits() if code.startswith(prefix)), None)

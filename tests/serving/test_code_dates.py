"""A procedure code added by hand is held against its days on the date of service."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest

from data.schemas import System
from data.terminology.catalog import CodeEntry
from serving.coding.review import check_code

FIRST, LAST = date(2024, 1, 1), date(2025, 12, 31)


@dataclass
class OneCode:
    """A catalogue, and its source, with one code of given days."""

    first: date | None
    last: date | None

    @property
    def catalog(self) -> OneCode:
        return self

    def lookup(self, system: System, code: str, on: date | None = None) -> CodeEntry | None:
        return CodeEntry(system, code, "An invented deed", True, self.first, self.last)

    def search(self, *_: object, **__: object) -> list[object]:
        return []


@pytest.mark.parametrize(
    ("first", "last", "day", "warning"),
    [
        (FIRST, LAST, FIRST, None),
        (FIRST, LAST, LAST, None),
        (None, None, LAST, None),
        (FIRST, LAST, None, None),
        (FIRST, None, date(2023, 12, 31), "from 2024-01-01, not on 2023-12-31"),
        (FIRST, LAST, date(2026, 1, 1), "from 2024-01-01 until 2025-12-31, not on 2026-01-01"),
        (None, LAST, date(2026, 1, 1), "until 2025-12-31, not on 2026-01-01"),
    ],
)
@pytest.mark.parametrize("system", [System.CPT, System.HCPCS])
def test_a_code_outside_its_days_draws_a_warning(
    system: System, first: date | None, last: date | None, day: date | None, warning: str | None
) -> None:
    source = OneCode(first, last)
    errors, warnings = check_code(source, system, "99990", day, "code")  # type: ignore[arg-type]
    assert errors == []
    expected = [f"{system} 99990 is valid {warning}; choose another."] if warning else []
    assert warnings == expected


def test_a_diagnosis_is_held_against_its_release_alone() -> None:
    source = OneCode(FIRST, LAST)
    for day in (FIRST, date(2026, 1, 1)):
        found = check_code(source, System.ICD10CM, "I10", day, "code")  # type: ignore[arg-type]
        assert found == ([], [])

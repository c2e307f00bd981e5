"""Rows of the fee schedule by code, modifier and day."""

from __future__ import annotations

import tracemalloc
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from data.terminology.official.fee_schedule import FeeSchedule
from data.terminology.procedure_codes import SWITCH
from tests.data.terminology.official.delivered import cpt_code

WINTER, SPRING = date(2026, 2, 1), date(2026, 5, 1)


@pytest.fixture(scope="module")
def fees(loaded: Path) -> FeeSchedule:
    return FeeSchedule.load(loaded)


def test_a_row_has_every_indicator(fees: FeeSchedule) -> None:
    row = fees.row("G0001", "26", WINTER)
    assert row is not None
    assert (row.code, row.modifier, row.status, row.pc_tc) == ("G0001", "26", "A", "1")
    assert (row.work, row.nonfacility_expense) == (Decimal("1.30"), Decimal("1.33"))
    assert (row.facility_expense, row.malpractice) == (Decimal("0.53"), Decimal("0.10"))
    assert (row.nonfacility_total, row.facility_total) == (Decimal("2.73"), Decimal("1.93"))
    assert (row.nonfacility_na, row.facility_na) == (False, True)
    assert (row.global_days, row.multiple_procedure, row.bilateral) == ("010", "2", "3")
    assert (row.assistant, row.co_surgeon, row.team) == ("0", "1", "9")
    assert (row.pre_operative, row.intra_operative) == (Decimal("0.10"), Decimal("0.80"))
    assert (row.conversion_factor, row.supervision) == (Decimal("33.4009"), "01")
    assert (row.imaging_family, row.release) == ("99", "2026-01")


def test_components_have_rows_of_their_own_and_other_modifiers_none(fees: FeeSchedule) -> None:
    technical = fees.row("G0001", "TC", WINTER)
    assert technical is not None
    assert technical.work == Decimal("0.00")
    for other in ("", None, "25", "59", "LT"):
        whole = fees.row("G0001", other, WINTER)
        assert whole is not None
        assert (whole.modifier, whole.work) == ("", Decimal("1.30"))
    # A code without components has no row for one: nothing stands in for it.
    assert fees.row(cpt_code(1), "26", WINTER) is None


@pytest.mark.parametrize(
    ("day", "release"),
    [
        (date(2025, 12, 31), None),
        (date(2026, 1, 1), "2026-01"),
        (date(2026, 3, 31), "2026-01"),
        (date(2026, 4, 1), "2026-04"),
        (date(2027, 6, 1), "2026-04"),
        (None, "2026-04"),
    ],
)
def test_the_release_is_chosen_by_the_day(
    fees: FeeSchedule, day: date | None, release: str | None
) -> None:
    row = fees.row(cpt_code(1), None, day)
    assert (row and row.release) == release
    if row:
        assert row.work == Decimal("1.30" if release == "2026-01" else "2.60")


def test_an_unknown_code_has_no_row(fees: FeeSchedule) -> None:
    assert fees.row("00000", None, SPRING) is None
    assert FeeSchedule.load(None).row("99213", None, SPRING) is None


def test_cpt_switched_off_leaves_its_rows_out(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "off")
    fees = FeeSchedule.load(loaded)
    assert fees.row("99213", None, SPRING) is None
    assert fees.row("G0001", None, WINTER) is not None
    assert set(fees.descriptions()) <= {"G0001"}


def test_nothing_is_read_before_it_is_asked_for_and_little_is_kept(loaded: Path) -> None:
    tracemalloc.start()
    fees = FeeSchedule.load(loaded)
    at_rest, _ = tracemalloc.get_traced_memory()
    fees.row("99213", None, WINTER)
    one_release, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert at_rest < 100_000
    # 8,100 rows: text of some 150 bytes each, with its key and its place in the table.
    assert one_release < 4_000_000

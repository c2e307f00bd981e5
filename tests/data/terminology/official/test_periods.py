"""Releases by quarter and by year, and who says which one a file is of."""

from __future__ import annotations

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.official.periods import agreed, period_of, quarter
from data.terminology.official.text import OfficialFileError


@given(year=st.integers(1990, 2098))
def test_quarters_follow_one_another_without_a_gap(year: int) -> None:
    quarters = [period_of(f"{year}-{month}", False, "f") for month in ("01", "04", "07", "10")]
    assert quarters[0][0] == date(year, 1, 1)
    assert quarters[-1][1] == date(year, 12, 31)
    for (_, last), (first, _) in pairwise(quarters):
        assert first - last == timedelta(days=1)


def test_what_comes_by_year_is_in_force_until_it_ends() -> None:
    assert period_of("2026", True, "f") == (date(2026, 1, 1), date(2026, 12, 31))
    assert period_of("2026-07", True, "f") == (date(2026, 7, 1), date(2026, 12, 31))


@pytest.mark.parametrize("release", ["2026", "2026-02", "26-01", "0026-01", "2026-1", "../2026-01"])
def test_another_name_is_refused(release: str) -> None:
    with pytest.raises(OfficialFileError, match="YYYY-01, -04"):
        period_of(release, False, "f")


def test_names_of_quarters() -> None:
    assert quarter("26", "APR") == quarter("2026", "April") == "2026-04"


def test_all_who_name_a_release_must_agree() -> None:
    assert agreed({"one": None, "two": "2026-04", "three": "2026-04"}, "f") == "2026-04"
    with pytest.raises(OfficialFileError, match="one says 2025-04, two says 2026-04"):
        agreed({"one": "2025-04", "two": "2026-04"}, "f")
    with pytest.raises(OfficialFileError, match="add --release"):
        agreed({"one": None}, "f")

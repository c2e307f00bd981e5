"""Codes that only one sex can bear."""

from __future__ import annotations

import csv

import pytest

from data.terminology.icd10cm import Release
from data.terminology.limits import CONVENTIONS, sex_limit


@pytest.mark.parametrize(
    ("code", "sex"),
    [("C61", "M"), ("N40.1", "M"), ("O80", "F"), ("N80.00", "F"), ("I10", None), ("C50.921", None)],
)
def test_sex_limit(code: str, sex: str | None) -> None:
    assert sex_limit(code) == sex


def test_every_row_holds(release: Release) -> None:
    with (CONVENTIONS / "sex_limits.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) > 20
    assert len({row["prefix"] for row in rows}) == len(rows)
    for row in rows:
        assert row["sex"] in {"F", "M"}
        assert row["citation"]
        assert any(code.startswith(row["prefix"]) for code in release.nodes), row["prefix"]


def test_no_prefix_lies_inside_one_of_the_other_sex() -> None:
    """The first matching row decides, so a narrower row below a wider one would never speak."""
    with (CONVENTIONS / "sex_limits.csv").open(encoding="utf-8", newline="") as handle:
        rows = [(row["prefix"], row["sex"]) for row in csv.DictReader(handle)]
    for prefix, sex in rows:
        assert sex_limit(prefix) == sex

"""The lexicon's checker: what it calls an error, what it lists, and that the tables pass."""

from __future__ import annotations

import subprocess
import sys

import pytest

from data.terminology.check_lexicon import (
    check,
    check_common,
    check_senses,
    check_terms,
    not_a_disease,
    without_words,
)
from data.terminology.icd10cm import Release
from data.terminology.lexicon import (
    Common,
    Sense,
    Term,
    common_conditions,
    load_senses,
    load_terms,
)

NOTHING: frozenset[str] = frozenset()


def _sense(surface: str, code: str, *, default: bool) -> Sense:
    return Sense(surface, code, code or "none", NOTHING, frozenset(), NOTHING, NOTHING, default)


def test_the_tables_hold(release: Release) -> None:
    report = check(load_terms(), load_senses(), common_conditions(), release)
    assert report.errors == []
    assert len(report.ambiguous) >= 260


def test_the_command_says_so_and_ends_well() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "data.terminology.check_lexicon"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.rstrip().endswith("0 errors")
    assert "ambiguous forms" in done.stdout


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        ([Term("zebra fever", "A99.99", "lay")], "A99.99 does not exist"),
        ([Term("Sugar sickness", "E11.9", "lay"), Term("sugar  sickness", "E10.9", "lay")], "two"),
        ([Term("metformin", "E11.9", "lay")], "a bare drug or laboratory test"),
        ([Term("HbA1c", "E11.9", "lay")], "a bare drug or laboratory test"),
        ([Term("↓ serum sodium", "E87.1", "shorthand")], "an arrow"),
    ],
)
def test_a_wrong_row_is_an_error(release: Release, terms: list[Term], says: str) -> None:
    (error,) = check_terms(terms, release, not_a_disease())
    assert says in error


def test_a_drug_may_name_its_long_term_use(release: Release) -> None:
    terms = [Term("metformin", "Z79.84", "synonym")]
    assert list(check_terms(terms, release, not_a_disease())) == []


def test_readings_are_checked(release: Release) -> None:
    two = [_sense("XY", "I10", default=True), _sense("XY", "E11.9", default=True)]
    none = [_sense("XZ", "A99.99", default=False), _sense("XZ", "I10", default=False)]
    errors = list(check_senses({"XY": two, "XZ": none}, [Term("xy", "I10", "lay")], release))
    assert errors == [
        "'XY': 2 default readings, not one",
        "'XY': is ambiguous and stands in the main tables too",
        "'XZ': 0 default readings, not one",
        f"'XZ': A99.99 does not exist in {release.name}",
    ]


def test_common_conditions_are_checked(release: Release) -> None:
    rows = [Common("I10", "any", 1), Common("I10", "any", 2), Common("E11", "any", 1)]
    errors = list(check_common(rows, release))
    assert len(errors) == 2
    assert "I10: stands 2 times" in errors[0]
    assert "E11: no billable code" in errors[1]


def test_common_conditions_without_words_are_listed(release: Release) -> None:
    rows = [Common("R05.1", "any", 1), Common("M25.561", "any", 2), Common("R05.2", "any", 4)]
    described = [Term("Acute cough", "R05.1", "synonym"), Term("bad knee", "M25.56", "lay")]
    assert [row.code for row in without_words(rows, described, {}, release)] == ["R05.1"]
    worded = [*described, Term("new cough", "R05.1", "lay")]
    assert list(without_words(rows, worded, {}, release)) == []
    read = {"NC": [_sense("NC", "R05.1", default=True)]}
    assert list(without_words(rows, described, read, release)) == []

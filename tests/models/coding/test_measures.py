"""Codes read off measured values, at every edge of their ranges."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.icd10cm import Release
from models.coding.measures import (
    body_mass_code,
    gestation,
    gestation_code,
    measured_codes,
    trimester,
)
from tests.models.coding.reading import note, note_texts


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (9.9, None), (10, "Z68.1"), (19.9, "Z68.1"), (19.99, "Z68.1"), (20, "Z68.20"),
        (20.9, "Z68.20"), (24.9, "Z68.24"), (25, "Z68.25"), (29.99, "Z68.29"), (30, "Z68.30"),
        (39.9, "Z68.39"), (40, "Z68.41"), (44.9, "Z68.41"), (45, "Z68.42"), (49.9, "Z68.42"),
        (50, "Z68.43"), (59.9, "Z68.43"), (60, "Z68.44"), (69.9, "Z68.44"), (70, "Z68.45"),
        (119.9, "Z68.45"), (120, None),
    ],
)  # fmt: skip
def test_body_mass_edges(value: float, code: str | None) -> None:
    assert body_mass_code(value) == code


@pytest.mark.parametrize(
    ("weeks", "code"),
    [
        (3, None), (4, "Z3A.01"), (7, "Z3A.01"), (8, "Z3A.08"), (9, "Z3A.09"), (10, "Z3A.10"),
        (41, "Z3A.41"), (42, "Z3A.42"), (43, "Z3A.49"), (45, "Z3A.49"), (46, None),
    ],
)  # fmt: skip
def test_gestation_edges(weeks: int, code: str | None) -> None:
    assert gestation_code(weeks) == code


@pytest.mark.parametrize(
    ("weeks", "word"), [(13, "first"), (14, "second"), (27, "second"), (28, "third")]
)
def test_trimester_edges(weeks: int, word: str) -> None:
    assert trimester(weeks) == word


@pytest.mark.parametrize(
    ("text", "weeks"),
    [
        ("G1P0 at 30 weeks", 30),
        ("28w3d by LMP", 28),
        ("IUP at 12 wks", 12),
        ("seen 6 weeks ago", None),
        ("6 weeks post op", None),
        ("8 weeks old", None),
        ("99 weeks", None),
        ("at 36+2 today", 36),
    ],
)
def test_weeks_are_read(text: str, weeks: int | None) -> None:
    found = gestation(text)
    assert (found.weeks if found else None) == weeks
    if found:
        assert text[found.start : found.end].startswith(str(weeks))


def test_every_code_it_can_give_is_billable(release: Release) -> None:
    values = {body_mass_code(v / 10) for v in range(0, 1300)}
    values |= {gestation_code(w) for w in range(0, 60)}
    for score in range(43):
        values |= {c for c, _, _ in measured_codes(f"NIHSS {score}", note("x"), {"I63.9"})}
    assert len([v for v in values if v and v.startswith("R29.7")]) == 43
    assert all(release.is_billable(v) for v in values if v)


@pytest.mark.parametrize(("score", "code"), [(0, "R29.700"), (42, "R29.742"), (43, None)])
def test_stroke_scale_edges(score: int, code: str | None) -> None:
    found = [c for c, _, _ in measured_codes(f"NIHSS: {score}", note("x"), {"I63.9"})]
    assert found == ([code] if code else [])


@pytest.mark.parametrize("text", ["BMI 34.2", "NIHSS 7", "30 weeks"])
def test_no_value_counts_without_its_diagnosis(text: str) -> None:
    assert list(measured_codes(text, note("x"), {"J18.9"})) == []


def test_adult_body_mass_codes_are_for_adults() -> None:
    visit = date(2026, 5, 4)
    for born, count in ((date(2006, 5, 4), 1), (date(2007, 5, 4), 0)):
        patient = note("x", birth_date=born, date_of_service=visit)
        assert len(list(measured_codes("BMI 34.2", patient, {"E66.9"}))) == count


def test_weeks_with_days_as_a_fraction() -> None:
    found = gestation("IUP at 39 3/7 weeks")
    assert found
    assert found.weeks == 39


@given(note_texts, st.sets(st.sampled_from(["E66.9", "O09.90", "Z34.90", "I63.9", "J18.9"])))
def test_spans_lie_in_any_text(text: str, present: set[str]) -> None:
    for _, start, end in measured_codes(text, note(text), present):
        assert 0 <= start < end <= len(text)
        assert any(c.isdigit() for c in text[start:end])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TBSA 2nd deg ~2.5%.", "T31.0"),
        ("Burns over 18% TBSA", "T31.10"),
        ("35% TBSA, 12% full thickness", "T31.31"),
        ("Total body surface under 3%", "T31.0"),
    ],
)
def test_extent_of_burns(text: str, expected: str) -> None:
    codes = [c for c, _, _ in measured_codes(text, note(text), {"T22.211A"})]
    assert codes == [expected]


def test_extent_needs_a_burn_and_follows_its_cause() -> None:
    text = "10% BSA involved"
    assert not list(measured_codes(text, note(text), {"L40.0"}))
    assert [c for c, _, _ in measured_codes(text, note(text), {"T22.611A"})] == ["T32.10"]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("<3rd percentile", "Z68.51"), ("5th percentile", "Z68.52"), ("84%ile", "Z68.52"),
        ("85th percentile", "Z68.53"), ("<95th percentile", "Z68.53"), ("97th %ile", "Z68.54"),
    ],
)  # fmt: skip
def test_a_childs_body_mass_goes_by_percentile(said: str, code: str) -> None:
    child = note("x", birth_date=date(2014, 1, 1))
    found = [c for c, _, _ in measured_codes(f"BMI 15.5, {said}", child, {"E44.0"})]
    assert found == [code]
    assert not list(measured_codes(f"BMI 15.5, {said}", child, {"J45.909"}))


def test_weeks_are_not_reported_once_the_pregnancy_is_over() -> None:
    assert list(measured_codes("40 weeks 1 day", note("x"), {"O13.5"}))
    assert not list(measured_codes("40 weeks 1 day", note("x"), {"O13.5"}, ended=True))

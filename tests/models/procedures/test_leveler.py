"""The leveler: table values, and more never lowers a level."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.procedures.leveler import (
    HIGHEST,
    LOWEST,
    data_level,
    decision_level,
    problem_level,
    time_level,
)
from models.procedures.tables import rows

PROBLEMS = sorted({row["problem"] for row in rows("problem_levels")})
DATA = ["tests", "document", "historian", "interpretation", "discussion"]
CONCEPTS = sorted({row["concept"] for row in rows("em_times")})
LEVELS = st.integers(LOWEST, HIGHEST)

problem_counts = st.dictionaries(st.sampled_from(PROBLEMS), st.integers(0, 5))
data_counts = st.dictionaries(st.sampled_from(DATA), st.integers(0, 6))


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        ({}, 2),
        ({"minor": 1}, 2),
        ({"minor": 2}, 3),
        ({"acute_simple": 1}, 3),
        ({"acute_simple": 2}, 3),
        ({"chronic_stable": 1}, 3),
        ({"chronic_stable": 2}, 4),
        ({"chronic_worse": 1}, 4),
        ({"undiagnosed": 1}, 4),
        ({"chronic_severe": 1}, 5),
        ({"threat": 1}, 5),
    ],
)
def test_problems_level(counts: dict[str, int], level: int) -> None:
    assert problem_level(counts) == level


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        ({"tests": 1}, 2),
        ({"tests": 2}, 3),
        ({"tests": 1, "document": 1}, 3),
        ({"historian": 1}, 3),
        ({"tests": 3}, 4),
        ({"tests": 2, "historian": 1}, 4),
        ({"interpretation": 1}, 4),
        ({"discussion": 1}, 4),
        ({"tests": 3, "interpretation": 1}, 5),
        ({"interpretation": 1, "discussion": 1}, 5),
    ],
)
def test_data_level(counts: dict[str, int], level: int) -> None:
    assert data_level(counts) == level


def test_two_of_three_elements_decide() -> None:
    assert decision_level(5, 2, 2) == 2
    assert decision_level(4, 2, 4) == 4
    assert decision_level(5, 4, 3) == 4


@pytest.mark.parametrize(
    ("concept", "minutes", "level"),
    [
        ("visit:office_established", 9, None),
        ("visit:office_established", 24, 3),
        ("visit:office_established", 30, 4),
        ("visit:office_new", 44, 3),
        ("visit:office_new", 60, 5),
        ("visit:hospital_subsequent", 50, 5),
        ("visit:emergency", 90, None),
        ("visit:office_new", None, None),
    ],
)
def test_time_level(concept: str, minutes: int | None, level: int | None) -> None:
    assert time_level(concept, minutes) == level


@given(counts=problem_counts, more=st.sampled_from(PROBLEMS))
def test_another_problem_never_lowers_the_level(counts: dict[str, int], more: str) -> None:
    assert problem_level({**counts, more: counts.get(more, 0) + 1}) >= problem_level(counts)


@given(counts=data_counts, more=st.sampled_from(DATA))
def test_more_data_never_lowers_the_level(counts: dict[str, int], more: str) -> None:
    assert data_level({**counts, more: counts.get(more, 0) + 1}) >= data_level(counts)


@given(problems=LEVELS, data=LEVELS, risk=LEVELS, raised=st.integers(0, 2))
def test_raising_an_element_never_lowers_the_decision(
    problems: int, data: int, risk: int, raised: int
) -> None:
    values = [problems, data, risk]
    before = decision_level(*values)
    values[raised] = min(HIGHEST, values[raised] + 1)
    assert decision_level(*values) >= before


@given(
    concept=st.sampled_from(CONCEPTS),
    minutes=st.integers(0, 200),
    more=st.integers(0, 60),
)
def test_more_time_never_lowers_the_level(concept: str, minutes: int, more: int) -> None:
    before = time_level(concept, minutes) or LOWEST
    assert (time_level(concept, minutes + more) or LOWEST) >= before

"""The order of diagnoses on the claim."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding.sequencing import in_sequence, tier

CODES = ["Z51.11", "C50.911", "I10", "R05.9", "Z79.4", "Z85.3", "W19.XXXA", "S52.502A", "Z00.00"]


@pytest.mark.parametrize(
    ("code", "number"),
    [
        ("Z51.11", 0), ("Z00.00", 0), ("Z23", 0), ("Z3A.30", 2), ("Z34.80", 0), ("E11.9", 1),
        ("S52.502A", 1), ("Z79.84", 2), ("Z85.3", 2), ("Z68.34", 2), ("W19.XXXA", 3),
        ("Y92.009", 3), ("V43.52XA", 3),
    ],
)  # fmt: skip
def test_tier(code: str, number: int) -> None:
    assert tier(code) == number


def test_assessment_decides_inside_a_tier_then_the_place() -> None:
    listed = {"I10": 1, "E11.9": 0, "J45.909": None, "R05.9": None}
    place = {"I10": 5, "E11.9": 900, "J45.909": 50, "R05.9": 10}
    assert in_sequence(list(listed), listed, place) == ["E11.9", "I10", "R05.9", "J45.909"]


def test_encounter_reason_leads_and_status_and_external_causes_follow() -> None:
    codes = ["W19.XXXA", "Z79.4", "S52.502A", "Z51.11"]
    order = in_sequence(codes, {"W19.XXXA": 0, "Z79.4": 1}, dict.fromkeys(codes, 0))
    assert order == ["Z51.11", "S52.502A", "Z79.4", "W19.XXXA"]


@given(st.permutations(CODES), st.dictionaries(st.sampled_from(CODES), st.integers(0, 20)))
def test_order_is_total_and_does_not_hang_on_the_input(codes: list[str], listed: dict) -> None:
    order = in_sequence(codes, listed, {})
    assert sorted(order) == sorted(codes)
    assert order == in_sequence(sorted(codes), listed, {})
    assert all(tier(a) <= tier(b) for a, b in itertools.pairwise(order))

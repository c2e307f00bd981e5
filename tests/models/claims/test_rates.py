"""Shrunken, decaying rates per group of claims."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.claims.rates import HALF_LIFE_DAYS, Rates, View, load_views

VIEWS = (
    View("all", frozenset(), "claim", (), None, 10.0),
    View("payer", frozenset(), "claim", ("payer",), "all", 10.0),
    View("code", frozenset({"authorization"}), "line", ("payer", "code"), None, 5.0),
)


def facts(payer: str, *codes: str) -> tuple[dict[str, str], ...]:
    return tuple({"payer": payer, "code": code} for code in codes)


def test_a_rate_lies_between_its_own_and_its_parents() -> None:
    rates = Rates(VIEWS)
    for i in range(40):
        rates.add(facts("A", "x"), 1, denied=i < 20, category="coding")
        rates.add(facts("B", "x"), 1, denied=False, category=None)
    of_all, of_a = rates.rate("all", {}), rates.rate("payer", {"payer": "A"})
    assert of_all == pytest.approx((20 + 10 * 0.01) / 90)
    assert of_a == pytest.approx((20 + 10 * of_all) / 50)
    assert rates.rate("payer", {"payer": "new"}) == of_all
    assert rates.seen("payer", {"payer": "A"}) == (40.0, 0.5)
    assert rates.seen("payer", {"payer": "new"}) == (0.0, 0.0)


def test_a_view_counts_its_categories_and_each_code_once() -> None:
    rates = Rates(VIEWS)
    rates.add(facts("A", "x", "x", "y"), 1, denied=True, category="authorization")
    rates.add(facts("A", "x"), 1, denied=True, category="coding")
    assert rates.seen("code", {"payer": "A", "code": "x"}) == (2.0, 0.5)
    assert rates.seen("code", {"payer": "A", "code": "y"}) == (1.0, 1.0)
    assert rates.seen("payer", {"payer": "A"}) == (2.0, 1.0)


def test_old_claims_count_less() -> None:
    rates = Rates(VIEWS)
    half_life = int(HALF_LIFE_DAYS)
    rates.add(facts("A", "x"), 0, denied=True, category="coding")
    rates.add(facts("A", "x"), half_life, denied=False, category=None)
    count, rate = rates.seen("payer", {"payer": "A"})
    assert count == pytest.approx(1.5)
    assert rate == pytest.approx(1 / 3)


outcomes = st.lists(
    st.tuples(
        st.sampled_from("AB"),
        st.lists(st.sampled_from("xyz"), min_size=1, max_size=3),
        st.integers(0, 900),
        st.sampled_from([None, "authorization", "coding"]),
    ),
    max_size=30,
)


@given(outcomes)
def test_arrays_keep_every_rate(rows: list[tuple[str, list[str], int, str | None]]) -> None:
    rates = Rates(VIEWS)
    for payer, codes, day, category in sorted(rows, key=lambda row: row[2]):
        rates.add(facts(payer, *codes), day, category is not None, category)
    again = Rates.from_arrays(rates.to_arrays(), VIEWS)
    for view in VIEWS:
        for payer in "ABC":
            for code in "xyz":
                key = {"payer": payer, "code": code}
                rate = rates.rate(view.name, key)
                assert 0 < rate < 1
                assert again.rate(view.name, key) == pytest.approx(rate, rel=1e-12)


def test_damaged_arrays_are_refused() -> None:
    arrays = Rates(VIEWS).to_arrays()
    arrays["payer.counts"] = np.zeros((3, 2))
    with pytest.raises(ValueError, match="payer"):
        Rates.from_arrays(arrays, VIEWS)


def test_parents_stand_before_their_children_and_share_the_level() -> None:
    seen: dict[str, View] = {}
    for view in load_views():
        if view.parent is not None:
            assert view.parent in seen
            assert view.categories == seen[view.parent].categories or not view.categories
        seen[view.name] = view


def test_no_view_is_keyed_by_a_patient() -> None:
    for view in load_views():
        assert not {"patient", "member", "birth", "claim"} & {
            p for k in view.key for p in k.split("_")
        }

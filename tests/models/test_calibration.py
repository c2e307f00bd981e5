"""Calibration maps, the exact bound of a proportion, and thresholds for a stated precision."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, binomtest

from models.bundle import SHIPPED
from models.calibration import (
    Calibration,
    GroupedCalibration,
    precision_lower_bound,
    threshold_for_precision,
)

finite = st.floats(-50, 50, allow_nan=False)


def test_linear_between_knots_and_flat_outside() -> None:
    curve = Calibration(np.array([-1.0, 0.0, 2.0]), np.array([0.1, 0.4, 0.8]))
    got = curve(np.array([-9.0, -1.0, -0.5, 0.0, 1.0, 2.0, 9.0]))
    assert got == pytest.approx([0.1, 0.1, 0.25, 0.4, 0.6, 0.8, 0.8])


@given(
    st.lists(finite, min_size=1, max_size=12, unique=True),
    st.lists(st.floats(0, 1), min_size=12, max_size=12),
    st.lists(finite, min_size=2, max_size=30),
)
def test_monotone_and_a_probability(
    knots: list[float], values: list[float], scores: list[float]
) -> None:
    curve = Calibration(np.array(sorted(knots)), np.array(sorted(values[: len(knots)])))
    got = curve(np.array(sorted(scores)))
    assert np.all(np.diff(got) >= -1e-12)
    assert got.min() >= 0
    assert got.max() <= 1


@pytest.mark.parametrize(
    ("knots", "values", "says"),
    [
        ([], [], "two lists of one length"),
        ([0.0, 1.0], [0.5], "two lists of one length"),
        ([[0.0]], [[0.5]], "two lists of one length"),
        ([0.0, 0.0], [0.1, 0.2], "knots must rise"),
        ([1.0, 0.0], [0.1, 0.2], "knots must rise"),
        ([0.0, 1.0], [0.2, 0.1], "values must not fall"),
        ([0.0, 1.0], [-0.1, 0.5], "probabilities"),
        ([0.0, 1.0], [0.5, 1.1], "probabilities"),
    ],
)
def test_what_is_no_calibration(knots: list[float], values: list[float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        Calibration(np.array(knots), np.array(values))


@given(st.floats(0.1, 3), st.floats(-3, 3), st.floats(-12, 12))
def test_platt(slope: float, intercept: float, score: float) -> None:
    expected = 1 / (1 + np.exp(-(slope * score + intercept)))
    got = Calibration.logistic(slope, intercept)(np.array([score]))[0]
    assert got == pytest.approx(expected, abs=2e-3)


def test_json_keeps_every_value() -> None:
    curve = Calibration.logistic(1.3, -0.2)
    again = Calibration.from_json(json.loads(json.dumps(curve.to_json())))
    assert np.array_equal(again.knots, curve.knots)
    assert np.array_equal(again.values, curve.values)


@pytest.mark.parametrize("convention", ["billing", "every-mention"])
def test_the_shipped_curves_hold(convention: str) -> None:
    raw = json.loads((SHIPPED / "coder" / convention / "selection.json").read_text("utf-8"))
    grouped = GroupedCalibration.from_json(raw["calibration"])
    for group in ("disease", "status", "symptom", "injury", "external cause", "pregnancy"):
        got = grouped(np.linspace(-20, 20, 400), [group] * 400)
        assert np.all(np.diff(got) >= 0)
        assert got[-1] > 0.5 > got[0]
    assert 0 < raw["select"] < 1


@given(st.integers(1, 400), st.data(), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_bound_is_clopper_and_pearsons(total: int, data: st.DataObject, level: float) -> None:
    correct = data.draw(st.integers(0, total))
    expected = beta.ppf(1 - level, correct, total - correct + 1) if correct else 0.0
    assert precision_lower_bound(correct, total, level) == pytest.approx(expected, abs=1e-7)


def test_the_bound_by_another_way() -> None:
    for correct, total in ((59, 59), (99, 100), (7, 12), (1, 50)):
        interval = binomtest(correct, total, alternative="greater").proportion_ci(0.95, "exact")
        assert precision_lower_bound(correct, total) == pytest.approx(interval.low, abs=1e-9)
    assert precision_lower_bound(0, 0) == 0
    assert precision_lower_bound(0, 10) == 0
    # The rule of thumb: 59 without an error are the first to bound 95 % precision.
    assert precision_lower_bound(58, 58) < 0.95 <= precision_lower_bound(59, 59)


def test_the_lowest_threshold_that_holds() -> None:
    confidence = np.linspace(0.99, 0.5, 100)
    correct = np.array([True] * 70 + [False] * 30)
    threshold, above = threshold_for_precision(confidence, correct)
    # 70 right; one wrong more is still bounded only where 93 of 94 are right: stop at 70.
    assert above == 70
    assert threshold == pytest.approx(confidence[69])


def test_no_threshold_where_nothing_is_bounded() -> None:
    confidence = np.linspace(0.99, 0.5, 58)
    assert threshold_for_precision(confidence, np.ones(58, bool)) == (1.01, 0)
    assert threshold_for_precision(np.empty(0), np.empty(0, bool)) == (1.01, 0)


def test_ties_stand_or_fall_together() -> None:
    # 60 right at 0.9, then 40 at 0.8 of which 20 are wrong: the order inside a tie decides nothing.
    confidence = np.array([0.9] * 60 + [0.8] * 40)
    correct = np.array([True] * 80 + [False] * 20)
    assert threshold_for_precision(confidence, correct) == (0.9, 60)
    assert threshold_for_precision(np.full(100, 0.9), correct) == (1.01, 0)


@given(st.lists(st.tuples(st.sampled_from([0.5, 0.7, 0.9]), st.booleans()), max_size=120))
def test_what_lies_above_is_bounded(rows: list[tuple[float, bool]]) -> None:
    confidence = np.array([row[0] for row in rows], np.float64)
    correct = np.array([row[1] for row in rows], bool)
    threshold, above = threshold_for_precision(confidence, correct, 0.6)
    chosen = confidence >= threshold
    assert chosen.sum() == above
    if above:
        assert precision_lower_bound(int(correct[chosen].sum()), above) >= 0.6

"""Denial measures against scikit-learn's and against hand-counted cases."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.claims.metrics import (
    auroc,
    average_precision,
    bootstrap_interval,
    denial_report,
    dollars_captured,
    recall_at_precision,
)

scores = st.lists(
    st.tuples(st.sampled_from([0.1, 0.2, 0.3, 0.7, 0.9]), st.booleans()), min_size=2, max_size=60
)


@given(scores)
def test_areas_agree_with_scikit_learn(rows: list[tuple[float, bool]]) -> None:
    from sklearn.metrics import average_precision_score, roc_auc_score

    risk, denied = np.array([r for r, _ in rows]), np.array([d for _, d in rows])
    if 0 < denied.sum() < denied.size:
        assert auroc(risk, denied) == pytest.approx(roc_auc_score(denied, risk))
        assert average_precision(risk, denied) == pytest.approx(
            average_precision_score(denied, risk)
        )
    else:
        assert np.isnan(auroc(risk, denied))


def test_recall_at_precision() -> None:
    risk = np.array([0.9, 0.8, 0.7, 0.6])
    denied = np.array([True, True, False, True])
    assert recall_at_precision(risk, denied, 0.95) == pytest.approx(2 / 3)
    assert recall_at_precision(risk, denied, 0.75) == 1.0
    assert recall_at_precision(-risk, denied, 0.95) == pytest.approx(1 / 3)


def test_dollars_captured() -> None:
    denied = np.array([True, False, True, False])
    dollars = np.array([100.0, 900.0, 300.0, 10.0])
    assert dollars_captured(np.array([4.0, 3.0, 2.0, 1.0]), denied, dollars, 0.25) == 0.25
    assert dollars_captured(np.array([1.0, 2.0, 4.0, 3.0]), denied, dollars, 0.25) == 0.75


def test_report_of_a_perfect_and_of_a_constant_model() -> None:
    denied = np.array([True] * 20 + [False] * 80)
    dollars = np.ones(100)
    perfect = denial_report(denied.astype(float), denied, dollars)
    assert perfect["auroc"] == perfect["auprc"] == perfect["recall_at_95_precision"] == 1.0
    assert perfect["brier"] == perfect["ece"] == 0.0
    assert perfect["brier_skill"] == 1.0
    assert perfect["dollars_captured_top_10"] == pytest.approx(0.5)
    constant = denial_report(np.full(100, 0.2), denied, dollars)
    assert constant["brier_skill"] == pytest.approx(0.0)
    assert constant["auroc"] == 0.5


def test_interval_holds_the_measure() -> None:
    rng = np.random.default_rng(0)
    risk = rng.random(800)
    denied = rng.random(800) < risk
    low, high = bootstrap_interval(auroc, risk, denied)
    assert low < auroc(risk, denied) < high
    assert high - low < 0.1

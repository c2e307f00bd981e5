"""Fit the maps from scores to probabilities: one a group of codes, and a pooled one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, GroupedCalibration
from models.coding.code_groups import GROUPS, group_of

CALIBRATION_OUTCOMES = 40  # right and wrong candidates each, for a group to have its own curve


def fit_calibration(
    scores: NDArray[np.float64], labels: NDArray[np.bool_], codes: Sequence[str]
) -> GroupedCalibration:
    """One curve for each group of codes with enough of both outcomes, and a pooled one."""
    groups = np.array([group_of(code) for code in codes])
    curves = {}
    for group in GROUPS:
        at = groups == group
        if min(labels[at].sum(), (~labels[at]).sum()) >= CALIBRATION_OUTCOMES:
            curves[group] = platt(scores[at], labels[at])
    return GroupedCalibration(platt(scores, labels), curves)


def platt(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Calibration:
    """Platt scaling (Platt 1999): few notes make isotonic steps too coarse."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), labels)
    return Calibration.logistic(max(float(model.coef_[0][0]), 1e-3), float(model.intercept_[0]))

"""Fit the maps from scores to probabilities: one a group of codes, held near a common one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from models.calibration import Calibration, GroupedCalibration
from models.coding.code_groups import GROUPS, group_of

# How far a group's curve is expected to stray from the common one (standard deviations of its
# slope and of its log-odds): a group with few notes keeps near it, one with many goes its way.
SLOPE_SPREAD, LEVEL_SPREAD = 0.3, 1.0
_FREE = 100.0  # scale of the common slope's column: its own penalty vanishes


def fit_calibration(
    scores: NDArray[np.float64], labels: NDArray[np.bool_], codes: Sequence[str]
) -> GroupedCalibration:
    """Platt scaling (Platt 1999) with partial pooling over the groups of codes.

    One penalised logistic regression holds the common slope and each group's deviations
    from it (a hierarchical model's maximum a posteriori, Gelman & Hill 2007, ch. 12).
    """
    from sklearn.linear_model import LogisticRegression

    members = np.array([group_of(code) for code in codes])
    inside = (members[:, None] == np.array(GROUPS)[None, :]).astype(np.float64)
    columns = np.hstack(
        [
            scores[:, None] * _FREE,
            inside * LEVEL_SPREAD,
            inside * scores[:, None] * SLOPE_SPREAD,
        ]
    )
    model = LogisticRegression(C=1.0, max_iter=5000).fit(columns, labels)
    common = float(model.coef_[0][0]) * _FREE
    levels, slopes = np.split(model.coef_[0][1:], 2)
    curves = {
        group: _curve(
            common + float(slope) * SLOPE_SPREAD,
            float(model.intercept_[0]) + float(level) * LEVEL_SPREAD,
        )
        for group, level, slope in zip(GROUPS, levels, slopes, strict=True)
        if group in members
    }
    return GroupedCalibration(platt(scores, labels), curves)


def platt(scores: NDArray[np.float64], labels: NDArray[np.bool_]) -> Calibration:
    """Platt scaling (Platt 1999): few notes make isotonic steps too coarse."""
    from sklearn.linear_model import LogisticRegression

    model = LogisticRegression(C=1e6).fit(scores.reshape(-1, 1), labels)
    return _curve(float(model.coef_[0][0]), float(model.intercept_[0]))


def _curve(slope: float, intercept: float) -> Calibration:
    return Calibration.logistic(max(slope, 1e-3), intercept)

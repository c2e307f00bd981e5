"""The denial model's regressions and their calibration, as plain arrays.

The classifiers are scikit-learn's logistic regressions; what is kept of them
are arrays that give the same probabilities.
"""

from __future__ import annotations

import numpy as np

from models.claims.denial import Calibration, DenialModel, LinearModel, sigmoid
from models.claims.features import load_features
from training.denial_examples import Bools, Examples, Floats

PRIOR_CLAIMS = 400.0  # claims that the common calibration offset counts for
INVERSE_PENALTY = 0.3  # scikit-learn's C of the risk, on standardised features
CATEGORY_INVERSE_PENALTY = 0.1


def fit(examples: Examples, seed: int) -> tuple[LinearModel, tuple[str, ...]]:
    """The risk's and the categories' logistic regressions, as plain arrays."""
    from sklearn.linear_model import LogisticRegression

    mean = examples.features.mean(axis=0)
    spread = examples.features.std(axis=0)
    scale = np.where(spread > 1e-12, spread, 1.0)
    standard = (examples.features - mean) / scale
    weights, intercept = _fit_rising(standard, examples.denied, seed)
    denied = examples.part(examples.denied)
    cause = LogisticRegression(C=CATEGORY_INVERSE_PENALTY, max_iter=2000, random_state=seed)
    cause.fit((denied.features - mean) / scale, denied.categories)
    return (
        LinearModel(
            mean=mean,
            scale=scale,
            weights=weights,
            intercept=intercept,
            category_weights=cause.coef_.astype(np.float64),
            category_intercepts=cause.intercept_.astype(np.float64),
        ),
        tuple(str(name) for name in cause.classes_),
    )


def _fit_rising(standard: Floats, denied: Bools, seed: int) -> tuple[Floats, float]:
    """Weights (F,) and intercept; features that must not lower the risk and would are left out.

    A payer's denials or an edit's finding as a reason for a lower risk is an accident
    of the sample, and no biller could make sense of it.
    """
    from sklearn.linear_model import LogisticRegression

    rising = np.array([feature.rising for feature in load_features()])
    kept = np.arange(standard.shape[1])
    while True:
        model = LogisticRegression(C=INVERSE_PENALTY, max_iter=2000, random_state=seed)
        model.fit(standard[:, kept], denied)
        falls = rising[kept] & (model.coef_[0] < 0)
        if not falls.any():
            weights = np.zeros(standard.shape[1])
            weights[kept] = model.coef_[0]
            return weights, float(model.intercept_[0])
        kept = kept[~falls]


def fit_calibration(linear: LinearModel, examples: Examples) -> Calibration:
    """Slope and offset (Platt), then an offset a payer type shrunken towards the common one."""
    margin = linear.margin(examples.features)
    slope, offset = _platt(margin, examples.denied)
    offsets = {"": offset}
    for payer_type in sorted(set(examples.payer_type.tolist()) - {""}):
        mine = examples.payer_type == payer_type
        own = _offset(slope * margin[mine], examples.denied[mine], offset)
        weight = float(mine.sum()) / (float(mine.sum()) + PRIOR_CLAIMS)
        offsets[payer_type] = weight * own + (1 - weight) * offset
    return Calibration(slope, offsets)


def _platt(margin: Floats, denied: Bools) -> tuple[float, float]:
    slope, offset = 1.0, 0.0
    for _ in range(100):
        p = sigmoid(slope * margin + offset)
        error, weight = p - denied, np.maximum(p * (1 - p), 1e-9)
        gradient = np.array([(error * margin).sum(), error.sum()])
        cross = (weight * margin).sum()
        curvature = np.array([[(weight * margin**2).sum(), cross], [cross, weight.sum()]])
        step = np.linalg.solve(curvature + 1e-6 * np.eye(2), gradient)
        slope, offset = slope - float(step[0]), offset - float(step[1])
        if float(np.abs(step).max()) < 1e-10:
            break
    return slope, offset


def _offset(margin: Floats, denied: Bools, start: float) -> float:
    """The offset at which the mean probability equals the observed rate (kept off 0 and 1)."""
    target = (float(denied.sum()) + 0.5) / (denied.size + 1)
    low, high = start - 6.0, start + 6.0
    for _ in range(60):
        middle = (low + high) / 2
        if float(sigmoid(margin + middle).mean()) < target:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def predict(model: DenialModel, examples: Examples) -> Floats:
    """Calibrated risks, shape (n,)."""
    offsets = np.array([model.calibration.offset(t) for t in examples.payer_type.tolist()])
    margin = model.linear.margin(examples.features)
    return np.asarray(sigmoid(model.calibration.slope * margin + offsets))

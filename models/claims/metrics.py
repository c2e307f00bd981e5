"""Denial measures of EVALUATION.md; calibration is measured by :mod:`models.metrics`.

Arrays are one value a claim, shape (n,): ``risk`` the predicted probability,
``denied`` the outcome, ``dollars`` what the claim is worth.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.metrics import brier_skill, expected_calibration_error

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CAPACITIES = (0.10, 0.25)
"""Shares of claims that a billing office can work."""


def auroc(risk: Floats, denied: Bools) -> float:
    """P(a denied claim scores above a paid one), ties counting half; nan with one class only."""
    positives = int(denied.sum())
    negatives = denied.size - positives
    if positives == 0 or negatives == 0:
        return float("nan")
    _, inverse, counts = np.unique(risk, return_inverse=True, return_counts=True)
    ends = counts.cumsum()
    ranks = (ends - (counts - 1) / 2)[inverse]
    above = ranks[denied].sum() - positives * (positives + 1) / 2
    return float(above / (positives * negatives))


def _precision_recall(risk: Floats, denied: Bools) -> tuple[Floats, Floats]:
    """Precision and recall at each distinct threshold, highest first."""
    order = np.argsort(-risk, kind="stable")
    sorted_risk, hits = risk[order], denied[order].cumsum()
    last = np.append(np.flatnonzero(np.diff(sorted_risk)), risk.size - 1)
    precision = hits[last] / (last + 1.0)
    recall = hits[last] / max(1, int(denied.sum()))
    return precision, recall


def average_precision(risk: Floats, denied: Bools) -> float:
    """Area under the precision-recall curve as sum of precision times gain in recall (AUPRC)."""
    if not denied.any():
        return float("nan")
    precision, recall = _precision_recall(risk, denied)
    return float(np.sum(np.diff(np.append(0.0, recall)) * precision))


def recall_at_precision(risk: Floats, denied: Bools, precision: float = 0.95) -> float:
    """The highest recall of a threshold whose precision is at least ``precision``."""
    if not denied.any():
        return float("nan")
    found, recall = _precision_recall(risk, denied)
    return float(max((r for p, r in zip(found, recall, strict=True) if p >= precision), default=0))


def dollars_captured(priority: Floats, denied: Bools, dollars: Floats, capacity: float) -> float:
    """Share of denied dollars among the ``capacity`` of claims with the highest priority."""
    worked = np.argsort(-priority, kind="stable")[: max(1, round(capacity * priority.size))]
    lost = float((dollars * denied).sum())
    return float((dollars * denied)[worked].sum()) / lost if lost > 0 else float("nan")


def denial_report(
    risk: Floats, denied: Bools, dollars: Floats, priority: Floats | None = None
) -> dict[str, float]:
    """All denial measures by name.

    Args:
        priority: what the worklist is ordered by; ``risk * dollars`` by default.
    """
    order = risk * dollars if priority is None else priority
    outcome = denied.astype(np.float64)
    report = {
        "claims": float(denied.size),
        "denied_rate": float(outcome.mean()),
        "mean_risk": float(risk.mean()),
        "auroc": auroc(risk, denied),
        "auprc": average_precision(risk, denied),
        "recall_at_95_precision": recall_at_precision(risk, denied),
        "brier": float(np.mean((risk - outcome) ** 2)),
        "brier_skill": brier_skill(risk, denied),
        "ece": expected_calibration_error(risk, denied),
    }
    for capacity in CAPACITIES:
        name = f"dollars_captured_top_{round(capacity * 100)}"
        report[name] = dollars_captured(order, denied, dollars, capacity)
    return report


def bootstrap_interval(
    measure: Callable[[Floats, Bools], float],
    risk: Floats,
    denied: Bools,
    *,
    rounds: int = 200,
    seed: int = 1,
) -> tuple[float, float]:
    """95 % interval of a measure, resampling claims."""
    rng = np.random.default_rng(seed)
    draws = []
    for _ in range(rounds):
        chosen = rng.integers(0, denied.size, denied.size)
        draws.append(measure(risk[chosen], denied[chosen]))
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return float(low), float(high)

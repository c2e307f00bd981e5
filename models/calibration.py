"""From a score to a probability that was checked, and from probabilities to a stated precision."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Calibration:
    """A monotone map from log-odds to probability: linear between knots, flat outside.

    Fitted by isotonic regression or Platt scaling in training; here it is only
    evaluated, so that serving needs no scikit-learn.
    """

    knots: NDArray[np.float64]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.knots.shape != self.values.shape or self.knots.ndim != 1 or not len(self.knots):
            raise ValueError("calibration: knots and values must be two lists of one length")
        if np.any(np.diff(self.knots) <= 0) or np.any(np.diff(self.values) < 0):
            raise ValueError("calibration: knots must rise and values must not fall")
        if self.values.min() < 0 or self.values.max() > 1:
            raise ValueError("calibration: values must be probabilities")

    def __call__(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.interp(scores, self.knots, self.values)

    def to_json(self) -> dict[str, list[float]]:
        return {"knots": self.knots.tolist(), "values": self.values.tolist()}

    @classmethod
    def from_json(cls, raw: dict[str, Sequence[float]]) -> Calibration:
        return cls(np.array(raw["knots"], np.float64), np.array(raw["values"], np.float64))

    @classmethod
    def logistic(cls, slope: float, intercept: float) -> Calibration:
        """Platt's map 1/(1+exp(-(slope·x+intercept))) on a grid fine enough to hide the steps."""
        knots = np.linspace(-12, 12, 241)
        return cls(knots, 1 / (1 + np.exp(-(slope * knots + intercept))))


@dataclass(frozen=True)
class GroupedCalibration:
    """One map for each kind of thing scored, and a pooled one for kinds too rare for their own."""

    pooled: Calibration
    groups: Mapping[str, Calibration]

    def __call__(self, scores: NDArray[np.float64], kinds: Sequence[str]) -> NDArray[np.float64]:
        """Probabilities, shape [n], of scores with the group of each."""
        out = self.pooled(scores)
        for kind in set(kinds) & set(self.groups):
            at = np.array([k == kind for k in kinds])
            out[at] = self.groups[kind](scores[at])
        return out

    def to_json(self) -> dict[str, object]:
        groups = {kind: curve.to_json() for kind, curve in sorted(self.groups.items())}
        return {"pooled": self.pooled.to_json(), "groups": groups}

    @classmethod
    def from_json(cls, raw: Mapping[str, Any]) -> GroupedCalibration:
        groups = {kind: Calibration.from_json(curve) for kind, curve in raw["groups"].items()}
        return cls(Calibration.from_json(raw["pooled"]), groups)


def precision_lower_bound(correct: int, total: int, confidence: float = 0.95) -> float:
    """One-sided Clopper–Pearson lower bound of a proportion (Clopper & Pearson 1934)."""
    if total == 0 or correct == 0:
        return 0.0
    low, high = 0.0, correct / total
    for _ in range(60):  # bisection on the binomial tail: P(X >= correct | p) = 1 - confidence
        middle = (low + high) / 2
        if _upper_tail(correct, total, middle) > 1 - confidence:
            high = middle
        else:
            low = middle
    return low


def _upper_tail(correct: int, total: int, p: float) -> float:
    from math import exp, lgamma, log

    if p <= 0:
        return 0.0
    terms = [
        lgamma(total + 1)
        - lgamma(k + 1)
        - lgamma(total - k + 1)
        + k * log(p)
        + (total - k) * log(1 - p)
        for k in range(correct, total + 1)
    ]
    return sum(exp(t) for t in terms)


def threshold_for_precision(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], target: float = 0.95
) -> tuple[float, int]:
    """The lowest confidence above which precision is bounded at ``target``, and how many lie above.

    (1.01, 0) where no threshold reaches the bound: then nothing is auto-accepted.
    """
    order = np.argsort(-confidence, kind="stable")
    hits, best = 0, (1.01, 0)
    for n, i in enumerate(order, start=1):
        hits += bool(correct[i])
        last_of_ties = n == len(order) or confidence[order[n]] < confidence[i]
        if last_of_ties and precision_lower_bound(hits, n) >= target:
            best = (float(confidence[i]), n)
    return best

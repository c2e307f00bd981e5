"""Denial risk of a draft claim: a calibrated linear model with exact reasons.

    margin = intercept + sum_j w_j * (x_j - mean_j) / scale_j
    risk   = sigmoid(slope * margin + offset[payer type])

The terms of the sum are the reasons: grouped by category they add up, with the
offset, to the log-odds of the risk. Categories of a denial come from a softmax
over the same features. Stored as one JSON and one npz without pickles.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from data.schemas import Claim, Finding, TrainedOn
from models.claims.features import facts_of, feature_vector, load_features
from models.claims.rates import Rates, load_views

Floats = NDArray[np.float64]

FORMAT = 1
MINIMUM_PAYER_CLAIMS = 20.0
MINIMUM_CODE_CLAIMS = 5.0
_MODEL_FILE, _ARRAYS_FILE = "model.json", "denial.npz"
_EVERY_TYPE = ""


class DenialModelError(ValueError):
    """A stored model that is missing, cut or of another format."""


@dataclass(frozen=True)
class LinearModel:
    """Standardisation, weights of the risk and of the categories; F features, K categories.

    Attributes:
        mean, scale: (F,) of the training features.
        weights: (F,), intercept: log-odds at the mean claim.
        category_weights: (K, F); category_intercepts: (K,).
    """

    mean: Floats
    scale: Floats
    weights: Floats
    intercept: float
    category_weights: Floats
    category_intercepts: Floats

    def terms(self, features: Floats) -> Floats:
        """Contribution of each feature in log-odds, shape (F,) or (n, F)."""
        return (features - self.mean) / self.scale * self.weights

    def margin(self, features: Floats) -> Floats:
        """Uncalibrated log-odds, shape () or (n,)."""
        return np.asarray(self.intercept + self.terms(features).sum(axis=-1))

    def category_shares(self, features: Floats) -> Floats:
        """P(category | denied), shape (K,) or (n, K)."""
        logits = (features - self.mean) / self.scale @ self.category_weights.T
        logits = logits + self.category_intercepts
        raised = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(raised / raised.sum(axis=-1, keepdims=True))


@dataclass(frozen=True)
class Calibration:
    """Slope and offset by payer type ("" for all others) on the log-odds."""

    slope: float
    offsets: Mapping[str, float]

    def offset(self, payer_type: str | None) -> float:
        return self.offsets.get(payer_type or _EVERY_TYPE, self.offsets[_EVERY_TYPE])


@dataclass(frozen=True)
class Scored:
    """One claim's risk, with what it is made of.

    Attributes:
        features: (F,) the vector scored.
        contributions: category → calibrated log-odds; with ``base`` they add up
            to the log-odds of ``risk``.
        unseen: payer and codes that the model has not met often enough.
    """

    risk: float
    base: float
    contributions: Mapping[str, float]
    probability_by_category: Mapping[str, float]
    features: Floats
    facts: Sequence[Mapping[str, str]]
    unseen: tuple[str, ...]


@dataclass(frozen=True)
class DenialModel:
    """The learned half of the claims desk."""

    linear: LinearModel
    calibration: Calibration
    categories: tuple[str, ...]
    rates: Rates
    paid_shares: Mapping[str, float]
    trained_on: TrainedOn
    card: Mapping[str, Any]

    def score(self, claim: Claim, findings: Sequence[Finding]) -> Scored:
        """Risk of one claim with its findings."""
        facts = facts_of(claim, findings)
        features = np.array(feature_vector(claim, findings, self.rates, facts))
        slope = self.calibration.slope
        terms = self.linear.terms(features) * slope
        base = self.linear.intercept * slope + self.calibration.offset(claim.payer_type)
        risk = float(sigmoid(np.asarray(base + terms.sum())))
        contributions: dict[str, float] = {}
        for feature, term in zip(load_features(), terms.tolist(), strict=True):
            contributions[feature.category] = contributions.get(feature.category, 0.0) + term
        shares = self.linear.category_shares(features).tolist()
        return Scored(
            risk=risk,
            base=base,
            contributions=contributions,
            probability_by_category={
                name: risk * share for name, share in zip(self.categories, shares, strict=True)
            },
            features=features,
            facts=facts,
            unseen=self._unseen(facts),
        )

    def expected_allowed(self, claim: Claim) -> float:
        """Dollars expected if paid: the charge by the share of charges learned from paid claims."""
        charge = max(0.0, float(claim.charge))
        share = next(self.paid_shares[k] for k in paid_share_keys(claim) if k in self.paid_shares)
        return charge * share

    def _unseen(self, facts: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
        unseen = []
        if self.rates.seen("payer", facts[0])[0] < MINIMUM_PAYER_CLAIMS:
            unseen.append("payer")
        for code in dict.fromkeys(line["code"] for line in facts):
            if self.rates.seen("necessity_code", {"code": code})[0] < MINIMUM_CODE_CLAIMS:
                unseen.append(code)
        return tuple(unseen)

    def save(self, folder: Path) -> None:
        """Write the model into ``folder`` (made if missing): ``model.json`` and ``denial.npz``."""
        folder.mkdir(parents=True, exist_ok=True)
        described = {
            "format": FORMAT,
            "features": [feature.name for feature in load_features()],
            "views": [view.name for view in load_views()],
            "categories": list(self.categories),
            "intercept": self.linear.intercept,
            "calibration": {
                "slope": self.calibration.slope,
                "offsets": dict(self.calibration.offsets),
            },
            "paid_shares": dict(self.paid_shares),
            "trained_on": self.trained_on.model_dump(),
            "card": dict(self.card),
        }
        (folder / _MODEL_FILE).write_text(json.dumps(described, indent=1) + "\n", "utf-8")
        np.savez_compressed(
            folder / _ARRAYS_FILE,
            allow_pickle=False,
            mean=self.linear.mean,
            scale=self.linear.scale,
            weights=self.linear.weights,
            category_weights=self.linear.category_weights,
            category_intercepts=self.linear.category_intercepts,
            **{f"rates.{name}": array for name, array in self.rates.to_arrays().items()},
        )

    @classmethod
    def load(cls, folder: Path) -> DenialModel:
        """Read what :meth:`save` wrote.

        Raises:
            DenialModelError: files missing or cut, or made for other features.
        """
        try:
            described = json.loads((folder / _MODEL_FILE).read_text("utf-8"))
            # Opened here: numpy leaves the file open when it is no archive.
            with (
                (folder / _ARRAYS_FILE).open("rb") as handle,
                np.load(handle, allow_pickle=False) as stored,
            ):
                arrays = {name: stored[name] for name in stored.files}
        except (OSError, ValueError, EOFError, BadZipFile) as error:
            raise DenialModelError(
                f"{folder}: no readable denial model; train one with 'superbill train denial'"
            ) from error
        names = [feature.name for feature in load_features()]
        if described.get("format") != FORMAT or described.get("features") != names:
            raise DenialModelError(f"{folder}: made for another version; train the model again")
        try:
            rates = Rates.from_arrays(
                {n.removeprefix("rates."): a for n, a in arrays.items() if n.startswith("rates.")}
            )
            return cls(
                linear=LinearModel(
                    arrays["mean"],
                    arrays["scale"],
                    arrays["weights"],
                    float(described["intercept"]),
                    arrays["category_weights"],
                    arrays["category_intercepts"],
                ),
                calibration=Calibration(
                    described["calibration"]["slope"], described["calibration"]["offsets"]
                ),
                categories=tuple(described["categories"]),
                rates=rates,
                paid_shares=described["paid_shares"],
                trained_on=TrainedOn.model_validate(described["trained_on"]),
                card=described["card"],
            )
        except (KeyError, ValueError) as error:
            raise DenialModelError(f"{folder}: damaged ({error}); train the model again") from error


def sigmoid(margin: Floats) -> Floats:
    """1 / (1 + exp(-margin)), without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(0.5 * margin)))


def paid_share_keys(claim: Claim) -> tuple[str, ...]:
    """Keys of the paid shares, narrowest first: payer and first code, payer, payer type, all."""
    code = claim.lines[0].code if claim.lines else ""
    return f"{claim.payer_id}|{code}", claim.payer_id or "", claim.payer_type or "", ""

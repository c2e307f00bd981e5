"""Trains the denial model on claims and their outcomes, in the order of time.

The claims are split by submission date: the last months test, the months before
calibrate, the rest trains. Rates are encoded as they stood on each claim's
submission date, from outcomes that had been posted by then; labels that came
later are never looked at. The classifier is scikit-learn's logistic regression
and is stored as plain arrays that give the same probabilities.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from data.schemas import Claim, Outcome, Severity, TrainedOn
from models.claims.denial import (
    Calibration,
    DenialModel,
    LinearModel,
    paid_share_keys,
    sigmoid,
)
from models.claims.features import facts_of, feature_vector, load_features
from models.claims.metrics import auroc, average_precision, bootstrap_interval, denial_report
from models.claims.rates import Rates

if TYPE_CHECKING:
    from models.claims.edits import EditEngine

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Log = Callable[[Mapping[str, float]], None]
Progress = Callable[[str, int, int], None]

DAYS_PER_MONTH = 30.4375
BURN_IN_SHARE = 0.08
"""Share of the training claims that only fill the rates: theirs are still empty."""

PRIOR_CLAIMS = 400.0  # claims that the common calibration offset counts for
MINIMUM_CLAIMS = 500
INVERSE_PENALTY = 0.3  # scikit-learn's C of the risk, on standardised features


class TrainingDataError(ValueError):
    """Claims and outcomes that cannot train a model; the message says what is missing."""


@dataclass(frozen=True)
class Examples:
    """n claims in order of submission, encoded without looking ahead; F features.

    Attributes:
        day: (n,) ordinal of submission.
        features: (n, F).
        categories: denial category of each claim, "" where paid.
        dollars: (n,) charge; expected: (n,) expected payment.
        rule_score: (n,) errors plus half the warnings of the edits.
    """

    day: NDArray[np.int64]
    features: Floats
    denied: Bools
    categories: NDArray[np.str_]
    payer_type: NDArray[np.str_]
    dollars: Floats
    expected: Floats
    rule_score: Floats

    def part(self, keep: Bools) -> Examples:
        return Examples(**{name: values[keep] for name, values in vars(self).items()})


def train_denial(
    claims: Iterable[Claim],
    outcomes: Iterable[Outcome],
    out_dir: Path,
    seed: int,
    *,
    edits: EditEngine | None = None,
    calibration_months: float = 3,
    test_months: float = 3,
    kind: Literal["simulated", "real", "mixed"] = "simulated",
    real_outcomes: int = 0,
    log: Log | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Train, calibrate, test and save a denial model; return its test figures.

    Writes the model and ``metrics.json`` into ``out_dir``. The model saved is
    the one tested: rates end where the test months begin.

    Args:
        log: takes the figures, for example into MLflow.
        progress: called with stage, done and total.

    Raises:
        TrainingDataError: too few matched claims, or a split without denials.
    """
    from models.claims.edits import EditEngine

    edits = edits or EditEngine.packaged()
    pairs = match(claims, outcomes)
    last = max(c.submission_date for c, _ in pairs if c.submission_date)
    test_from = last - timedelta(days=test_months * DAYS_PER_MONTH)
    calibrate_from = test_from - timedelta(days=calibration_months * DAYS_PER_MONTH)
    examples, rates, shares = encode(pairs, edits, test_from.toordinal(), progress)
    train = examples.day < calibrate_from.toordinal()
    train[: int(train.sum() * BURN_IN_SHARE)] = False
    calibrate = (examples.day >= calibrate_from.toordinal()) & (
        examples.day < test_from.toordinal()
    )
    test = examples.day >= test_from.toordinal()
    for name, part in (("training", train), ("calibration", calibrate), ("test", test)):
        if not 0 < examples.denied[part].sum() < part.sum():
            raise TrainingDataError(f"the {name} months need paid and denied claims; send more")
    linear, categories = fit(examples.part(train), seed)
    calibration = fit_calibration(linear, examples.part(calibrate))
    model = DenialModel(
        linear=linear,
        calibration=calibration,
        categories=categories,
        rates=rates,
        paid_shares=shares,
        trained_on=TrainedOn(kind=kind, real_outcomes=real_outcomes),
        card={
            "kind": kind,
            "outcomes": len(pairs),
            "real_outcomes": real_outcomes,
            "seed": seed,
            "training_claims": int(train.sum()),
            "calibration_claims": int(calibrate.sum()),
            "test_claims": int(test.sum()),
            "calibrated_from": str(calibrate_from),
            "tested_from": str(test_from),
        },
    )
    model.save(out_dir)
    metrics = evaluate(model, examples.part(test), seed)
    (out_dir / "metrics.json").write_text(json.dumps(metrics, indent=1) + "\n", "utf-8")
    if log is not None:
        log(metrics)
    return metrics


def match(claims: Iterable[Claim], outcomes: Iterable[Outcome]) -> list[tuple[Claim, Outcome]]:
    """Claims with a submission date and their posted outcomes, in order of submission.

    Raises:
        TrainingDataError: fewer than ``MINIMUM_CLAIMS`` match.
    """
    by_id = {outcome.claim_id: outcome for outcome in outcomes}
    pairs = [
        (claim, by_id[claim.claim_id])
        for claim in claims
        if claim.submission_date
        and claim.claim_id in by_id
        # An outcome posted before its claim was sent belongs to another claim.
        and (by_id[claim.claim_id].posted or date.min) >= claim.submission_date
    ]
    if len(pairs) < MINIMUM_CLAIMS:
        raise TrainingDataError(
            f"{len(pairs)} claims with a submission date and a posted outcome; "
            f"at least {MINIMUM_CLAIMS} are needed"
        )
    return sorted(pairs, key=lambda pair: (pair[0].submission_date or date.min, pair[0].claim_id))


def encode(
    pairs: list[tuple[Claim, Outcome]],
    edits: EditEngine,
    freeze_day: int,
    progress: Progress | None = None,
) -> tuple[Examples, Rates, dict[str, float]]:
    """Features of each claim as known on the day it was sent.

    Args:
        pairs: in order of submission.
        freeze_day: from this ordinal day on, outcomes no longer enter the rates.

    Returns:
        The examples, the rates as of ``freeze_day``, and the shares of charges paid.
    """
    posted = sorted(range(len(pairs)), key=lambda i: (_posted(pairs[i][1]), i))
    facts_kept: list[tuple[dict[str, str], ...]] = []
    rates, paid, waiting = Rates(), PaidShares(), 0
    rows: list[list[float]] = []
    rule_score, expected = np.zeros(len(pairs)), np.zeros(len(pairs))
    for index, (claim, _) in enumerate(pairs):
        sent = (claim.submission_date or date.min).toordinal()
        horizon = min(sent, freeze_day)
        while waiting < len(posted) and _posted(pairs[posted[waiting]][1]) < horizon:
            known, outcome = pairs[posted[waiting]]
            # A claim's outcome is posted after it was sent, so its facts are here already.
            rates.add(
                facts_kept[posted[waiting]], _posted(outcome), outcome.denied, outcome.category
            )
            paid.add(known, outcome)
            waiting += 1
        findings = edits.run(claim)
        facts = facts_of(claim, findings)
        facts_kept.append(facts)
        rows.append(feature_vector(claim, findings, rates, facts))
        rule_score[index] = sum(1.0 if f.severity is Severity.ERROR else 0.5 for f in findings)
        expected[index] = float(claim.charge) * paid.share(claim)
        if progress is not None and index % 1000 == 0:
            progress("encode", index, len(pairs))
    examples = Examples(
        day=np.array([(c.submission_date or date.min).toordinal() for c, _ in pairs]),
        features=np.array(rows),
        denied=np.array([o.denied for _, o in pairs]),
        categories=np.array([(o.category or "other") if o.denied else "" for _, o in pairs]),
        payer_type=np.array([c.payer_type or "" for c, _ in pairs]),
        dollars=np.array([float(c.charge) for c, _ in pairs]),
        expected=expected,
        rule_score=rule_score,
    )
    return examples, rates, paid.table()


def _posted(outcome: Outcome) -> int:
    return (outcome.posted or date.max).toordinal()


class PaidShares:
    """Share of the charge that is paid on claims not denied, by payer and first code."""

    SMALLEST_CHARGES = 3000.0  # dollars charged from which a key's own share is used

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {"": [1.0, 2.0]}  # half, until anything is known

    def add(self, claim: Claim, outcome: Outcome) -> None:
        if outcome.denied or claim.charge <= 0:
            return
        for key in dict.fromkeys(paid_share_keys(claim)):
            entry = self._sums.setdefault(key, [0.0, 0.0])
            entry[0] += float(outcome.paid)
            entry[1] += float(claim.charge)

    def share(self, claim: Claim) -> float:
        """The share of the narrowest key with enough charges behind it."""
        for key in paid_share_keys(claim):
            entry = self._sums.get(key)
            if entry is not None and (entry[1] >= self.SMALLEST_CHARGES or key == ""):
                return entry[0] / entry[1]
        return 0.5

    def table(self) -> dict[str, float]:
        """Key → share, for keys with enough charges and for the whole ("")."""
        return {
            key: paid / charged
            for key, (paid, charged) in sorted(self._sums.items())
            if charged >= self.SMALLEST_CHARGES or key == ""
        }


def fit(examples: Examples, seed: int) -> tuple[LinearModel, tuple[str, ...]]:
    """The risk's and the categories' logistic regressions, as plain arrays."""
    from sklearn.linear_model import LogisticRegression

    mean = examples.features.mean(axis=0)
    spread = examples.features.std(axis=0)
    scale = np.where(spread > 1e-12, spread, 1.0)
    standard = (examples.features - mean) / scale
    weights, intercept = _fit_rising(standard, examples.denied, seed)
    denied = examples.part(examples.denied)
    cause = LogisticRegression(C=0.1, max_iter=2000, random_state=seed)
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


def evaluate(model: DenialModel, test: Examples, seed: int = 1) -> dict[str, float]:
    """Figures on months never seen: overall, of the edits alone (``rules_*``), by payer type."""
    risk = predict(model, test)
    figures = denial_report(risk, test.denied, test.dollars, risk * test.expected)
    intervals = {"auroc": auroc, "auprc": average_precision}
    for name, measure in intervals.items():
        low, high = bootstrap_interval(measure, risk, test.denied, seed=seed)
        figures |= {f"{name}_low": low, f"{name}_high": high}
    by_rules = test.rule_score
    figures |= {
        "rules_auroc": auroc(by_rules, test.denied),
        "rules_auprc": average_precision(by_rules, test.denied),
    }
    # Rules alone: work the flagged claims first, the dearest first among equals.
    rules_first = by_rules * 1e9 + test.expected
    for name, value in denial_report(risk, test.denied, test.dollars, rules_first).items():
        if name.startswith("dollars_captured"):
            figures[f"rules_{name}"] = value
    for payer_type in sorted(set(test.payer_type.tolist()) - {""}):
        mine = test.payer_type == payer_type
        for name, value in denial_report(risk[mine], test.denied[mine], test.dollars[mine]).items():
            if name in ("denied_rate", "mean_risk", "auroc", "ece"):
                figures[f"{payer_type}_{name}"] = value
    return figures

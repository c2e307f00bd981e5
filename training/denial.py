"""Trains the denial model on claims and their outcomes, in the order of time.

The claims are split by submission date: the last months test, the months before
calibrate, the rest trains. What is saved is what was tested.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from data.schemas import Claim, Outcome, TrainedOn
from models.claims.denial import DenialModel
from training.denial_evaluation import Log, evaluate, evaluate_on, evaluate_simulated
from training.denial_examples import Progress, TrainingDataError, encode, match
from training.denial_fit import fit, fit_calibration

if TYPE_CHECKING:
    from models.claims.edits import EditEngine

__all__ = ["TrainingDataError", "evaluate_on", "evaluate_simulated", "train_denial"]

DAYS_PER_MONTH = 30.4375
BURN_IN_SHARE = 0.08
"""Share of the training claims that only fill the rates: theirs are still empty."""


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
    data: Mapping[str, object] | None = None,
    log: Log | None = None,
    progress: Progress | None = None,
) -> dict[str, float]:
    """Train, calibrate, test and save a denial model; return its test figures.

    Writes the model and ``metrics.json`` into ``out_dir``. The model saved is
    the one tested: rates end where the test months begin.

    Args:
        data: facts about the claims to keep in the model's card, such as the
            simulation's data card.
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
            "data": dict(data or {}),
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

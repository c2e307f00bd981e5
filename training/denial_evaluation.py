"""Figures of a denial model on claims that it has not learned from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from data.schemas import Claim, Outcome
from models.claims.denial import DenialModel
from models.claims.features import feature_vector
from models.claims.metrics import auroc, average_precision, bootstrap_interval, denial_report
from training.denial_examples import Examples, TrainingDataError, examples_of, rule_score_of
from training.denial_fit import predict

if TYPE_CHECKING:
    from models.claims.edits import EditEngine

Log = Callable[[Mapping[str, float]], None]


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


def evaluate_on(
    model: DenialModel,
    edits: EditEngine,
    pairs: Iterable[tuple[Claim, Outcome]],
    seed: int = 1,
) -> dict[str, float]:
    """Figures of a stored model on other claims, as it would score them.

    Only claims sent since the model's rates end (``tested_from`` of its card) count:
    earlier ones it may have learned from.

    Raises:
        TrainingDataError: no such claims, or none denied or none paid among them.
    """
    return _evaluate(model, edits, pairs, seed)[0]


def evaluate_simulated(
    model: DenialModel,
    edits: EditEngine,
    n_claims: int,
    seed: int,
    *,
    draws: int = 24,
    log: Log | None = None,
) -> dict[str, float]:
    """:func:`evaluate_on` fresh claims of the simulated world that the model learned in.

    Beside the figures stand the bounds of EVALUATION.md (``observable_*``,
    ``oracle_*``) and how far on the way from the rules to the observable one the
    model has come (``way_*``).

    Raises:
        TrainingDataError: the model's card names no simulated world.
    """
    from data.simulation import Simulation

    card = model.card.get("data", {})
    if "world_seed" not in card:
        raise TrainingDataError("the model was not trained on a known simulation; give it claims")
    simulation = Simulation(
        n_claims, seed, int(card.get("months", 24)), world_seed=int(card["world_seed"])
    )
    items = list(simulation.run(observable_draws=draws))
    by_id = {item.claim.claim_id: item for item in items}
    figures, used = _evaluate(model, edits, ((i.claim, i.outcome) for i in items), seed)
    denied = np.array([outcome.denied for _, outcome in used])
    bounds = {
        "observable": np.array([by_id[c.claim_id].observable for c, _ in used], dtype=np.float64),
        "oracle": np.array([by_id[c.claim_id].oracle for c, _ in used]),
    }
    for name, risk in bounds.items():
        figures[f"{name}_auroc"] = auroc(risk, denied)
        figures[f"{name}_auprc"] = average_precision(risk, denied)
    for measure in ("auroc", "auprc"):
        rules, bound = figures[f"rules_{measure}"], figures[f"observable_{measure}"]
        figures[f"way_{measure}"] = (figures[measure] - rules) / (bound - rules)
    if log is not None:
        log(figures)
    return figures


def _evaluate(
    model: DenialModel, edits: EditEngine, pairs: Iterable[tuple[Claim, Outcome]], seed: int
) -> tuple[dict[str, float], list[tuple[Claim, Outcome]]]:
    since = date.fromisoformat(str(model.card["tested_from"]))
    used = [(c, o) for c, o in pairs if c.submission_date and c.submission_date >= since]
    denied = sum(outcome.denied for _, outcome in used)
    if not 0 < denied < len(used):
        raise TrainingDataError(f"paid and denied claims sent since {since} are needed")
    rows, scores = [], np.zeros(len(used))
    for index, (claim, _) in enumerate(used):
        findings = edits.run(claim)
        rows.append(feature_vector(claim, findings, model.rates))
        scores[index] = rule_score_of(findings)
    examples = examples_of(
        used, np.array(rows), np.array([model.expected_allowed(c) for c, _ in used]), scores
    )
    return evaluate(model, examples, seed), used

"""Fit what is learned of procedures on the notes of ``train`` whose procedures are coded.

Three stages, each fitted on what the ones before it say of notes they did not see (cross-
fitting, Wolpert 1992): the status of a service, the elements of a visit, whether a line is
billed. Calibration and threshold rest on the last stage's predictions out of fold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.authored import AuthoredError
from data.authored.snippets import TRAINING_BATCHES
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import Bundle, BundleError, BundleStore, building, seal
from models.calibration import GroupedCalibration
from models.coding.coder import Coder
from models.coding.results import procedure_suggestions
from models.hashing import HashedModel
from models.procedures.drafting import Draft, draft
from models.procedures.model import LEVELS, ProcedureModel
from models.procedures.recognizer import read_readings
from models.procedures.suggest import propose
from training.calibrating import platt
from training.coder_evaluation import by_row
from training.errors import TrainingError
from training.procedure_evaluation import Judged, figures, status_at
from training.procedure_notes import CodedNote, coded_note, coded_notes
from training.procedure_tables import (
    STATUSES,
    Lines,
    best_threshold,
    element_tables,
    line_table,
    status_table,
)
from training.runs import data_hash, target_of
from training.tracking import tracked

OWN_CURVE = 50  # lines of a kind that make a calibration of its own


@dataclass(frozen=True)
class ProcedureConfig:
    folds: int = 8
    status_strength: float = 1.0  # inverse regularisation
    element_strength: float = 0.1
    line_strength: float = 0.1
    seed: int = 20260501


@dataclass(frozen=True)
class Fitted:
    """A model with what was measured while fitting it."""

    model: ProcedureModel
    figures: dict[str, float]


def fit_procedures(
    notes: Sequence[CodedNote],
    codes: ProcedureCodes,
    config: ProcedureConfig,
    log: Callable[[str], None],
) -> Fitted:
    """Fit all stages on ``notes``."""
    order = np.random.default_rng(config.seed).permutation(len(notes))
    fold = np.empty(len(notes), dtype=np.intp)
    fold[order] = np.arange(len(notes)) % config.folds
    everyone = np.ones(len(notes), dtype=np.bool_)

    def drafted(
        status: Sequence[HashedModel], elements: Sequence[Mapping[str, HashedModel]]
    ) -> list[Draft]:
        return [
            draft(n.document, n.diagnoses, codes, status[f], elements[f], n.recognised)
            for n, f in zip(notes, fold.tolist(), strict=True)
        ]

    statuses = status_table(notes, codes)
    by_fold = [
        statuses.fit(fold != f, STATUSES, config.status_strength) for f in range(config.folds)
    ]
    log(f"status: {len(statuses.rows)} services")
    tables = element_tables(notes, drafted(by_fold, [{}] * config.folds))
    elements = [
        {n: t.fit(fold != f, LEVELS, config.element_strength) for n, t in tables.items()}
        for f in range(config.folds)
    ]
    log("elements: " + ", ".join(f"{len(t.rows)} of {n}" for n, t in tables.items()))
    drafts = drafted(by_fold, elements)
    lines = line_table(notes, drafts)
    scores = np.empty(len(lines.table.rows))
    for f in range(config.folds):
        billed = lines.table.fit(fold != f, ("billed",), config.line_strength)
        for i in np.flatnonzero(fold[lines.table.notes] == f):
            scores[i] = billed.weights[0, lines.table.rows[i]].sum() + billed.intercept[0]
    labels = lines.table.labels.astype(np.bool_)
    kinds = np.array(lines.kinds)
    calibration = GroupedCalibration(
        platt(scores, labels),
        {
            kind: platt(scores[at], labels[at])
            for kind in set(lines.kinds)
            if (at := kinds == kind).sum() >= OWN_CURVE and 0 < labels[at].sum() < at.sum()
        },
    )
    chances = calibration(scores, lines.kinds)
    select, f1 = best_threshold(chances, lines)
    log(f"lines: {len(scores)} drafted, {lines.gold} billed; out of fold F1 {f1:.3f}")
    found = {"out_of_fold_f1": f1, "services": float(len(statuses.rows))}
    judged = judge_drafts(notes, drafts, lines, chances, select, codes, [by_fold[f] for f in fold])
    for batch in dict.fromkeys(n.batch for n in notes):
        told = figures([j for j, n in zip(judged, notes, strict=True) if n.batch == batch], codes)
        log(f"== {batch}, out of fold\n{by_row(told)}")
        found |= {f"{name} {batch}": value["f1"] for name, value in told.items()}
    model = ProcedureModel(
        statuses.fit(everyone, STATUSES, config.status_strength),
        {n: t.fit(everyone, LEVELS, config.element_strength) for n, t in tables.items()},
        lines.table.fit(everyone, ("billed",), config.line_strength),
        calibration,
        select,
    )
    return Fitted(model, found)


def judge_drafts(
    notes: Sequence[CodedNote],
    drafts: Sequence[Draft],
    lines: Lines,
    chances: NDArray[np.float64],
    select: float,
    codes: ProcedureCodes,
    statuses: Sequence[HashedModel],
) -> list[Judged]:
    """What models that did not see them would say of the notes, beside their gold.

    Args:
        chances: of ``lines``, out of fold.
        statuses: for each note the model of statuses that did not see it.
    """
    told: dict[int, list[float]] = {}
    for number, chance in zip(lines.table.notes.tolist(), chances.tolist(), strict=True):
        told.setdefault(number, []).append(chance)
    out = []
    for number, (note, drafted) in enumerate(zip(notes, drafts, strict=True)):
        result = propose(drafted, told.get(number, [0.0] * len(drafted.lines)), select)
        out.append(
            Judged(
                gold=note.gold,
                done=note.done,
                lines=tuple(procedure_suggestions(note.document, result.candidates)),
                worksheet=result.em or {},
                statuses=status_at(note.document, note.done, codes, statuses[number]),
            )
        )
    return out


def named(figures: dict[str, float]) -> dict[str, float]:
    """Under names that MLflow takes: it knows no commas."""
    return {name.replace(",", ""): value for name, value in figures.items()}


def run_train_procedures(
    output: str,
    base: str | None,
    var: Path,
    log: Callable[[str], None],
    batches: Sequence[str] = TRAINING_BATCHES,
) -> Bundle:
    """Fit on the authored notes of ``batches``; write, log and return the bundle.

    The visit's level rests on the diagnoses, so those that the base's coder suggests are used,
    as they will be when it serves.

    Raises:
        TrainingError: no such base, a batch that may not train, none of its notes has its
            procedures coded, or ``output`` is a folder that is no bundle.
    """
    wrong = [batch for batch in batches if batch not in TRAINING_BATCHES]
    if wrong:
        raise TrainingError(f"--authored {wrong[0]}: choose among {', '.join(TRAINING_BATCHES)}")
    config = ProcedureConfig()
    try:
        bundle = BundleStore(var / "bundles").resolve(base)
        coder = Coder.load(bundle, var / "terminology")
        readings = read_readings(bundle.path / "recognizer")
        notes = [
            coded_note(coder, batch, gold, done, readings)
            for batch in dict.fromkeys(batches)
            for gold, done in coded_notes(batch)
        ]
    except (BundleError, AuthoredError) as error:
        raise TrainingError(str(error)) from error
    if not notes:
        raise TrainingError("no note of these batches has its procedures coded")
    try:
        with (
            building(target_of(output, var), bundle) as folder,
            tracked(f"train procedures {output}", var) as run,
        ):
            run.params({**asdict(config), "notes": len(notes), "authored": " ".join(batches)})
            run.params({"data": data_hash([note.gold for note in notes])})
            fitted = fit_procedures(notes, coder.procedures, config, log)
            run.metrics(named(fitted.figures), "procedures.")
            fitted.model.save(folder / "procedures")
            facts = {"procedure_figures": fitted.figures, "procedure_notes": len(notes)}
            seal(folder, Path(output).name, {**bundle.manifest, **facts})
    except BundleError as error:
        raise TrainingError(str(error)) from error
    made = Bundle.open(target_of(output, var))
    log(f"procedures: wrote {made.id}; `superbill models promote {made.name}` serves it")
    return made

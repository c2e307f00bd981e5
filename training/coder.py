"""Train the coder's ranker, calibration and operating points.

Examples are the candidates of gold notes: a candidate is positive if the note's
gold codes hold it. Calibration and operating points are read off out-of-fold
scores (grouped by patient), so that no note calibrates itself; the ranker
that ships is then fitted on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.schemas import Convention, GoldNote, System
from models.calibration import Calibration, GroupedCalibration, threshold_for_precision
from models.coding.code_groups import GROUPS, group_of
from models.coding.coder import Selection
from models.coding.conventions import is_counted
from models.coding.document import read_document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.ranking import Ranker, offset_keys

Log = Callable[[str], None]
# An offset is learned for codes that this many training notes hold; it is shrunk harder than a
# feature's weight, since it rests on fewer candidates.
OFFSET_NOTES = 4
CALIBRATION_OUTCOMES = 40  # right and wrong candidates each, for a group to have its own curve
OFFSET_SCALE = 0.8


@dataclass(frozen=True)
class CoderConfig:
    folds: int = 10
    strength: float = 1.0  # inverse regularisation of the logistic regression
    auto_accept_precision: float = 0.95
    seed: int = 20260401


@dataclass(frozen=True)
class Examples:
    """Candidates of many notes: features [n, features], label, weight, note and patient of each."""

    rows: NDArray[np.float64]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float64]
    notes: NDArray[np.intp]
    groups: NDArray[np.intp]
    selectable: NDArray[np.bool_]  # not barred by a convention
    gold: NDArray[np.intp]  # number of gold codes by note
    codes: tuple[str, ...]


def make_examples(
    linker: Linker,
    notes: Sequence[GoldNote],
    convention: Convention,
    log: Log,
    weights: Sequence[float] | None = None,
) -> Examples:
    """Run the stages before the ranker over gold notes."""
    rows, labels, owner, selectable, codes, weight = [], [], [], [], [], []
    gold_counts = []
    patients: dict[str, int] = {}
    groups = []
    for number, gold in enumerate(notes):
        document = read_document(gold.note)
        found = linker.candidates(document)
        wanted = set(gold.codes_of(System.ICD10CM))
        gold_counts.append(len(wanted))
        order = sorted(found)
        patient = gold.note.patient_id or gold.note.id
        group = patients.setdefault(patient, len(patients))
        if order:
            rows.append(features(document, found, order, linker.facts))
        for code in order:
            labels.append(code in wanted)
            owner.append(number)
            groups.append(group)
            weight.append(1.0 if weights is None else weights[number])
            codes.append(code)
            candidate = found[code]
            selectable.append(
                convention is Convention.EVERY_MENTION
                or (candidate.dropped_by is None and is_counted(candidate, gold.note))
            )
        if (number + 1) % 50 == 0:
            log(f"coder: read {number + 1}/{len(notes)} notes")
    return Examples(
        np.vstack(rows) if rows else np.empty((0, len(FEATURES))),
        np.array(labels, dtype=np.bool_),
        np.array(weight, dtype=np.float64),
        np.array(owner, dtype=np.intp),
        np.array(groups, dtype=np.intp),
        np.array(selectable, dtype=np.bool_),
        np.array(gold_counts, dtype=np.intp),
        tuple(codes),
    )


def fit_ranker(examples: Examples, keep: NDArray[np.bool_], config: CoderConfig) -> Ranker:
    """Logistic regression on the kept rows, features scaled to unit deviation."""
    from scipy.sparse import csr_matrix, hstack
    from sklearn.linear_model import LogisticRegression

    rows = examples.rows[keep]
    scale = rows.std(axis=0)
    scale[scale == 0] = 1.0
    codes = [code for code, kept in zip(examples.codes, keep, strict=True) if kept]
    keys, place = _offset_columns(codes, examples.notes[keep])
    at = [(i, place[k]) for i, code in enumerate(codes) for k in offset_keys(code) if k in place]
    shown = csr_matrix(
        (np.full(len(at), OFFSET_SCALE), tuple(np.array(at, dtype=np.intp).reshape(-1, 2).T)),
        shape=(len(codes), len(keys)),
    )
    model = LogisticRegression(C=config.strength, max_iter=2000, random_state=config.seed)
    model.fit(
        hstack([csr_matrix(rows / scale), shown]).tocsr(),
        examples.labels[keep],
        sample_weight=examples.weights[keep],
    )
    coefficients = np.asarray(model.coef_[0])
    offsets = dict(zip(keys, (OFFSET_SCALE * coefficients[rows.shape[1] :]).tolist(), strict=True))
    return Ranker(coefficients[: rows.shape[1]], float(model.intercept_[0]), scale, offsets)


def _offset_columns(
    codes: Sequence[str], notes: NDArray[np.intp]
) -> tuple[list[str], dict[str, int]]:
    """Codes and categories that enough notes hold to learn an offset for."""
    seen: dict[str, set[int]] = {}
    for code, note in zip(codes, notes, strict=True):
        for key in offset_keys(code):
            seen.setdefault(key, set()).add(int(note))
    keys = sorted(key for key, held in seen.items() if len(held) >= OFFSET_NOTES)
    return keys, {key: i for i, key in enumerate(keys)}


def out_of_fold(examples: Examples, config: CoderConfig) -> NDArray[np.float64]:
    """Log-odds of every candidate from a ranker that never saw its patient."""
    from sklearn.model_selection import GroupKFold

    scores = np.zeros(len(examples.labels))
    folds = min(config.folds, len(np.unique(examples.groups)))
    for train, test in GroupKFold(folds).split(examples.rows, examples.labels, examples.groups):
        keep = np.zeros(len(scores), dtype=np.bool_)
        keep[train] = True
        scores[test] = fit_ranker(examples, keep, config).scores(
            examples.rows[test], [examples.codes[i] for i in test]
        )
    return scores


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


def best_threshold(confidence: NDArray[np.float64], examples: Examples) -> tuple[float, float]:
    """(threshold of best micro F1 over selectable candidates, that F1)."""
    order = np.argsort(-np.where(examples.selectable, confidence, -1.0), kind="stable")
    total = int(examples.gold.sum())
    hits, best, at = 0, 0.0, 0.5
    for n, i in enumerate(order, start=1):
        if not examples.selectable[i]:
            break
        hits += bool(examples.labels[i])
        value = 2 * hits / (n + total)
        if value > best:
            best, at = value, float(confidence[i])
    return at, best


def train_selection(examples: Examples, config: CoderConfig) -> tuple[Selection, dict[str, float]]:
    """Ranker, calibration and operating points; and the out-of-fold figures that chose them."""
    scores = out_of_fold(examples, config)
    calibration = fit_calibration(scores, examples.labels, examples.codes)
    confidence = calibration(scores, [group_of(code) for code in examples.codes])
    threshold, score = best_threshold(confidence, examples)
    chosen = examples.selectable & (confidence >= threshold)
    auto, covered = threshold_for_precision(
        confidence[chosen], examples.labels[chosen], config.auto_accept_precision
    )
    everything = np.ones(len(scores), dtype=np.bool_)
    ranker = fit_ranker(examples, everything, config)
    figures = {
        "candidates": float(len(scores)),
        "candidate_recall": float(examples.labels.sum() / max(1, examples.gold.sum())),
        "oof_micro_f1": score,
        "threshold": threshold,
        "auto_accept_threshold": auto,
        "auto_accept_share": covered / max(1, int(chosen.sum())),
    }
    return Selection(ranker, calibration, threshold, auto), figures


def as_gold(notes: Iterable[GoldNote]) -> list[GoldNote]:
    """Notes with at least one ICD-10-CM code: only these teach the ranker."""
    return [n for n in notes if n.codes_of(System.ICD10CM)]

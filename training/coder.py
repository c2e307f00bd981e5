"""Train the coder's ranker, calibration and operating points.

Examples are the candidates of gold notes: a candidate is positive if the note's
gold codes hold it. The ranker looks twice (``models/coding/ranking.py``); the second
look is fitted on first-look scores of folds that did not hold the note (stacking,
Wolpert 1992). Calibration and operating points are read off out-of-fold scores
(grouped by patient), so that no note calibrates itself, and only off notes that
nobody read while mending tables, where there are such; the ranker that ships is then
fitted on all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.schemas import Convention, GoldNote, System
from models.boosting import Trees, mean_of
from models.calibration import threshold_for_precision
from models.coding.code_groups import group_of
from models.coding.coder import Selection
from models.coding.conventions import is_counted
from models.coding.document import read_document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.ranking import LinearRanker, Ranker, offset_keys
from models.coding.rivals import Meetings
from training.calibrating import fit_calibration

Log = Callable[[str], None]
# An offset is learned for codes that this many training notes hold; it is shrunk harder than a
# feature's weight, since it rests on fewer candidates.
OFFSET_NOTES = 4
OFFSET_SCALE = 0.8


@dataclass(frozen=True)
class CoderConfig:
    folds: int = 10
    strength: float = 1.0  # inverse regularisation of the logistic regression
    trees: int = 200  # of the second look
    leaves: int = 12
    learning_rate: float = 0.05
    seeds: int = 3  # fits of the second look that ships, averaged; out of fold one is enough
    second_folds: int = 5
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
    unread: NDArray[np.bool_]  # by note: nobody read it while mending tables
    meetings: tuple[Meetings, ...]  # by note
    codes: tuple[str, ...]

    def with_rivals(self, first: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows with the features of the second look, from first-look scores [n]."""
        ends = np.searchsorted(self.notes, np.arange(len(self.gold)), side="right")
        parts = np.split(first, ends[:-1])
        looked = [m.features(scores) for m, scores in zip(self.meetings, parts, strict=True)]
        return np.hstack([self.rows, np.vstack(looked)])

    @property
    def judging(self) -> NDArray[np.bool_]:
        """Notes to calibrate on: the unread ones, or all where there are none."""
        return self.unread if self.unread.any() else np.ones(len(self.gold), dtype=np.bool_)


def make_examples(
    linker: Linker,
    notes: Sequence[GoldNote],
    convention: Convention,
    log: Log,
    weights: Sequence[float] | None = None,
    unread: Collection[str] = (),
) -> Examples:
    """Run the stages before the ranker over gold notes.

    Args:
        unread: ids of notes that nobody read while mending tables.
    """
    rows, labels, owner, selectable, codes, weight = [], [], [], [], [], []
    meetings = []
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
        meetings.append(Meetings.of(found, order))
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
        np.array([gold.note.id in unread for gold in notes], dtype=np.bool_),
        tuple(meetings),
        tuple(codes),
    )


def fit_linear(examples: Examples, keep: NDArray[np.bool_], config: CoderConfig) -> LinearRanker:
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
    return LinearRanker(coefficients[: rows.shape[1]], float(model.intercept_[0]), scale, offsets)


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


def fit_trees(
    rows: NDArray[np.float64],
    examples: Examples,
    keep: NDArray[np.bool_],
    config: CoderConfig,
    seeds: int = 1,
) -> Trees:
    """Boosted trees over the kept rows of :meth:`Examples.with_rivals`, the mean of ``seeds``."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    models = [
        HistGradientBoostingClassifier(
            max_iter=config.trees,
            learning_rate=config.learning_rate,
            max_leaf_nodes=config.leaves,
            min_samples_leaf=20,
            l2_regularization=5.0,
            max_features=0.3,
            early_stopping=False,
            random_state=config.seed + i,
        ).fit(rows[keep], examples.labels[keep], sample_weight=examples.weights[keep])
        for i in range(seeds)
    ]
    return mean_of(models, rows.shape[1])


def _folds(examples: Examples, wanted: int) -> Iterator[tuple[NDArray[np.bool_], Any]]:
    """(rows to fit on, rows to score), grouped by patient."""
    from sklearn.model_selection import GroupKFold

    folds = min(wanted, len(np.unique(examples.groups)))
    for train, test in GroupKFold(folds).split(examples.rows, examples.labels, examples.groups):
        keep = np.zeros(len(examples.labels), dtype=np.bool_)
        keep[train] = True
        yield keep, test


def out_of_fold(examples: Examples, config: CoderConfig) -> NDArray[np.float64]:
    """First-look log-odds of every candidate from a ranker that never saw its patient."""
    scores = np.zeros(len(examples.labels))
    for keep, test in _folds(examples, config.folds):
        scores[test] = fit_linear(examples, keep, config).scores(
            examples.rows[test], [examples.codes[i] for i in test]
        )
    return scores


def second_out_of_fold(
    rows: NDArray[np.float64], examples: Examples, config: CoderConfig
) -> NDArray[np.float64]:
    """Second-look log-odds of every candidate from trees that never saw its patient."""
    scores = np.zeros(len(examples.labels))
    for keep, test in _folds(examples, config.second_folds):
        scores[test] = fit_trees(rows, examples, keep, config)(rows[test])
    return scores


def best_threshold(confidence: NDArray[np.float64], examples: Examples) -> tuple[float, float]:
    """(threshold of best micro F1 over selectable candidates of judging notes, that F1)."""
    judged = examples.judging[examples.notes]
    order = np.argsort(-np.where(examples.selectable & judged, confidence, -1.0), kind="stable")
    total = int(examples.gold[examples.judging].sum())
    hits, best, at = 0, 0.0, 0.5
    for n, i in enumerate(order, start=1):
        if not (examples.selectable[i] and judged[i]):
            break
        hits += bool(examples.labels[i])
        value = 2 * hits / (n + total)
        if value > best:
            best, at = value, float(confidence[i])
    return at, best


def train_selection(examples: Examples, config: CoderConfig) -> tuple[Selection, dict[str, float]]:
    """Ranker, calibration and operating points; and the out-of-fold figures that chose them."""
    first = out_of_fold(examples, config)
    rows = examples.with_rivals(first)
    scores = second_out_of_fold(rows, examples, config)
    judged = examples.judging[examples.notes]
    calibration = fit_calibration(
        scores[judged],
        examples.labels[judged],
        [c for c, j in zip(examples.codes, judged, strict=True) if j],
    )
    confidence = calibration(scores, [group_of(code) for code in examples.codes])
    threshold, score = best_threshold(confidence, examples)
    chosen = examples.selectable & judged & (confidence >= threshold)
    auto, covered = threshold_for_precision(
        confidence[chosen], examples.labels[chosen], config.auto_accept_precision
    )
    everything = np.ones(len(scores), dtype=np.bool_)
    ranker = Ranker(
        fit_linear(examples, everything, config),
        fit_trees(rows, examples, everything, config, config.seeds),
    )
    figures = {
        "candidates": float(len(scores)),
        "candidate_recall": float(examples.labels.sum() / max(1, examples.gold.sum())),
        "judging_notes": float(examples.judging.sum()),
        "judging_candidate_recall": float(
            examples.labels[judged].sum() / max(1, examples.gold[examples.judging].sum())
        ),
        "oof_micro_f1": score,
        "threshold": threshold,
        "auto_accept_threshold": auto,
        "auto_accept_share": covered / max(1, int(chosen.sum())),
    }
    return Selection(ranker, calibration, threshold, auto), figures


def as_gold(notes: Iterable[GoldNote]) -> list[GoldNote]:
    """Notes with at least one ICD-10-CM code: only these teach the ranker."""
    return [n for n in notes if n.codes_of(System.ICD10CM)]

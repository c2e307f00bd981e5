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

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.calibration import threshold_for_precision
from models.coding.code_groups import group_of
from models.coding.ranking import Ranker
from models.coding.selection import Selection
from training.calibrating import fit_calibration
from training.coder_examples import Examples
from training.coder_fit import CoderConfig, fit_linear, fit_trees, fit_words


def _folds(examples: Examples, wanted: int) -> Iterator[tuple[NDArray[np.bool_], Any]]:
    """(rows to fit on, rows to score), grouped by patient."""
    from sklearn.model_selection import GroupKFold

    folds = min(wanted, len(np.unique(examples.groups)))
    for train, test in GroupKFold(folds).split(examples.rows, examples.labels, examples.groups):
        keep = np.zeros(len(examples.labels), dtype=np.bool_)
        keep[train] = True
        yield keep, test


def words_out_of_fold(examples: Examples, config: CoderConfig) -> NDArray[np.float64]:
    """The words' log-odds of every candidate from a model that never saw its patient."""
    scores = np.zeros(len(examples.labels))
    for keep, test in _folds(examples, config.folds):
        scores[test] = fit_words(examples, keep, config).scores([examples.words[i] for i in test])
    return scores


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
    rows = examples.second_rows(first, words_out_of_fold(examples, config))
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
        fit_words(examples, everything, config),
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

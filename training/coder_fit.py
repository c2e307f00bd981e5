"""Fit the parts of the coder's ranker on examples: linear, words, trees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.boosting import Trees, mean_of
from models.coding.ranking import LinearRanker, offset_keys
from models.coding.surroundings import WIDTH, WordsModel
from training.coder_examples import Examples

# An offset is learned for codes that this many training notes hold; it is shrunk harder than a
# feature's weight, since it rests on fewer candidates.
OFFSET_NOTES = 4
OFFSET_SCALE = 0.8


@dataclass(frozen=True)
class CoderConfig:
    folds: int = 10
    strength: float = 1.0  # inverse regularisation of the logistic regression
    words_strength: float = 0.03  # the same of the one over words
    trees: int = 200  # of the second look
    leaves: int = 12
    learning_rate: float = 0.05
    seeds: int = 3  # fits of the second look that ships, averaged; out of fold one is enough
    second_folds: int = 10
    auto_accept_precision: float = 0.95
    seed: int = 20260401


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
    """Boosted trees over the kept rows of :meth:`Examples.second_rows`, the mean of ``seeds``."""
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


def fit_words(examples: Examples, keep: NDArray[np.bool_], config: CoderConfig) -> WordsModel:
    """Logistic regression on the hashed surroundings of the kept candidates."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    kept = [row for row, k in zip(examples.words, keep, strict=True) if k]
    ends = np.cumsum([0, *(len(row) for row in kept)])
    indices = np.concatenate(kept)
    table = csr_matrix((np.ones(len(indices)), indices, ends), shape=(len(kept), WIDTH))
    model = LogisticRegression(
        C=config.words_strength, solver="liblinear", random_state=config.seed
    )
    model.fit(table, examples.labels[keep], sample_weight=examples.weights[keep])
    return WordsModel(model.coef_[0].astype(np.float32), float(model.intercept_[0]))

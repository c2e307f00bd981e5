"""The bag-of-words baseline: TF-IDF and one logistic regression a code, on the same split."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from data.schemas import GoldNote, System
from models.metrics import CodedNote, micro

FOLDS = 3
FEATURES = 30_000
LISTED = 100


def bag_of_words(
    train: Sequence[GoldNote], test: Sequence[GoldNote], system: System = System.ICD10CM
) -> list[CodedNote]:
    """Train on one part, code the other; the threshold is chosen by cross-validation in train."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import KFold

    codes = sorted({c for n in train for c in n.codes_of(system)})
    place = {c: i for i, c in enumerate(codes)}
    labels = np.zeros((len(train), len(codes)), dtype=np.int8)
    for row, note in zip(labels, train, strict=True):
        row[[place[c] for c in note.codes_of(system)]] = 1
    texts = [n.note.text for n in train]

    def fit_predict(rows: Sequence[int], queries: Sequence[str]) -> NDArray[np.float64]:
        vectors = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), max_features=FEATURES)
        known = vectors.fit_transform([texts[i] for i in rows])
        asked = vectors.transform(list(queries))
        out = np.zeros((len(queries), len(codes)))
        for column in range(len(codes)):
            wanted = labels[list(rows), column]
            if 0 < wanted.sum() < len(wanted):
                model = LogisticRegression(C=10.0, solver="liblinear").fit(known, wanted)
                out[:, column] = model.predict_proba(asked)[:, 1]
        return out

    folded = np.zeros(labels.shape)
    folds = min(FOLDS, len(train))
    for fit, hold in KFold(folds, shuffle=True, random_state=1).split(texts):
        folded[hold] = fit_predict(fit, [texts[i] for i in hold])
    grid = np.linspace(0.02, 0.6, 30)
    scores = [micro(_coded(train, folded, codes, system, t))[2] for t in grid]
    threshold = float(grid[int(np.argmax(scores))])
    probabilities = fit_predict(range(len(train)), [n.note.text for n in test])
    return _coded(test, probabilities, codes, system, threshold)


def _coded(
    notes: Sequence[GoldNote],
    probabilities: NDArray[np.float64],
    codes: Sequence[str],
    system: System,
    threshold: float,
) -> list[CodedNote]:
    out = []
    for note, row in zip(notes, probabilities, strict=True):
        order = np.argsort(-row, kind="stable")[:LISTED]
        ranking = tuple((codes[i], float(row[i])) for i in order)
        out.append(
            CodedNote(
                gold=frozenset(note.codes_of(system)),
                selected=frozenset(c for c, p in ranking if p >= threshold),
                ranking=ranking,
                evidence={},
                gold_evidence={},
            )
        )
    return out

"""The ranker: would a coder report this candidate?

It looks twice. First a logistic regression over :data:`~models.coding.features.FEATURES`
scores each candidate by itself, with an offset for each code and category that training
saw often enough (some codes are reported nearly always when a note holds them, others
hardly ever), and another weighs the words around it (:mod:`models.coding.surroundings`).
Then boosted trees see the same features beside both scores and the first scores of the
candidate's rivals (:mod:`models.coding.rivals`). Kept as JSON and ``npz``, evaluated with
numpy; trained by ``training/coder.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.boosting import Trees
from models.coding.document import Document
from models.coding.features import FEATURES
from models.coding.occurrences import Candidates
from models.coding.rivals import RIVAL_FEATURES, Meetings
from models.coding.surroundings import WordsModel, surroundings


class LinearRanker:
    """The first look: log-odds that a coder reports the candidate.

    Args:
        weights: one for each feature, of features divided by ``scale``.
        offsets: log-odds added for a code (``"I10"``, ``"E11.9"``) and for its category.
    """

    def __init__(
        self,
        weights: NDArray[np.float64],
        intercept: float,
        scale: NDArray[np.float64],
        offsets: Mapping[str, float] | None = None,
    ) -> None:
        if weights.shape != (len(FEATURES),) or scale.shape != (len(FEATURES),):
            raise ValueError(
                f"ranker: {weights.shape[0]} weights for {len(FEATURES)} features; "
                "the bundle was made by another version: retrain it"
            )
        self.weights, self.intercept, self.scale = weights, intercept, scale
        self.offsets = dict(offsets or {})

    def scores(self, rows: NDArray[np.float64], codes: Sequence[str]) -> NDArray[np.float64]:
        """Log-odds, shape [n], of candidates with feature rows [n, features]."""
        linear = (rows / self.scale) @ self.weights + self.intercept
        known = [sum(self.offsets.get(key, 0.0) for key in offset_keys(code)) for code in codes]
        return np.asarray(linear + np.array(known, dtype=np.float64), dtype=np.float64)

    def save(self, path: Path) -> None:
        weights = {
            n: [float(w), float(s)]
            for n, w, s in zip(FEATURES, self.weights, self.scale, strict=True)
        }
        raw = {"intercept": self.intercept, "features": weights, "offsets": self.offsets}
        path.write_text(json.dumps(raw, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, path: Path) -> LinearRanker:
        raw = json.loads(path.read_text("utf-8"))
        missing = set(FEATURES) ^ set(raw["features"])
        if missing:
            raise ValueError(
                f"ranker: features {sorted(missing)[:4]} are not this version's; retrain the bundle"
            )
        pairs = np.array([raw["features"][n] for n in FEATURES], dtype=np.float64)
        offsets = {str(k): float(v) for k, v in raw.get("offsets", {}).items()}
        return cls(pairs[:, 0], float(raw["intercept"]), pairs[:, 1], offsets)


@dataclass(frozen=True)
class Beside:
    """Who meets whom among a note's candidates, and what the words around each say, [n]."""

    meetings: Meetings
    words: NDArray[np.float64]


@dataclass(frozen=True)
class Ranker:
    """Both looks."""

    first: LinearRanker
    words: WordsModel
    second: Trees

    def __post_init__(self) -> None:
        wanted = len(FEATURES) + len(RIVAL_FEATURES) + 1
        if self.second.width != wanted:
            raise ValueError(
                f"ranker: its trees read {self.second.width} features, not {wanted}; "
                "retrain the bundle"
            )

    def beside(self, document: Document, found: Candidates, codes: Sequence[str]) -> Beside:
        """What the second look reads of a note beside the features of its candidates."""
        words = self.words.scores(surroundings(document, found, codes))
        return Beside(Meetings.of(found, codes), words)

    def scores(
        self, rows: NDArray[np.float64], codes: Sequence[str], beside: Beside
    ) -> NDArray[np.float64]:
        """Log-odds before calibration, shape [n], of all candidates of a note.

        Args:
            rows: their features, shape [n, features].
            beside: of the same codes, in their order.
        """
        first = self.first.scores(rows, codes)
        rivals = beside.meetings.features(first)
        return self.second(np.hstack([rows, rivals, beside.words[:, None]]))

    def save(self, folder: Path) -> None:
        """Write ``ranker.json``, ``words.npz`` and ``trees.onnx``."""
        self.first.save(folder / "ranker.json")
        self.words.save(folder / "words.npz")
        self.second.save(folder / "trees.onnx")

    @classmethod
    def load(cls, folder: Path) -> Ranker:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: the files are another version's or do not fit together.
        """
        for name in ("words.npz", "trees.onnx"):
            if not (folder / name).exists():
                raise ValueError(f"ranker: {name} is missing; retrain the bundle")
        return cls(
            LinearRanker.load(folder / "ranker.json"),
            WordsModel.load(folder / "words.npz"),
            Trees.load(folder / "trees.onnx"),
        )


def offset_keys(code: str) -> tuple[str, ...]:
    """What a code may have an offset under: its category (``"E11-"``) and itself."""
    return f"{code[:3]}-", code

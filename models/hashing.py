"""Linear models over hashed words (Weinberger 2009): features too many to be named.

A feature is a string ("before1 start", "section plan"); it holds or it does not. Trained by
``training``; a bundle keeps the weights as ``npz`` without pickle.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MIX = 0x9E3779B1  # spreads a hash before another is joined to it (Knuth 6.4)


def hash_word(word: str) -> int:
    """32-bit hash, the same in every process."""
    return zlib.crc32(word.encode())


def join(hashes: NDArray[np.int64], other: int) -> NDArray[np.int64]:
    """Hashes of each feature together with another one."""
    return (hashes * _MIX + other) & 0xFFFFFFFF


def places(features: Iterable[str], width: int) -> NDArray[np.int64]:
    """Indices below ``width`` of the features that hold, each once, shape [n]."""
    hashes = np.fromiter((hash_word(f) for f in features), dtype=np.int64)
    return np.unique(hashes % width)


@dataclass(frozen=True)
class HashedModel:
    """Log-odds or logits of ``labels``.

    Attributes:
        labels: what is told apart; a single one is against its absence.
        weights: shape [labels, width].
        intercept: shape [labels].
    """

    labels: tuple[str, ...]
    weights: NDArray[np.float32]
    intercept: NDArray[np.float64]

    def __post_init__(self) -> None:
        n = len(self.labels)
        if self.weights.ndim != 2 or self.weights.shape[0] != n or self.intercept.shape != (n,):
            raise ValueError(
                f"hashed model: {self.weights.shape} weights for {n} labels; retrain the bundle"
            )

    @property
    def width(self) -> int:
        return int(self.weights.shape[1])

    def logits(self, rows: Sequence[Iterable[str]]) -> NDArray[np.float64]:
        """Logits, shape [rows, labels]."""
        out = np.empty((len(rows), len(self.labels)))
        for i, row in enumerate(rows):
            out[i] = self.weights[:, places(row, self.width)].sum(axis=1) + self.intercept
        return out

    def probabilities(self, rows: Sequence[Iterable[str]]) -> NDArray[np.float64]:
        """Probabilities, shape [rows, labels]: a softmax, or a sigmoid for a single label."""
        logits = self.logits(rows)
        if len(self.labels) == 1:
            return np.asarray(1.0 / (1.0 + np.exp(-logits)))
        logits -= logits.max(axis=1, keepdims=True)
        scaled = np.exp(logits)
        return np.asarray(scaled / scaled.sum(axis=1, keepdims=True))

    def save(self, path: Path) -> None:
        """Write as ``npz``; half precision is ample for a sum of a hundred weights."""
        np.savez_compressed(
            path,
            labels=np.array(self.labels),
            weights=self.weights.astype(np.float16),
            intercept=self.intercept,
        )

    @classmethod
    def load(cls, path: Path) -> HashedModel:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: it holds something else.
        """
        with np.load(path, allow_pickle=False) as raw:
            if {"labels", "weights", "intercept"} - set(raw):
                raise ValueError(f"{path.name}: no hashed model; retrain the bundle")
            labels = tuple(str(x) for x in raw["labels"])
            return cls(labels, raw["weights"].astype(np.float32), raw["intercept"])

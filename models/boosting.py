"""Boosted decision trees, evaluated with numpy from plain arrays.

Fitted by scikit-learn's ``HistGradientBoostingClassifier`` in training; a bundle holds
the nodes as arrays without pickle, and serving needs no scikit-learn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Trees:
    """A sum of regression trees over one feature row: log-odds.

    Attributes:
        feature, left, right: by node, shape [nodes]; a leaf is its own child on both sides.
        threshold: a row goes left where its feature is at most this, shape [nodes].
        value: what a leaf adds, shape [nodes].
        roots: the first node of each tree, shape [trees].
        baseline: log-odds before any tree.
        width: number of features of a row.
    """

    feature: NDArray[np.int32]
    threshold: NDArray[np.float64]
    left: NDArray[np.int32]
    right: NDArray[np.int32]
    value: NDArray[np.float64]
    roots: NDArray[np.int32]
    baseline: float
    width: int

    def __post_init__(self) -> None:
        nodes = len(self.feature)
        for name in ("threshold", "left", "right", "value"):
            if getattr(self, name).shape != (nodes,):
                raise ValueError(f"trees: {name} must hold one entry for each of {nodes} nodes")
        for name in ("left", "right", "roots"):
            at = getattr(self, name)
            if at.size and (at.min() < 0 or at.max() >= nodes):
                raise ValueError(f"trees: {name} points outside the {nodes} nodes")
        if nodes and (self.feature.min() < 0 or self.feature.max() >= self.width):
            raise ValueError(f"trees: a node asks for a feature outside the {self.width}")

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds, shape [n], of rows [n, width].

        Raises:
            ValueError: the rows have another number of features.
        """
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"trees: rows must have {self.width} features, not {rows.shape}")
        # One flat array of rows and nodes: taking by a flat index is what makes this fast.
        flat = np.ascontiguousarray(rows).ravel()
        at = np.tile(self.roots, len(rows))
        line = np.repeat(np.arange(len(rows)) * self.width, len(self.roots))
        open_ = np.arange(len(at))
        while len(open_):
            node = at[open_]
            goes_left = flat.take(line[open_] + self.feature.take(node)) <= self.threshold.take(
                node
            )
            below = np.where(goes_left, self.left.take(node), self.right.take(node))
            at[open_] = below
            open_ = open_[below != node]  # a leaf is its own child
        sums = self.value.take(at).reshape(len(rows), len(self.roots)).sum(axis=1)
        return np.asarray(sums + self.baseline, dtype=np.float64)

    def save(self, path: Path) -> None:
        """Write the arrays as ``npz`` without pickle."""
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        np.savez_compressed(
            path, baseline=np.float64(self.baseline), width=np.int64(self.width), **arrays
        )

    @classmethod
    def load(cls, path: Path) -> Trees:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: the arrays do not fit together.
        """
        with np.load(path, allow_pickle=False) as raw:
            return cls(
                **{name: raw[name] for name in _ARRAYS},
                baseline=float(raw["baseline"]),
                width=int(raw["width"]),
            )


_ARRAYS = ("feature", "threshold", "left", "right", "value", "roots")


def mean_of(models: Sequence[Any], width: int) -> Trees:
    """The mean of fitted ``HistGradientBoostingClassifier`` models of two classes, as one sum.

    Their nodes are read from the private ``_predictors``, as converters do; a test holds the
    parity with ``decision_function``.
    """
    feature, threshold, left, right, value, roots = [], [], [], [], [], []
    base = 0
    for model in models:
        for (tree,) in model._predictors:
            nodes = tree.nodes
            own = np.arange(len(nodes), dtype=np.int64)
            leaf = nodes["is_leaf"].astype(bool)
            feature.append(np.where(leaf, 0, nodes["feature_idx"]))
            threshold.append(np.where(leaf, 0.0, nodes["num_threshold"]))
            left.append(np.where(leaf, own, nodes["left"]) + base)
            right.append(np.where(leaf, own, nodes["right"]) + base)
            value.append(nodes["value"] / len(models))
            roots.append(base)
            base += len(nodes)
    baseline = float(np.mean([np.ravel(model._baseline_prediction)[0] for model in models]))
    return Trees(
        np.concatenate(feature).astype(np.int32),
        np.concatenate(threshold).astype(np.float64),
        np.concatenate(left).astype(np.int32),
        np.concatenate(right).astype(np.int32),
        np.concatenate(value).astype(np.float64),
        np.array(roots, dtype=np.int32),
        baseline,
        width,
    )

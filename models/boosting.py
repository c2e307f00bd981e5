"""Boosted decision trees, kept and evaluated as an ONNX model.

Fitted by scikit-learn's ``HistGradientBoostingClassifier`` in training; a bundle holds no
pickle, and onnxruntime evaluates the trees many times faster than numpy can.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.inference import open_session

ML_OPSET = 3  # the first whose trees take double precision


class Trees:
    """A sum of regression trees over one feature row: log-odds.

    Attributes:
        width: number of features of a row.
    """

    def __init__(self, model: bytes) -> None:
        """Open a serialized ONNX model.

        Raises:
            ValueError: it is none, or its input is no row of features.
        """
        self._model = model
        self._session = open_session(model, "trees")
        shape = self._session.get_inputs()[0].shape
        if len(shape) != 2 or not isinstance(shape[1], int):
            raise ValueError(f"trees: rows must be [n, features], the model takes {shape}")
        self.width: int = shape[1]

    def __call__(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds, shape [n], of rows [n, width].

        Raises:
            ValueError: the rows have another number of features.
        """
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise ValueError(f"trees: rows must have {self.width} features, not {rows.shape}")
        if not len(rows):
            return np.empty(0)
        (scores,) = self._session.run(["log_odds"], {"rows": np.ascontiguousarray(rows, float)})
        return np.asarray(scores[:, 0], dtype=np.float64)

    def save(self, path: Path) -> None:
        path.write_bytes(self._model)

    @classmethod
    def load(cls, path: Path) -> Trees:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: the file holds no such model.
        """
        return cls(path.read_bytes())


def mean_of(models: Sequence[Any], width: int) -> Trees:
    """The mean of fitted ``HistGradientBoostingClassifier`` models of two classes, as one sum.

    Their nodes are read from the private ``_predictors``, as converters do; a test holds the
    parity with ``decision_function``.
    """
    from onnx import TensorProto, helper

    nodes: dict[str, list[Any]] = {}
    leaves: dict[str, list[Any]] = {}
    trees = [tree.nodes for model in models for (tree,) in model._predictors]
    for number, tree in enumerate(trees):
        leaf = tree["is_leaf"].astype(bool)
        own = np.arange(len(tree))
        columns = {
            "nodes_treeids": np.full(len(tree), number),
            "nodes_nodeids": own,
            "nodes_featureids": np.where(leaf, 0, tree["feature_idx"]),
            "nodes_modes": np.where(leaf, "LEAF", "BRANCH_LEQ"),
            "nodes_values_as_tensor": np.where(leaf, 0.0, tree["num_threshold"]),
            "nodes_truenodeids": np.where(leaf, 0, tree["left"]),
            "nodes_falsenodeids": np.where(leaf, 0, tree["right"]),
        }
        for name, column in columns.items():
            nodes.setdefault(name, []).extend(column.tolist())
        weights = {
            "target_treeids": np.full(leaf.sum(), number),
            "target_nodeids": own[leaf],
            "target_ids": np.zeros(leaf.sum(), dtype=int),
            "target_weights_as_tensor": tree["value"][leaf] / len(models),
        }
        for name, column in weights.items():
            leaves.setdefault(name, []).extend(column.tolist())
    baseline = float(np.mean([np.ravel(model._baseline_prediction)[0] for model in models]))
    attributes: dict[str, Any] = {**nodes, **leaves, "base_values_as_tensor": [baseline]}
    for name in [name for name in attributes if name.endswith("_as_tensor")]:
        values = attributes[name]
        attributes[name] = helper.make_tensor(name, TensorProto.DOUBLE, [len(values)], values)
    graph = helper.make_graph(
        [
            helper.make_node(
                "TreeEnsembleRegressor", ["rows"], ["log_odds"], domain="ai.onnx.ml",
                n_targets=1, **attributes,
            )
        ],
        "boosted trees",
        [helper.make_tensor_value_info("rows", TensorProto.DOUBLE, ["n", width])],
        [helper.make_tensor_value_info("log_odds", TensorProto.FLOAT, ["n", 1])],
    )  # fmt: skip
    opsets = [helper.make_opsetid("ai.onnx.ml", ML_OPSET), helper.make_opsetid("", 17)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return Trees(model.SerializeToString())

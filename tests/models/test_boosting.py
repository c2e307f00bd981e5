"""Trees as a model: parity with scikit-learn, the disk, and files that do not hold."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.ensemble import HistGradientBoostingClassifier

from models.boosting import Trees, mean_of
from models.bundle import SHIPPED

WIDTH = 5


def fitted(seed: int) -> HistGradientBoostingClassifier:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(600, WIDTH)).round(2)
    labels = rows[:, 0] * rows[:, 1] + 0.3 * rng.normal(size=600) > 0
    model = HistGradientBoostingClassifier(max_iter=25, max_leaf_nodes=7, random_state=seed)
    return model.fit(rows, labels)


MODELS = [fitted(1), fitted(2)]
TREES = mean_of(MODELS, WIDTH)


@settings(max_examples=60)
@given(arrays(np.float64, (7, WIDTH), elements=st.floats(-5, 5)))
def test_sum_is_scikit_learns_mean(rows: np.ndarray) -> None:
    wanted = np.mean([model.decision_function(rows) for model in MODELS], axis=0)
    np.testing.assert_allclose(TREES(rows), wanted, atol=1e-5)


def test_saved_and_loaded_trees_are_the_same(tmp_path: Path) -> None:
    TREES.save(tmp_path / "trees.onnx")
    again = Trees.load(tmp_path / "trees.onnx")
    rows = np.random.default_rng(3).normal(size=(40, WIDTH))
    assert np.array_equal(TREES(rows), again(rows))
    assert TREES(rows[:0]).shape == (0,)


def test_rows_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="must have 5 features"):
        TREES(np.zeros((2, WIDTH + 1)))


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    (tmp_path / "trees.onnx").write_bytes(b"not a model")
    with pytest.raises(ValueError, match="trees: no ONNX model"):
        Trees.load(tmp_path / "trees.onnx")


def test_a_model_that_takes_no_rows_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows must be \[n, features\]"):
        Trees.load(SHIPPED / "linker" / "encoder.onnx")

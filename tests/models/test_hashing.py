"""Linear models over hashed words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.hashing import HashedModel, hash_word, join, places

WIDTH = 64
WORDS = st.lists(st.text(max_size=12), max_size=20)


def model(*labels: str, seed: int = 1) -> HashedModel:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(len(labels), WIDTH)).astype(np.float16).astype(np.float32)
    return HashedModel(labels, weights, rng.normal(size=len(labels)))


def test_a_words_hash_is_the_same_in_another_process(root: Path) -> None:
    code = "from models.hashing import hash_word; print(hash_word('before1 start'))"
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True
    )
    assert int(said.stdout) == hash_word("before1 start") == 1_595_571_655


@given(words=WORDS)
def test_places_are_each_once_in_order_and_inside(words: list[str]) -> None:
    found = places(words, WIDTH)
    assert sorted(set(found.tolist())) == found.tolist()
    assert set(found.tolist()) == {hash_word(w) % WIDTH for w in words}
    np.testing.assert_array_equal(places([*reversed(words), *words], WIDTH), found)


def test_joined_hashes_stay_in_32_bits_and_depend_on_both() -> None:
    hashes = np.array([hash_word("a"), hash_word("b"), 0xFFFFFFFF], dtype=np.int64)
    one, two = join(hashes, hash_word("x")), join(hashes, hash_word("y"))
    assert ((one >= 0) & (one <= 0xFFFFFFFF)).all()
    assert len({*one.tolist(), *two.tolist()}) == 6


def test_a_feature_counts_once_and_adds_its_weight() -> None:
    made = model("a", "b")
    once = made.logits([["x"], ["x", "x"], []])
    np.testing.assert_allclose(once[0], once[1])
    np.testing.assert_allclose(once[2], made.intercept)
    np.testing.assert_allclose(once[0], made.intercept + made.weights[:, hash_word("x") % WIDTH])


@given(rows=st.lists(WORDS, max_size=4), several=st.booleans())
def test_probabilities_are_such_and_keep_the_order_of_logits(
    rows: list[list[str]], several: bool
) -> None:
    made = model("a", "b", "c") if several else model("a")
    found, logits = made.probabilities(rows), made.logits(rows)
    assert found.shape == (len(rows), len(made.labels))
    assert ((found >= 0) & (found <= 1)).all()
    if several:
        np.testing.assert_allclose(found.sum(axis=1), 1)
        if rows:
            np.testing.assert_array_equal(found.argmax(axis=1), logits.argmax(axis=1))
    else:
        np.testing.assert_allclose(np.log(found / (1 - found)), logits, atol=1e-6)


def test_great_logits_do_not_overflow() -> None:
    made = HashedModel(("a", "b"), np.full((2, WIDTH), 3e4, np.float32), np.array([900.0, 0.0]))
    np.testing.assert_allclose(made.probabilities([["x", "y"]]), [[1.0, 0.0]])


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    made = model("performed", "ordered")
    made.save(tmp_path / "m.npz")
    again = HashedModel.load(tmp_path / "m.npz")
    assert again.labels == made.labels
    np.testing.assert_array_equal(again.weights, made.weights)
    np.testing.assert_array_equal(again.intercept, made.intercept)


def test_something_else_is_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", labels=np.array(["a"]), weights=np.zeros((1, 4)))
    with pytest.raises(ValueError, match="no hashed model; retrain"):
        HashedModel.load(tmp_path / "m.npz")
    with pytest.raises(ValueError, match="for 2 labels"):
        HashedModel(("a", "b"), np.zeros((1, 4), np.float32), np.zeros(2))
    with pytest.raises(ValueError, match="for 1 labels"):
        HashedModel(("a",), np.zeros((1, 4), np.float32), np.zeros(2))

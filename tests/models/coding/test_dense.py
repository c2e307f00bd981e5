"""The dense encoder: unit vectors, one by one or together, and the release they stand for."""

from __future__ import annotations

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from data.terminology.icd10cm import Release
from models.bundle import SHIPPED
from models.coding.coder import Coder
from models.coding.dense import BATCH, DenseRetriever, indexed_texts

FOLDER = SHIPPED / "linker"
TEXTS = ["gout", "acute myocardial infarction of the inferior wall", "", "👩‍⚕️ heart", "gout"]


@pytest.fixture(scope="module")
def dense() -> DenseRetriever:
    return DenseRetriever.open(FOLDER)


def test_vectors_have_unit_length(dense: DenseRetriever) -> None:
    vectors = dense.encode(TEXTS)
    assert vectors.shape[0] == len(TEXTS)
    assert vectors.dtype == np.float32
    assert np.linalg.norm(vectors, axis=1) == pytest.approx(np.ones(len(TEXTS)), abs=1e-3)
    assert dense.encode([]).shape[0] == 0


def test_batch_gives_what_single_gives(dense: DenseRetriever) -> None:
    # int8 activations are quantised over a batch, so "the same" is a cosine, not equality.
    together = dense.encode(TEXTS)
    alone = np.vstack([dense.encode([text]) for text in TEXTS])
    assert (together * alone).sum(axis=1).min() > 0.97
    assert together[0] == pytest.approx(together[4], abs=1e-5)


def test_order_of_many_texts_is_kept(dense: DenseRetriever) -> None:
    texts = ["fracture of radius" if i % 2 else "gout" for i in range(BATCH + 10)]
    vectors = dense.encode(texts)
    assert (vectors[::2] @ vectors[0]).min() > 0.97
    assert (vectors[1::2] @ vectors[0]).max() < 0.9


def test_nearest_is_sorted_and_cut(dense: DenseRetriever, release: Release) -> None:
    codes = indexed_texts(release)[1]
    found = dense.nearest(["essential hypertension"] * (BATCH + 3), 6, 0.5)
    assert len(found) == BATCH + 3
    for near in found:
        cosines = [cosine for _, cosine in near]
        assert len(near) == 6
        assert cosines == sorted(cosines, reverse=True)
        assert 0.5 <= cosines[-1] <= cosines[0] <= 1.05
    assert codes[found[0][0][0]] == codes[found[-1][0][0]] == "I10"


def test_nothing_below_the_floor(dense: DenseRetriever) -> None:
    assert dense.nearest(["essential hypertension"], 6, 1.2) == [[]]


def test_scores_of_a_long_list_are_made_in_parts(
    dense: DenseRetriever, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes: list[int] = []
    encode = dense.encode
    monkeypatch.setattr(dense, "encode", lambda texts: (sizes.append(len(texts)), encode(texts))[1])
    dense.nearest(["gout"] * (2 * BATCH + 1), 3, 0.6)
    assert sizes == [BATCH, BATCH, 1]


def test_saved_copy_says_the_same(dense: DenseRetriever, tmp_path: Path) -> None:
    shutil.copytree(FOLDER, tmp_path / "copy")
    again = DenseRetriever.open(tmp_path / "copy")
    assert np.array_equal(dense.encode(TEXTS), again.encode(TEXTS))


def test_encoder_without_vectors_finds_nothing(tmp_path: Path, release: Release) -> None:
    for name in ("encoder.onnx", "tokenizer.json"):
        shutil.copy(FOLDER / name, tmp_path / name)
    bare = DenseRetriever.open(tmp_path)
    assert not bare.matches(release)
    assert bare.nearest(["gout"], 3, 0.0) == [[]]


def test_missing_encoder_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"encoder\.onnx"):
        DenseRetriever.open(tmp_path)


def test_release_that_does_not_match_its_vectors_gets_none(
    dense: DenseRetriever, release: Release, shipped_coder: Coder
) -> None:
    assert dense.matches(release)
    few = {code: node for code, node in release.nodes.items() if code[0] == "A"}
    other = dataclasses.replace(release, name="2025-10", nodes=few)
    assert not dense.matches(other)
    fresh = Coder("b", [release, other], {}, dense)
    assert fresh.linker_for(other).retriever._dense is None
    assert shipped_coder.linker_for(release).retriever._dense is not None


def test_every_indexed_text_has_a_code_of_the_release(release: Release) -> None:
    texts, codes = indexed_texts(release)
    assert len(texts) == len(codes) > 40_000
    assert all(code in release for code in codes)
    assert not [c for c in codes if len(c) > 7 and release.nodes[c].seventh]

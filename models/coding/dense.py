"""Dense retrieval: a phrase and every code description as unit vectors.

The encoder is a small transformer exported to ONNX int8 (trained by
``training/linker.py``); ``vectors.onnx`` holds one int8 vector for every text of
:func:`indexed_texts`, in that order, and the search among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.terminology.icd10cm import Release
from models.inference import TextEncoder, open_session

MAX_TOKENS = 32
BATCH = 128
VECTORS = "vectors.onnx"
ROWS = "rows"  # where the model says how many vectors it holds
INT8 = 127


def indexed_texts(release: Release) -> tuple[list[str], list[str]]:
    """The texts that have a vector and the node code of each, in a fixed order.

    7th-character forms are left out: they repeat their stem, and the encounter
    is a slot, not a similarity.
    """
    texts: list[str] = []
    codes: list[str] = []
    for node in release.nodes.values():
        if len(node.code) > 7 and node.seventh:
            continue
        for text in (node.description, *node.inclusion_terms):
            texts.append(text)
            codes.append(node.code)
    return texts, codes


class DenseRetriever:
    """Encodes phrases and finds the nearest descriptions by cosine."""

    def __init__(self, encoder: TextEncoder, search: Any | None) -> None:
        self._encoder = encoder
        self._search = search
        # How many vectors are searched.
        self._rows = 0 if search is None else int(search.get_modelmeta().custom_metadata_map[ROWS])

    @classmethod
    def open(cls, folder: Path) -> DenseRetriever:
        """Load encoder, tokenizer and, where present, the node vectors.

        Raises:
            FileNotFoundError: ``encoder.onnx`` or ``tokenizer.json`` is missing.
            ValueError: a file is no ONNX model.
        """
        encoder = TextEncoder.open(folder, "vectors", BATCH, MAX_TOKENS)
        path = folder / VECTORS
        return cls(encoder, open_session(path, VECTORS) if path.exists() else None)

    def english_words(self) -> frozenset[str]:
        """Whole words of the tokenizer's vocabulary, lower case."""
        return frozenset(w for w in self._encoder.vocabulary() if w.isalpha())

    def matches(self, release: Release) -> bool:
        """Whether the vectors stand for this release's descriptions."""
        return self._search is not None and len(indexed_texts(release)[0]) == self._rows

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape [len(texts), dimension]."""
        out: NDArray[np.float32] | None = None
        for rows, vectors in self._encoder.read(texts):
            if out is None:
                out = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
            out[rows] = vectors
        return out if out is not None else np.empty((0, 0), dtype=np.float32)

    def nearest(self, texts: Sequence[str], k: int, floor: float) -> list[list[tuple[int, float]]]:
        """For each text (index into :func:`indexed_texts`, cosine) of the best ``k``, best first.

        Args:
            floor: smallest cosine worth a look.
        """
        if self._search is None:
            return [[] for _ in texts]
        out: list[list[tuple[int, float]]] = []
        count = np.array([min(k, self._rows)], dtype=np.int64)
        for begin in range(0, len(texts), BATCH):  # all at once, a long note's scores fill memory
            feed = {"phrases": self.encode(texts[begin : begin + BATCH]), "count": count}
            cosines, rows = self._search.run(["cosines", "rows"], feed)
            for near, best in zip(rows.tolist(), cosines.tolist(), strict=True):
                out.append([(i, c) for i, c in zip(near, best, strict=True) if c >= floor])
        return out


def save_vectors(vectors: NDArray[np.float32], path: Path) -> None:
    """Write unit vectors [n, dimension] as int8 with the search for the nearest of them.

    Products of whole numbers are four times as fast as those of floats, and a quarter the size.
    """
    from onnx import TensorProto, helper, numpy_helper, save_model

    columns = np.ascontiguousarray(np.round(vectors * INT8).astype(np.int8).T)
    graph = helper.make_graph(
        [
            helper.make_node("DynamicQuantizeLinear", ["phrases"], ["whole", "scale", "zero"]),
            helper.make_node("MatMulInteger", ["whole", "vectors", "zero"], ["products"]),
            helper.make_node("Cast", ["products"], ["floats"], to=TensorProto.FLOAT),
            helper.make_node("Mul", ["scale", "unit"], ["step"]),
            helper.make_node("Mul", ["floats", "step"], ["all"]),
            helper.make_node("TopK", ["all", "count"], ["cosines", "rows"], axis=1),
        ],
        "nearest",
        [
            helper.make_tensor_value_info("phrases", TensorProto.FLOAT, ["n", vectors.shape[1]]),
            helper.make_tensor_value_info("count", TensorProto.INT64, [1]),
        ],
        [
            helper.make_tensor_value_info("cosines", TensorProto.FLOAT, ["n", "k"]),
            helper.make_tensor_value_info("rows", TensorProto.INT64, ["n", "k"]),
        ],
        [
            numpy_helper.from_array(columns, "vectors"),
            numpy_helper.from_array(np.array(1 / INT8, np.float32), "unit"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {ROWS: str(len(vectors))})
    save_model(model, str(path))

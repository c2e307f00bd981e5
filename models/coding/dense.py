"""Dense retrieval: a phrase and every code description as unit vectors.

The encoder is a small transformer exported to ONNX int8 (trained by
``training/linker.py``); ``vectors.npz`` holds one int8 vector for every text of
:func:`indexed_texts`, in that order.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.terminology.icd10cm import Release

MAX_TOKENS = 32
BATCH = 128


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

    def __init__(self, session: Any, tokenizer: Any, vectors: NDArray[np.int8] | None) -> None:
        self._session = session
        self._tokenizer = tokenizer
        # Kept as float32 so that one BLAS product scores all phrases: 47k x 128 is 24 MB.
        self._vectors = None if vectors is None else vectors.astype(np.float32) / 127.0

    @classmethod
    def open(cls, folder: Path) -> DenseRetriever:
        """Load encoder, tokenizer and, where present, the node vectors.

        Raises:
            FileNotFoundError: ``encoder.onnx`` or ``tokenizer.json`` is missing.
        """
        import onnxruntime
        from tokenizers import Tokenizer

        if not (folder / "encoder.onnx").exists():
            raise FileNotFoundError(f"encoder.onnx is missing from bundle part {folder.name!r}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = onnxruntime.InferenceSession(
            str(folder / "encoder.onnx"), options, providers=["CPUExecutionProvider"]
        )
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(MAX_TOKENS)
        tokenizer.enable_padding()
        path = folder / "vectors.npz"
        vectors = np.load(path, allow_pickle=False)["vectors"] if path.exists() else None
        return cls(session, tokenizer, vectors)

    def english_words(self) -> frozenset[str]:
        """Whole words of the tokenizer's vocabulary, lower case."""
        return frozenset(w for w in self._tokenizer.get_vocab() if w.isalpha())

    def matches(self, release: Release) -> bool:
        """Whether the vectors stand for this release's descriptions."""
        return self._vectors is not None and len(indexed_texts(release)[0]) == len(self._vectors)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, shape [len(texts), dimension]."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        out: NDArray[np.float32] | None = None
        for begin in range(0, len(order), BATCH):
            rows = order[begin : begin + BATCH]
            encodings = self._tokenizer.encode_batch([texts[i] for i in rows])
            feed = {
                "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
                "attention_mask": np.array([e.attention_mask for e in encodings], dtype=np.int64),
            }
            vectors = self._session.run(["vectors"], feed)[0].astype(np.float32)
            if out is None:
                out = np.empty((len(texts), vectors.shape[1]), dtype=np.float32)
            out[rows] = vectors
        return out if out is not None else np.empty((0, 0), dtype=np.float32)

    def nearest(self, texts: Sequence[str], k: int, floor: float) -> list[list[tuple[int, float]]]:
        """For each text (index into :func:`indexed_texts`, cosine) of the best ``k``, best first.

        Args:
            floor: smallest cosine worth a look; cutting there is what makes this fast.
        """
        if self._vectors is None:
            return [[] for _ in texts]
        out: list[list[tuple[int, float]]] = []
        for begin in range(0, len(texts), BATCH):  # all at once, a long note's scores fill memory
            scores = self.encode(texts[begin : begin + BATCH]) @ self._vectors.T
            for row in scores:
                near = np.flatnonzero(row >= floor)
                best = near[np.argsort(-row[near], kind="stable")][:k]
                out.append([(int(i), float(row[i])) for i in best])
        return out

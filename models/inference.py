"""Opening ONNX models for inference: one thread each, nothing logged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def open_session(model: Path | bytes, name: str) -> Any:
    """An onnxruntime session over a file or a serialized model.

    One thread: a note is small, and a server scores several notes at a time.

    Raises:
        ValueError: the model does not hold; ``name`` says which.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    source = str(model) if isinstance(model, Path) else model
    try:
        return onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exceptions share no base class of their own
        raise ValueError(
            f"{name}: no ONNX model that can be run ({type(error).__name__})"
        ) from error


class TextEncoder:
    """A bundle part that reads texts: ``encoder.onnx`` behind ``tokenizer.json``."""

    def __init__(self, session: Any, tokenizer: Any, output: str, batch: int) -> None:
        self._session = session
        self._tokenizer = tokenizer
        self._output, self._batch = output, batch

    @classmethod
    def open(cls, folder: Path, output: str, batch: int, most_tokens: int) -> TextEncoder:
        """Load a part.

        Args:
            output: name of what the network tells.

        Raises:
            FileNotFoundError: a file is missing.
            ValueError: ``encoder.onnx`` is no ONNX model.
        """
        from tokenizers import Tokenizer

        for name in ("encoder.onnx", "tokenizer.json"):
            if not (folder / name).exists():
                raise FileNotFoundError(f"{name} is missing from bundle part {folder.name!r}")
        session = open_session(folder / "encoder.onnx", "encoder.onnx")
        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        tokenizer.enable_truncation(most_tokens)
        tokenizer.enable_padding()
        return cls(session, tokenizer, output, batch)

    def vocabulary(self) -> dict[str, int]:
        """The tokenizer's pieces."""
        pieces: dict[str, int] = self._tokenizer.get_vocab()
        return pieces

    def read(self, texts: Sequence[str]) -> Iterator[tuple[list[int], NDArray[np.float32]]]:
        """Places of some of the texts and a row for each; texts of like length together."""
        order = sorted(range(len(texts)), key=lambda i: len(texts[i]))
        for begin in range(0, len(order), self._batch):
            rows = order[begin : begin + self._batch]
            encodings = self._tokenizer.encode_batch([texts[i] for i in rows])
            feed = {
                "input_ids": np.array([e.ids for e in encodings], dtype=np.int64),
                "attention_mask": np.array([e.attention_mask for e in encodings], dtype=np.int64),
            }
            yield rows, self._session.run([self._output], feed)[0].astype(np.float32)

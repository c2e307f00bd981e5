"""Opening ONNX models for inference: one thread each, nothing logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any


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

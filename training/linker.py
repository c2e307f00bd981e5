"""Train the dense retriever: a small transformer that puts a clinical phrase near its code.

The student is the first layers of MiniLM-L6 (MIT, from an installed package)
with a linear projection, trained contrastively (InfoNCE, van den Oord 2018;
in-batch negatives): anchors are inclusion terms, index terms, lexicon forms and
descriptions with words dropped; positives are the Tabular List descriptions.
A third of the batches hold one chapter and a third the siblings of a few
categories, so that their negatives are near.
The word embeddings stay frozen: rare clinical words keep what MiniLM knows.

Exported to ONNX and quantized to int8; the node vectors are int8 too.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.terminology.icd10cm import Release
from data.terminology.index import read_index
from data.terminology.lexicon import load_terms
from models.coding.dense import (
    MAX_TOKENS,
    VECTORS,
    DenseRetriever,
    indexed_texts,
    save_vectors,
)
from training.transformer import base_model_folder, export_network, first_layers

if TYPE_CHECKING:
    import torch

Log = Callable[[str], None]
LENGTH_PARTS = 6


@dataclass(frozen=True)
class LinkerConfig:
    layers: int = 2
    dimension: int = 128
    batch: int = 192
    epochs: float = 2.0
    learning_rate: float = 4e-4
    temperature: float = 0.05
    seed: int = 20260401
    index_files: tuple[Path, ...] = ()


def training_pairs(release: Release, index_files: Sequence[Path]) -> list[tuple[str, str]]:
    """(phrase, node code) pairs from the Tabular List, the lexicon and the index files."""
    pairs: list[tuple[str, str]] = []
    for node in release.nodes.values():
        if len(node.code) > 7 and node.seventh:
            continue  # 7th-character forms repeat their stem
        pairs.append((node.description, node.code))
        pairs.extend((term, node.code) for term in node.inclusion_terms)
    pairs.extend((t.surface, t.code) for t in load_terms() if t.code in release)
    for path in index_files:
        pairs.extend((words, code) for words, code in read_index(path) if code in release)
    return pairs


def _drop_words(text: str, rng: random.Random) -> str:
    """A shorter wording of a description: what a hurried clinician would leave out."""
    parts = text.split()
    if len(parts) < 3:
        return text
    kept = [w for w in parts if rng.random() > 0.3]
    if rng.random() < 0.3:
        rng.shuffle(kept)
    return " ".join(kept) or text


def _batches(
    pairs: list[tuple[str, str]], release: Release, config: LinkerConfig, rng: random.Random
) -> Iterator[list[tuple[str, str]]]:
    """One epoch of batches without two phrases of one node in a batch.

    A third of the phrases meet any others, a third those of their chapter, and a third their
    category's: siblings are the negatives that a coder confuses.
    """
    order = list(range(len(pairs)))
    rng.shuffle(order)
    third = len(order) // 3
    rank: dict[str, float] = {}

    def place(code: str, part: int) -> tuple[float, float]:
        if part == 0:
            return 0.0, rng.random()
        if part == 1:
            return float(release.nodes[code].chapter), rng.random()
        return rank.setdefault(code[:3], rng.random()), rng.random()

    groups: list[list[tuple[str, str]]] = []
    for part, begin in enumerate((0, third, 2 * third)):
        rows = order[begin : begin + third] if part < 2 else order[begin:]
        turn: Counter[str] = Counter()  # the n-th phrase of every node lies in the n-th round
        keyed = []
        for i in rows:
            code = pairs[i][1]
            keyed.append((turn[code], place(code, part), i))
            turn[code] += 1
        keyed.sort()
        batch: list[tuple[str, str]] = []
        seen: set[str] = set()
        for _, _, i in keyed:
            if pairs[i][1] in seen or len(batch) == config.batch:
                groups.append(batch)
                batch, seen = [], set()
            seen.add(pairs[i][1])
            batch.append(pairs[i])
    groups = [g for g in groups if len(g) > config.batch // 2]
    rng.shuffle(groups)
    yield from groups


def _kin(codes: Sequence[str]) -> list[list[bool]]:
    """Which nodes of a batch lie above one another: those are no negatives, [batch, batch]."""
    return [[a != b and (a.startswith(b) or b.startswith(a)) for b in codes] for a in codes]


def build_student(config: LinkerConfig) -> tuple[torch.nn.Module, Any]:
    """The untrained student (phrases → unit vectors [batch, dimension]) and its tokenizer."""
    import torch

    backbone, tokenizer = first_layers(base_model_folder(), config.layers)

    class Student(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            self.project = torch.nn.Linear(
                backbone.config.hidden_size, config.dimension, bias=False
            )

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask)[0]
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)
            return torch.nn.functional.normalize(self.project(pooled), dim=-1)

    return Student(), tokenizer


def train_student(
    release: Release, config: LinkerConfig, log: Log
) -> tuple[torch.nn.Module, Any, dict[str, float]]:
    """Train on every pair; returns the student, its tokenizer and the loss it ended with."""
    import torch

    torch.manual_seed(config.seed)
    rng = random.Random(config.seed)
    student, tokenizer = build_student(config)
    pairs = training_pairs(release, config.index_files)
    steps = int(config.epochs * len(pairs) / config.batch)
    optimizer = torch.optim.AdamW(
        [p for p in student.parameters() if p.requires_grad], lr=config.learning_rate
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, config.learning_rate, total_steps=steps + 1, pct_start=0.1
    )

    def encode(texts: list[str]) -> torch.Tensor:
        # By length in a few parts: padding to the longest of all is half of the work.
        order = torch.tensor(sorted(range(len(texts)), key=lambda i: len(texts[i])))
        parts = []
        for rows in order.chunk(LENGTH_PARTS):
            tokens = tokenizer(
                [texts[i] for i in rows.tolist()],
                padding=True,
                truncation=True,
                max_length=MAX_TOKENS,
                return_tensors="pt",
            )
            parts.append(student(tokens["input_ids"], tokens["attention_mask"]))
        vectors: torch.Tensor = torch.cat(parts)[torch.argsort(order)]
        return vectors

    done, running = 0, 0.0
    student.train()
    while done < steps:
        for batch in _batches(pairs, release, config, rng):
            if done >= steps:
                break
            anchors = [_drop_words(p, rng) if rng.random() < 0.5 else p for p, _ in batch]
            positives = [release.nodes[code].description for _, code in batch]
            scores = encode(anchors) @ encode(positives).T / config.temperature
            kin = torch.tensor(_kin([code for _, code in batch]))
            scores = scores.masked_fill(kin, float("-inf"))
            target = torch.arange(len(batch))
            loss = (
                torch.nn.functional.cross_entropy(scores, target)
                + torch.nn.functional.cross_entropy(scores.T, target)
            ) / 2
            if not torch.isfinite(loss):
                raise FloatingPointError(
                    f"the loss diverged at step {done}; lower the learning rate"
                )
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            value = loss.item()
            running = value if done == 0 else 0.98 * running + 0.02 * value
            done += 1
            if done % 50 == 0:
                log(f"linker: step {done}/{steps}, loss {running:.3f}")
    student.eval()
    return student, tokenizer, {"loss": running, "pairs": float(len(pairs)), "steps": float(done)}


def export(
    student: torch.nn.Module, tokenizer: Any, release: Release, folder: Path, log: Log
) -> None:
    """Write ``encoder.onnx`` (int8), ``tokenizer.json``, ``vectors.onnx`` and ``linker.json``."""
    export_network(student, tokenizer, folder, "vectors")
    texts, _ = indexed_texts(release)
    log(f"linker: embedding {len(texts)} descriptions and inclusion terms")
    retriever = DenseRetriever.open(folder)
    vectors = retriever.encode(texts)
    save_vectors(vectors, folder / VECTORS)
    (folder / "linker.json").write_text(
        json.dumps({"release": release.name, "texts": len(texts)}, indent=1) + "\n"
    )


def train_linker(
    release: Release, folder: Path, config: LinkerConfig, log: Log
) -> dict[str, float]:
    """Train, export and return the figures of the run."""
    student, tokenizer, figures = train_student(release, config, log)
    export(student, tokenizer, release, folder, log)
    return figures

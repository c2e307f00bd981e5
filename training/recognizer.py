"""Train the recognizer: which service a sentence charts (:mod:`models.procedures.recognizer`).

A softmax over the concepts of the procedure tables and none, on top of the first layers of
MiniLM-L6 (MIT, from an installed package). It learns from the tables' own wordings, from
sentences written for each concept (``data/authored/charted``), and from the sentences of the
coded notes: the evidence of their lines, what the tables find in them, and the many that chart
nothing.

What it says of a note it learned from would flatter it, so half of the notes are read by a
network that saw only the others (cross-fitting), for the stages that are trained after it; the
bundle holds those readings, ids and codes only.
"""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from data.authored import AuthoredError
from data.authored.charted import load_charted
from data.authored.procedures import Done
from data.authored.snippets import TRAINING_BATCHES
from data.schemas import GoldNote
from data.terminology.official.loaded import load_procedures
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import Bundle, BundleError, BundleStore, building, seal
from models.coding.document import Document, read_document
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.recognizer import (
    LABELS,
    MAX_TOKENS,
    READINGS,
    Recognizer,
    sentences_of,
)
from training.errors import TrainingError
from training.procedure_notes import coded_notes
from training.runs import data_hash, target_of
from training.tracking import tracked
from training.transformer import base_model_folder, export_network, first_layers

if TYPE_CHECKING:
    import torch

Log = Callable[[str], None]
FOLDS = 2


@dataclass(frozen=True)
class RecognizerConfig:
    layers: int = 2
    width: int = 128
    batch: int = 64
    word_epochs: float = 5.0
    note_epochs: float = 1.5
    encoder_rate: float = 3e-4
    head_rate: float = 2e-3
    finer: float = 0.5  # the rates on notes, as a share of those on words
    smoothing: float = 0.02
    seed: int = 20260501


@dataclass(frozen=True)
class Sample:
    """A sentence with the concepts that it charts, none where it charts nothing.

    Attributes:
        weight: how often an epoch shows it, on average.
    """

    text: str
    labels: tuple[int, ...]
    weight: float


WORDING, CHARTED, EVIDENCE, FOUND, NOTHING = 1.0, 1.5, 2.0, 1.0, 0.35
"""Weights by where a sample comes from."""


def labels_of(codes: ProcedureCodes) -> tuple[str, ...]:
    """Concepts that a sentence can chart: a visit is read off the encounter."""
    return tuple(sorted(name for name in codes.concepts if not name.startswith("visit:")))


def wording_samples(codes: ProcedureCodes, labels: Sequence[str]) -> list[Sample]:
    """The tables' wordings and the sentences written for their concepts."""
    index = {name: i for i, name in enumerate(labels)}
    found = [
        Sample(words, (index[name],), WORDING)
        for name in labels
        for words in codes.concepts[name].synonyms
        if not words.startswith("re:") and " ... " not in words
    ]
    found += [
        Sample(sentence, (index[name],), CHARTED)
        for name, sentence in load_charted()
        if name in index
    ]
    return found


def note_samples(
    gold: GoldNote, done: Done, codes: ProcedureCodes, index: dict[str, int]
) -> list[Sample]:
    """The sentences of a note: what its lines rest on, what the tables find, and the rest."""
    document = read_document(gold.note)
    mentions = finder_of(codes).find(document, Layout(document))
    rests: list[tuple[int, int, int]] = []
    for line in done.lines:
        entry = codes.find(line.code)
        if entry is not None and entry.concept in index:
            rests += [(e.start, e.end, index[entry.concept]) for e in line.evidence]
    # where a line's evidence is not given, a sentence that seems to chart nothing may be it
    told = all(line.evidence for line in done.lines)
    out = []
    for start, end, words in sentences_of(document):
        billed = {label for first, last, label in rests if first < end and start < last}
        named = {
            index[m.concept.name]
            for m in mentions
            if m.start < end and start < m.end and m.concept.name in index
        }
        weight = EVIDENCE if billed else FOUND if named else NOTHING if told else 0.0
        out.append(Sample(words, tuple(sorted(billed | named)), weight))
    return out


def half_of(note: str) -> int:
    """Which half of the notes one belongs to, the same in every run."""
    return zlib.crc32(note.encode()) % FOLDS


def build_network(labels: int, config: RecognizerConfig) -> tuple[torch.nn.Module, Any]:
    """The untrained network (token ids → logits [batch, labels + 1]) and its tokenizer."""
    import torch

    backbone, tokenizer = first_layers(base_model_folder(), config.layers)

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.backbone = backbone
            self.narrow = torch.nn.Linear(backbone.config.hidden_size, config.width)
            self.out = torch.nn.Linear(config.width, labels + 1)

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            hidden = self.backbone(input_ids=input_ids, attention_mask=attention_mask)[0]
            mask = attention_mask.unsqueeze(-1).to(hidden.dtype)
            pooled = (hidden * mask).sum(1) / mask.sum(1).clamp(min=1.0)
            logits: torch.Tensor = self.out(torch.nn.functional.gelu(self.narrow(pooled)))
            return logits

    return Network(), tokenizer


def _drop_words(text: str, rng: random.Random) -> str:
    """Two in five sentences lose some words, as hurried notes do."""
    words = text.split()
    if len(words) < 4 or rng.random() > 0.4:
        return text
    return " ".join([w for w in words if rng.random() > 0.15] or words)


def _batches(
    samples: Sequence[Sample], config: RecognizerConfig, rng: random.Random
) -> Iterator[list[Sample]]:
    """One epoch; batches hold sentences of like length, so that little is padded."""
    shown = []
    for sample in samples:
        times = int(sample.weight) + (rng.random() < sample.weight % 1)
        shown += [sample] * times
    rng.shuffle(shown)
    several = config.batch * 20
    for begin in range(0, len(shown), several):
        some = sorted(shown[begin : begin + several], key=lambda s: len(s.text))
        batches = [some[i : i + config.batch] for i in range(0, len(some), config.batch)]
        rng.shuffle(batches)
        yield from batches


def fit_network(
    network: torch.nn.Module,
    tokenizer: Any,
    samples: Sequence[Sample],
    epochs: float,
    share: float,
    config: RecognizerConfig,
    log: Log,
) -> float:
    """Train ``network`` on all samples, at a share of the rates; returns the loss it ended with.

    Raises:
        FloatingPointError: the loss diverged.
    """
    import torch

    rng = random.Random(config.seed)
    nothing = network.out.out_features - 1  # type: ignore[union-attr, operator]
    steps = max(1, int(epochs * sum(s.weight for s in samples) / config.batch))
    head = [p for n, p in network.named_parameters() if not n.startswith("backbone.")]
    body = [
        p for n, p in network.named_parameters() if n.startswith("backbone.") and p.requires_grad
    ]
    rates = [config.encoder_rate * share, config.head_rate * share]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": rates[0]}, {"params": head, "lr": rates[1]}], weight_decay=0.01
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, rates, total_steps=steps + 1, pct_start=0.1
    )
    done, running = 0, 0.0
    network.train()
    while done < steps:
        for batch in _batches(samples, config, rng):
            if done >= steps:
                break
            tokens = tokenizer(
                [_drop_words(s.text, rng) for s in batch],
                padding=True, truncation=True, max_length=MAX_TOKENS, return_tensors="pt",
            )  # fmt: skip
            target = torch.tensor([rng.choice(s.labels) if s.labels else nothing for s in batch])
            logits = network(tokens["input_ids"], tokens["attention_mask"])
            loss = torch.nn.functional.cross_entropy(
                logits, target, label_smoothing=config.smoothing
            )
            if not torch.isfinite(loss):
                raise FloatingPointError(f"the loss diverged at step {done}; lower the rates")
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            running = loss.item() if done == 0 else 0.98 * running + 0.02 * loss.item()
            done += 1
            if done % 200 == 0:
                log(f"recognizer: step {done}/{steps}, loss {running:.3f}")
    network.eval()
    return running


def export(network: torch.nn.Module, tokenizer: Any, labels: Sequence[str], folder: Path) -> None:
    """Write ``encoder.onnx`` (int8), ``tokenizer.json`` and ``labels.json``."""
    import torch

    class Told(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, input_ids: torch.Tensor, attention_mask: torch.Tensor) -> torch.Tensor:
            return torch.softmax(self.network(input_ids, attention_mask), dim=-1)

    export_network(Told().eval(), tokenizer, folder, "probabilities")
    (folder / LABELS).write_text(json.dumps(list(labels), indent=0) + "\n", "utf-8")


def train_recognizer(
    notes: Sequence[tuple[GoldNote, Done]],
    codes: ProcedureCodes,
    folder: Path,
    config: RecognizerConfig,
    log: Log,
) -> dict[str, float]:
    """Fit on the words, then on each half of the notes and on all; write network and readings."""
    import torch

    torch.manual_seed(config.seed)
    labels = labels_of(codes)
    index = {name: i for i, name in enumerate(labels)}
    words = wording_samples(codes, labels)
    by_note = {g.note.id: note_samples(g, d, codes, index) for g, d in notes}
    documents: dict[str, Document] = {g.note.id: read_document(g.note) for g, _ in notes}
    network, tokenizer = build_network(len(labels), config)
    log(f"recognizer: {len(words)} wordings and charted sentences")
    fit_network(network, tokenizer, words, config.word_epochs, 1.0, config, log)
    learned = {name: value.clone() for name, value in network.state_dict().items()}

    def on_notes(chosen: Sequence[Sample]) -> float:
        network.load_state_dict(learned)
        samples = [*words, *chosen]
        loss = fit_network(
            network, tokenizer, samples, config.note_epochs, config.finer, config, log
        )
        export(network, tokenizer, labels, folder)
        return loss

    readings: dict[str, list[tuple[str, int, int, float]]] = {}
    for fold in range(FOLDS):
        log(f"recognizer: half {fold + 1} of {FOLDS} of the notes")
        on_notes([s for note, rows in by_note.items() if half_of(note) != fold for s in rows])
        recognizer = Recognizer.open(folder)
        for note, document in documents.items():
            if half_of(note) == fold:
                readings[note] = [
                    (r.concept, r.start, r.end, round(r.chance, 4))
                    for r in recognizer.read(document)
                ]
    log("recognizer: all notes")
    every = [s for rows in by_note.values() for s in rows]
    loss = on_notes(every)
    (folder / READINGS).write_bytes(gzip.compress(json.dumps(readings).encode(), mtime=0))
    samples = float(len(words) + len(every))
    return {"loss": loss, "samples": samples, "concepts": float(len(labels))}


def run_train_recognizer(output: str, base: str | None, var: Path, log: Log) -> Bundle:
    """Fit on the authored notes, snippets and charted sentences; write and return the bundle.

    Raises:
        TrainingError: no such base, the weights to start from are not installed, or ``output``
            is a folder that is no bundle.
    """
    config = RecognizerConfig()
    try:
        bundle = BundleStore(var / "bundles").resolve(base)
        notes = [pair for batch in TRAINING_BATCHES for pair in coded_notes(batch)]
        base_model_folder()
    except (BundleError, AuthoredError, FileNotFoundError) as error:
        raise TrainingError(str(error)) from error
    codes = load_procedures(var / "terminology")
    try:
        with (
            building(target_of(output, var), bundle) as folder,
            tracked(f"train recognizer {output}", var) as run,
        ):
            run.params({**asdict(config), "notes": len(notes)})
            run.params({"data": data_hash([gold for gold, _ in notes])})
            figures = train_recognizer(notes, codes, folder / "recognizer", config, log)
            run.metrics(figures, "recognizer.")
            seal(folder, Path(output).name, {**bundle.manifest, "recognizer_figures": figures})
    except BundleError as error:
        raise TrainingError(str(error)) from error
    made = Bundle.open(target_of(output, var))
    log(f"recognizer: wrote {made.id}; train the procedures on it next")
    return made

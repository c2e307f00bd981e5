"""Services charted in words that no table holds, recognised from whole sentences.

"Stab with #11 blade, 3 mL pus expressed, wick placed" names no service, and is one. A small
transformer (the first layers of MiniLM, trained by ``training/recognizer.py``) tells of each
sentence how likely it charts each concept of the tables; the tables then do with it what they
do with a concept that was named.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.inference import TextEncoder
from models.procedures.types import Mention

MAX_TOKENS = 64
BATCH = 32
FLOOR = 0.02
"""Probability below which a concept is not told of."""
WORTH = 0.2
"""Probability from which a concept that no words name is weighed."""
MOST = 4
"""Concepts told of one sentence."""
LABELS = "labels.json"
READINGS = "readings.json.gz"
SHORTEST = 4  # characters
SILENT = frozenset({"family", "social", "allergies", "ros", "meds", "vitals"})
"""Sections that chart nothing done: not read."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sentence that may chart a service.

    Attributes:
        chance: probability, among all concepts and none of them.
    """

    concept: str
    start: int
    end: int
    chance: float


def sentences_of(document: Document) -> list[tuple[int, int, str]]:
    """Spans of a note's sentences where services may stand, each with its words on one line."""
    found = []
    silent = [(s.start, s.end) for s in document.sections if s.kind in SILENT]
    for sentence in document.sentences:
        if any(first <= sentence.start < last for first, last in silent):
            continue
        text = document.text[sentence.start : sentence.end]
        start = sentence.start + len(text) - len(text.lstrip())
        words = " ".join(text.split())
        if len(words) >= SHORTEST and any(c.isalpha() for c in words):
            found.append((start, start + len(text.strip()), words))
    return found


class Recognizer:
    """Tells which concepts the sentences of a note chart."""

    def __init__(self, encoder: TextEncoder, labels: Sequence[str]) -> None:
        self._encoder = encoder
        self.labels = tuple(labels)

    @classmethod
    def open(cls, folder: Path) -> Recognizer:
        """Load the network, its tokenizer and its labels.

        Raises:
            OSError: a file is missing.
            ValueError: one does not hold.
        """
        encoder = TextEncoder.open(folder, "probabilities", BATCH, MAX_TOKENS)
        return cls(encoder, json.loads((folder / LABELS).read_text("utf-8")))

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Of each label and, last, of none of them; shape [len(texts), labels + 1]."""
        out = np.empty((len(texts), len(self.labels) + 1), dtype=np.float32)
        for rows, told in self._encoder.read(texts):
            out[rows] = told
        return out

    def read(self, document: Document) -> list[Recognised]:
        """What each sentence may chart, in order, the likeliest first."""
        sentences = sentences_of(document)
        if not sentences:
            return []
        found = self.probabilities([words for _, _, words in sentences])[:, :-1]
        most = min(MOST, found.shape[1])
        top = np.argpartition(-found, most - 1, axis=1)[:, :most]
        out = []
        for (start, end, _), row, best in zip(sentences, found, top, strict=True):
            told = sorted(((float(row[i]), self.labels[i]) for i in best), reverse=True)
            out += [Recognised(name, start, end, p) for p, name in told if p >= FLOOR]
        return out


def chance_at(recognised: Sequence[Recognised], concept: str, start: int, end: int) -> float:
    """How likely the sentences that a mention lies in chart its concept."""
    return max(
        (r.chance for r in recognised if r.concept == concept and r.start < end and start < r.end),
        default=0.0,
    )


def recognised_mentions(
    recognised: Sequence[Recognised], named: Sequence[Mention], codes: ProcedureCodes
) -> list[Mention]:
    """Mentions of concepts that sentences chart and no words of theirs name."""
    places: dict[str, list[Mention]] = {}
    for mention in named:
        places.setdefault(mention.concept.name, []).append(mention)
    return [
        Mention(codes.concepts[r.concept], r.start, r.end, told=r.chance)
        for r in recognised
        if r.chance >= WORTH
        and r.concept in codes.concepts
        and not any(m.start < r.end and r.start < m.end for m in places.get(r.concept, ()))
    ]


Recognitions = Mapping[str, Sequence[Recognised]]
"""Note id → what a recognizer that never saw the note says of it."""


def read_readings(folder: Path) -> Recognitions:
    """What the networks that did not see them said of the training notes; none in an old bundle.

    Raises:
        ValueError: the file does not hold.
    """
    path = folder / READINGS
    if not path.exists():
        return {}
    raw: dict[str, list[list[Any]]] = json.loads(gzip.decompress(path.read_bytes()))
    return {note: [Recognised(*row) for row in rows] for note, rows in raw.items()}

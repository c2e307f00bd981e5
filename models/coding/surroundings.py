"""The words around a candidate's places, as hashed features.

Whether a condition is billed is often said by the words beside it ("on", "s/p", "ask PCP
about", "no longer"), by the section and by who writes. These are too many to name as
features: they are hashed (Weinberger 2009), once by themselves and once with the code's
chapter, and weighed by a linear model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.coding.document import Document
from models.coding.occurrences import CHOSEN, Candidate, Candidates, Occurrence
from models.hashing import hash_word, join

WIDTH = 1 << 18
REACH = 6  # words on each side
_NEAREST = 3  # beyond, only the side counts
PLACES = 4  # of a candidate: chosen, longest, first


def _around(document: Document, place: Occurrence) -> NDArray[np.int64]:
    """Hashes of what stands around one place."""
    sentence, tokens = document.sentences[place.sentence], document.tokens
    first = next(
        (i for i in range(sentence.first, sentence.last) if tokens[i].start >= place.start),
        sentence.first,
    )
    last = next(
        (i for i in range(first, sentence.last) if tokens[i].start >= place.end), sentence.last
    )
    words = [
        f"section {place.section}",
        f"said {place.assertion.value}",
        f"source {place.source}",
        f"header {document.section_of(sentence).header.lower().strip()}",
    ]
    if first == sentence.first:
        words.append("opens")
    for step in range(1, REACH + 1):
        if first - step >= sentence.first:
            stem = tokens[first - step].stem
            words += (f"before{min(step, _NEAREST)} {stem}", f"near {stem}")
        if last - 1 + step < sentence.last:
            stem = tokens[last - 1 + step].stem
            words += (f"behind{min(step, _NEAREST)} {stem}", f"near {stem}")
    return np.array([hash_word(word) for word in words], dtype=np.int64)


def _places(candidate: Candidate) -> list[Occurrence]:
    order = sorted(candidate.occurrences, key=lambda o: (o.role != CHOSEN, -o.words, o.start))
    return list({o.start: o for o in reversed(order[:PLACES])}.values())


def surroundings(
    document: Document, found: Candidates, codes: Sequence[str]
) -> list[NDArray[np.int64]]:
    """For each code the features that hold, as indices below :data:`WIDTH`, each once."""
    note = document.note
    setting = note.setting.value if note.setting else ""
    general = np.array(
        [
            hash_word(f"type {note.note_type}"),
            hash_word(f"by {note.specialty}"),
            hash_word(f"in {setting}"),
        ],
        dtype=np.int64,
    )
    known: dict[tuple[int, int, str, str, str], NDArray[np.int64]] = {}
    out = []
    for code in codes:
        parts = [general]
        for place in _places(found[code]):
            key = (place.start, place.end, place.section, place.assertion.value, place.source)
            if key not in known:
                known[key] = _around(document, place)
            parts.append(known[key])
        base = np.concatenate(parts)
        sections = "+".join(sorted({o.section for o in found[code].occurrences}))
        own = np.array(
            [hash_word(f"{code[:3]} by {note.specialty}"), hash_word(f"{code[:3]} in {sections}")],
            dtype=np.int64,
        )
        rows = np.concatenate([base, join(base, hash_word(f"chapter {code[:1]}")), own])
        out.append(np.unique(rows % WIDTH))
    return out


@dataclass(frozen=True)
class WordsModel:
    """Log-odds from surroundings: one weight a feature, shape [WIDTH]."""

    weights: NDArray[np.float32]
    intercept: float

    def __post_init__(self) -> None:
        if self.weights.shape != (WIDTH,):
            raise ValueError(
                f"words: {self.weights.shape} weights, not {WIDTH}; retrain the bundle"
            )

    def scores(self, rows: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
        """Log-odds, shape [n], of rows of :func:`surroundings`."""
        sums = [float(self.weights[row].sum()) for row in rows]
        return np.array(sums, dtype=np.float64) + self.intercept

    def save(self, path: Path) -> None:
        """Write as ``npz`` without pickle; half precision is ample for a sum of a hundred."""
        np.savez_compressed(
            path, weights=self.weights.astype(np.float16), intercept=np.float64(self.intercept)
        )

    @classmethod
    def load(cls, path: Path) -> WordsModel:
        """Read what :meth:`save` wrote.

        Raises:
            ValueError: it has another number of weights.
        """
        with np.load(path, allow_pickle=False) as raw:
            return cls(raw["weights"].astype(np.float32), float(raw["intercept"]))

"""Services that sentences chart without naming them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.inference import TextEncoder
from models.procedures.mentions import Finder, Layout
from models.procedures.recognizer import (
    READINGS,
    Recognised,
    Recognizer,
    chance_at,
    read_readings,
    recognised_mentions,
    sentences_of,
)

Write = Callable[..., Document]


class _Network:
    """Stands for a network: the first label wherever a sentence has many tokens."""

    def run(self, _: object, feed: dict[str, np.ndarray]) -> list[np.ndarray]:
        long = feed["attention_mask"].sum(axis=1) > 4
        return [np.stack([long * 0.9, long * 0.0, 1 - long * 0.9], axis=1).astype(np.float32)]


class _Encoding:
    def __init__(self, size: int, longest: int) -> None:
        self.ids = list(range(size)) + [0] * (longest - size)
        self.attention_mask = [1] * size + [0] * (longest - size)


class _Tokenizer:
    def encode_batch(self, texts: list[str]) -> list[_Encoding]:
        longest = max(len(t.split()) for t in texts)
        return [_Encoding(len(t.split()), longest) for t in texts]


def test_each_sentence_keeps_its_own_reading(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.procedures.recognizer.MOST", 1)
    document = write(
        "Stab with blade, pus came out of it.\nNo fever.\nTube passed on the first try."
    )
    labels = ["abscess_drainage", "intubation"]
    read = Recognizer(TextEncoder(_Network(), _Tokenizer(), "probabilities", 32), labels).read(
        document
    )
    assert [document.text[r.start : r.end].split()[0] for r in read] == ["Stab", "Tube"]
    assert {r.concept for r in read} == {"abscess_drainage"}


def test_spans_of_sentences_are_theirs(write: Write) -> None:
    document = write("  PROCEDURE:\n Shaved off   with a dermablade.\n\n-- 12 --\nDone.")
    for start, end, words in sentences_of(document):
        assert " ".join(document.text[start:end].split()) == words


def test_what_words_name_is_not_recognised_twice(codes: ProcedureCodes, write: Write) -> None:
    document = write("She was intubated. Endotracheal intubation went well.")
    named = Finder(codes).find(document, Layout(document))
    whole = (0, len(document.text))
    told = [
        Recognised("intubation", *whole, 0.8),
        Recognised("chest_tube", *whole, 0.4),
        Recognised("arterial_line", *whole, 0.01),
        Recognised("of another release", *whole, 0.9),
    ]
    assert "intubation" in {m.concept.name for m in named}
    made = recognised_mentions(told, named, codes)
    assert [(m.concept.name, m.told) for m in made] == [("chest_tube", 0.4)]


def test_the_chance_of_a_place_is_of_the_sentences_around_it() -> None:
    told = [Recognised("a", 0, 10, 0.2), Recognised("a", 5, 20, 0.6), Recognised("b", 0, 20, 0.9)]
    assert chance_at(told, "a", 0, 4) == 0.2
    assert chance_at(told, "a", 6, 8) == 0.6
    assert chance_at(told, "a", 30, 40) == 0.0


def test_readings_of_the_training_notes_are_kept(tmp_path: Path) -> None:
    assert read_readings(tmp_path) == {}
    kept = json.dumps({"n-1": [["intubation", 3, 9, 0.5]]}).encode()
    (tmp_path / READINGS).write_bytes(gzip.compress(kept))
    assert read_readings(tmp_path) == {"n-1": [Recognised("intubation", 3, 9, 0.5)]}


def test_a_bundle_without_the_network_says_which_file_is_missing(tmp_path: Path) -> None:
    with pytest.raises((OSError, ValueError), match=r"recognizer|encoder\.onnx|No such file"):
        Recognizer.open(tmp_path)

"""Surroundings: which words count, for which code, and the weights' file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings

from data.schemas import Assertion
from models.coding.document import Document
from models.coding.occurrences import Candidates, Occurrence
from models.coding.surroundings import REACH, WIDTH, WordsModel, surroundings
from tests.models.coding.reading import document, note_texts


def marked(text: str, word: str, *codes: str) -> tuple[Document, Candidates]:
    """A document and candidates whose one place is ``word``."""
    doc = document(text)
    start = doc.text.index(word)
    number = next(i for i, s in enumerate(doc.sentences) if s.start <= start < s.end)
    place = Occurrence(
        start, start + len(word), number, "hpi", Assertion.PRESENT, "lexicon", 1, 0.0
    )
    found = Candidates()
    for code in codes:
        found.at(code).occurrences.append(place)
    return doc, found


def rows(text: str, *codes: str) -> list[set[int]]:
    doc, found = marked(text, "gout", *codes)
    return [set(row.tolist()) for row in surroundings(doc, found, codes)]


def test_a_word_beside_is_a_feature_and_its_side_too() -> None:
    (plain,) = rows("HPI: gout today", "M10.9")
    (before,) = rows("HPI: stable gout today", "M10.9")
    (behind,) = rows("HPI: gout today stable", "M10.9")
    assert before - plain
    assert behind - plain
    assert (before - plain) != (behind - plain)
    assert (before - plain) & (behind - plain)  # near, wherever


def test_words_out_of_reach_do_not_count() -> None:
    filler = "and then " * REACH
    assert rows(f"HPI: stable {filler}gout", "M10.9") == rows(f"HPI: acute {filler}gout", "M10.9")


def test_the_chapter_reads_words_its_own_way() -> None:
    one, two, other = rows("HPI: no longer gout", "M10.9", "M10.071", "Z87.39")
    assert one == two  # one category, one place
    assert one - other
    assert one & other


def test_weights_add_up_and_survive_the_disk(tmp_path: Path) -> None:
    doc, found = marked("HPI: stable gout today", "gout", "M10.9")
    features = surroundings(doc, found, ["M10.9"])
    weights = np.zeros(WIDTH, np.float32)
    weights[features[0][:3]] = 0.5
    model = WordsModel(weights, -1.0)
    assert model.scores(features).tolist() == [0.5]
    assert model.scores([]).shape == (0,)
    model.save(tmp_path / "words.npz")
    assert WordsModel.load(tmp_path / "words.npz").scores(features).tolist() == [0.5]


def test_weights_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="retrain the bundle"):
        WordsModel(np.zeros(3, np.float32), 0.0)


@settings(max_examples=40)
@given(note_texts)
def test_indices_of_any_note_are_in_range(text: str) -> None:
    doc = document(text)
    found = Candidates()
    for number, sentence in enumerate(doc.sentences):
        found.at("I10").occurrences.append(
            Occurrence(
                sentence.start, sentence.end, number, "hpi", Assertion.PRESENT, "lexicon", 1, 0.0
            )
        )
    for row in surroundings(doc, found, sorted(found)):
        assert len(row) == len(np.unique(row))
        assert row.min() >= 0
        assert row.max() < WIDTH

"""Misspelt words: mended where one spelling is close, left alone everywhere else."""

from __future__ import annotations

import pytest
from hypothesis import given

from data.terminology.icd10cm import Release
from models.coding.coder import Coder
from models.coding.linking import Linker
from models.coding.spelling import Speller
from tests.models.coding.reading import document, note_texts


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


@pytest.fixture(scope="module")
def speller(linker: Linker) -> Speller:
    assert linker.speller is not None
    return linker.speller


@pytest.mark.parametrize(
    ("slip", "word"),
    [
        ("osteomyelitus", "osteomyelitis"),
        ("pyelonephritus", "pyelonephritis"),
        ("sarcoidosos", "sarcoidosis"),
    ],
)
def test_slips_are_mended(speller: Speller, slip: str, word: str) -> None:
    assert speller.correct(slip) == word


@pytest.mark.parametrize(
    "word", ["pneumonia", "irrigated", "conclusive", "hospitalist", "garden", "sky", "xqzwvkj"]
)
def test_words_that_are_no_slips_stay(speller: Speller, word: str) -> None:
    assert speller.correct(word) is None


def test_names_stay(speller: Speller) -> None:
    doc = document("Seen by Dr. Sarcoidosos.")
    assert speller.corrected(doc) is doc


def test_a_misspelt_condition_is_found(linker: Linker) -> None:
    assert "D86.9" in linker.candidates(document("Assessment: sarcoidosos"))


@given(note_texts)
def test_only_stems_change(speller: Speller, text: str) -> None:
    doc = document(text)
    mended = speller.corrected(doc)
    assert mended.sentences == doc.sentences
    assert [(t.start, t.end, t.text) for t in mended.tokens] == [
        (t.start, t.end, t.text) for t in doc.tokens
    ]

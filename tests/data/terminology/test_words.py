"""Cutting text into words and words into stems."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.words import STOP_WORDS, WORD, content_stems, stem, stems, words


def test_words() -> None:
    assert words("CKD stage 3a, eGFR 38.5 (T2DM); follow_up") == [
        "CKD", "stage", "3a", "eGFR", "38.5", "T2DM", "follow", "up",
    ]  # fmt: skip
    assert words("") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("diabetic", "diabetes"),
        ("fracture", "fractures"),
        ("Hypertension", "HYPERTENSION"),
        ("anaemia", "anemia"),
        ("oedema", "edema"),
        ("rt", "right"),
        ("feet", "foot"),
        ("metastases", "metastatic"),
    ],
)
def test_forms_of_one_word_meet(one: str, other: str) -> None:
    assert stem(one) == stem(other)


@pytest.mark.parametrize(
    ("one", "other"), [("hepatitis", "hepatic"), ("left", "leave"), ("T2DM", "T1DM")]
)
def test_different_words_stay_apart(one: str, other: str) -> None:
    assert stem(one) != stem(other)


def test_words_without_content_are_left_out() -> None:
    assert content_stems("pain in the right knee") == stems("pain right knee")
    assert content_stems("Other specified of the") == ("other",)
    assert all(word == word.lower() for word in STOP_WORDS)


@given(st.text(max_size=200))
def test_words_stand_in_the_text_in_order(text: str) -> None:
    at = 0
    for match in WORD.finditer(text):
        assert match.start() >= at
        assert text[match.start() : match.end()] == match[0]
        at = match.end()
    assert len(stems(text)) == len(words(text)) >= len(content_stems(text))


@given(st.from_regex(r"[A-Za-z0-9]{1,12}", fullmatch=True))
def test_a_stem_minds_no_case(word: str) -> None:
    assert stem(word) == stem(word.upper()) == stem(word.lower())
    assert stem(word)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("osteoporotic fx", "osteoporosis fracture"),
        ("ischaemic", "ischemia"),
        ("hypoxic", "hypoxia"),
        ("panc adenoca", "pancreatic adenocarcinoma"),
    ],
)
def test_adjectives_and_short_forms_meet_their_nouns(one: str, other: str) -> None:
    assert stems(one) == stems(other)


@pytest.mark.parametrize(("one", "other"), [("toxic", "toxia"), ("antibiotic", "antibiosis")])
def test_adjectives_without_a_noun_stay(one: str, other: str) -> None:
    assert stems(one) != stems(other)


def test_a_letter_that_names_a_kind_is_content() -> None:
    assert content_stems("hepatitis A") == ("hepatitis", "a")
    assert content_stems("a hepatitis") == ("hepatitis",)

"""The pattern language: alternatives, gaps, what may be left out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.coding.circumstances.phrases import PhraseTable, plain

MACROS = {"fall": "fell|slipped"}


def found(pattern: str, text: str) -> list[tuple[int, int]]:
    words = [plain(word) for word in text.split()]
    return [(i, j) for i, j, _ in PhraseTable([(pattern, None)], MACROS).find(words)]


@pytest.mark.parametrize(
    ("pattern", "text", "places"),
    [
        ("ladder", "off a ladder", [(2, 3)]),
        ("step_stool|ladder", "the step stool", [(1, 3)]),
        ("{fall} ~3 ladder", "fell off the tall ladder", [(0, 5)]),
        ("{fall} ~1 ladder", "fell off the tall ladder", []),
        ("ran out ?of insulin", "ran out insulin", [(0, 3)]),
        ("ran out ?of insulin", "ran out of insulin", [(0, 4)]),
        ("opioid", "two opioids", [(1, 2)]),
        ("clear", "he cleared up", []),
        ("s/p cabg", "s p cabg", [(0, 3)]),
        ("hasn't smoked", "she has n t smoked", [(1, 5)]),
        ("cannot smoke", "ca n t smoke and can not smoke", [(5, 8)]),
    ],
)
def test_patterns(pattern: str, text: str, places: list[tuple[int, int]]) -> None:
    assert found(pattern, text) == places


@pytest.mark.parametrize("pattern", ["", "~2 ladder", "?the ladder", "ladder + fall"])
def test_a_pattern_that_says_nothing_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match="begins with no word, or has an empty place"):
        PhraseTable([(pattern, None)], MACROS)


@given(st.lists(st.sampled_from(["fell", "off", "a", "ladder", "the"]), max_size=12))
def test_matches_lie_inside_and_begin_with_their_word(words: list[str]) -> None:
    table = PhraseTable([("{fall} ~3 ladder", 1), ("the ?a ladder", 2)], MACROS)
    for first, last, payload in table.find(words):
        assert 0 <= first < last <= len(words)
        assert words[first] == ("fell" if payload == 1 else "the")
        assert words[last - 1] == "ladder"

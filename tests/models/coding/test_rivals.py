"""Rivals: who meets whom, and how far each leads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import Assertion
from models.coding.occurrences import Candidates, Occurrence
from models.coding.rivals import NOBODY, RIVAL_FEATURES, Meetings


def place(start: int, end: int, words: int = 1) -> Occurrence:
    return Occurrence(start, end, 0, "assessment", Assertion.PRESENT, "lexicon", words, 0.0)


@pytest.fixture
def found() -> Candidates:
    """Hepatitis by its own words, inside longer ones, a sibling elsewhere, and one retrieved."""
    made = Candidates()
    made.at("B15.9").occurrences.append(place(6, 15))
    made.at("K71.2").occurrences.append(place(0, 15, 2))
    made.at("K71.6").occurrences.append(place(0, 15, 2))
    made.at("I10").occurrences.append(place(40, 50))
    made.at("E11.9").occurrences.append(place(40, 50, 0))
    return made


CODES = ["B15.9", "K71.2", "K71.6", "I10", "E11.9"]
SCORES = np.array([1.0, 2.0, 3.0, -1.0, 0.5])


def columns(found: Candidates) -> dict[str, list[float]]:
    rows = Meetings.of(found, CODES).features(SCORES)
    return dict(zip(RIVAL_FEATURES, rows.T.tolist(), strict=True))


def test_rivals_are_those_of_the_same_words(found: Candidates) -> None:
    seen = columns(found)
    assert seen["first_look"] == SCORES.tolist()
    assert seen["rival_overlapping"] == [3.0, 3.0, 2.0, NOBODY, NOBODY]
    assert seen["lead_overlapping"][:3] == [-2.0, -1.0, 1.0]
    assert seen["rival_same_words"] == [NOBODY, 3.0, 2.0, NOBODY, NOBODY]
    assert seen["rival_longer_words"] == [3.0, NOBODY, NOBODY, NOBODY, NOBODY]
    assert seen["overlapping"] == [2.0, 2.0, 2.0, 0.0, 0.0]  # retrieval alone claims no words


def test_rivals_are_those_of_the_same_category(found: Candidates) -> None:
    seen = columns(found)
    assert seen["rival_category"] == [NOBODY, 3.0, 2.0, NOBODY, NOBODY]
    assert seen["rival_subcategory"] == [NOBODY] * 5
    assert seen["code_length"] == [4.0, 4.0, 4.0, 3.0, 4.0]


def test_place_in_the_note(found: Candidates) -> None:
    seen = columns(found)
    assert seen["place_in_note"] == [2.0, 1.0, 0.0, 4.0, 3.0]
    assert set(seen["likely_in_note"]) == {4.0}
    assert set(seen["best_in_note"]) == {3.0}


def test_a_note_without_candidates_has_no_rows() -> None:
    assert Meetings.of(Candidates(), []).features(np.empty(0)).shape == (0, len(RIVAL_FEATURES))


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 30), st.integers(1, 6)), max_size=25))
def test_meetings_are_those_of_every_pair_of_spans(rows: list[tuple[int, int, int]]) -> None:
    made = Candidates()
    for owner, start, length in rows:
        made.at(f"A0{owner}").occurrences.append(place(start, start + length))
    codes = sorted(made)
    meetings = Meetings.of(made, codes)
    spans = [{(o.start, o.end) for o in made[code].occurrences} for code in codes]
    for i in range(len(codes)):
        for j in range(len(codes)):
            pairs = [(a, b) for a in spans[i] for b in spans[j] if i != j]
            over = [(a, b) for a, b in pairs if a[0] < b[1] and b[0] < a[1]]
            assert meetings.overlapping[i, j] == bool(over)
            assert meetings.same_words[i, j] == any(a == b for a, b in over)
            longer = any(b[1] - b[0] > a[1] - a[0] for a, b in over)
            assert meetings.longer_words[i, j] == longer

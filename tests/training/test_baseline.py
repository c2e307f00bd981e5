"""The bag-of-words baseline on a corpus whose words tell the code."""

from __future__ import annotations

import pytest

from data.schemas import GoldCode, GoldNote, Note, System
from training.baseline import LISTED, bag_of_words

WORDS = {"M10.9": "gout toe urate", "J45.909": "asthma wheeze inhaler", "I10": "pressure high"}


def gold(number: int, code: str, system: System = System.ICD10CM) -> GoldNote:
    text = f"visit {number % 5} patient seen with {WORDS[code]} today"
    return GoldNote(
        note=Note(id=str(number), text=text), codes=(GoldCode(system=system, code=code),)
    )


TRAIN = [gold(i, code) for i in range(10) for code in WORDS]


def test_an_obvious_word_is_learned() -> None:
    coded = bag_of_words(TRAIN, [gold(100 + i, code) for i, code in enumerate(WORDS)])
    for note, code in zip(coded, WORDS, strict=True):
        assert note.gold == note.selected == {code}
        assert note.ranking[0][0] == code
        assert note.ranking[0][1] > note.ranking[1][1]
        assert len(note.ranking) == len(WORDS) <= LISTED


def test_a_code_never_seen_in_training_is_never_given_but_counts_as_gold() -> None:
    (coded,) = bag_of_words([n for n in TRAIN if n.codes[0].code != "I10"], [gold(1, "I10")])
    assert coded.gold == {"I10"}
    assert "I10" not in {c for c, _ in coded.ranking}


def test_it_is_the_same_every_time() -> None:
    test = [gold(7, "I10")]
    assert bag_of_words(TRAIN, test) == bag_of_words(TRAIN, test)


@pytest.mark.parametrize("system", [System.CPT, System.ICD10CM])
def test_it_keeps_to_its_system(system: System) -> None:
    (coded,) = bag_of_words(TRAIN, [gold(7, "I10")], system)
    assert bool(coded.ranking) is bool(coded.gold) is (system is System.ICD10CM)

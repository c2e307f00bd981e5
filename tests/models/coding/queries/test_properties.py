"""What holds of every query of any note: the AHIMA/ACDIS practice, and offsets that are right."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from data.authored import load_notes
from data.schemas import Convention, Note, Query
from models.coding.coder import Coder
from models.coding.queries import KINDS, MOST, OTHER, UNABLE
from models.coding.queries.chart import trimmed
from models.coding.queries.tables import forbidden
from tests.models.coding.reading import note, note_texts

NOTES = [gold.note for batch in ("samples", "train", "dev") for gold in load_notes(batch)]
CODE = re.compile(r"\b[A-TV-Z]\d[0-9A-Z](?:\.[0-9A-Z]{1,4})?\b")


def check(queries: tuple[Query, ...], text: str) -> None:
    """What holds of the queries of one note."""
    assert len(queries) <= MOST
    assert len({query.question for query in queries}) == len(queries)
    for query in queries:
        assert query.kind in KINDS
        assert query.evidence
        for span in query.evidence:
            assert text[span.start : span.end] == span.text
            assert span.text.strip() == span.text
        assert query.options[-2:] == (OTHER, UNABLE)
        assert len(query.options) >= 4
        assert len(set(query.options)) == len(query.options)
        for words in (query.question, *query.options):
            assert not forbidden().search(words), words
            assert not CODE.search(words), words


@pytest.mark.parametrize("given_note", NOTES[::8], ids=lambda n: n.id)
def test_queries_of_authored_notes_hold(shipped_coder: Coder, given_note: Note) -> None:
    check(shipped_coder.suggest(given_note).queries, given_note.text)


@settings(max_examples=40, deadline=None)
@given(text=note_texts)
def test_queries_of_any_text_hold(shipped_coder: Coder, text: str) -> None:
    check(shipped_coder.suggest(note(text, setting="inpatient")).queries, text)


def test_the_every_mention_convention_asks_nothing(shipped_coder: Coder) -> None:
    chf = note("DISCHARGE DIAGNOSES\n1. CHF\n", setting="inpatient")
    assert shipped_coder.suggest(chf).queries
    assert not shipped_coder.suggest(chf, Convention.EVERY_MENTION).queries


def test_not_more_than_five_and_the_most_important_first(shipped_coder: Coder) -> None:
    text = (
        "DISCHARGE DIAGNOSES\n1. CHF\n2. Respiratory failure\n3. Malnutrition\n4. Encephalopathy\n"
        "5. Anemia\n6. Atrial fibrillation\n7. Chronic kidney disease\n8. Dementia\n"
    )
    queries = shipped_coder.suggest(note(text, setting="inpatient")).queries
    check(queries, text)
    assert len(queries) == MOST
    asked = " ".join(query.question for query in queries)
    assert "heart failure" in asked
    assert "dementia" not in asked


def test_a_quotation_ends_with_a_whole_word() -> None:
    text = "  furosemide 40 mg dai"
    assert trimmed(text, 0, 17) == (2, 15)
    assert text[slice(*trimmed(text + "ly", 0, len(text)))] == "furosemide 40 mg"

"""Retrieval: which spans are problems, and which descriptions come nearest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from data.terminology.icd10cm import Release
from models.coding.coder import Coder
from models.coding.retrieval import (
    DENSE_FLOOR,
    LEXICAL_FLOOR,
    LexicalRetriever,
    Retriever,
    find_problems,
)
from tests.models.coding.reading import document, note_texts


def problems(text: str) -> list[str]:
    return [text[p.start : p.end] for p in find_problems(document(text))]


def test_problems_are_the_heads_of_lines_in_assessments() -> None:
    text = (
        "HPI: cough for a week\n"
        "A/P:\n"
        "1. Hypertension: continue lisinopril\n"
        "2. Type 2 diabetes - A1c 8.1, start metformin\n"
        "# Gout (left foot)\n"
        "4. Asthma. Albuterol as needed.\n"
        "Discharge Diagnosis: Acute cystitis; urosepsis\n"
    )
    assert problems(text) == [
        "Hypertension", "Type 2 diabetes", "Gout", "Asthma", "Acute cystitis", "urosepsis",
    ]  # fmt: skip


def test_a_story_lists_problems_by_number() -> None:
    course = (
        "COURSE\n1. Stroke, L MCA\n2. Paroxysmal AF - 3 runs\n- walked the hall\nHe went home.\n"
    )
    assert problems(course) == ["Stroke, L MCA", "Paroxysmal AF"]


def test_a_plan_lists_problems_where_nothing_else_does() -> None:
    plan = "Plan:\n1. Hypertension: lisinopril\n"
    assert problems(f"HPI: well\n{plan}") == ["Hypertension"]
    assert problems(f"Assessment: gout\n{plan}") == ["gout"]


def test_positions_count_inside_their_section() -> None:
    found = find_problems(document("Assessment:\n1. Gout\n2. Asthma\nImpression: cyst\n"))
    assert [p.position for p in found] == [0, 1, 0]


def test_a_long_line_names_no_problem() -> None:
    assert problems("Assessment: " + "word " * 20) == []


@pytest.fixture(scope="module")
def toy() -> LexicalRetriever:
    texts = ["Fracture of femur", "Fracture of radius", "Acute bronchitis", "Fracture of radius"]
    return LexicalRetriever(texts, ["S72", "S52", "J20", "S52"])


def test_lexical_ranks_by_shared_rare_words(toy: LexicalRetriever) -> None:
    found = toy.search("radius fractures", 3)
    assert [code for code, _ in found] == ["S52", "S72"]
    assert found[0][1] == pytest.approx(1.0)
    assert found[0][1] > found[1][1] > 0


def test_lexical_knows_no_unknown_word(toy: LexicalRetriever) -> None:
    assert toy.search("quasar", 3) == []
    assert toy.search("", 3) == []


@pytest.fixture(scope="module")
def retriever(shipped_coder: Coder, release: Release) -> Retriever:
    return shipped_coder.linker_for(release).retriever


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("carpal tunnel syndrome left", "G56.02"),
        ("acute bronchitis due to rhinovirus", "J20.6"),
        ("primary open-angle glaucoma bilateral", "H40.11"),
    ],
)
def test_nearest_description_is_found(retriever: Retriever, query: str, code: str) -> None:
    (found,) = retriever.search([query], 8)
    assert any(r.code.startswith(code[:5]) for r in found[:4]), [r.code for r in found]
    assert [r.rank for r in found] == list(range(len(found)))
    assert len({r.code for r in found}) == len(found) <= 8
    assert all(r.lexical >= LEXICAL_FLOOR or r.dense >= DENSE_FLOOR for r in found)


def test_many_queries_are_answered_in_their_order(retriever: Retriever) -> None:
    queries = ["gout", "asthma", "", "👩‍⚕️", "acute appendicitis"]
    together = retriever.search(queries, 5)
    assert len(together) == len(queries)
    for query in (0, 1, 4):
        # int8 activations are quantised over a batch: only what is near enough is the same.
        assert together[query][0].code == retriever.search([queries[query]], 5)[0][0].code
    assert retriever.search([], 5) == []


def test_what_shares_too_little_is_dropped(toy: LexicalRetriever, release: Release) -> None:
    alone = Retriever(toy, None, release)
    query = "fracture of femur, acute bronchitis"
    assert min(score for _, score in toy.search(query, 3)) < LEXICAL_FLOOR
    assert [r.code for r in alone.search([query], 3)[0]] == ["J20", "S72"]
    assert alone.search(["quasar"], 3) == [[]]


def test_own_index_entries_are_searched(release: Release) -> None:
    own = LexicalRetriever.of(release, [("zebrafish lung", "J84.9"), ("zebrafish", "Q00.0X9")])
    assert own.search("zebrafish lung", 1)[0][0] == "J84.9"
    assert "Q00.0X9" not in own.codes


@settings(max_examples=80)
@given(note_texts)
def test_problems_of_any_text_are_words_of_their_sentence(text: str) -> None:
    doc = document("Assessment:\n" + text)
    for p in find_problems(doc):
        sentence = doc.sentences[p.sentence]
        assert sentence.start <= p.start < p.end <= sentence.end

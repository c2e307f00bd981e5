"""Coverage: what a code claims that the note says, and the other way round."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from data.terminology.icd10cm import Release
from models.coding.context import ContextReader
from models.coding.coverage import Wordings
from models.coding.document import Document
from models.coding.occurrences import Candidates, Coverage, Occurrence
from tests.models.coding.reading import document, note_texts


def weight(stem: str) -> float:
    return 1.0


@pytest.fixture(scope="module")
def wordings(release: Release) -> Wordings:
    return Wordings(release, weight)


def covered(
    wordings: Wordings, doc: Document, codes: list[str], source: str = "lexicon", sentence: int = 0
) -> dict[str, Coverage]:
    found = Candidates()
    own = doc.sentences[sentence]
    for code in codes:
        place = Occurrence(
            own.start, own.end, sentence, "assessment", None, source, 1, 0.0  # type: ignore[arg-type]
        )  # fmt: skip
        found.at(code).occurrences.append(place)
    wordings.cover(doc, found, ContextReader(doc))
    return {code: candidate.coverage for code, candidate in found.items()}


def test_the_code_that_is_said_in_full_is_covered(wordings: Wordings) -> None:
    doc = document("Assessment: upper-outer quadrant malignant neoplasm of the left female breast.")
    both = covered(wordings, doc, ["C50.412", "C50.411"])
    assert both["C50.412"].near == both["C50.412"].note == 1.0
    assert both["C50.412"].unsaid == 0
    assert both["C50.411"].near < 1
    assert both["C50.411"].unsaid == 1  # "right"


def test_words_of_the_next_sentence_count_beside(wordings: Wordings) -> None:
    doc = document("HPI: Acute bronchitis. Respiratory syncytial virus was found.")
    found = covered(wordings, doc, ["J20.5"])["J20.5"]
    assert found.near < found.beside == found.note == 1.0


def test_denied_words_are_not_said(wordings: Wordings) -> None:
    doc = document("Assessment: diabetes without ketoacidosis.")
    assert covered(wordings, doc, ["E10.10"])["E10.10"].near < 0.5


def test_a_problem_is_explained_by_the_code_and_what_stands_above_it(wordings: Wordings) -> None:
    doc = document("Assessment: chronic tophaceous gout")
    told = covered(wordings, doc, ["M1A.9XX1", "I10"], source="retrieval")
    assert told["M1A.9XX1"].explained > told["I10"].explained == 0
    assert covered(wordings, doc, ["M1A.9XX1"])["M1A.9XX1"].explained == 0  # no listed problem


@settings(max_examples=40)
@given(note_texts)
def test_shares_are_shares(wordings: Wordings, text: str) -> None:
    doc = document(text)
    if doc.sentences:
        for c in covered(wordings, doc, ["E11.22", "S52.501A"], source="retrieval").values():
            assert 0 <= c.near <= c.beside <= 1 + 1e-9
            assert 0 <= c.note <= 1 + 1e-9
            assert 0 <= c.explained <= 1 + 1e-9
            assert c.unsaid >= 0

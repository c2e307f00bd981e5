"""Candidates: what speaks for a code, history and status codes."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.candidates import ALTERNATIVE, CHOSEN, PLAIN, Candidates
from models.coding.coder import Coder
from models.coding.linking import Linker
from tests.models.coding.reading import document, note_texts


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


def gathered(linker: Linker, text: str, **fields: object) -> Candidates:
    return linker.candidates(document(text, **fields))


def test_occurrences_say_where_and_how(linker: Linker) -> None:
    text = "HPI: denies chest pain.\nPMH: asthma\nAssessment: chest pain\n"
    chest = gathered(linker, text)["R07.9"]
    said = {(o.section, o.assertion) for o in chest.occurrences if o.words}
    assert said == {("hpi", Assertion.NEGATED), ("assessment", Assertion.PRESENT)}
    assert chest.with_assertion(Assertion.NEGATED)[0].words == 2
    assert all(text[o.start : o.end].lower() == "chest pain" for o in chest.occurrences)
    assert chest.problem_position == 0


def test_plain_code_stays_beside_the_specified_one(linker: Linker) -> None:
    found = gathered(linker, "Assessment: heart failure; this is acute on chronic, systolic")
    roles = {code: {o.role for o in c.occurrences if o.words} for code, c in found.items()}
    assert CHOSEN in roles["I50.23"]
    assert PLAIN in roles["I50.9"]
    assert any(ALTERNATIVE in said for said in roles.values())
    assert all(linker.release.is_billable(code) for code in found)


def test_both_sides_are_two_codes_where_none_is_both(linker: Linker) -> None:
    found = gathered(linker, "Assessment: pain in both knees")
    for code in ("M25.561", "M25.562"):
        assert any(o.role == CHOSEN for o in found[code].occurrences)


def test_retrieval_adds_candidates_for_listed_problems_only(linker: Linker) -> None:
    words = "idiopathic bronchitis acuta rhinovirus"
    listed, told = gathered(linker, f"Assessment: {words}\n"), gathered(linker, f"HPI: {words}\n")
    assert any(c.retrieval_rank is not None for c in listed.values())
    assert all(c.retrieval_rank is None for c in told.values())
    assert any("retrieval" in c.sources for c in listed.values())


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Mother had breast cancer.", "Z80.3"),
        ("History of breast cancer.", "Z85.3"),
        ("History of pulmonary embolism.", "Z86.711"),
        ("Family history of colon cancer.", "Z80.0"),
    ],
)
def test_history_codes_follow_the_reading(linker: Linker, text: str, code: str) -> None:
    assert code in gathered(linker, f"HPI: {text}\n")


@pytest.mark.parametrize("text", ["She has breast cancer.", "No breast cancer."])
def test_present_or_negated_disease_makes_no_history_code(linker: Linker, text: str) -> None:
    assert not {"Z80.3", "Z85.3"} & gathered(linker, f"HPI: {text}\n").keys()


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Meds: Premarin daily\nAssessment: menopause", "Z79.890", "Premarin"),
        ("Meds: Semglee 20 units\nAssessment: type 2 diabetes", "Z79.4", "Semglee"),
        ("Vitals: BMI 34.2\nAssessment: obesity", "Z68.34", "BMI 34.2"),
        ("HPI: NIHSS 7\nAssessment: cerebral infarction", "R29.707", "NIHSS 7"),
    ],
)
def test_status_codes_come_with_their_words(
    linker: Linker, text: str, code: str, words: str
) -> None:
    found = gathered(linker, text)[code]
    assert words in {text[o.start : o.end] for o in found.occurrences}
    assert {"drug", "measure"} & set(found.sources)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Meds: Semglee 20 units\nAssessment: gout", "Z79.4"),
        ("Social: semglee is dear\nAssessment: type 2 diabetes", "Z79.4"),
        ("Vitals: BMI 34.2\nAssessment: gout", "Z68.34"),
        ("Vitals: BMI 34.2\nAssessment: no obesity", "Z68.34"),
        ("HPI: NIHSS 7\nAssessment: gout", "R29.707"),
    ],
)
def test_status_codes_need_their_diagnosis_or_section(linker: Linker, text: str, code: str) -> None:
    assert code not in gathered(linker, text)


@settings(max_examples=60)
@given(note_texts)
def test_candidates_of_any_text_are_billable_and_placed(linker: Linker, text: str) -> None:
    for code, candidate in gathered(linker, text).items():
        assert linker.release.is_billable(code)
        assert candidate.occurrences
        assert candidate.code == code
        for o in candidate.occurrences:
            assert 0 <= o.start < o.end <= len(text)


def test_a_problem_says_of_a_code_what_its_words_do(linker: Linker) -> None:
    text = "Assessment:\n1. Hgb steady, no acute blood loss anemia, no transfusion\n"
    found = gathered(linker, text)
    assert {o.assertion for o in found["D62"].occurrences} == {Assertion.NEGATED}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Assessment: pathologic fracture of T8 due to myeloma", "M84.58XA"),
        ("Assessment: diabetes due to pancreatic cancer, poorly controlled", "E08.65"),
        ("Assessment: septic shock, source not known", "A41.9"),
        ("Assessment: cervical stenosis, endometrial biopsy failed", "N88.2"),
        ("Assessment: hepatitis A", "B15.9"),
        ("Assessment: secondary hyperPTH", "N25.81"),
        ("Assessment: CAD with stable exertional angina", "I25.118"),
        ("Assessment: probable Wernicke's", "E51.2"),
    ],
)
def test_wordings_reach_their_code(linker: Linker, text: str, code: str) -> None:
    assert code in gathered(linker, text)


def test_steroids_hyperglycemia_is_no_diabetes(linker: Linker) -> None:
    found = gathered(linker, "Assessment: steroid-induced hyperglycemia on dexamethasone")
    assert "E09.65" not in found or not any(o.words for o in found["E09.65"].occurrences)
    assert found["R73.9"].dropped_by is None

"""Structure of a note: sections, sentences, lists, tables, and offsets that always hold."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import given

from data.schemas import MAX_NOTE_CHARACTERS
from models.coding.document import (
    LONGEST_SENTENCE,
    Document,
    find_sections,
    pipeline,
)
from models.coding.headers import section_kinds
from tests.models.coding.reading import document, note_texts


def kinds(text: str) -> list[str]:
    return [section.kind for section in find_sections(text)]


def sentences(text: str) -> list[str]:
    doc = document(text)
    return [doc.text[s.start : s.end].strip() for s in doc.sentences]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("Chief Complaint: cough", "chief_complaint"),
        ("CC: cough", "chief_complaint"),
        ("HPI:", "hpi"),
        ("HISTORY OF PRESENT ILLNESS", "hpi"),
        ("History of Present Illness", "hpi"),
        ("history of present illness:", "hpi"),
        ("Review of Systems:", "ros"),
        ("ROS - negative", "ros"),
        ("Past Medical History:", "pmh"),
        ("PMHx:", "pmh"),
        ("PMH/PSH:", "pmh"),
        ("Past Surgical Hx:", "psh"),
        ("Family Hx: none", "family"),
        ("FH: none", "family"),
        ("Social History:", "social"),
        ("Current Medications:", "meds"),
        ("MEDS", "meds"),
        ("Allergies: NKDA", "allergies"),
        ("Vital Signs:", "vitals"),
        ("Physical Exam:", "exam"),
        ("PE: well", "exam"),
        ("Labs (05/02/2026):", "labs"),
        ("Labs 5/2/26:", "labs"),
        ("Imaging:", "imaging"),
        ("IMPRESSION", "impression"),
        ("** IMPRESSION **", "impression"),
        ("Impression —", "impression"),
        ("Assessment:", "assessment"),
        ("ASSESSMENT", "assessment"),
        ("Assessment & Plan:", "assessment_plan"),
        ("A/P:", "assessment_plan"),
        ("A / P:", "assessment_plan"),
        ("A&P", "assessment_plan"),
        ("## Assessment and Plan", "assessment_plan"),
        ("Assessment/Plan:", "assessment_plan"),
        ("Discharge Diagnoses:", "discharge_diagnosis"),
        ("Post-operative Diagnosis: hernia", "discharge_diagnosis"),
        ("Preoperative Diagnosis: hernia", "admission_diagnosis"),
        ("Hospital Course:", "hospital_course"),
        ("Plan:", "plan"),
        ("Discharge Instructions:", "instructions"),
        ("Return precautions: fever", "instructions"),
        ("Surgeon: Dr. Doe", "operative_meta"),
    ],
)
def test_header_is_known_in_its_spellings(line: str, kind: str) -> None:
    assert kinds(f"{line}\nwords below\n") == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "he was seen in the exam room and felt well",
        "Plan was discussed with the patient at length",
        "Glucose: 104",
        "Patient denies: fever",
    ],
)
def test_ordinary_line_is_no_header(line: str) -> None:
    assert kinds(f"HPI: cough.\n{line}\n") == ["hpi"]


_DATED = re.compile(r" (today|on arrival|at discharge)$")


def test_every_wording_of_the_table_opens_its_section() -> None:
    for header, kind in section_kinds().items():
        if len(header) > 2 and not _DATED.search(header):
            assert kinds(f"{header.title()}: words\n") == [kind], header


def test_diagnoses_at_discharge_are_discharge_diagnoses() -> None:
    assert kinds("Diagnoses at Discharge: gout\n") == ["discharge_diagnosis"]


def test_what_stands_before_the_first_header_is_the_preamble() -> None:
    assert kinds("58 yo man.\nHPI: cough\n") == ["preamble", "hpi"]
    assert kinds("58 yo man.") == ["preamble"]


def test_unknown_header_in_capitals_ends_the_section_before() -> None:
    assert kinds("FAMILY HISTORY: gout\nTELEMETRY EVENTS: none\n") == ["family", "other"]


@pytest.mark.parametrize("line", ["K 4.1", "COPD EXACERBATION", "TYPE 2 DIABETES MELLITUS"])
def test_problem_or_value_in_capitals_is_no_header(line: str) -> None:
    assert kinds(f"ASSESSMENT:\n{line}\n") == ["assessment"]


def test_condition_with_a_colon_stays_in_the_family_section() -> None:
    assert kinds("Family History:\nDiabetes: mother\n") == ["family"]


def test_inline_headers_open_sections_inside_a_line() -> None:
    text = "PMH: gout. FH: stroke. SH: smoker. Assessment: cough."
    found = find_sections(text)
    assert [s.kind for s in found] == ["pmh", "family", "social", "assessment"]
    assert [text[s.start : s.end].strip() for s in found] == [
        "gout.",
        "stroke.",
        "smoker.",
        "cough.",
    ]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_family_section_ends_at_a_blank_line(newline: str) -> None:
    text = newline.join(["Family History:", "Gout in father", "", "He reports a cough.", ""])
    found = find_sections(text)
    assert [s.kind for s in found] == ["family", "other"]
    assert text[found[1].start :].startswith("He reports")


def test_long_sections_run_over_blank_lines() -> None:
    assert kinds("HPI: cough\n\nHe also has a rash.\n") == ["hpi"]


def test_abbreviations_and_numbers_do_not_end_a_sentence() -> None:
    assert sentences("Seen by Dr. Doe vs. the nurse. Temp 38.5 today. Well.") == [
        "Seen by Dr. Doe vs. the nurse.",
        "Temp 38.5 today.",
        "Well.",
    ]


def test_list_items_are_sentences_of_their_own() -> None:
    text = "Assessment:\n1. Gout\n2) Asthma\n- Cough\n* Rash\n(3) Fever\na. Itch\n"
    doc = document(text)
    assert [text[s.start : s.end].strip() for s in doc.sentences] == [
        "Gout", "Asthma", "Cough", "Rash", "Fever", "Itch",
    ]  # fmt: skip
    assert all(s.item for s in doc.sentences)


def test_a_decimal_number_is_no_list_mark() -> None:
    assert not document("Labs:\n7.4 is the pH\n").sentences[0].item


def test_table_rows_are_read_one_by_one() -> None:
    text = "Labs:\nNa\t140\nAlbumin\t4.1\nGlucose | 240 | high\n"
    doc = document(text)
    assert [text[s.start : s.end].strip() for s in doc.sentences] == [
        "Na\t140", "Albumin\t4.1", "Glucose | 240 | high",
    ]  # fmt: skip
    assert all(s.table_row for s in doc.sentences)


def test_wrapped_line_is_read_with_the_one_before() -> None:
    text = "The patient denies any fever, chills, nausea, vomiting or\nchest pain since the fall.\n"
    assert len(document(text).sentences) == 1
    assert len(document("Short line\nchest pain since the fall.\n").sentences) == 2


def test_slashes_and_units_are_cut_into_words() -> None:
    assert [t.text for t in document("s/p fall, HbA1c 7.5%").tokens] == [
        "s", "p", "fall", "HbA1c", "7.5",
    ]  # fmt: skip


def check_offsets(doc: Document) -> None:
    text = doc.text
    last = 0
    for token in doc.tokens:
        assert text[token.start : token.end] == token.text
        assert last <= token.start < token.end <= len(text)
        last = token.end
    edge = 0
    for section in doc.sections:
        assert edge <= section.start <= section.end <= len(text)
        assert section.header in text
        assert text[edge : section.start].strip(" \t\r\n") == "" or section.header
        edge = section.end
    assert edge == len(text)
    word = 0
    for sentence in doc.sentences:
        section = doc.section_of(sentence)
        assert section.start <= sentence.start < sentence.end <= section.end
        assert word <= sentence.first < sentence.last <= len(doc.tokens)
        inside = doc.sentence_tokens(sentence)
        assert sentence.start <= inside[0].start
        assert inside[-1].start < sentence.end
        word = sentence.last


@given(note_texts)
def test_offsets_hold_for_any_text(text: str) -> None:
    doc = document(text)
    assert doc.text == text
    check_offsets(doc)


def test_crlf_and_wide_characters_are_counted_as_received() -> None:
    text = "👩‍⚕️ note\r\nHPI:\r\nCough 🤒 since May.\r\n\r\nA/P:\r\n1. Gout\r\n"
    doc = document(text)
    check_offsets(doc)
    gout = next(t for t in doc.tokens if t.text == "Gout")
    assert text[gout.start : gout.end] == "Gout"
    assert [s.kind for s in doc.sections] == ["preamble", "hpi", "assessment_plan"]


def test_longest_note_is_within_the_tokenizers_limit() -> None:
    assert pipeline().max_length > MAX_NOTE_CHARACTERS


def calls(work: Callable[[], object]) -> int:
    """Function calls made by ``work``, those into C included."""
    count = 0

    def see(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(see)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


@pytest.mark.parametrize(
    "piece",
    [
        "HPI: cough. He denies fever.\n\nA/P:\n1. Gout\n",
        "no fever but cough ",
        "A: b. ",
        "x\n",
        "- ",
    ],
)
def test_work_grows_with_the_length_and_no_faster(piece: str) -> None:
    document(piece * 3)  # caches
    few, many = (calls(lambda n=n: document(piece * n)) for n in (300, 1200))
    assert many < 4.5 * few


def test_a_sentence_without_an_end_is_cut() -> None:
    doc = document("no fever but cough " * 1000)
    assert len(doc.sentences) > 1
    assert max(s.last - s.first for s in doc.sentences) <= LONGEST_SENTENCE
    assert sum(s.last - s.first for s in doc.sentences) == len(doc.tokens)
    check_offsets(doc)


def test_a_run_of_spaces_is_searched_once() -> None:
    # Steps inside the pattern cannot be counted: a search from each space would take hours here.
    doc = document("Labs:\na" + " " * 900_000 + "b")
    assert [t.text for t in doc.tokens] == ["Labs", "a", "b"]


def test_a_line_that_had_room_for_the_next_word_ends_a_sentence() -> None:
    listed = document(
        "Dx\nIncision healing well, no sign of deep or mesh infection\nT2DM uncontrolled\n"
        "Follow-up with wound clinic in one week, sooner for fever, drainage or increasing pain\n"
    )
    parts = [listed.text[s.start : s.end].strip() for s in listed.sentences]
    assert "T2DM uncontrolled" in parts
    wrapped = document(
        "HPI\nThe patient returns today for a follow-up of her longstanding stiff\n"
        "Parkinson disease and says that she has been falling more often and that\n"
        "she feels well.\n"
    )
    joined = [wrapped.text[s.start : s.end] for s in wrapped.sentences]
    assert any("stiff\nParkinson disease" in part for part in joined)

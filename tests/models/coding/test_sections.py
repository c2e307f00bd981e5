"""Sections: headers of real charts, where a section ends, problems and what stands under them."""

from __future__ import annotations

import pytest

from data.schemas import Assertion
from models.coding.sections import find_sections
from tests.models.coding.reading import document


def kinds(text: str) -> list[str]:
    return [section.kind for section in find_sections(text)]


def under(text: str, kind: str) -> list[str]:
    """What stands in the sections of one kind."""
    return [text[s.start : s.end].strip() for s in find_sections(text) if s.kind == kind]


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ("S> Mom reports cough", "hpi"),
        ("O> T 99.9", "exam"),
        ("A> bronchiolitis", "assessment"),
        ("P> fluids", "plan"),
        ("S: cough 3 d", "hpi"),
        ("O: lungs clear", "exam"),
        ("A: bronchitis", "assessment"),
        ("P: rest", "plan"),
        ("A/", "assessment"),
        ("P/", "plan"),
        ("A/ viral illness", "assessment"),
        ("INJ: haloperidol", "procedure"),
        ("INFUSION: zoledronate 4 mg", "procedure"),
        ("EMB PROC: consent", "procedure"),
        ("IMP", "assessment_plan"),
        ("DX", "assessment"),
        ("Dx / Plan", "assessment_plan"),
        ("Assess/Plan:", "assessment_plan"),
        ("A/P & anticipatory guidance:", "assessment_plan"),
        ("Assessment, plan and counseling:", "assessment_plan"),
        ("Impression and recommendations", "assessment_plan"),
        ("FHx neg", "family"),
        ("Fam hx: gout", "family"),
        ("Fam: mother gout", "family"),
        ("SocHx: smoker", "social"),
        ("Soc: smoker", "social"),
        ("PMHx asthma", "pmh"),
        ("Psych hx: none", "pmh"),
        ("Med hx (from list): gout", "pmh"),
        ("PMH per chart: gout", "pmh"),
        ("PAST HISTORY", "pmh"),
        ("SURGICAL", "psh"),
        ("MEDICAL REASONING", "hospital_course"),
        ("D/C MEDS: amlodipine", "meds"),
        ("LABS at d/c: Hgb 9", "labs"),
        ("PE at d/c: well", "exam"),
        ("HRCT 7/14: fibrosis", "imaging"),
        ("CT abdomen 5/2: stone", "imaging"),
        ("CLINICAL HISTORY", "hpi"),
        ("GROSS DESCRIPTION", "findings"),
        ("MICROSCOPIC", "findings"),
        ("FINAL DIAGNOSIS", "assessment"),
        ("CLINICAL IMPRESSION", "assessment"),
        ("INDICATION: cough", "indication"),
        ("COMPARISON: none", "technique"),
        ("GOALS: walk 100 m", "plan"),
        ("PREOPERATIVE DIAGNOSIS: hernia", "admission_diagnosis"),
        ("Code status: DNR", "other"),
        ("Thank you for sending Mrs. T.", "hpi"),
        ("On examination she is well.", "exam"),
        ("Exam. BP 130/80, lungs clear", "exam"),
        ("Interval history. She is better.", "hpi"),
        ("O  Antalgic lean L", "exam"),
        ("A  1 Lumbar strain", "assessment"),
        ("O", "exam"),
        ("Dx list:", "assessment"),
        ("POST PROCEDURE DIAGNOSIS", "discharge_diagnosis"),
        ("ADVICE / PLAN", "assessment_plan"),
        ("PRINCIPAL: E. coli sepsis", "discharge_diagnosis"),
    ],
)
def test_header_of_real_charts(line: str, kind: str) -> None:
    assert kinds(f"{line}\nwords below\n") == [kind]


@pytest.mark.parametrize(
    "line",
    [
        "CTA shows PE, heparin started",
        "GI consulted, will scope",
        "COPD: continue inhaler",
        "TSH 38.4: high",
        "All questions were answered",
        "A 62-year-old man is well",
        "Discharged. He will call.",
    ],
)
def test_line_of_a_plan_is_no_header(line: str) -> None:
    assert kinds(f"A/P:\n{line}\n") == ["assessment_plan"]


def test_fundal_height_is_no_family_history() -> None:
    assert "family" not in kinds("HPI: feels well\nFH 32 FHT 146\n")


@pytest.mark.parametrize(
    "line", ["Diabetes: mother", "Mother: stroke", "Cancer: none", "Colon cancer: father, at 60"]
)
def test_family_section_keeps_its_labels(line: str) -> None:
    assert kinds(f"Family History:\n{line}\nBrother: gout\n") == ["family"]


@pytest.mark.parametrize("line", ["Tobacco: never", "Alcohol: 2 a week", "Occupation: welder"])
def test_social_section_keeps_its_labels(line: str) -> None:
    found = set(kinds(f"Social History:\n{line}\nLives: alone\n"))
    assert found == {"social"}


def test_family_section_ends_at_another_label() -> None:
    assert kinds("FH: gout\nWork restrictions: none given\n")[-1] == "family"
    assert kinds("FH: gout\nNeb treatment: two given here\n") == ["family", "other"]


@pytest.mark.parametrize("header", ["FHx", "Soc", "Meds", "All", "Vitals", "PMH", "CC"])
def test_one_line_header_does_not_run_on_into_the_next_paragraph(header: str) -> None:
    text = f"{header}: as before\n\nShe fell on the stairs and has a swollen wrist.\n"
    assert under(text, "other") == ["She fell on the stairs and has a swollen wrist."]


def test_drug_list_may_have_blank_lines() -> None:
    assert kinds("Medications:\n- metformin\n\n- lisinopril\n") == ["meds"]


def test_parts_of_the_body_are_labels_in_a_report_and_in_a_review() -> None:
    assert kinds("FINDINGS:\nLungs: clear.\nHeart: normal.\nIMPRESSION: normal\n") == [
        "findings",
        "impression",
    ]
    assert kinds("ROS:\nCV: no pain\nResp: no cough\nPE:\nCV: regular\n") == ["ros", "exam", "exam"]


def test_plan_under_a_problem_ends_at_the_next_problem() -> None:
    text = "A/P:\n1. Gout\nPlan: colchicine\n2. Asthma\nPlan: inhaler\n3. Eczema\n"
    assert [x.split("\n")[0] for x in under(text, "assessment_plan")] == [
        "1. Gout", "2. Asthma", "3. Eczema",
    ]  # fmt: skip
    assert under(text, "plan") == ["colchicine", "inhaler"]


def test_a_plan_with_its_own_numbers_stays_a_plan() -> None:
    assert kinds("A/P:\n1. Gout\n2. Asthma\nPlan:\n1. colchicine\n2. inhaler\n") == [
        "assessment_plan",
        "plan",
    ]


def test_guidance_within_a_well_child_plan_does_not_swallow_its_problems() -> None:
    text = "A/P:\n1. Well child. Anticipatory guidance: falls, choking.\n2. Otitis media\n"
    found = find_sections(text)
    assert [s.kind for s in found] == ["assessment_plan", "instructions", "assessment_plan"]
    assert [s.prior for s in found] == [None, Assertion.HYPOTHETICAL, None]
    bulleted = "A/P:\n- Well child\n- anticip guidance: choking\n- Otitis media\n"
    assert kinds(bulleted)[-1] == "assessment_plan"


def test_tests_and_drugs_under_problems_stay_with_them() -> None:
    assert kinds("A/P:\nDiabetes\n Labs: A1c in 3 mo\n Meds: metformin\nGout\n") == [
        "assessment_plan"
    ]


def test_list_that_nobody_reviewed_tells_what_was() -> None:
    (stale,) = find_sections("Problem List (auto-imported): gout; GERD\n")
    (fresh,) = find_sections("Problem List: gout; GERD\n")
    assert (stale.prior, fresh.prior) == (Assertion.HISTORICAL, None)


def test_note_without_headers_is_one_preamble() -> None:
    assert kinds("67M fell at home, hip pain.\nFilms neg. Home w/ walker.\n") == ["preamble"]


def test_number_alone_opens_a_problem() -> None:
    doc = document("DX\n1 Simple febrile seizure\n2 Mild dehydration\n")
    assert [s.item for s in doc.sentences] == [True, True]
    assert doc.text[doc.sentences[0].start :].startswith("Simple")


def test_question_mark_before_a_condition_ends_no_sentence() -> None:
    doc = document("HPI: snores - ? OSA, wants to wait\n")
    assert len(doc.sentences) == 1


def test_a_problem_goes_on_behind_the_parts_under_the_one_before() -> None:
    text = (
        "ASSESSMENT AND PLAN\nGraves disease.\nMedical reasoning: Antibodies are positive.\n"
        "Medical treatment: Methimazole 20 mg daily.\n"
        "Patient education and counseling: Call for sore throat.\n\n"
        "Vitamin D deficiency.\nMedical treatment: Vitamin D weekly.\n"
    )
    found = {
        section.kind
        for section in find_sections(text)
        if "Vitamin D deficiency" in text[section.start : section.end]
    }
    assert found == {"assessment_plan"}


def test_advice_within_a_numbered_problem_ends_with_it() -> None:
    text = (
        "ASSESSMENT\n1. Well child. Anticipatory guidance: falls, choking.\n"
        "2. Eczema, flare. Hydrocortisone.\n\nPLAN\n1. Recheck.\n3. Call for fever.\n"
    )
    kinds = {
        text[s.start : s.end].strip().split()[-1]: s.kind
        for s in find_sections(text)
        if s.end > s.start
    }
    assert kinds["choking."] == "instructions"
    assert kinds["Hydrocortisone."] == "assessment"
    assert kinds["fever."] == "plan"

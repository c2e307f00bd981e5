"""Queries for treatment and findings without a diagnosis."""

from __future__ import annotations

import pytest

from tests.models.coding.queries.conftest import EMERGENCY, OFFICE, Ask, kinds, quoted

HIP = "DISCHARGE DIAGNOSES\n1. Osteoarthritis of right hip\n"


@pytest.mark.parametrize(
    ("drug", "condition"),
    [
        ("apixaban 5 mg BID", "Atrial fibrillation, permanent"),
        ("donepezil 10 mg nightly", "Alzheimer dementia"),
        ("insulin glargine 20 units", "Type 2 diabetes mellitus"),
        ("levetiracetam 500 mg BID", "Epilepsy"),
        ("tacrolimus 1 mg BID", "Kidney transplant status"),
        ("amiodarone 200 mg daily", "Paroxysmal atrial fibrillation"),
        ("methotrexate 15 mg weekly", "Seropositive rheumatoid arthritis"),
        ("carbidopa-levodopa 25-100 TID", "Parkinson's disease"),
    ],
)
def test_a_drug_without_its_condition_is_asked_about_and_with_it_is_not(
    ask: Ask, drug: str, condition: str
) -> None:
    medication = f"\nDISCHARGE MEDICATIONS: acetaminophen 650, {drug}\n"
    queries = ask(HIP + medication)
    assert kinds(queries) == ["missing_diagnosis"]
    assert quoted(queries).split()[0].lower() in drug
    assert "missing_diagnosis" not in kinds(ask(HIP + f"2. {condition}\n" + medication))


@pytest.mark.parametrize(
    "plan",
    [
        "Stop apixaban.",
        "Consider apixaban.",
        "Apixaban for stroke prevention.",
        "Allergic to apixaban.",
        "Apixaban discontinued in March.",
    ],
)
def test_a_drug_that_is_not_given_or_is_explained_is_not_asked_about(ask: Ask, plan: str) -> None:
    assert not ask(f"ASSESSMENT\n1. Osteoarthritis of right hip\n\nPLAN\n{plan}\n", **OFFICE)


def test_a_drug_under_a_problem_is_given_for_that_problem(ask: Ask) -> None:
    text = "A/P\n1. Itch of kidney disease, unusual: start pregabalin 25 nightly\n2. Amiodarone\n"
    assert "pregabalin" not in quoted(ask(text, **OFFICE))


def test_a_gland_that_was_examined_is_no_reason_for_its_hormone(ask: Ask) -> None:
    text = (
        "EXAM: thyroid not enlarged.\n\nASSESSMENT\n1. Osteoarthritis of right hip\n\n"
        "PLAN\nContinue levothyroxine 75 mcg daily.\n"
    )
    assert kinds(ask(text, **OFFICE)) == ["missing_diagnosis"]


FINDINGS = [
    ("Na 121 on day 2, hypertonic saline given.", "Na 121", "Hyponatremia."),
    ("K 6.4, kayexalate given.", "K 6.4", "Hyperkalemia."),
    ("Hgb 6.8, transfused 2 units PRBCs.", "Hgb 6.8", "Acute blood loss anemia."),
    ("Cr 0.9 -> 2.4, IV fluids, nephrology consulted.", "Cr 0.9 -> 2.4", "AKI."),
    ("SpO2 82% on RA, placed on 4 L NC.", "SpO2 82%", "Acute hypoxic respiratory failure."),
    ("A1c 9.4%, metformin started.", "A1c 9.4%", "Type 2 diabetes."),
    ("Plt 38, platelet transfusion given.", "Plt 38", "Thrombocytopenia."),
    ("Lactate 6.1, IV fluids 2 liters.", "Lactate 6.1", "Lactic acidosis."),
    ("Troponin 0.84, heparin drip and cardiology.", "Troponin 0.84", "Type 2 MI."),
    ("BMI 15.9, tube feeds and nutrition consult.", "BMI 15.9", "Severe malnutrition."),
    ("Blood cultures grew MSSA, cefazolin given.", "grew MSSA", "MSSA bacteremia."),
]


@pytest.mark.parametrize(("course", "value", "diagnosis"), FINDINGS)
def test_a_treated_finding_is_asked_about_unless_a_diagnosis_names_it(
    ask: Ask, course: str, value: str, diagnosis: str
) -> None:
    queries = ask(f"HOSPITAL COURSE\n{course}\n\n{HIP}")
    assert kinds(queries) == ["missing_diagnosis"]
    assert value in quoted(queries)
    named = ask(f"HOSPITAL COURSE\n{course} {diagnosis}\n\n{HIP}")
    assert value not in quoted(tuple(q for q in named if q.kind == "missing_diagnosis"))


@pytest.mark.parametrize(
    "course",
    [
        "Na 121 on day 2.",  # not treated
        "Na 137, normal saline given.",  # not abnormal
        "Na goal 120-125, hypertonic saline.",  # an aim
        "If K 6.4 give kayexalate.",  # an instruction
        "K 4/12 normal, kayexalate never needed.",  # a date
        "Trop <6, heparin held, cardiology.",  # a bound
        "No hyponatremia; Na 121 was a lab error, normal saline.",  # the clinician has answered
    ],
)
def test_a_value_that_asks_nothing(ask: Ask, course: str) -> None:
    assert not ask(f"HOSPITAL COURSE\n{course}\n\n{HIP}")


def test_an_adult_threshold_is_not_put_to_a_child(ask: Ask) -> None:
    text = f"HOSPITAL COURSE\nBMI 15.9, tube feeds and nutrition consult.\n\n{HIP}"
    assert ask(text)
    assert not ask(text, birth_date="2020-01-01")


def test_a_positive_culture_of_the_emergency_room_is_asked_about(ask: Ask) -> None:
    text = "ED COURSE\nUrine culture grew E. coli, nitrofurantoin.\n\nIMPRESSION\n1. Back strain\n"
    assert kinds(ask(text, **EMERGENCY)) == ["missing_diagnosis"]

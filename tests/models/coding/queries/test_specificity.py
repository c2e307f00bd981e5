"""Queries for what a note leaves unsaid: asked once, and not where it is said."""

from __future__ import annotations

import pytest

from tests.models.coding.queries.conftest import OFFICE, Ask, kinds, quoted

ASKED = [
    # (diagnosis as written, words of the note, what the question names, what is quoted)
    ("CHF", "BNP 1450. LVEF 30%. IV furosemide 40 mg.", "heart failure", "LVEF 30"),
    ("Chronic kidney disease", "Cr 1.9, eGFR 34.", "chronic kidney disease", "eGFR 34"),
    ("Anemia", "Hgb 12.1 -> 7.2, transfused 2 units.", "anemia", "Hgb 12.1 -> 7.2"),
    ("Malnutrition", "BMI 16.2, temporal wasting.", "malnutrition", "BMI 16.2"),
    ("Encephalopathy", "Confused and lethargic.", "encephalopathy", "lethargic"),
    ("Respiratory failure", "SpO2 84% RA, BiPAP.", "acuity", "SpO2 84"),
    ("Pressure ulcer of sacrum", "Wound 4 x 3 cm with slough.", "stage", "slough"),
    ("Atrial fibrillation", "Continues apixaban.", "atrial fibrillation", "apixaban"),
    ("Acute myocardial infarction", "Troponin 2.4, cath.", "infarction", "Troponin 2.4"),
    ("Acute kidney injury", "Cr 1.0 -> 3.2. FENa 3%.", "cause", "FENa 3"),
    ("Epilepsy", "Continues levetiracetam 500.", "epilepsy", "levetiracetam"),
]


@pytest.mark.parametrize(("diagnosis", "course", "named", "indicator"), ASKED)
def test_the_missing_element_is_asked_with_the_indicators_quoted(
    ask: Ask, diagnosis: str, course: str, named: str, indicator: str
) -> None:
    text = (
        f"HOSPITAL COURSE\n{course}\n\nDISCHARGE DIAGNOSES\n1. {diagnosis}\n2. Gout of left knee\n"
    )
    queries = [q for q in ask(text) if named in q.question]
    assert [q.kind for q in queries] == ["specificity"]
    assert indicator in quoted(tuple(queries))


STATED = [
    ("CHF", "Echo: HFrEF, EF 30%. Acute decompensation of chronic systolic heart failure."),
    ("Chronic kidney disease", "CKD stage 3b at baseline."),
    ("Anemia", "Iron deficiency on studies, ferritin 8."),
    ("Pressure ulcer of sacrum", "Sacral wound is stage 3."),
    ("Atrial fibrillation", "Paroxysmal by the monitor."),
    ("Acute kidney injury", "AKI felt to be prerenal."),
]


@pytest.mark.parametrize(("diagnosis", "course"), STATED)
def test_nothing_is_asked_where_the_note_says_it_elsewhere(
    ask: Ask, diagnosis: str, course: str
) -> None:
    text = f"HOSPITAL COURSE\n{course}\n\nDISCHARGE DIAGNOSES\n1. {diagnosis}\n"
    assert "specificity" not in kinds(ask(text))


def test_a_problem_of_the_past_history_alone_is_not_asked_about(ask: Ask) -> None:
    text = "PMH: anemia, CKD, atrial fibrillation\n\nASSESSMENT\n1. Sprain of right ankle\n"
    assert not ask(text, **OFFICE)


def test_a_denied_condition_is_not_asked_about(ask: Ask) -> None:
    assert not ask(
        "HOSPITAL COURSE\nNo heart failure.\n\nDISCHARGE DIAGNOSES\n1. Gout, left knee\n"
    )


def test_what_matters_in_hospital_alone_is_not_asked_in_the_office(ask: Ask) -> None:
    text = "ASSESSMENT\n1. Acute kidney injury - Cr 1.0 -> 3.2, recheck in 2 days\n"
    assert "specificity" in kinds(ask(text))
    assert "specificity" not in kinds(ask(text, **OFFICE))


def test_a_side_that_no_place_names_is_asked_for(ask: Ask) -> None:
    text = "HPI: ear pain, child fussy.\n\nASSESSMENT\n1. Impacted cerumen\n"
    queries = ask(text, **OFFICE)
    assert kinds(queries) == ["specificity"]
    assert {"Right", "Left"} <= set(queries[0].options)


@pytest.mark.parametrize("exam", ["R TM obscured.", "Left canal occluded.", "Wax AU."])
def test_a_side_that_the_examination_names_is_not_asked_for(ask: Ask, exam: str) -> None:
    text = f"HPI: ear pain.\n\nEXAM\n{exam}\n\nASSESSMENT\n1. Impacted cerumen\n"
    assert not [q for q in ask(text, **OFFICE) if "side" in q.question]

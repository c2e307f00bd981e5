"""Queries for facts that conflict, and for diagnoses without support or link."""

from __future__ import annotations

import pytest

from tests.models.coding.queries.conftest import OFFICE, Ask, kinds, quoted


def test_right_at_the_beginning_and_left_at_the_end(ask: Ask) -> None:
    text = "HPI: fell, pain in left ankle.\n\nASSESSMENT\n1. Sprain of right ankle\n"
    queries = ask(text, **OFFICE)
    assert kinds(queries) == ["conflict"]
    assert quoted(queries) == "left ankle | right ankle"
    assert not ask(text.replace("left", "right"), **OFFICE)


@pytest.mark.parametrize(
    "history", ["pain in both ankles, left ankle more", "left ankle sprained before, now R ankle"]
)
def test_two_sides_that_the_history_explains_are_no_conflict(ask: Ask, history: str) -> None:
    text = f"HPI: {history}.\n\nASSESSMENT\n1. Sprain of right ankle\n"
    assert "conflict" not in kinds(ask(text, **OFFICE))


def test_two_types_of_diabetes(ask: Ask) -> None:
    text = "PMH: type 1 diabetes, gout\n\nA/P\n1. Type 2 diabetes with A1c 8.1 - metformin\n"
    queries = ask(text, **OFFICE)
    assert kinds(queries) == ["conflict"]
    assert quoted(queries) == "type 1 diabetes | Type 2 diabetes"


@pytest.mark.parametrize(
    "said",
    [
        "PMH: type 1 diabetes listed in error",
        "FAMILY HISTORY: sister type 1 diabetes",
        "HPI: no type 1 diabetes",
    ],
)
def test_a_type_that_is_settled_denied_or_a_relatives_is_no_conflict(ask: Ask, said: str) -> None:
    text = f"{said}\n\nA/P\n1. Type 2 diabetes with A1c 8.1 - metformin\n"
    assert "conflict" not in kinds(ask(text, **OFFICE))


def test_two_stages_of_kidney_disease(ask: Ask) -> None:
    text = "PROBLEM LIST: CKD 2, gout\n\nASSESSMENT\n1. CKD stage 4, stable\n"
    assert kinds(ask(text, **OFFICE)) == ["conflict"]


def test_a_condition_asserted_and_denied(ask: Ask) -> None:
    text = "HPI: 66F. No hypertension. Here for refills.\n\nA/P\n1. Hypertension - amlodipine\n"
    assert kinds(ask(text, **OFFICE)) == ["conflict"]
    denied = text.replace("No hypertension", "No hypertension in family")
    assert kinds(ask(denied.replace("No ", "Mother with "), **OFFICE)) == []


def test_a_denied_complication_denies_no_disease(ask: Ask) -> None:
    text = "HPI: no diabetic retinopathy.\n\nA/P\n1. Type 2 diabetes, A1c 7.0 - metformin\n"
    assert "conflict" not in kinds(ask(text, **OFFICE))


def test_a_past_cancer_that_is_treated(ask: Ask) -> None:
    text = (
        "PMH: history of breast cancer\n\nASSESSMENT\n1. Follow up\n\nPLAN\nContinue letrozole.\n"
    )
    queries = ask(text, **OFFICE)
    assert kinds(queries) == ["conflict"]
    assert "letrozole" in quoted(queries)
    assert "history of breast cancer" in quoted(queries)


def test_a_pregnancy_and_a_male_patient(ask: Ask) -> None:
    text = "ASSESSMENT\n1. Intrauterine pregnancy at 12 weeks\n"
    assert kinds(ask(text, sex="M", **OFFICE)) == ["conflict"]
    assert "conflict" not in kinds(ask(text, **OFFICE))


SEPSIS = "DISCHARGE DIAGNOSES\n1. Sepsis\n2. Cellulitis of left lower leg\n"
CALM = "HOSPITAL COURSE\nT 37.1, HR 82, RR 16, WBC 8.1. Cefazolin.\n\n"
ILL = "HOSPITAL COURSE\nT 39.2, HR 124, RR 26, WBC 21. Cefazolin.\n\n"


def test_sepsis_without_criteria_on_a_facility_stay(ask: Ask) -> None:
    assert kinds(ask(CALM + SEPSIS)) == ["clinical_validity"]
    assert not ask(ILL + SEPSIS)
    assert not ask(CALM + SEPSIS, claim_type="professional")


def test_fahrenheit_counts_as_fever(ask: Ask) -> None:
    assert not ask(CALM.replace("T 37.1, HR 82", "T 102.4, HR 124") + SEPSIS)


def test_sepsis_and_an_organ_whose_failure_is_not_linked(ask: Ask) -> None:
    text = f"{ILL}{SEPSIS}3. Acute metabolic encephalopathy, confused\n"
    assert kinds(ask(text)) == ["clinical_validity"]
    assert not ask(text.replace("encephalopathy,", "encephalopathy due to sepsis,"))

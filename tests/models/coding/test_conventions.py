"""Conventions: combinations, integral symptoms, Excludes1, sex, uncertainty, drugs."""

from __future__ import annotations

import pytest

from data.schemas import Assertion, CodingResult, Sex, Suggestion, Suppressed, System
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from models.coding.candidates import _drugs, _history, drug_requirements
from models.coding.coder import Coder
from models.coding.conventions import (
    Combination,
    codes_uncertain,
    combinations,
    conflicts,
    integral_symptoms,
    sex_conflict,
)
from tests.models.coding.reading import note


def diagnoses(result: CodingResult) -> dict[str, Suggestion]:
    return {s.code: s for s in result.suggestions if s.system is System.ICD10CM}


def left_out(result: CodingResult) -> dict[str, Suppressed]:
    return {s.code: s for s in result.suppressed if s.system is System.ICD10CM}


def known(release: Release, prefix: str) -> bool:
    return any(code.startswith(prefix) for code in release.nodes)


@pytest.mark.parametrize("rule", combinations(), ids=lambda rule: rule.id)
def test_combination_row_is_well_formed(rule: Combination, release: Release) -> None:
    assert rule.source
    assert len(rule.when) >= 2
    assert all(part for part in rule.when)
    for prefix in (*(p for part in rule.when for p in part), *rule.drop):
        assert known(release, prefix), prefix
    assert rule.add or rule.drop or rule.id == "sepsis-organ"  # kept for its source: acts on none
    if rule.add:
        assert release.is_billable(rule.add)


def test_combination_ids_are_unique() -> None:
    ids = [rule.id for rule in combinations()]
    assert len(ids) == len(set(ids)) > 40


def test_every_symptom_and_disease_of_the_table_exists(release: Release) -> None:
    rows = integral_symptoms()
    assert len(rows) > 60
    for symptom, diseases, source in rows:
        assert known(release, symptom), symptom
        assert source
        assert all(known(release, d) for d in diseases), symptom


def test_drug_and_history_tables_give_billable_codes(release: Release) -> None:
    assert all(release.is_billable(code) for code, _ in _drugs().values())
    assert all(known(release, p) for row in drug_requirements().values() for p in row)
    for prefixes, family, personal in _history():
        assert family or personal
        assert all(release.is_billable(c) for c in (family, personal) if c), prefixes


@pytest.mark.parametrize(
    ("problems", "made", "beside", "replaced"),
    [
        ("Hypertension|Chronic systolic heart failure|CKD stage 3a", "I13.0", "I50.22", "I10"),
        ("Hypertension|Chronic systolic heart failure", "I11.0", "I50.22", "I10"),
        ("Hypertension|CKD stage 3a", "I12.9", "N18.31", "I10"),
        ("Type 2 diabetes|CKD stage 3a", "E11.22", "N18.31", "E11.9"),
    ],
)
def test_codes_that_stand_together_are_reported_as_one(
    shipped_coder: Coder, problems: str, made: str, beside: str, replaced: str
) -> None:
    listed = "\n".join(f"{i}. {p}" for i, p in enumerate(problems.split("|"), start=1))
    result = shipped_coder.suggest(note(f"Assessment and Plan:\n{listed}\n"))
    found, gone = diagnoses(result), left_out(result)
    assert found[made].selected
    assert found[beside].selected
    assert found[made].sequence == 1
    assert "combination" in found[made].sources
    assert any(n.startswith("combination of") for n in found[made].notes)
    assert len(found[made].evidence) == len(problems.split("|"))
    assert replaced not in found
    assert gone[replaced].reason.startswith(f"reported as {made} (Guideline")


def test_negated_part_makes_no_combination(shipped_coder: Coder) -> None:
    result = shipped_coder.suggest(note("Assessment:\n1. Type 2 diabetes\n2. No CKD\n"))
    assert "E11.22" not in diagnoses(result)
    assert diagnoses(result)["E11.9"].selected


def test_symptom_integral_to_a_disease_is_left_out_with_its_reason(shipped_coder: Coder) -> None:
    result = shipped_coder.suggest(note("HPI: cough.\n\nAssessment:\n1. Pneumonia\n2. Cough\n"))
    found, gone = diagnoses(result), left_out(result)
    assert found["J18.9"].selected
    assert gone["R05.9"].reason == "symptom integral to J18.9 (Guideline I.B.5)"
    assert any("R05.9 left out" in n for n in found["J18.9"].notes)


def test_symptom_alone_is_coded(shipped_coder: Coder) -> None:
    result = shipped_coder.suggest(note("HPI: cough.\n\nAssessment:\n1. Cough\n"))
    assert diagnoses(result)["R05.9"].selected


def test_excludes1_pair_keeps_the_surer_code_and_says_so(shipped_coder: Coder) -> None:
    result = shipped_coder.suggest(note("Assessment:\n1. Type 1 diabetes\n2. Type 2 diabetes\n"))
    found, gone = diagnoses(result), left_out(result)
    (kept,) = (s for s in found.values() if s.selected)
    lost = {"E11.9": "E10.9", "E10.9": "E11.9"}[kept.code]
    assert gone[lost].reason.startswith("Excludes1 note at E1")
    assert any(f"{lost} left out: Excludes1" in n for n in kept.notes)


def test_conflicts_prefer_confidence_and_are_the_same_both_ways(release: Release) -> None:
    excludes = Excludes1(release)
    for order in (["E10.9", "E11.9"], ["E11.9", "E10.9"]):
        (conflict,) = conflicts(order, {"E10.9": 0.9, "E11.9": 0.4}, excludes)
        assert (conflict.code, conflict.to) == ("E11.9", "E10.9")
    assert conflicts(["I10", "E11.9"], {}, excludes) == []


def test_what_yielded_makes_nothing_else_yield(release: Release) -> None:
    found = conflicts(["R05.9", "J18.9"], {"R05.9": 1.0, "J18.9": 0.1}, Excludes1(release))
    assert [(c.code, c.to) for c in found] == [("R05.9", "J18.9")]


@pytest.mark.parametrize(
    ("code", "sex", "conflicting"),
    [
        ("N40.0", Sex.FEMALE, True), ("N40.0", Sex.MALE, False), ("O80", Sex.MALE, True),
        ("O80", Sex.UNKNOWN, False), ("C56.1", None, False), ("I10", Sex.MALE, False),
    ],
)  # fmt: skip
def test_sex_conflict(code: str, sex: Sex | None, conflicting: bool) -> None:
    assert (sex_conflict(code, sex) is not None) is conflicting


def test_code_of_the_other_sex_is_kept_back_with_its_reason(shipped_coder: Coder) -> None:
    text = "Assessment:\n1. Benign prostatic hyperplasia\n"
    result = shipped_coder.suggest(note(text, sex="F"))
    assert "N40.0" not in diagnoses(result)
    assert "sex M" in left_out(result)["N40.0"].reason
    assert diagnoses(shipped_coder.suggest(note(text, sex="M")))["N40.0"].selected


UNCERTAIN = "Discharge Diagnosis: Probable pneumonia\n"


@pytest.mark.parametrize(
    ("setting", "claim_type", "counted"),
    [
        ("inpatient", "facility", True), ("inpatient", None, True),
        ("inpatient", "professional", False), ("outpatient", "facility", False),
        ("outpatient", None, False), ("emergency", "facility", False), (None, None, False),
    ],
)  # fmt: skip
def test_uncertain_diagnosis_counts_on_facility_inpatient_claims_only(
    shipped_coder: Coder, setting: str | None, claim_type: str | None, counted: bool
) -> None:
    given = note(UNCERTAIN, setting=setting, claim_type=claim_type)
    assert codes_uncertain(given) is counted
    result = shipped_coder.suggest(given)
    if counted:
        assert diagnoses(result)["J18.9"].assertion is Assertion.UNCERTAIN
        assert "J18.9" not in left_out(result)
    else:
        assert "J18.9" not in diagnoses(result)
        assert left_out(result)["J18.9"].reason.startswith("uncertain:")
        assert left_out(result)["J18.9"].assertion is Assertion.UNCERTAIN


@pytest.mark.parametrize(
    ("text", "code", "words", "assertion", "reason"),
    [
        ("He denies chest pain.", "R07.9", "chest pain", Assertion.NEGATED, "negated"),
        ("Mother had gout.", "M10.9", "gout", Assertion.FAMILY, "family"),
        ("Return for chest pain.", "R07.9", "chest pain", Assertion.HYPOTHETICAL, "hypothetical"),
    ],
)
def test_what_is_not_asserted_is_kept_with_reason_and_span(
    shipped_coder: Coder, text: str, code: str, words: str, assertion: Assertion, reason: str
) -> None:
    result = shipped_coder.suggest(note(f"HPI: {text}\nAssessment: hypertension\n"))
    kept = left_out(result)[code]
    assert code not in diagnoses(result)
    assert reason in kept.reason
    assert kept.assertion is assertion
    assert [e.text for e in kept.evidence] == [words]


@pytest.mark.parametrize("text", ["metformin 500 mg bid", "on metformin", "takes metformin"])
def test_drug_never_selects_its_diagnosis(shipped_coder: Coder, text: str) -> None:
    result = shipped_coder.suggest(note(f"Medications: {text}\n\nAssessment: hypertension\n"))
    found = diagnoses(result)
    assert not [c for c in found if c.startswith(("E08", "E09", "E10", "E11", "E13", "Z79.84"))]
    gone = left_out(result).get("Z79.84")
    assert gone is None or gone.reason.startswith("drug use without the disease")


def test_drug_status_stands_beside_its_diagnosis(shipped_coder: Coder) -> None:
    text = "Medications: metformin 500 mg bid\n\nAssessment: type 2 diabetes\n"
    found = diagnoses(shipped_coder.suggest(note(text)))
    assert found["E11.9"].selected
    assert found["Z79.84"].selected
    negated = "Medications: metformin 500 mg bid\n\nAssessment: no diabetes\n"
    assert "Z79.84" not in diagnoses(shipped_coder.suggest(note(negated)))

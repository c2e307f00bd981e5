"""Conventions: combinations, integral symptoms, Excludes1, sex, uncertainty, drugs."""

from __future__ import annotations

import pytest

from data.schemas import Assertion, CodingResult, Sex, Suggestion, Suppressed, System
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from data.terminology.tabular_notes import Instructions
from models.coding.candidates import ALTERNATIVE, CHOSEN, Candidates, Occurrence
from models.coding.circumstances.tables import CONVENTIONS, drug_requirements, history
from models.coding.circumstances.tables import rows as read_rows
from models.coding.coder import Coder
from models.coding.conventions import (
    Combination,
    Standing,
    age_conflict,
    age_limits,
    asked_for_by,
    asserted_codes,
    codes_uncertain,
    combinations,
    combine,
    confirmed_only,
    conflicts,
    contradictions,
    demands_first,
    integral_symptoms,
    is_counted,
    not_asserted,
    one_of,
    replaced,
    sex_conflict,
    trace_instructions,
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
    assert len(rule.when) >= 2 or rule.add  # what a single code presumes
    assert all(part for part in rule.when)
    for prefix in (*(p for part in rule.when for p in part), *rule.drop, *rule.unless):
        assert known(release, prefix), prefix
    assert rule.add or rule.drop
    if rule.add:
        assert release.is_billable(rule.add)


def test_combination_ids_are_unique() -> None:
    ids = [rule.id for rule in combinations()]
    assert len(ids) == len(set(ids)) > 300


def test_every_symptom_and_disease_of_the_table_exists(release: Release) -> None:
    rows = integral_symptoms()
    assert len(rows) > 250
    for symptom, diseases, source in rows:
        assert known(release, symptom), symptom
        assert source
        assert all(known(release, d) for d in diseases), symptom


def test_drug_and_history_tables_give_billable_codes(release: Release) -> None:
    assert all(
        release.is_billable(code)
        for code in {r["code"] for r in read_rows(CONVENTIONS, "drug_status")}
    )
    assert all(known(release, p) for row in drug_requirements().values() for p in row)
    for prefixes, family, personal in history():
        assert family or personal
        assert all(release.is_billable(c) for c in (family, personal) if c), prefixes


@pytest.mark.parametrize(
    ("problems", "made", "beside", "dropped"),
    [
        ("Hypertension|Chronic systolic heart failure|CKD stage 3a", "I13.0", "I50.22", "I10"),
        ("Hypertension|Chronic systolic heart failure", "I11.0", "I50.22", "I10"),
        ("Hypertension|CKD stage 3a", "I12.9", "N18.31", "I10"),
        ("Type 2 diabetes|CKD stage 3a", "E11.22", "N18.31", "E11.9"),
    ],
)
def test_codes_that_stand_together_are_reported_as_one(
    shipped_coder: Coder, problems: str, made: str, beside: str, dropped: str
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
    assert dropped not in found
    assert gone[dropped].reason.startswith(f"reported as {made} (Guideline")


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
    assert "I.A.12.a" in gone[lost].reason
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


# The rules one by one, without a ranker.


def place(start: int, role: str = CHOSEN, **fields: object) -> Occurrence:
    given = {"assertion": Assertion.PRESENT, "words": 2, "section": "assessment", **fields}
    return Occurrence(start, start + 9, 0, source="lexicon", fit=0.0, role=role, **given)  # type: ignore[arg-type]


def written(**places: list[Occurrence]) -> Candidates:
    """Candidates by code, written with ``_`` for the dot."""
    out = Candidates()
    for name, occurrences in places.items():
        out.at(name.replace("_", ".")).occurrences.extend(occurrences)
    return out


def apart(*codes: str) -> Candidates:
    """Each code at a place of its own."""
    return written(**{c.replace(".", "_"): [place(100 * i)] for i, c in enumerate(codes)})


@pytest.mark.parametrize(
    ("parts", "made", "gone"),
    [
        (["E11.9", "I73.9"], "E11.51", ["E11.9", "I73.9"]),
        (["E10.9", "L97.511"], "E10.621", ["E10.9"]),
        (["E13.9", "N18.31"], "E13.22", ["E13.9"]),
        (["E08.9", "R73.9"], "E08.65", ["E08.9", "R73.9"]),
        (["I11.9", "N18.6"], "I13.11", ["I11.9"]),
        (["K57.30", "K92.2"], "K57.31", ["K57.30", "K92.2"]),
        (["K25.9", "K92.1"], "K25.4", ["K25.9", "K92.1"]),
        (["J45.40", "J45.901"], "J45.41", ["J45.40", "J45.901"]),
        (["F03.90", "G30.9"], "F02.80", ["F03.90"]),
        (["M81.0", "M48.54XA"], "M80.08XA", ["M81.0", "M48.54XA"]),
        (["A41.9", "B96.20"], "A41.51", ["A41.9", "B96.20"]),
        (["I10", "Z3A.29", "O09.523"], "O10.013", ["I10"]),
        (["E66.9", "Z3A.20", "Z34.82"], "O99.212", []),
        (["N30.00", "R31.9"], "N30.01", ["N30.00", "R31.9"]),
        (["J96.01", "J96.11"], "J96.21", ["J96.01", "J96.11"]),
    ],
)  # fmt: skip
def test_combination(release: Release, parts: list[str], made: str, gone: list[str]) -> None:
    found = apart(*parts)
    combine(found, note("any"), release)
    assert set(found[made].derived_from) == set(parts)
    assert [c for c in parts if found[c].dropped_by == made] == gone
    assert len(found[made].occurrences) == len(parts)
    assert all(any("reported as" in n for n in found[c].notes) for c in gone)


def test_rules_act_once_each_and_on_what_others_made(release: Release) -> None:
    found = apart("I10", "I51.7", "I50.22", "N18.31")
    combine(found, note("any"), release)
    assert found["I10"].dropped_by == "I13.0"
    for candidate in found.values():
        assert len(candidate.notes) == len(set(candidate.notes))
    assert sum(n.startswith("combination") for n in found["I13.0"].notes) == 1


def test_weeks_alone_make_no_pregnancy(release: Release) -> None:
    found = apart("I10", "Z3A.29")
    combine(found, note("any"), release)
    assert "O10.013" not in found


def test_combination_is_withheld_where_a_code_of_its_own_says_more(release: Release) -> None:
    found = apart("E11.9", "N18.31", "N28.9")
    combine(found, note("any"), release)
    assert "E11.22" in found
    assert "E11.21" not in found


@pytest.mark.parametrize(
    ("codes", "gone", "to"),
    [
        (["D64.9", "D63.1"], "D64.9", "D63.1"),
        (["E11.9", "E11.65"], "E11.9", "E11.65"),
        (["G45.9", "I63.9"], "G45.9", "I63.9"),
        (["M81.0", "M80.051A"], "M81.0", "M80.051A"),
        (["J06.9", "J02.0"], "J06.9", "J02.0"),
        (["N18.4", "N18.6"], "N18.4", "N18.6"),
    ],
)
def test_code_that_another_reports_already_yields(codes: list[str], gone: str, to: str) -> None:
    (conflict,) = replaced(codes, dict.fromkeys(codes, 0.5))
    assert (conflict.code, conflict.to) == (gone, to)
    assert conflict.reason.startswith(f"reported as {to} (")
    assert replaced([c for c in codes if c != to], {}) == []
    assert replaced(codes, {gone: 0.9, to: 0.1}) == []  # too doubtful to speak for the other


@pytest.mark.parametrize(
    ("one", "other", "loser"),
    [
        ("M17.9", "M17.11", "M17.9"), ("J45.909", "J45.40", "J45.909"),
        ("J96.11", "J96.21", "J96.11"), ("H65.93", "H65.23", "H65.93"),
        ("M25.569", "M25.561", "M25.569"), ("E11.9", "E11.65", "E11.9"),
        ("F10.10", "F10.20", "F10.10"), ("F17.210", "Z72.0", "Z72.0"),
        ("Z68.33", "Z68.34", "Z68.34"),
        ("I10", "I12.9", "I10"), ("J45.40", "J45.41", "J45.40"),
    ],
)  # fmt: skip
def test_specific_reading_of_one_condition_stays(
    release: Release, one: str, other: str, loser: str
) -> None:
    found, sure = apart(one, other), {one: 0.8, other: 0.7}
    for order in ([one, other], [other, one]):
        (conflict,) = contradictions(order, sure, found, release)
        assert conflict.code == loser
        assert conflict.reason.startswith(f"superseded by {conflict.to}: ")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("M17.11", "M17.12"), ("E11.22", "E11.65"), ("I82.411", "I82.431"), ("J44.0", "J44.1"),
        ("S01.01XA", "S01.81XA"), ("S61.219A", "S61.211A"), ("I25.10", "I25.5"),
        ("J96.21", "J96.22"), ("H40.1113", "H40.1122"), ("I10", "E11.9"),
    ],
)  # fmt: skip
def test_two_conditions_both_stay(release: Release, one: str, other: str) -> None:
    assert contradictions([one, other], {one: 0.8, other: 0.7}, apart(one, other), release) == []


def test_doubtful_specific_code_does_not_remove_a_sure_plain_one(release: Release) -> None:
    found = apart("M17.9", "M17.11")
    assert contradictions(["M17.9", "M17.11"], {"M17.9": 0.9, "M17.11": 0.1}, found, release) == []


def test_runner_up_reading_of_the_same_words_yields(release: Release) -> None:
    found = written(I63_412=[place(10)], I63_512=[place(10, ALTERNATIVE)])
    sure = {"I63.412": 0.8, "I63.512": 0.4}
    (conflict,) = contradictions(list(sure), sure, found, release)
    assert (conflict.code, conflict.to) == ("I63.512", "I63.412")
    found["I63.512"].occurrences.append(place(500))  # said elsewhere too
    assert contradictions(list(sure), sure, found, release) == []


def test_unrelated_excludes1_pair_is_a_warning(release: Release) -> None:
    codes, excludes = ["M80.051A", "E55.9"], Excludes1(release)
    sure = dict.fromkeys(codes, 0.9)
    (kept,) = conflicts(codes, sure, excludes, Standing.of(codes, apart(*codes), release))
    assert kept.warning
    assert "I.A.12.a" in kept.reason
    together = written(M80_051A=[place(10)], E55_9=[place(10)])
    (lost,) = conflicts(codes, sure, excludes, Standing.of(codes, together, release))
    assert not lost.warning
    doubtful = {**sure, "E55.9": 0.3}
    (lost,) = conflicts(codes, doubtful, excludes, Standing.of(codes, apart(*codes), release))
    assert not lost.warning
    assert lost.code == "E55.9"


def test_two_forms_of_one_disease_are_never_unrelated(release: Release) -> None:
    codes = ["E10.9", "E11.9"]
    standing = Standing.of(codes, apart(*codes), release)
    (lost,) = conflicts(codes, dict.fromkeys(codes, 0.9), Excludes1(release), standing)
    assert not lost.warning


def test_symptom_that_a_note_asks_for_stays(release: Release) -> None:
    codes = ["N40.1", "R33.8"]
    assert conflicts(["J18.9", "R05.9"], {}, Excludes1(release), asked=["R05.9"]) == []
    asked = Instructions(release).links(codes).asked
    assert conflicts(codes, {}, Excludes1(release), asked=asked) == []


@pytest.mark.parametrize(
    ("code", "days", "conflicting"),
    [
        ("Z38.00", 2, False), ("Z38.00", 400, True), ("P59.9", 3, False), ("P59.9", 12000, True),
        ("O24.410", 11000, False), ("O24.410", 1000, True), ("Z00.129", 2000, False),
        ("Z00.129", 9000, True), ("Z00.110", 5, False), ("Z00.110", 10, True),
        ("Z00.111", 10, False), ("Z00.00", 3000, True), ("Z68.54", 4000, False),
        ("Z68.36", 4000, True), ("Z68.36", 9000, False), ("I10", 4000, False),
        ("P59.9", None, False),
    ],
)  # fmt: skip
def test_age_conflict(code: str, days: int | None, conflicting: bool) -> None:
    assert (age_conflict(code, days) is not None) is conflicting


def test_one_of_age_and_confirmation_rows_name_codes_that_exist(release: Release) -> None:
    rows = [
        *((o.prefixes, o.source) for o in one_of()),
        *((a.prefixes, a.source) for a in age_limits()),
        *confirmed_only(),
    ]
    for prefixes, source in rows:
        assert source
        assert all(known(release, p) for p in prefixes), prefixes
    assert all(a.youngest is not None or a.oldest is not None for a in age_limits())


@pytest.mark.parametrize(("code", "counted"), [("U07.1", False), ("B20", False), ("J18.9", True)])
def test_some_diagnoses_are_coded_only_when_confirmed(code: str, counted: bool) -> None:
    stay = note("any", setting="inpatient", claim_type="facility")
    candidate = Candidates().at(code)
    candidate.occurrences.append(place(1, assertion=Assertion.UNCERTAIN))
    assert is_counted(candidate, stay) is counted
    if not counted:
        assert "only when confirmed" in not_asserted(candidate, stay)
    candidate.occurrences.append(place(9))
    assert is_counted(candidate, stay)


def test_what_another_candidate_asks_for(release: Release) -> None:
    instructions = Instructions(release)
    found = apart("Z79.4", "E11.9", "N18.31", "I12.9")
    found.at("J44.9").occurrences.append(place(9, assertion=Assertion.NEGATED))
    found.at("F17.210").occurrences.append(place(50))
    asserted = asserted_codes(found, note("any"))
    assert "J44.9" not in asserted
    assert asked_for_by("Z79.4", asserted, instructions) == "E11.9"
    assert asked_for_by("F17.210", asserted, instructions) == "I12.9"
    assert asked_for_by("E11.9", asserted, instructions) is None
    assert demands_first("N18.31", asserted, instructions) == "I12.9"
    assert demands_first("I12.9", asserted, instructions) is None


def test_notes_of_the_tabular_list_are_written_beside_the_codes(release: Release) -> None:
    found = apart("E11.22", "N18.31", "Z79.4", "G63")
    trace_instructions(list(found), found, Instructions(release))
    assert any("additional code that E11.22 asks for" in n for n in found["Z79.4"].notes)
    assert any("sequenced after E11.22: code first" in n for n in found["N18.31"].notes)
    assert any("manifestation: never first-listed" in n for n in found["G63"].notes)


def test_etiology_stands_before_its_manifestation(shipped_coder: Coder) -> None:
    text = "Assessment:\n1. Type 2 diabetes with CKD\n2. CKD stage 4\n3. Hypertension\n"
    found = diagnoses(shipped_coder.suggest(note(text)))
    order = {code: s.sequence for code, s in found.items() if s.selected}
    assert order["E11.22"] < order["N18.4"]
    assert order["I12.9"] < order["N18.4"]
    assert any(n.startswith("additional code that") for n in found["N18.4"].notes)

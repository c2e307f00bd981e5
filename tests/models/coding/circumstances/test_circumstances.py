"""Circumstances in notes: drug effects, status, history, external causes, companions."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings

from data.schemas import Assertion, Setting, Sex
from data.terminology.icd10cm import Release
from models.coding.candidates import ALTERNATIVE, CHOSEN
from models.coding.circumstances.receptors import receptor_codes
from models.coding.coder import Coder
from models.coding.linking import Linker
from models.coding.occurrences import Candidates
from tests.models.coding.reading import document, note_texts


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


def gathered(linker: Linker, text: str, **fields: object) -> Candidates:
    return linker.candidates(document(text, **fields))


def chosen(linker: Linker, text: str, **fields: object) -> set[str]:
    found = gathered(linker, text, **fields)
    return {
        code
        for code, c in found.items()
        if any(o.source in ("circumstance", "history") and o.role == CHOSEN for o in c.occurrences)
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Assessment: cough due to lisinopril", "T46.4X5A"),
        ("Assessment: steroid-induced hyperglycemia", "T38.0X5A"),
        ("Assessment: constipation, side effect of oxycodone", "T40.2X5A"),
        ("Assessment: ACE inhibitor cough", "T46.4X5A"),
        ("HPI: allergic reaction to amoxicillin", "T36.0X5A"),
        ("Assessment: diarrhea from antibiotics", "T36.95XA"),
        ("HPI: ran out of his metoprolol last week", "T44.7X6A"),
        ("HPI: rationing insulin", "T38.3X6A"),
        ("HPI: not taking her lisinopril", "T46.4X6A"),
        ("HPI: intentional overdose of Tylenol, suicide attempt", "T39.1X2A"),
        ("HPI: accidental ingestion of clonidine", "T46.5X1A"),
        ("HPI: toddler swallowed her grandfather's amlodipine", "T46.1X1A"),
        ("HPI: child ate THC gummies", "T40.711A"),
        ("HPI: drank antifreeze, wanted to die", "T52.3X2A"),
        ("HPI: ate a Tide pod", "T55.1X1A"),
        ("HPI: stung by a wasp on the neck", "T63.461A"),
        ("HPI: carbon monoxide poisoning from a generator", "T58.2X1A"),
        ("HPI: smoke inhalation", "T59.811A"),
        ("Assessment: dermatitis from neomycin ointment", "T49.0X5A"),
        ("Assessment: raised pressure from prednisolone drops", "T49.5X5A"),
        ("Assessment: drug eruption from trimethoprim-sulfa", "T36.8X5A"),
        ("Assessment: SJS, culprit: Bactrim", "T36.8X5A"),
        ("Assessment: constipation, drug induced - oxybutynin", "T44.3X5A"),
        ("Assessment: NMS - haloperidol decanoate was the offending drug", "T43.4X5A"),
        ("Assessment: AKI due to ibuprofen use", "T39.315A"),
        ("Assessment: digoxin toxicity, taken as prescribed", "T46.0X5A"),
        ("HPI: stopped both lisinopril and amlodipine, too expensive", "T46.1X6A"),
    ],
)
def test_drug_effects_need_their_cue(linker: Linker, text: str, code: str) -> None:
    assert code in chosen(linker, text)


@pytest.mark.parametrize(
    "text",
    [
        "Meds: lisinopril, oxycodone",
        "Assessment: anemia due to iron deficiency",
        "HPI: no cough from lisinopril",
        "HPI: changed from furosemide to torsemide",
        "Assessment: cough. Lisinopril continued",
        "Assessment: hand rash from dish soap",
        "Social: quit cigarettes last year",
        "Allergies: bee stings",
        "HPI: constipation, on Miralax daily",
        "HPI: weaned off insulin drip",
        "HPI: took 20 of Lasix, breathing better",
        "HPI: IV contrast not given because of CKD",
    ],
)
def test_a_drug_alone_has_no_effect(linker: Linker, text: str) -> None:
    codes = chosen(linker, text)
    assert not [c for c in codes if "T36" <= c[:3] <= "T50" and c[6:7] in ("5", "6")]
    assert not [c for c in codes if "T51" <= c[:3] <= "T65"]


@pytest.mark.parametrize(
    ("why", "code"),
    [
        ("could not afford the refill", "Z91.120"),
        ("keeps forgetting", "Z91.138"),
        ("stopped because he felt better", "Z91.128"),
    ],
)
def test_underdosing_says_why(linker: Linker, why: str, code: str) -> None:
    assert code in chosen(linker, f"HPI: ran out of amlodipine, {why}")


def test_what_staff_left_out_is_no_choice_of_the_patients(linker: Linker) -> None:
    codes = chosen(linker, "HPI: furosemide fell off the MAR, 6 doses missed - our error")
    assert {"T50.1X6A", "Y63.6"} <= codes
    assert not [c for c in codes if c.startswith("Z91.1")]


def test_sulfa_allergy_of_a_combination(linker: Linker) -> None:
    assert "Z88.2" in chosen(linker, "Allergies: Bactrim")


def test_a_class_blamed_means_the_drug_that_is_taken(linker: Linker) -> None:
    found = gathered(linker, "HPI: takes naproxen daily\nAssessment: gastric ulcer, NSAID related")
    for code, role in (("T39.315A", CHOSEN), ("T39.395A", ALTERNATIVE)):
        told = [o for o in found[code].occurrences if o.source == "circumstance"]
        assert {o.role for o in told} == {role}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Meds: oxycodone 5 mg bid", "Z79.891"),
        ("Meds: insulin pump\nAssessment: type 1 diabetes", "Z79.4"),
        ("PMH: on tacrolimus", "Z79.621"),
    ],
)
def test_long_term_use(linker: Linker, text: str, code: str) -> None:
    assert code in gathered(linker, text)


def test_a_course_of_days_is_no_long_term_use(linker: Linker) -> None:
    assert "Z79.52" not in gathered(linker, "Plan: prednisone 40 mg x 5 days\n")
    assert "Z79.52" in gathered(linker, "Meds: prednisone 5 mg daily\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PSH: L mastectomy 2019", "Z90.12"),
        ("PSH: right total knee replacement", "Z96.651"),
        ("PMH: bilateral TKA 2015", "Z96.653"),
        ("PMH: CAD, DES to RCA 2021", "Z95.5"),
        ("PMH: CABG x3 2010", "Z95.1"),
        ("HPI: smoked 10/d until 2009", "Z87.891"),
        ("Social: smokes 1 ppd", "F17.210"),
        ("Code status: DNR/DNI", "Z66"),
        ("HPI: whole breast radiation finished 2020", "Z92.3"),
        ("PMH: prostate cancer, s/p prostatectomy, no evidence of disease", "Z85.46"),
        ("FH: father CABG 49", "Z82.49"),
        ("Allergies: sulfa - hives", "Z88.2"),
        ("Plan: Tdap given today", "Z23"),
        ("Plan: declined flu shot", "Z28.21"),
        ("Social: currently homeless", "Z59.00"),
    ],
)
def test_status_and_history(linker: Linker, text: str, code: str) -> None:
    assert code in chosen(linker, text + "\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("PSH: no mastectomy", "Z90.10"),
        ("Plan: mastectomy next week", "Z90.10"),
        ("Social: never smoker", "F17.210"),
        ("Social: tobacco: never", "F17.210"),
        ("FH: no CABG", "Z82.49"),
        ("FH: mother on dialysis", "Z99.2"),
        ("Instructions: call if you become homeless", "Z59.00"),
    ],
)
def test_what_is_not_so_of_the_patient_is_no_status(linker: Linker, text: str, code: str) -> None:
    assert code not in chosen(linker, text + "\n")


def test_routine_examinations_go_by_age(linker: Linker) -> None:
    def codes(born: date) -> set[str]:
        found = gathered(linker, "CC: well child check\n", birth_date=born)
        return {c for c in found if c.startswith("Z00.1")}

    assert {"Z00.129", "Z00.121"} <= codes(date(2024, 5, 4))
    assert "Z00.110" in codes(date(2026, 4, 30))
    assert "Z00.111" in codes(date(2026, 4, 16))


FALL = "HPI: fell off a ladder at work yesterday.\nAssessment: left wrist fracture"


def test_external_causes_stand_beside_an_injury(linker: Linker) -> None:
    assert {"W11.XXXA", "Y99.0"} <= chosen(linker, FALL)
    assert not [c for c in chosen(linker, FALL.split("\n")[0]) if c[0] in "VWXY"]


def test_place_activity_and_status_belong_to_the_first_encounter(linker: Linker) -> None:
    text = FALL + ", follow-up"
    found = chosen(linker, text, note_type="follow-up")
    assert "W11.XXXD" in found
    assert not [c for c in found if c.startswith(("Y92", "Y93", "Y99"))]


def test_a_fall_that_is_told_more_closely_is_the_runner_up(linker: Linker) -> None:
    found = gathered(linker, FALL)
    told = [o for o in found["W19.XXXA"].occurrences if o.source == "circumstance"]
    assert told
    assert all(o.role == ALTERNATIVE for o in told)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Assessment: UTI, urine grew E. coli", "B96.20"),
        ("Assessment: anemia. CKD stage 4.", "D63.1"),
        ("Assessment: Alzheimer's disease with moderate dementia", "F02.B0"),
        ("Assessment: neutropenia due to ribociclib", "D70.1"),
        ("HPI: GCS 14\nAssessment: concussion", "R40.2413"),
        ("HPI: EtOH 146\nAssessment: alcohol intoxication", "Y90.6"),
        ("Labs: EtOH 212. Rest normal.\nAssessment: alcohol intoxication", "Y90.7"),
        ("Assessment: radiation proctitis", "Y84.2"),
    ],
)
def test_companions(linker: Linker, text: str, code: str) -> None:
    assert code in gathered(linker, text + "\n")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Assessment: gout. E. coli in an old culture", "B96.20"),
        ("Assessment: UTI, no E. coli", "B96.20"),
        ("HPI: GCS 14\nAssessment: gout", "R40.2413"),
        ("Assessment: anemia", "D63.1"),
        ("HPI: EtOH <10\nAssessment: nasal fracture", "Y90.0"),
    ],
)
def test_companions_never_stand_alone(linker: Linker, text: str, code: str) -> None:
    found = gathered(linker, text + "\n")
    told = found[code].occurrences if code in found else []
    assert not {"circumstance", "measure"} & {o.source for o in told}


PREGNANT = "HPI: pregnant, 30 weeks gestation\nAssessment: pregnancy. Anemia. Rh negative.\n"


@pytest.mark.parametrize(
    ("text", "setting", "codes"),
    [
        (
            "Diet-controlled gestational diabetes. GBS carrier. SVD of a live male, baby to NICU.",
            Setting.INPATIENT,
            {"O24.420", "O99.824", "Z37.0"},
        ),
        ("6 d PP. Severe preeclampsia. Mild asthma.", Setting.EMERGENCY, {"O14.15", "O99.53"}),
        ("Anxiety disorder. 4 weeks postpartum visit.", Setting.OUTPATIENT, {"O99.345"}),
    ],
)
def test_childbirth_and_puerperium_have_their_own_codes(
    linker: Linker, text: str, setting: Setting, codes: set[str]
) -> None:
    own = {"sex": Sex.FEMALE, "birth_date": date(1995, 1, 1), "date_of_service": date(2026, 6, 1)}
    assert codes <= chosen(linker, f"Assessment: {text}", setting=setting, **own)


def test_conditions_of_a_pregnant_patient(linker: Linker) -> None:
    woman = {"sex": "F", "birth_date": date(1996, 1, 1)}
    assert {"O99.013", "O26.893"} <= chosen(linker, PREGNANT, **woman)
    assert not {"O99.013", "O26.893"} & chosen(linker, PREGNANT, **woman | {"sex": "M"})
    assert "O99.013" not in chosen(linker, "HPI: seen in 30 weeks\nAssessment: anemia\n", **woman)


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("ER positive, PR positive, HER2 negative", {"Z17.411"}),
        ("ER+/PR+/HER2 neg", {"Z17.411"}),
        ("ER/PR+ HER2+", {"Z17.410"}),
        ("triple negative", {"Z17.421"}),
        ("ER-/PR-/HER2+", {"Z17.420"}),
        ("ER 95% PR 60% HER2 0", {"Z17.411"}),
        ("ER positive", {"Z17.0"}),
        ("seen in the ER today", set()),
    ],
)
def test_receptors(text: str, codes: set[str]) -> None:
    assert {code for code, _, _ in receptor_codes(text)} == codes


@settings(max_examples=60)
@given(note_texts)
def test_circumstances_of_any_text_lie_in_it(linker: Linker, text: str) -> None:
    for code, candidate in gathered(linker, text).items():
        assert linker.release.is_billable(code)
        for o in candidate.occurrences:
            assert 0 <= o.start < o.end <= len(text)
            if o.source in ("circumstance", "drug"):
                assert o.words > 0
                assert o.assertion not in (Assertion.NEGATED, Assertion.FAMILY)


@pytest.mark.parametrize(
    ("text", "code", "taken"),
    [
        ("HPI: on apixaban for 14 years", "Z79.01", True),
        ("Continue letrozole", "Z79.811", True),
        ("alendronate 70 mg weekly", "Z79.83", True),
        ("cont HU", "Z79.64", True),
        ("Plan: start dupilumab once approved", "Z79.620", False),
        ("HPI: stopped tamoxifen in 2020", "Z79.810", False),
        ("Plan: zoledronic acid if she fractures", "Z79.83", False),
    ],
)
def test_a_drug_taken_speaks_louder_than_one_planned_or_stopped(
    linker: Linker, text: str, code: str, taken: bool
) -> None:
    places = gathered(linker, text)[code].occurrences
    assert any(o.source == "drug" and o.fit >= 1 for o in places) is taken
    assert any(o.source == "circumstance" and o.role == ALTERNATIVE for o in places) is not taken


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ASSESSMENT: ASA 3", "Z79.82"),
        ("Meds: triamcinolone, tacrolimus ointment", "Z79.621"),
        ("Meds: mometasone nasal spray", "Z79.51"),
        ("Meds here: enoxaparin 40 for DVT prophylaxis", "Z79.01"),
    ],
)
def test_local_drugs_and_other_letters_are_no_long_term_use(
    linker: Linker, text: str, code: str
) -> None:
    assert not [o for o in gathered(linker, text).at(code).occurrences if o.source == "drug"]


def test_a_drug_stopped_by_the_patient_is_underdosed(linker: Linker) -> None:
    found = chosen(linker, "HPI: Stopped apixaban on her own, due to bruising")
    assert {"T45.516A", "Z91.128"} <= found
    assert "T45.516A" not in chosen(linker, "HPI: Stopped apixaban for the procedure")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Pneumonia has resolved by exam and film.", "Z87.01"),
        ("PATIENT HISTORY: Fragility fracture of the left wrist, 2019, healed", "Z87.310"),
        ("FHx: mat. GM glaucoma", "Z83.511"),
        ("Her mother's osteoporosis worries her", "Z82.62"),
        ("FHx: older brother died of lung fibrosis", "Z83.6"),
        ("Mother is a premutation carrier", "Z84.81"),
        ("Gallbladder out 2012", "Z90.49"),
        ("Social: Smokes? No, quit 2016.", "Z87.891"),
        ("ESRD on dialysis. She missed 3 of the last 4 runs", "Z91.158"),
        ("Not using compression because of money", "Z91.190"),
        ("The county ride service dropped her route", "Z59.82"),
        ("She declined rabies series", "Z28.21"),
        ("Tdap 0.5 mL L deltoid", "Z23"),
        ("Vaccines today: DTaP, PCV20", "Z23"),
        ("Diagnostic laparoscopy converted to open", "Z53.31"),
        ("Perinatal HCV exposure", "Z20.5"),
        ("passed a stone in 2023", "Z87.442"),
        ("Type 2 diabetes. PMH: foot ulcer L 3rd toe, healed", "Z86.31"),
        ("Aspirin/NSAID sensitivity", "Z88.6"),
        ("IUP at 30 weeks. Suspected PPROM: ruled out", "Z03.71"),
    ],
)
def test_status_in_prose(linker: Linker, text: str, code: str) -> None:
    assert code in chosen(linker, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Sutures out in 10 days at PCP", "Z48.02"),
        ("Nicotine lozenges, and a quit date of August 15. Smoking still", "Z87.891"),
        ("MenACWY booster at 16", "Z23"),
        ("Flu shot declined", "Z23"),
        ("PMH: acute ischemic stroke", "Z86.73"),
        ("Carpal tunnel syndrome, moderate by history", "Z86.69"),
        ("PMH: breast cancer, treated 2019\nAssessment: breast cancer, start letrozole", "Z85.3"),
    ],
)
def test_what_is_planned_or_current_is_no_plain_status(
    linker: Linker, text: str, code: str
) -> None:
    places = gathered(linker, text).at(code).occurrences
    own = [o for o in places if o.source in ("circumstance", "history")]
    assert all(o.role == ALTERNATIVE or o.fit < 0 for o in own)


def test_the_operation_says_of_what_the_aftercare_is(linker: Linker) -> None:
    text = "HPI: L inguinal hernia repair 6/2, eating well.\nAssessment: Routine postop check"
    assert "Z48.815" in chosen(linker, text)
    assert "Z48.815" not in gathered(linker, "PSH: inguinal hernia repair\nAssessment: gout")


MOTHER = {"sex": Sex.FEMALE, "birth_date": date(1996, 1, 1), "setting": Setting.INPATIENT}


def test_a_delivery_takes_the_forms_of_childbirth(linker: Linker) -> None:
    text = (
        "38 weeks. NSVD of a live female infant.\n"
        "Assessment: Gestational hypertension. Acute blood loss anemia"
    )
    found = chosen(linker, text, **MOTHER)
    assert {"Z37.0", "O90.81", "O99.02"} <= found
    assert "O99.013" not in gathered(linker, text, **MOTHER)
    best = gathered(linker, text, **MOTHER)["O13.4"].occurrences
    assert any(o.role == CHOSEN and o.source == "lexicon" for o in best)


def test_after_the_delivery_codes_are_of_the_puerperium_and_no_weeks(linker: Linker) -> None:
    text = "Postpartum visit. Born at 40 weeks.\nAssessment: iron deficiency anemia"
    found = gathered(linker, text, **MOTHER)
    assert "O99.03" in found
    assert not [c for c in found if c.startswith("Z3A")]
    assert not [c for c in chosen(linker, text, **MOTHER) if c.startswith("O99.01")]


def test_the_fetus_named_gives_its_number(linker: Linker) -> None:
    text = "30 weeks, twins.\nAssessment: fetal growth restriction twin B"
    places = gathered(linker, text, **MOTHER)["O36.5932"].occurrences
    assert any(o.role == CHOSEN and o.source == "lexicon" for o in places)


def test_a_newborns_note_needs_not_say_newborn(linker: Linker) -> None:
    text = "Course: temp instab x1. Erb palsy, brachial plexus palsy. Mom: fever."
    own = {"date_of_service": date(2026, 6, 3)}
    found = gathered(linker, text, birth_date=date(2026, 6, 1), **own)
    assert {"P81.9", "P14.0"} <= set(found)
    assert all(
        o.role == ALTERNATIVE for o in found["P14.3"].occurrences if o.source == "circumstance"
    )
    assert "P81.9" not in gathered(linker, text, birth_date=date(1980, 6, 1), **own)


def test_a_newborns_record_tells_how_it_was_born(linker: Linker) -> None:
    born = {"birth_date": date(2026, 5, 2), "setting": Setting.INPATIENT}
    assert "Z38.01" in chosen(linker, "Inborn 36w male, C-section for preE", **born)
    assert "Z38.00" in chosen(linker, "Newborn, SVD, Apgars 8 and 9", **born)
    assert "Z38.01" not in chosen(linker, "Outborn, C-section, transferred in", **born)

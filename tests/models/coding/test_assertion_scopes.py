"""Scopes, pseudo-cues, relatives, times and signs: what real charts say of a mention."""

from __future__ import annotations

from datetime import date

import pytest

from data.schemas import Assertion
from models.coding.assertion import SentenceScopes
from models.coding.cues import breakers, cues, kin_reporters, lasting_conditions
from tests.models.coding.reading import document, reading_of

N, F, H = Assertion.NEGATED, Assertion.FAMILY, Assertion.HISTORICAL
Y, U, P = Assertion.HYPOTHETICAL, Assertion.UNCERTAIN, Assertion.PRESENT

CASES = [
    # Lists of denials, and where they end.
    ("Denies fever, chills, or [cough].", N),
    ("No rash, mild [tenderness] at the ankle.", P),
    ("Remote CVA without deficit, [cellulitis].", P),
    ("Without fever, chills or [cough].", N),
    ("No gross [hematuria], dysuria.", N),
    ("No [change in bowel habit].", N),
    ("Neg: chest pain, [leg swelling].", N),
    ("GEN (-) [fatigue], (+) weight loss", N),
    ("GEN (-) fatigue, (+) [weight loss]", P),
    ("[LOC] -, sz -", N),
    ("Duplex was negative for [DVT].", N),
    ("No personal or family history of [clots].", N),
    ("Not felt to be [cellulitis].", N),
    # Pseudo-cues.
    ("No increase in [edema].", P),
    ("No further [chest pain].", P),
    ("Walks without difficulty, [knee pain] at night.", P),
    ("Cannot rule out [pneumonia].", U),
    ("A 56 year old man with [gout].", P),
    ("Rh negative, [anemia].", P),
    # Cues behind the mention.
    ("[Pneumonia] was considered but not supported.", N),
    ("[Meningitis] very unlikely with this exam.", N),
    ("[Seizures]: none", N),
    ("[Sleep apnea] is possible with the snoring.", U),
    ("[Prostate cancer] must be ruled out.", U),
    ("[Osteomyelitis] cannot be excluded on this film.", U),
    ("[GERD] possible. Offered a trial.", U),
    # The nearer cue wins, and what qualifies it.
    ("Denies prior [stroke].", N),
    ("No trauma, history of [gout].", H),
    ("No fever, possible [abscess].", U),
    ("Call if possible [infection].", Y),
    # Question marks.
    ("[Afib]? none on the monitor", N),
    ("6. Snoring - ? [OSA], wants to wait", U),
    ("?[occult fracture] if not better", U),
    # Relatives.
    ("Her mother had [rheumatoid arthritis], and her brother is well.", F),
    ("Her mother had gout, and her brother has [ankylosing spondylitis].", F),
    ("Father CABG age 49, brother with [stents].", F),
    ("[Melanoma] in her brother.", F),
    ("Brought by his grandmother with [fever].", P),
    ("Mother reports [cough].", P),
    ("His mother is diabetic but he has [asthma].", P),
    ("FHx negative for [stroke].", N),
    # What was.
    ("[Diverticulitis] in 2012.", H),
    ("She had [typhoid] as a child.", H),
    ("In 2016 she had a [leg clot] on the pill.", H),
    ("[Kidney stone] '09", H),
    ("Former [smoker].", H),
    ("[Gout], no flare since spring.", H),
    ("[Migraine] diagnosed in 2012.", P),
    ("Diabetes since 2012, [neuropathy].", P),
    ("History of [hypertension].", P),
    ("h/o [gout]", H),
    ("[Hypothyroidism] 2015.", P),
    # What may be.
    ("Should [cellulitis] recur, cephalexin on hand.", Y),
    ("We discussed risks including bleeding and [infection].", Y),
    ("If he has [belly pain] he should go to the hospital.", Y),
    ("Biopsy to rule out [melanoma].", Y),
    ("[Compartment syndrome] precautions given.", Y),
    ("Counselled re [uterine rupture].", Y),
    # The terms of guidelines II.H and IV.H.
    *(
        (f"{term} [pneumonia].", U)
        for term in (
            "Probable", "Suspected", "Likely", "Questionable", "Possible", "Rule out",
            "Compatible with", "Consistent with", "Working diagnosis:",
        )
    ),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "expected"), CASES)
def test_reading_of_a_chart_line(sentence: str, expected: Assertion) -> None:
    assert reading_of(sentence) is expected


def test_code_status_is_no_instruction() -> None:
    assert reading_of("[DNR]", "Code status: ") is P


def test_hospital_problem_that_resolved_was_present() -> None:
    assert reading_of("[AKI], resolved", "Discharge Diagnoses:\n1. ") is P
    assert reading_of("[AKI], resolved", "PMH: ") is H


def test_order_in_a_plan_is_hypothetical_and_in_an_assessment_uncertain() -> None:
    assert reading_of("CT r/o [appendicitis]", "Plan:\n") is Y
    assert reading_of("r/o [appendicitis]", "Assessment:\n") is U


def test_list_under_a_line_with_a_colon_is_read_by_it() -> None:
    assert reading_of("- fever\n- [rigors]\n", "Plan:\nReturn for:\n") is Y
    assert reading_of("- fever\n- [rigors]\n", "HPI:\nShe denies:\n") is N


def test_year_to_come_or_of_the_visit_is_no_past() -> None:
    assert reading_of("[Pneumonia] 2026") is P
    assert reading_of("[Pneumonia] 2021") is H


@pytest.mark.parametrize(("born", "expected"), [(date(2024, 1, 1), P), (date(1980, 1, 1), F)])
def test_relative_before_a_colon_speaks_in_a_childs_note(born: date, expected: Assertion) -> None:
    doc = document("Mother: asthma all her life", birth_date=born)
    scopes = SentenceScopes(doc, doc.sentences[0])
    assert scopes.assertion(1, 2) is expected


def test_tables_hold() -> None:
    directions = {"forward", "list", "series", "backward", "end", "next", "both", "kin"}
    places = {
        "", "plan", "indication", "consent", "story", "before colon", "unless lasting",
        "unless discharge", "unless inpatient", "office",
    }  # fmt: skip
    seen = set()
    for some in cues().values():
        for cue in some:
            assert cue.words
            assert cue.direction in directions
            assert cue.where in places
            key = (cue.words, cue.direction, cue.where)
            assert key not in seen, key
            seen.add(key)
    table = breakers()
    assert all(table.every | table.most | table.family | table.behind_comma)
    assert all(kin_reporters())
    assert "hypertension" in lasting_conditions()

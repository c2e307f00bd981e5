"""Notes in, lines out: codes, units, modifiers, links and reasons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.authored import load_notes
from data.schemas import Note, System
from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document, read_document
from models.procedures.types import ProcedureCandidate
from tests.models.procedures.shipped import analyse, suggest_procedures

Write = Callable[..., Document]


def lines(document: Document, codes: ProcedureCodes, *diagnoses: str) -> list[ProcedureCandidate]:
    """Proposed lines without the visit and its runner-up."""
    found = suggest_procedures(document, [(code, [0]) for code in diagnoses], codes)
    return [c for c in found if c.suppressed is None and not c.family.startswith("em_")]


def shown(candidates: list[ProcedureCandidate]) -> list[str]:
    return sorted(
        c.code + (f"x{c.units}" if c.units > 1 else "") + "".join(f"-{m}" for m in c.modifiers)
        for c in candidates
    )


CASES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "Plan: nirsevimab given today, left thigh.",
        {"birth_date": date(2026, 1, 9)},
        ["90380", "96381"],
    ),
    ("Plan: flu shot administered today, left deltoid.", {}, ["90471", "90656"]),
    ("Plan: flu shot declined. Shingrix at pharmacy.", {}, []),
    ("Plan: Toradol 60 mg IM given in clinic.", {}, ["96372", "J1885x4"]),
    (
        "PROCEDURE: left knee prepped. 80 mg Depo-Medrol injected under ultrasound guidance "
        "into the left knee joint.",
        {},
        ["20611-LT", "J1010x80"],
    ),
    ("PSH: colonoscopy 2021, lap chole 2010, C-section x2, L TKA 2018", {}, []),
    ("Spirometry performed in office pre/post bronchodilator.", {}, ["94060"]),
    ("PROCEDURE: 4 mm punch biopsy of L calf lesion, specimen sent.", {}, ["11104"]),
    ("Procedure: cryotherapy with liquid nitrogen to 4 plantar warts.", {}, ["17110"]),
    (
        "Procedure: laceration repair, 3.2 cm laceration of right forehead, 5-0 nylon.",
        {},
        ["12013"],
    ),
    (
        "XR WRIST RIGHT 3+ VIEWS\n\nINDICATION: fall\nCOMPARISON: MRI 2024\nFINDINGS: normal",
        {"note_type": "radiology report", "place_of_service": "22"},
        ["73110-26-RT"],
    ),
    (
        "MRI BRAIN WITHOUT AND WITH CONTRAST\nINDICATION: headache\nCOMPARISON: CT head 2025",
        {"note_type": "radiology report", "place_of_service": "22"},
        ["70553-26"],
    ),
    (
        "COLONOSCOPY REPORT\nIndication: screening\nFINDINGS: 9 mm polyp, cold snare. "
        "Second polyp removed with cold biopsy forceps.",
        {"note_type": "procedure note", "place_of_service": "24"},
        ["45380-59-33", "45385-33"],
    ),
    (
        "COLONOSCOPY REPORT\nIndication: screening\nFINDINGS: polyp, cold snare.",
        {"note_type": "procedure note", "place_of_service": "24", "payer_type": "medicare"},
        ["45385-PT"],
    ),
    (
        "Plan: MMR #1 given today. Varicella vaccine given today; counseled parents on both.",
        {"birth_date": date(2025, 6, 1)},
        ["90460x2", "90461x2", "90707", "90716"],
    ),
    ("Plan: PCV20 given today L deltoid.", {"payer_type": "medicare"}, ["90677", "G0009"]),
    (
        "Pembrolizumab 200 mg IV 10:00 - 10:35 today, no waste.",
        {"payer_type": "medicare"},
        ["96413", "J9271x200-JZ"],
    ),
    (
        "Infliximab infusion 500 mg IV given today 09:00 - 11:45.",
        {},
        ["96413", "96415x2", "J1745x50"],
    ),
]


@pytest.mark.parametrize(("text", "fields", "expected"), CASES)
def test_lines_of_a_note(
    codes: ProcedureCodes, write: Write, text: str, fields: dict[str, Any], expected: list[str]
) -> None:
    assert shown(lines(write(text, **fields), codes)) == expected


def test_facility_staff_and_supplies_are_not_the_physicians(
    codes: ProcedureCodes, write: Write
) -> None:
    document = write(
        "ED course: ketorolac 30 mg IV given. ECG (my interp): sinus.",
        note_type="emergency department note",
        setting="emergency",
        place_of_service="23",
    )
    found = suggest_procedures(document, [], codes)
    assert [c.code for c in found if not c.suppressed and c.system is System.HCPCS] == []
    assert "93010" in [c.code for c in found if not c.suppressed]
    reason = next(c.suppressed for c in found if c.code == "J1885")
    assert reason is not None
    assert "facility" in reason or "elsewhere" in reason


def test_facility_inpatient_claim_bears_no_lines(codes: ProcedureCodes, write: Write) -> None:
    document = write(
        "DISCHARGE SUMMARY\nHospital course: EGD performed with biopsy. CXR done.",
        note_type="discharge summary",
        setting="inpatient",
        place_of_service="21",
        claim_type="facility",
    )
    result = analyse(document, [("K25.0", [0])], codes)
    assert [c for c in result.candidates if c.suppressed is None] == []
    assert result.em is None
    assert "ICD-10-PCS" in result.warnings[0]


def test_ordered_service_is_kept_with_its_reason(codes: ProcedureCodes, write: Write) -> None:
    found = suggest_procedures(write("Plan: order MRI lumbar spine w/o contrast."), [], codes)
    mri = next(c for c in found if c.code == "72148")
    assert mri.suppressed
    assert mri.status != "performed"
    assert not mri.selected


def test_lines_link_to_the_diagnoses_that_justify_them(codes: ProcedureCodes, write: Write) -> None:
    text = "A/P: tobacco - counseled 6 minutes on quitting. Flu shot given."
    found = suggest_procedures(write(text), [("I10", [0]), ("F17.210", [5]), ("Z23", [40])], codes)
    linked = {c.code: c.linked_diagnoses for c in found if not c.suppressed}
    assert linked["99406"] == ("F17.210",)
    assert linked["90656"] == ("Z23",)


def test_without_cpt_only_hcpcs_is_proposed(write: Write) -> None:
    hcpcs = ProcedureCodes.load(cpt=False)
    document = write("Plan: Toradol 60 mg IM given in clinic. Flu shot given. ECG today.")
    found = suggest_procedures(document, [("M54.50", [0])], hcpcs)
    assert {c.system for c in found} == {System.HCPCS}
    assert "J1885" in [c.code for c in found]


def test_samples_are_deterministic_with_spans_in_the_text(codes: ProcedureCodes) -> None:
    for gold in load_notes("samples")[::4]:
        document = read_document(gold.note)
        diagnoses = [
            (c.code, [e.start for e in c.evidence]) for c in gold.codes if c.system == "ICD-10-CM"
        ]
        first = analyse(document, diagnoses, codes)
        assert first == analyse(document, diagnoses, codes)
        for candidate in first.candidates:
            assert candidate.evidence
            assert 0 <= candidate.confidence <= 1
            assert candidate.units >= 1
            for start, end in candidate.evidence:
                assert 0 <= start < end <= len(gold.note.text)
        _check_worksheet(first.em, len(gold.note.text))


def _check_worksheet(sheet: dict[str, object] | None, length: int) -> None:
    for name in ("problems", "data", "risk"):
        element = (sheet or {}).get(name)
        if not isinstance(element, dict):
            continue
        for item in element["items"]:
            if "start" in item:
                assert 0 <= item["start"] < item["end"] <= length


WORDS = st.sampled_from([
    "ECG", "today", "given", "IM", "left", "knee", "injection", "40", "mg", "triamcinolone",
    "x-ray", "3", "views", "A/P:", "PROCEDURE:", "declined", "flu", "shot", "1/2/2026", "total",
    "time", "30", "minutes", "(", ")", "[", "]", "%", "<b>", "\n", "\n\n", "\t", "A1c", "POC",
])  # fmt: skip


@settings(max_examples=60, deadline=None)
@given(words=st.lists(WORDS, min_size=1, max_size=40), junk=st.text(max_size=30))
def test_any_text_is_answered_with_spans_inside_it(
    codes: ProcedureCodes, words: list[str], junk: str
) -> None:
    text = " ".join(words) + junk
    if not text.strip():
        return
    document = read_document(Note(id="t", text=text))
    for candidate in suggest_procedures(document, [("I10", [0])], codes):
        for start, end in candidate.evidence:
            assert 0 <= start < end <= len(text)


def test_a_refusal_is_no_reason_for_what_was_done(codes: ProcedureCodes, write: Write) -> None:
    text = "Acute bronchitis, worse. Flu shot declined. Kenalog 40 mg IM given L glute."
    document = write(text)
    diagnoses = [("J20.9", [0]), ("Z28.21", [text.index("Flu")])]
    found = analyse(document, diagnoses, codes).candidates
    (drug,) = (c for c in found if c.code == "J3301")
    assert drug.linked_diagnoses == ("J20.9",)

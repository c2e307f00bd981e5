"""Visit families, levels, modifiers and the worksheet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.types import ProcedureCandidate
from tests.models.procedures.shipped import analyse

Write = Callable[..., Document]


def visits(
    document: Document, codes: ProcedureCodes, diagnoses: list[str]
) -> list[ProcedureCandidate]:
    result = analyse(document, [(code, [0]) for code in diagnoses], codes)
    return [
        c for c in result.candidates if c.suppressed is None and c.kind == "visit" and c.selected
    ]


EMERGENCY = {
    "note_type": "emergency department note",
    "setting": "emergency",
    "place_of_service": "23",
}
WARD = {"setting": "inpatient", "place_of_service": "21"}

CASES: list[tuple[str, dict[str, Any], list[str], list[str]]] = [
    ("A/P: Viral URI. Rest, fluids, OTC acetaminophen.", {}, ["J06.9"], ["99213"]),
    (
        "A/P: HTN uncontrolled, start lisinopril 10 mg. DM stable, continue metformin.",
        {"patient_status": "new"},
        ["I10", "E11.9"],
        ["99204"],
    ),
    ("Plan: wart discussed, reassurance.", {}, ["B07.9"], ["99212"]),
    (
        "A/P: HTN stable, continue amlodipine 5 mg.\nTotal time 42 minutes.",
        {},
        ["I10"],
        ["99215"],
    ),
    ("ED: ankle sprain. ibuprofen, ace wrap.", EMERGENCY, ["S93.401A"], ["99283"]),
    ("ED: septic shock. Critical care time 45 minutes.", EMERGENCY, ["A41.9"], ["99291"]),
    (
        "Pneumonia better, continue ceftriaxone. CBC, BMP reviewed.",
        {"note_type": "progress note", **WARD},
        ["J18.9"],
        ["99232"],
    ),
    ("POST-OP VISIT s/p R TKA.", {"specialty": "orthopedics"}, ["Z47.1"], ["99024"]),
    ("ROB VISIT 24w. FHT 150.", {"specialty": "obstetrics"}, ["Z34.82"], []),
    ("NURSE VISIT: injection given.", {}, ["E53.8"], []),
    ("ANNUAL PHYSICAL. No complaints.", {}, ["Z00.00"], ["99396"]),
    ("ANNUAL WELLNESS VISIT, subsequent.", {"payer_type": "medicare"}, ["Z00.00"], ["G0439"]),
    ("Welcome to Medicare visit.", {"payer_type": "medicare"}, ["Z00.00"], ["G0402"]),
    (
        "Discharge day: total time 40 minutes.",
        {"note_type": "discharge summary", **WARD},
        ["J18.9"],
        ["99239"],
    ),
]


@pytest.mark.parametrize(("text", "fields", "diagnoses", "expected"), CASES)
def test_visit_code(
    codes: ProcedureCodes,
    write: Write,
    text: str,
    fields: dict[str, Any],
    diagnoses: list[str],
    expected: list[str],
) -> None:
    assert [c.code for c in visits(write(text, **fields), codes, diagnoses)] == expected


def test_preventive_visit_with_a_treated_problem_bears_both(
    codes: ProcedureCodes, write: Write
) -> None:
    document = write("ANNUAL PHYSICAL\nA/P: HTN not at goal, start lisinopril 10 mg daily.")
    found = {c.code: c for c in visits(document, codes, ["Z00.01", "I10"])}
    assert set(found) == {"99396", "99213"} or set(found) == {"99396", "99214"}
    (problem,) = (c for c in found.values() if c.code != "99396")
    assert problem.modifiers == ("25",)
    assert found["99396"].modifiers == ()
    assert found["99396"].linked_diagnoses == ("Z00.01",)


def test_modifier_25_needs_another_service(codes: ProcedureCodes, write: Write) -> None:
    with_shot = write("A/P: HTN, continue amlodipine 5 mg. Toradol 30 mg IM given today.")
    without = write("A/P: HTN, continue amlodipine 5 mg.")
    assert visits(with_shot, codes, ["I10"])[0].modifiers == ("25",)
    assert visits(without, codes, ["I10"])[0].modifiers == ()


@pytest.mark.parametrize(("head", "modifier"), [("Video visit", "95"), ("Audio only visit", "93")])
def test_telehealth_modifier(codes: ProcedureCodes, write: Write, head: str, modifier: str) -> None:
    document = write(f"{head}. HTN, continue amlodipine 5 mg.", place_of_service="10")
    assert visits(document, codes, ["I10"])[0].modifiers == (modifier,)


def test_worksheet_shows_elements_method_and_runner_up(codes: ProcedureCodes, write: Write) -> None:
    document = write("A/P: HTN uncontrolled, start lisinopril 10 mg.\nLabs: BMP, lipids reviewed.")
    sheet = analyse(document, [("I10", [5])], codes).em
    assert sheet is not None
    assert sheet["family"] == "em_office"
    assert sheet["method"] == "decision making"
    assert sheet["code"] == "99214"
    risk = sheet["risk"]
    assert isinstance(risk, dict)
    words = [document.text[i["start"] : i["end"]] for i in risk["items"]]
    assert any("lisinopril" in w for w in words)
    assert isinstance(sheet["runner_up"], dict)


def test_time_wins_only_when_higher_and_never_in_the_emergency_room(
    codes: ProcedureCodes, write: Write
) -> None:
    text = "A/P: HTN stable, continue amlodipine 5 mg.\nTotal time 45 minutes."
    office = analyse(write(text), [("I10", [5])], codes).em
    emergency = analyse(write(text, **EMERGENCY), [("I10", [5])], codes).em
    assert office is not None
    assert emergency is not None
    assert office["method"] == "time"
    assert emergency["method"] == "decision making"
    assert emergency["time_level"] is None

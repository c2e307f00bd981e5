"""Medicine, laboratory, drugs, supplies and counseling: words in, code and units out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.timed import count_timed
from models.procedures.types import Line
from tests.models.procedures.shipped import suggest_procedures

Write = Callable[..., Document]

FOUND: list[tuple[str, list[str]]] = [
    ("Epley maneuver performed for right BPPV.", ["95992"]),
    ("NCS: 7 studies completed. Needle EMG of right arm.", ["95910", "95886"]),
    ("Percutaneous allergy testing, 40 tests performed today.", ["95004"]),
    ("Oral food challenge to peanut, 2 hours in office.", ["95076"]),
    ("CPAP titration in lab polysomnography, 6 hours.", ["95811"]),
    ("ICD remote interrogation 90 days, reviewed.", ["93295"]),
    ("Dual chamber pacemaker interrogation with reprogramming.", ["93280"]),
    ("OT evaluation low complexity. Paraffin bath to right hand.", ["97165", "97018"]),
    ("PT initial evaluation, moderate complexity.", ["97162"]),
    ("Chiropractic: CMT to C5, T4, L5 and sacrum today.", ["98941"]),
    ("OMT performed to 5 regions. Tolerated well.", ["98927"]),
    ("FEES performed and recorded.", ["92612"]),
    ("Group therapy session, 8 members.", ["90853"]),
    ("TMS treatment delivered, session 12 of 36.", ["90868"]),
    ("Hemodialysis performed today.", ["90935"]),
    ("Chem 8 on i-STAT here; venipuncture.", ["80047", "36415"]),
    ("UA auto dip in clinic negative.", ["81003"]),
    ("Urine drug screen 12-panel cup read in office.", ["80305"]),
    ("RTM setup for knee rehab app.", ["98975"]),
    ("E-visit via portal, 12 minutes cumulative.", ["99422"]),
    ("CCM 45 minutes of clinical staff time this month.", ["99490", "99439"]),
    ("ACP discussion 50 minutes with patient and wife.", ["99497", "99498"]),
    ("Crisis psychotherapy 80 minutes today.", ["90839", "90840"]),
    ("Moderate sedation by me, intraservice time 32 minutes.", ["99152", "99153"]),
    ("Walking boot (pneumatic) fitted and dispensed right.", ["L4361"]),
    ("Front-wheeled walker issued. Hinged knee brace dispensed.", ["E0143", "L1833"]),
    ("Crutches dispensed. Cock-up wrist splint dispensed left.", ["E0114", "L3908"]),
    ("Jubbonti 60 mg SQ given today.", ["Q5136"]),
]


@pytest.mark.parametrize(("text", "expected"), FOUND)
def test_words_lead_to_the_code(
    codes: ProcedureCodes, write: Write, text: str, expected: list[str]
) -> None:
    found = {c.code for c in suggest_procedures(write(text), [], codes)}
    assert set(expected) <= found


INFUSION = {"note_type": "infusion note"}
GIVEN: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "0920 palonosetron 0.25 mg IV push given\n0926 diphenhydramine 25 mg IV push given\n"
        "1005-1305 paclitaxel 300 mg in 500 mL NS given\n1310-1345 carboplatin 600 mg given",
        INFUSION,
        ["96413", "96415x2", "96417", "96375x2", "J2469x10", "J1200", "J9267x300", "J9045x12"],
    ),
    (
        "Vancomycin 1 g IV 0900-1030 given today, then ceftriaxone 2 g IV 1035-1105 given.",
        INFUSION,
        ["96365", "96367", "J3373x100", "J0696x8"],
    ),
    (
        "Given here today: ketorolac 30 mg IV push and metoclopramide 10 mg IV push. "
        "NS 1000 mL hydration given 1000-1115.",
        {},
        ["96374", "96375", "96361", "J1885x2", "J2765", "J7030"],
    ),
    (
        "Infliximab 5 mg/kg maintenance\n0912 infliximab 400 mg in 250 mL NS start, given\n"
        "1122 infliximab complete",
        INFUSION,
        ["96413", "96415", "J1745x40"],
    ),
    ("Gammagard 30 g given IV 0900-1300 today.", INFUSION, ["96365", "96366x3", "J1569x60"]),
]


@pytest.mark.parametrize(("text", "fields", "expected"), GIVEN)
def test_one_first_service_into_a_vein(
    codes: ProcedureCodes, write: Write, text: str, fields: dict[str, Any], expected: list[str]
) -> None:
    found = suggest_procedures(write(text, **fields), [], codes)
    lines = [
        c.code + (f"x{c.units}" if c.units > 1 else "")
        for c in found
        if c.suppressed is None and not c.family.startswith("em_")
    ]
    assert sorted(lines) == sorted(expected)


@pytest.mark.parametrize(
    ("minutes", "payer", "units"),
    [
        ((24, 10, 12), "medicare", [1, 1, 1]),
        ((33, 7), "medicare", [2, 1]),
        ((33, 7), "commercial", [2]),
        ((8,), "medicare", [1]),
        ((7,), "commercial", []),
        ((18, 13, 10, 8), "medicare", [1, 1, 1, 0]),
    ],
)
def test_quarter_hours_by_payer(
    codes: ProcedureCodes, minutes: tuple[int, ...], payer: str, units: list[int]
) -> None:
    names = ["therapeutic_exercise", "manual_therapy", "neuromuscular", "gait_training"]
    lines = [
        Line(entry, codes.concepts[name], ((0, 1),), 1, {"timed_minutes": float(m), "payer": payer})
        for name, m in zip(names, minutes, strict=False)
        if (entry := codes.pick(name, {}, date(2026, 6, 15))) is not None
    ]
    assert [line.units for line in count_timed(lines)] == [u for u in units if u]


def test_vaccines_and_who_gives_them(codes: ProcedureCodes, write: Write) -> None:
    document = write(
        "Fluad flu shot given today, left deltoid. PCV20 given today, right deltoid.",
        birth_date=date(1950, 1, 1),
        payer_type="medicare",
    )
    found = {c.code for c in suggest_procedures(document, [], codes) if c.suppressed is None}
    assert {"90653", "G0008", "90677", "G0009"} <= found

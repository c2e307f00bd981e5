"""Which episode of care an injury is in, by the words around it and the kind of visit."""

from __future__ import annotations

import pytest

from data.schemas import Note, Setting
from models.coding.episodes import (
    ACTIVE,
    AFTER,
    UNKNOWN,
    episodes,
    healing,
    open_grade,
    stage_of_visit,
)

FRACTURE = frozenset("ABCDEFGHJKMNPQRS")
WOUND = frozenset("ADS")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("HAND SURGERY\nPOV #3, DOI 6/27", AFTER),
        ("3 wks out from R wrist ORIF", AFTER),
        ("Wound check day 2", AFTER),
        ("Fell today. Plan: sling, follow up in one week", UNKNOWN),
        ("OPERATIVE REPORT\nPOSTOPERATIVE DIAGNOSES:\n1. ACL tear", ACTIVE),
        ("New patient, ankle pain", ACTIVE),
    ],
)
def test_what_the_visit_is_for(text: str, expected: str) -> None:
    assert stage_of_visit(Note(id="n", text=text)) == expected


def test_an_emergency_visit_treats_the_injury_unless_it_is_a_check() -> None:
    def stage(text: str) -> str:
        return stage_of_visit(Note(id="n", text=text, setting=Setting.EMERGENCY))

    assert stage("Pt had follow-up with ortho for knee last year. Laceration today") == ACTIVE
    assert stage("Returns for suture removal, R hand") == AFTER


def test_therapy_is_recovery() -> None:
    note = Note(id="n", text="INITIAL EVALUATION", note_type="physical therapy evaluation")
    assert stage_of_visit(note) == AFTER


@pytest.mark.parametrize(
    ("text", "visit", "available", "first"),
    [
        ("distal radius fx", UNKNOWN, FRACTURE, "A"),
        ("open tibia fx", UNKNOWN, FRACTURE, "B"),
        ("tibia fx, gustilo type iiib", UNKNOWN, FRACTURE, "C"),
        ("open tibia fx, type iiia", AFTER, FRACTURE, "F"),
        ("open tibia fx gustilo ii with delayed union", AFTER, FRACTURE, "H"),
        ("open tibia fx grade iii c, nonunion", AFTER, FRACTURE, "N"),
        ("tibia fx, malunion", AFTER, FRACTURE, "P"),
        ("open humerus fx gustilo iii", UNKNOWN, frozenset("ABDGKPS"), "B"),
        ("open humerus fx gustilo iii", AFTER, frozenset("ABDGKPS"), "D"),
        ("tibia fx delayed union, not calling it a nonunion yet", AFTER, FRACTURE, "G"),
        ("radius fx, for open reduction tomorrow", UNKNOWN, FRACTURE, "A"),
        ("laceration, suture removal in 10 days", UNKNOWN, WOUND, "A"),
        ("laceration, return 10 d for suture removal", UNKNOWN, WOUND, "A"),
        ("laceration. staples out in 7-10d", UNKNOWN, WOUND, "A"),
        ("laceration, return visit for suture removal", UNKNOWN, WOUND, "D"),
        ("laceration, sutures removed", UNKNOWN, WOUND, "D"),
        ("radius fx healing well", ACTIVE, FRACTURE, "A"),
        ("weakness, late effect of nerve injury", AFTER, WOUND, "S"),
    ],
)
def test_best_character(text: str, visit: str, available: frozenset[str], first: str) -> None:
    assert episodes(text, visit, available)[0] == first


def test_the_other_stage_of_care_stays_a_runner_up() -> None:
    assert episodes("ankle sprain", UNKNOWN, WOUND) == ("A", "D")
    assert episodes("ankle sprain", AFTER, WOUND) == ("D", "A")
    # An open fracture told elsewhere in the note may be this one.
    assert "H" in episodes("fibula shaft, delayed union", AFTER, FRACTURE, note_grade=1)


def test_open_needs_a_fracture() -> None:
    assert open_grade("open wound of the knee") == 0
    assert open_grade("no open fracture") == 0
    assert open_grade("compound fx of tibia") == 1


def test_a_visit_is_not_planned_by_the_age_in_the_next_line() -> None:
    note = Note(id="n", text="NURSE VISIT: suture removal\n\n67 y/o, cut her shin 12 days ago")
    assert stage_of_visit(note) == AFTER


def test_a_late_effect_told_elsewhere_is_offered() -> None:
    late = healing("imp: burn scar contracture of the hand. full-thickness burn in 2024")
    assert late == "sequela"
    assert "S" in episodes("full-thickness burn of the hand", UNKNOWN, WOUND, note_healing=late)
    assert healing("laceration of the hand, repaired") == ""

"""Skin, breast, bone, spine and nerve procedures: words of a note in, codes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.slots import spinal_levels
from models.procedures.wounds import closed_wounds, zone_slots
from tests.models.procedures.shipped import analyse

Write = Callable[..., Document]

CASES: Sequence[tuple[str, set[str]]] = [
    ("Procedure: debridement of sacral ulcer to muscle, 6 x 7 cm.", {"11043", "11046"}),
    ("Procedure: selective debridement, left leg ulcer, 30 sq cm.", {"97597", "97598"}),
    ("Procedure: shave removal of 0.8 cm nevus, left cheek.", {"11311"}),
    ("Procedure: excision BCC left cheek, lesion 0.8 cm with 4 mm margins.", {"11642"}),
    ("Procedure: excision of cyst, back, excised diameter 1.4 cm.", {"11402"}),
    ("Procedure: excision of lipoma left shoulder, 4 cm, subcutaneous.", {"23071"}),
    ("Procedure: Mohs surgery, left nose, stage 1 and stage 2.", {"17311", "17312"}),
    ("Procedure: ED&C of BCC, trunk, 1.2 cm.", {"17262"}),
    ("Procedure: rotation flap of right cheek, 8 sq cm.", {"14040"}),
    ("Procedure: full thickness skin graft to nose, 4 sq cm.", {"15260"}),
    ("Procedure: phenol matrixectomy, right hallux.", {"11750"}),
    ("Procedure: modified radical mastectomy, left.", {"19307"}),
    ("Procedure: right subacromial bursa injection.", {"20610"}),
    ("Procedure: ultrasound-guided left wrist joint injection.", {"20606"}),
    ("Procedure: injection of right first dorsal compartment.", {"20550"}),
    ("Trigger point injections: trapezius, levator scapulae, rhomboid.", {"20553"}),
    ("CRPP right distal radius fracture.", {"25606"}),
    ("ORIF trimalleolar ankle fracture, left.", {"27822"}),
    ("Intramedullary nailing of left tibial shaft fracture.", {"27759"}),
    ("Closed treatment of fifth metatarsal fracture.", {"28470"}),
    ("Right knee arthroscopy with medial and lateral meniscectomy.", {"29880"}),
    ("Revision total knee arthroplasty, left.", {"27487"}),
    ("ACDF C4-5 and C5-6 with anterior plate.", {"22551", "22552", "22845"}),
    ("Laminectomy L3-4 and L4-5 for stenosis.", {"63047", "63048"}),
    ("Endoscopic carpal tunnel release left.", {"29848"}),
    ("Right below knee amputation.", {"27880"}),
    ("Bilateral L4-5 and L5-S1 facet joint injections.", {"64493", "64494"}),
    ("Right L5 transforaminal epidural under fluoroscopy.", {"64483"}),
    ("Right genicular nerve radiofrequency ablation.", {"64624"}),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_words_find_the_code(
    codes: ProcedureCodes, write: Write, text: str, expected: set[str]
) -> None:
    document = write(text, note_type="procedure note")
    found = {c.code for c in analyse(document, [], codes).candidates if c.family[:3] != "em_"}
    assert expected <= found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3 cm laceration left forearm and 2 cm laceration right hand, both sutured.", {"12002"}),
        (
            "Lacerations repaired: 2.0 cm chin with 5-0 nylon; 4.0 cm scalp with staples.",
            {"12011", "12002"},
        ),
        ("Complex repair of 9 cm laceration of right cheek.", {"13132", "13133"}),
        ("Layered closure of 6 cm laceration of left hand.", {"12042"}),
        ("Layered closure of 3 cm laceration of the scalp.", {"12032"}),
    ],
)
def test_lengths_are_summed_by_closure_and_region(
    codes: ProcedureCodes, write: Write, text: str, expected: set[str]
) -> None:
    result = analyse(write(f"PROCEDURE: {text}"), [], codes)
    assert {c.code for c in result.candidates if c.family == "wound_repair"} == expected


def test_an_operation_closed_in_layers_is_no_wound_repair(
    codes: ProcedureCodes, write: Write
) -> None:
    text = "PROCEDURE: carpal tunnel release\nA 3 cm incision was made. Closed in layers."
    result = analyse(write(text, note_type="operative note"), [], codes)
    assert [c.code for c in result.candidates if c.family == "wound_repair"] == []


def test_nothing_closed_and_no_zone(codes: ProcedureCodes, write: Write) -> None:
    document = write("Nothing here.")
    layout = Layout(document)
    assert closed_wounds(document, layout, [], operation=False) == []
    biopsy = write("Shave biopsy.")
    mention = finder_of(codes).find(biopsy, Layout(biopsy))[0]
    assert zone_slots(document, layout, mention) == {}


@pytest.mark.parametrize(
    ("text", "levels"),
    [
        ("L4-5 and L5-S1", (2, 0)),
        ("L3-L5", (2, 0)),
        ("L3, L4 and L5 medial branches", (0, 3)),
        ("C7-T1", (1, 0)),
        ("no level", (0, 0)),
        ("L5-1", (1, 0)),
    ],
)
def test_spinal_levels(text: str, levels: tuple[int, int]) -> None:
    assert spinal_levels(text) == levels

"""Operations, scopes, lines and anesthesia: what a note says, and the code it takes."""

from __future__ import annotations

from datetime import date

import pytest

from data.schemas import Note
from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import read_document
from models.procedures.types import ProcedureCandidate
from tests.models.procedures.shipped import analyse

DAY = date(2026, 6, 15)


def _found(
    codes: ProcedureCodes, text: str, note_type: str, specialty: str = "", day: date = DAY
) -> dict[str, ProcedureCandidate]:
    """Candidates by code, whatever their status."""
    note = Note(id="n", text=text, note_type=note_type, specialty=specialty, date_of_service=day)
    found = analyse(read_document(note), [], codes).candidates
    return {c.code: c for c in sorted(found, key=lambda c: c.suppressed is None)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Maxillary antrostomies, total ethmoidectomies and frontal sinusotomy", "31256 31253"),
        ("Suspension microlaryngoscopy with excision of a vocal fold polyp", "31541"),
        ("Laparoscopic sleeve gastrectomy", "43775"),
        ("Robotic umbilical hernia repair with mesh, 2 cm defect, reducible", "49591"),
        ("Recurrent incisional hernia repair, defect 6 cm, incarcerated omentum", "49616"),
        ("Open repair of recurrent left inguinal hernia with mesh", "49520"),
        ("Laparoscopic bilateral inguinal hernia repair, TEP", "49650"),
        ("Total laparoscopic hysterectomy with BSO, uterus 310 g", "58573"),
        ("Repeat low transverse cesarean with bilateral tubal ligation", "59514 58611"),
        ("TURBT of 3 cm tumor on the left lateral wall", "52235"),
        ("Left ureteroscopy with holmium laser lithotripsy and double-J stent", "52356"),
        ("Dual chamber ICD implantation", "33249"),
        ("Pacemaker generator change, single chamber", "33227"),
        ("Burr hole evacuation of chronic subdural hematoma", "61154"),
        ("Phaco with IOL OS and iStent inject placement", "66991"),
        ("Thyroid lobectomy and isthmusectomy", "60220"),
    ],
)
def test_operations(codes: ProcedureCodes, text: str, expected: str) -> None:
    assert set(expected.split()) <= set(_found(codes, text, "operative note"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EGD: meat impaction removed with a net", "43247"),
        ("EGD with EUS and FNA of a pancreatic head mass", "43242"),
        ("Colonoscopy: polyp removed by hot snare; APC of angioectasia in cecum", "45385 45388"),
        ("ERCP with sphincterotomy and plastic biliary stent placement", "43274"),
        ("Flex sig to 50 cm, random biopsies taken", "45331"),
        ("EBUS with TBNA of stations 4R, 7 and 11L", "31653"),
        ("DES placed to mid LAD", "92928"),
        ("STEMI, primary PCI of the RCA", "92941"),
        ("Pulmonary vein isolation for atrial fibrillation", "93656"),
        ("Endovenous laser ablation of right great saphenous vein", "36478"),
        ("Transrectal ultrasound-guided prostate biopsy, 12 cores", "55707"),
        ("SFA angioplasty with stent placed for stenosis", "37267"),
    ],
)
def test_scopes_and_catheters(codes: ProcedureCodes, text: str, expected: str) -> None:
    assert set(expected.split()) <= set(_found(codes, text, "procedure note"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rhino Rocket placed in the left naris, bleeding stopped", "30901"),
        ("Posterior pack placed for epistaxis", "30905"),
        ("28 Fr chest tube placed by open technique", "32551"),
        ("Left radial a-line placed after Allen test: arterial line", "36620"),
        ("IO placed in left proximal tibia", "36680"),
        ("Thrombosed external hemorrhoid incised, clot expressed", "46083"),
        ("Foley catheter 16 Fr placed for retention", "51702"),
        ("Impacted cerumen removed with curette", "69210"),
        ("Impacted cerumen, ears irrigated until clear", "69209"),
        ("Laser peripheral iridotomy OD done today", "66761"),
        ("NST reactive, baseline 140", "59025"),
        ("Word catheter placed for right Bartholin abscess", "56420"),
    ],
)
def test_bedside_and_office(codes: ProcedureCodes, text: str, expected: str) -> None:
    assert set(expected.split()) <= set(_found(codes, text, "office visit"))


def test_codes_of_the_leg_arteries_and_prostate_change_with_2026(codes: ProcedureCodes) -> None:
    before = date(2025, 12, 31)
    angioplasty = "SFA angioplasty for stenosis"
    assert "37224" in _found(codes, angioplasty, "procedure note", day=before)
    assert "37263" in _found(codes, angioplasty, "procedure note")
    assert "55700" in _found(codes, "TRUS-guided prostate biopsy", "procedure note", day=before)


def test_each_scope_keeps_its_own_techniques(codes: ProcedureCodes) -> None:
    text = "EGD: biopsies taken of the antrum.\nColonoscopy: 8 mm polyp, cold snare.\n"
    found = _found(codes, text, "procedure note")
    assert {"43239", "45385"} <= set(found)
    assert not {"43251", "45380"} & set(found)


ANESTHESIA = """ANESTHESIA RECORD
Procedure: left total hip arthroplasty. Anesthesiologist personally performed, no CRNA. ASA III.
0731 anesthesia start
0912 PACU handoff, anesthesia end
"""


def test_an_anesthesia_record_takes_the_base_code_with_its_minutes(codes: ProcedureCodes) -> None:
    found = _found(codes, ANESTHESIA, "anesthesia record", "anesthesiology")
    line = found["01214"]
    assert line.units == 101
    assert line.modifiers == ("AA", "P3")
    assert "27130" not in found


def test_an_operative_note_bears_no_anesthesia_code(codes: ProcedureCodes) -> None:
    found = _found(codes, "Total hip arthroplasty. Anesthesia: spinal.", "operative note")
    assert "01214" not in found
    assert "27130" in found

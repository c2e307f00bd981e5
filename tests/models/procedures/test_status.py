"""Performed against ordered, planned, historical, refused and elsewhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.status import score
from models.procedures.types import Status


@pytest.mark.parametrize(
    ("text", "concept", "status"),
    [
        ("Objective: ECG done today and read by me: sinus.", "ecg", Status.PERFORMED),
        ("Plan: order ECG before next visit.", "ecg", Status.ORDERED),
        ("Data: ECG 3/2024 normal.", "ecg", Status.HISTORICAL),
        ("Plan: flu shot declined.", "vaccine:influenza", Status.REFUSED),
        ("Plan: flu shot given in left deltoid.", "vaccine:influenza", Status.PERFORMED),
        ("Plan: will consider zoledronic acid if no better.", "drug:zoledronic_acid", None),
        ("CXR (rad read): no infiltrate", "xray:chest", Status.ELSEWHERE),
        ("CXR PA/lat in office, my read: clear", "xray:chest", Status.PERFORMED),
        ("PSH: lap chole 2010", "cholecystectomy", Status.HISTORICAL),
        ("Labs: TSH 2.1, ferritin 40", "lab:tsh", Status.ELSEWHERE),
        ("Rapid strep A: POS", "lab:strep_rapid", Status.PERFORMED),
        ("Colonoscopy 2021 normal.", "colonoscopy", Status.HISTORICAL),
        ("CXR not done, no focal findings.", "xray:chest", Status.REFUSED),
    ],
)
def test_status(
    codes: ProcedureCodes,
    write: Callable[..., Document],
    text: str,
    concept: str,
    status: Status | None,
) -> None:
    document = write(text)
    layout = Layout(document)
    found = [m for m in finder_of(codes).find(document, layout) if m.concept.name == concept]
    assert found
    judged = score(document, layout, found[0])
    if status is None:
        assert judged.status is not Status.PERFORMED
    else:
        assert judged.status is status, judged.cues


def test_older_value_in_brackets_does_not_date_the_test(
    codes: ProcedureCodes, write: Callable[..., Document]
) -> None:
    document = write("Hgb in office today: 9.8 (5/16/26: 9.6)")
    layout = Layout(document)
    mention = finder_of(codes).find(document, layout)[0]
    assert "date:earlier" not in score(document, layout, mention).cues

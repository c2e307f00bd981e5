"""Which family of visit a document bears, and whether the patient is new."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from models.coding.document import Document
from models.procedures.visits import read_visit

Write = Callable[..., Document]


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("NP. Sneezing all year.", "new"),
        ("1st visit. Heel pain.", "new"),
        ("Relocated; not seen by our group before.", "new"),
        ("Last seen here 5 years ago.", "new"),
        ("Established. New rash, wants to establish a plan.", "established"),
        ("Est pt, new problem of vertigo.", "established"),
        ("First visit since surgery in May.", "established"),
        ("Seen with the NP today for cough.", "established"),
    ],
)
def test_the_opening_says_whether_the_patient_is_new(write: Write, text: str, status: str) -> None:
    document = write(text, patient_status=None)
    assert read_visit(document).patient_status == status


@pytest.mark.parametrize(
    ("text", "encounter", "concept"),
    [
        ("Sore throat.", {"note_type": "sick visit"}, "visit:office_established"),
        ("Seen day 5 after discharge.", {"note_type": "TCM visit"}, "care:transitional"),
        ("Zio: no AF.", {"note_type": "zio report"}, ""),
        ("AWV, subsequent.", {"payer_type": "medicare"}, "visit:wellness_subsequent"),
        ("Annual wellness visit.", {"payer_type": "commercial"}, "visit:preventive_established"),
        ("CBC slips; takes a prenatal vitamin.", {"specialty": "obstetrics"},
         "visit:office_established"),
        ("BP check per standing order, taught cuff use.", {"note_type": "nurse visit"},
         "visit:nurse"),
        ("B12 injection given.", {"note_type": "nurse visit"}, ""),
    ],
)  # fmt: skip
def test_words_and_kind_of_note_choose_the_family(
    write: Write, text: str, encounter: dict[str, str], concept: str
) -> None:
    document = write(text, **encounter)
    assert read_visit(document).concept == concept


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("STEMI. Critical care time: 42 minutes.", "visit:critical_care"),
        ("STEMI. Critical care time not claimed (<30 min).", "visit:emergency"),
        ("LEFT WITHOUT BEING SEEN", ""),
    ],
)
def test_emergency(write: Write, text: str, concept: str) -> None:
    document = write(text, note_type=None, setting="emergency", place_of_service="23")
    assert read_visit(document).concept == concept


def test_a_rule_may_hold_below_an_age_only(write: Write) -> None:
    child = write("6 month check.", birth_date=date(2025, 12, 1))
    grown = write("6 month check.")
    assert read_visit(child).concept == "visit:preventive_established"
    assert read_visit(grown).concept == "visit:office_established"

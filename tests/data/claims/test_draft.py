"""From accepted codes to a draft claim."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from data.claims.draft import ClaimDefaults, draft_claim, place_of_service
from data.claims.fees import FeeTable, FeeTableError, read_fees, starter_fees
from data.schemas import GoldCode, Note, Setting, System

NOTE = Note(
    id="n1",
    text="note",
    date_of_service=date(2026, 5, 1),
    setting=Setting.OUTPATIENT,
    payer_type="medicare",
)


def dx(code: str, sequence: int | None = None) -> GoldCode:
    return GoldCode(system=System.ICD10CM, code=code, sequence=sequence)


def test_diagnoses_stand_in_sequence_and_once() -> None:
    claim = draft_claim(NOTE, [dx("Z79.4"), dx("I10", 2), dx("E11.9", 1), dx("I10")], claim_id="c")
    assert [d.code for d in claim.diagnoses] == ["E11.9", "I10", "Z79.4"]


def test_pointers_follow_the_links_else_the_first_four() -> None:
    codes = [dx(code, i) for i, code in enumerate(["E11.9", "I10", "E78.5", "N18.31", "Z79.4"], 1)]
    codes += [
        GoldCode(system=System.CPT, code="99214", modifiers=("25",)),
        GoldCode(
            system=System.CPT, code="83036", linked_diagnoses=("Z79.4", "E11.9", "R99"), units=2
        ),
        GoldCode(system=System.CPT, code="36415", linked_diagnoses=("R99",)),
    ]
    visit, test, blood = draft_claim(NOTE, codes, claim_id="c").lines
    assert visit.diagnosis_pointers == (1, 2, 3, 4)
    assert visit.modifiers == ("25",)
    assert test.diagnosis_pointers == (5, 1)
    assert blood.diagnosis_pointers == (1, 2, 3, 4)
    assert (test.units, test.charge) == (2, starter_fees().charge("83036") * 2)


def test_the_claim_says_who_pays_and_what() -> None:
    defaults = ClaimDefaults(
        billing_npi="1234567893", payer_id="P", member_id="M", prior_authorization="A"
    )
    fees = FeeTable({"99213": Decimal("100.00")})
    codes = [dx("I10"), GoldCode(system=System.CPT, code="99213")]
    claim = draft_claim(NOTE, codes, claim_id="c", defaults=defaults, fees=fees)
    assert (claim.payer_id, claim.payer_type, claim.member_id) == ("P", "medicare", "M")
    assert claim.prior_authorization == "A"
    assert claim.total_charge == claim.charge == Decimal("100.00")
    assert claim.date_of_service == date(2026, 5, 1)
    assert claim.note_id == "n1"


def test_procedure_codes_of_hospitals_stay_off() -> None:
    codes = [dx("I10"), GoldCode(system=System.ICD10PCS, code="0DTJ4ZZ")]
    claim = draft_claim(NOTE, codes, claim_id="c")
    assert claim.lines == ()
    assert [d.code for d in claim.diagnoses] == ["I10"]


@pytest.mark.parametrize(
    ("setting", "note_type", "stated", "place"),
    [
        ("outpatient", "office visit", None, "11"),
        ("outpatient", "Telehealth visit", None, "10"),
        ("emergency", "emergency department note", None, "23"),
        ("inpatient", "discharge summary", None, "21"),
        (None, None, None, "11"),
        ("outpatient", "office visit", "22", "22"),
    ],
)
def test_place_of_service(
    setting: str | None, note_type: str | None, stated: str | None, place: str
) -> None:
    note = Note(
        id="n",
        text="x",
        setting=Setting(setting) if setting else None,
        note_type=note_type,
        place_of_service=stated,
    )
    assert place_of_service(note) == place


def test_fee_tables_name_what_is_wrong(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "fees.csv"
    for text, words in [
        ("kode,charge\n1,2\n", "columns code and charge"),
        ("code,charge\n99213,abc\n", "row 2, charge"),
        ("code,charge\n99213,-1\n", "row 2, charge"),
        ("code,charge\n99213,1\n99213,2\n", "row 3"),
    ]:
        path.write_text(text)
        with pytest.raises(FeeTableError, match=words):
            read_fees(path)
    path.write_text("code,charge\n99213,120.50\n")
    assert read_fees(path).charge("99213", Decimal(2)) == Decimal("241.00")


def test_starter_fees_are_labelled_invented() -> None:
    from importlib import resources

    rows = (resources.files("data.claims") / "fees.csv").read_text().splitlines()[1:]
    assert len(rows) == len(starter_fees())
    assert all(row.endswith(",invented") for row in rows)

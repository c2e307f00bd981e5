"""Codes that ride on a visit's code: prolonged time and continuing care."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.addons import AddOn, add_ons
from models.procedures.tables import rows, split

Write = Callable[..., Document]

TIMED = [row for row in rows("visit_addons") if row["minutes"]]
BASES = sorted({base for row in TIMED for base in split(row["base"])})
PAYERS = st.sampled_from(["commercial", "medicare", "medicare_advantage", "medicaid"])
MOST = 240
"""Minutes: longer times are not read as a visit's."""


def stated(write: Write, codes: ProcedureCodes, base: str, payer: str, minutes: int) -> list[AddOn]:
    document = write(f"Total time {minutes} minutes.", payer_type=payer)
    return add_ons(document, codes, base)


@given(base=st.sampled_from(BASES), payer=PAYERS, minutes=st.integers(5, MOST))
def test_units_never_fall_with_minutes(
    codes: ProcedureCodes, write: Write, base: str, payer: str, minutes: int
) -> None:
    def units(at: int) -> int:
        found = stated(write, codes, base, payer, at)
        assert len(found) <= 1
        return sum(extra.units for extra in found)

    least, most = units(minutes), units(min(MOST, minutes + 1))
    assert 0 <= least <= most <= least + 1


@pytest.mark.parametrize("base", BASES)
def test_medicare_never_starts_before_cpt(base: str) -> None:
    least = {
        bool(row["payers"]): int(row["minutes"]) for row in TIMED if base in split(row["base"])
    }
    if True in least and False in least:
        assert least[True] >= least[False]
    medicare = [bool(row["payers"]) for row in TIMED if base in split(row["base"])]
    assert medicare == sorted(medicare, reverse=True)  # the row of every payer stands last


@pytest.mark.parametrize(
    ("base", "payer", "minutes", "expected"),
    [
        ("99205", "commercial", 74, []),
        ("99205", "commercial", 75, [("99417", 1)]),
        ("99205", "commercial", 89, [("99417", 1)]),
        ("99205", "commercial", 90, [("99417", 2)]),
        ("99205", "medicare", 88, []),
        ("99205", "medicare", 89, [("G2212", 1)]),
        ("99215", "medicare_advantage", 84, [("G2212", 2)]),
        ("99214", "commercial", 120, []),
        ("99223", "medicare", 90, [("G0316", 1)]),
        ("99291", "commercial", 75, [("99292", 1)]),
        ("99291", "commercial", 105, [("99292", 2)]),
        ("99291", "medicare", 103, []),
    ],
)
def test_prolonged_time(
    codes: ProcedureCodes, write: Write, base: str, payer: str, minutes: int,
    expected: list[tuple[str, int]],
) -> None:  # fmt: skip
    found = stated(write, codes, base, payer, minutes)
    assert [(extra.entry.code, extra.units) for extra in found] == expected
    for extra in found:
        assert extra.evidence == ((0, len(f"Total time {minutes} minutes")),)
        assert f"{minutes} minutes" in extra.why


def test_continuing_care_is_medicares_and_needs_words(codes: ProcedureCodes, write: Write) -> None:
    text = "A/P: HTN, whom I follow for years."
    document = write(text, payer_type="medicare")
    (found,) = add_ons(document, codes, "99213")
    assert (found.entry.code, found.units) == ("G2211", 1)
    assert [text[a:b] for a, b in found.evidence] == ["whom I follow"]
    assert add_ons(write(text), codes, "99213") == []
    assert add_ons(write("A/P: HTN.", payer_type="medicare"), codes, "99213") == []
    assert add_ons(document, codes, "99232") == []


def test_a_code_not_yet_in_force_is_left_out(codes: ProcedureCodes, write: Write) -> None:
    fields = {"payer_type": "medicare", "date_of_service": date(2022, 6, 1)}
    document = write("Total time 95 minutes.", **fields)
    assert "G0316" not in [extra.entry.code for extra in add_ons(document, codes, "99223")]
    hcpcs = ProcedureCodes.load(cpt=False)
    assert add_ons(write("Total time 95 minutes."), hcpcs, "99205") == []

"""Drug amounts to billing units."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.procedures.doses import billing_units, dose_near, parse_billing_unit, waste_near


def _units(text: str, drug: str, billing: str) -> int:
    start = text.index(drug)
    unit, kind = parse_billing_unit(billing)
    found = dose_near(text, start, start + len(drug), 0, len(text), kind)
    assert found is not None
    assert text[found[1] : found[2]]
    return billing_units(found[0], unit)


@pytest.mark.parametrize(
    ("text", "drug", "billing", "units"),
    [
        ("1 mL triamcinolone 40 mg/mL + 4 mL lidocaine", "triamcinolone", "10 mg", 4),
        ("2 mL of kenalog 40 mg/mL", "kenalog", "10 mg", 8),
        ("Aflibercept 2 mg/0.05 mL syringe", "Aflibercept", "1 mg", 2),
        ("ceftriaxone 1 g IM", "ceftriaxone", "250 mg", 4),
        ("benzathine penicillin G 2.4 million units IM", "penicillin", "100000 units", 24),
        ("cyanocobalamin 1,000 mcg IM", "cyanocobalamin", "1000 mcg", 1),
        ("Toradol 30 mg IM", "Toradol", "15 mg", 2),
        ("ketorolac 31 mg", "ketorolac", "15 mg", 3),
        ("80 mg Depo-Medrol injected", "Depo-Medrol", "1 mg", 80),
        ("onabotulinumtoxinA ... Units used 155. Units discarded 45", "onabot", "1 units", 155),
    ],
)
def test_dose_makes_units(text: str, drug: str, billing: str, units: int) -> None:
    assert _units(text, drug, billing) == units


def test_no_dose_is_none() -> None:
    assert dose_near("triamcinolone given", 0, 13, 0, 19, "mass") is None


def test_waste_is_none_said_or_an_amount() -> None:
    said = "single-dose vial, no waste"
    assert waste_near(said, 0, len(said)) == (None, (said.index("no waste"), len(said)))
    some = waste_near("Units discarded 45.", 0, 19)
    assert some is not None
    assert some[0] == 45
    assert waste_near("given", 0, 5) is None


@given(
    amount=st.floats(0.1, 1e6, allow_nan=False),
    more=st.floats(0, 1e6, allow_nan=False),
    unit=st.floats(0.1, 1e4, allow_nan=False),
)
def test_units_are_positive_and_grow_with_the_amount(
    amount: float, more: float, unit: float
) -> None:
    assert 1 <= billing_units(amount, unit) <= billing_units(amount + more, unit)

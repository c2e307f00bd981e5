"""Codes in claim form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.claims.codes import (
    denial_categories,
    dotted,
    has_procedure_form,
    payer_type_by_filing_indicator,
    procedure_system,
    undotted,
)
from data.schemas import System


@pytest.mark.parametrize(
    ("raw", "code"),
    [("E1122", "E11.22"), ("e11.22 ", "E11.22"), ("I10", "I10"), ("S93401A", "S93.401A")],
)
def test_dots_are_put_back(raw: str, code: str) -> None:
    assert dotted(raw) == code


@given(st.from_regex(r"[A-Z][0-9][0-9A-Z](\.[0-9A-Z]{1,4})?", fullmatch=True))
def test_dotting_undoes_undotting(code: str) -> None:
    assert dotted(undotted(code)) == code == dotted(code)


@pytest.mark.parametrize(
    ("code", "form", "system"),
    [
        ("99213", True, System.CPT),
        ("0001F", True, System.CPT),
        ("J3301", True, System.HCPCS),
        ("9921", False, System.HCPCS),
        ("992134", False, System.HCPCS),
        ("E11.22", False, System.HCPCS),
    ],
)
def test_procedure_codes(code: str, form: bool, system: System) -> None:
    assert has_procedure_form(code) is form
    assert procedure_system(code) is system


def test_tables() -> None:
    assert payer_type_by_filing_indicator()["MB"] == "medicare"
    assert "authorization" in denial_categories()

"""The shared types: what exists is valid, what is not valid does not exist."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from data.schemas import (
    Claim,
    ClaimLine,
    CodeRef,
    Decision,
    DecisionEvent,
    GoldCode,
    GoldNote,
    Note,
    Span,
    Suggestion,
    System,
)

EVENT: dict[str, Any] = {"note_id": "n", "system": "ICD-10-CM", "code": "I10"}
SUGGESTION: dict[str, Any] = {
    "system": "ICD-10-CM", "code": "I10", "description": "x", "confidence": 0.5,
    "selected": True, "auto_accept": False,
}  # fmt: skip


def test_types_are_frozen_and_closed() -> None:
    note = Note(id="n", text="a")
    with pytest.raises(ValidationError):
        note.text = "b"  # type: ignore[misc]
    with pytest.raises(ValidationError):
        Note.model_validate({"id": "n", "text": "a", "more": 1})


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (4, 3)])
def test_a_span_has_length(start: int, end: int) -> None:
    with pytest.raises(ValidationError):
        Span(start=start, end=end)


@pytest.mark.parametrize("code", ["", "i10", "I", "I10;DROP", "E11.2222222", "<b>"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(ValidationError):
        CodeRef(system=System.ICD10CM, code=code)


@pytest.mark.parametrize("confidence", [-0.1, 1.1, float("nan")])
def test_confidence_is_a_probability(confidence: float) -> None:
    with pytest.raises(ValidationError):
        Suggestion.model_validate(SUGGESTION | {"confidence": confidence})


@pytest.mark.parametrize("decision", list(Decision))
def test_a_replacement_comes_with_replace_and_only_then(decision: Decision) -> None:
    replacement = {"system": "ICD-10-CM", "code": "E11.9"}
    right = EVENT | {"decision": decision}
    wrong = right | {"replacement": replacement}
    if decision is Decision.REPLACE:
        right, wrong = wrong, right
    assert DecisionEvent.model_validate(right).decision is decision
    with pytest.raises(ValidationError, match="replacement"):
        DecisionEvent.model_validate(wrong)


def test_codes_of_a_system_keep_their_sequence() -> None:
    codes = tuple(
        GoldCode(system=system, code=code)
        for system, code in (
            (System.ICD10CM, "I10"), (System.CPT, "99213"), (System.ICD10CM, "E11.9"),
        )
    )  # fmt: skip
    gold = GoldNote(note=Note(id="n", text="a"), codes=codes)
    assert gold.codes_of(System.ICD10CM) == ("I10", "E11.9")
    assert gold.codes_of(System.HCPCS) == ()


def test_a_claims_charge_and_date() -> None:
    lines = tuple(
        ClaimLine(number=n, system=System.CPT, code="99213", charge=Decimal(charge),
                  date_of_service=day)
        for n, charge, day in ((1, "10.50", date(2026, 5, 3)), (2, "1.25", date(2026, 5, 1)))
    )  # fmt: skip
    claim = Claim(claim_id="c", lines=lines)
    assert claim.charge == Decimal("11.75")
    assert claim.date_of_service == date(2026, 5, 1)
    assert Claim(claim_id="c", lines=lines, total_charge=Decimal(9)).charge == 9
    assert Claim(claim_id="c").date_of_service is None
    assert Claim(claim_id="c").charge == 0

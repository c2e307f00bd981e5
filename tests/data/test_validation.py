"""Errors in words: the field, what is wrong, the fix; never the value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from data.schemas import Claim, ClaimLine, Note
from data.validation import describe, printable


def _words(kind: type[Any], value: object, limit: int = 3) -> str:
    with pytest.raises(ValidationError) as refused:
        kind.model_validate(value)
    return describe(refused.value, {"": kind, "lines": ClaimLine}, limit)


def test_the_field_and_the_fix() -> None:
    assert _words(Note, {"text": "a"}) == "id: the field is required; add it"
    assert _words(Note, {"id": "a", "text": "b", "birth_date": "x"}) == (
        "birth_date: is not a date; write YYYY-MM-DD"
    )
    assert _words(Note, {"id": "a", "text": "b", "settting": "x"}) == (
        "settting: unknown field; did you mean setting?"
    )


def test_a_field_below_another_is_compared_with_its_own_type() -> None:
    line = {"number": 1, "system": "CPT", "code": "99213", "chrage": "1"}
    words = _words(Claim, {"claim_id": "c", "lines": [line]})
    assert words == "lines.0.chrage: unknown field; did you mean charge?"


def test_the_first_defects_and_how_many_more() -> None:
    value = {"id": "a", "text": "b"} | {f"zz{i}": 1 for i in range(9)}
    assert _words(Note, value, limit=2).endswith("; and 7 more")
    assert _words(Note, value, limit=2).count("unknown field") == 2


@given(st.sampled_from(sorted(set(Note.model_fields) - {"id", "text"})), st.integers(0, 9))
def test_the_value_is_not_repeated(field: str, digit: int) -> None:
    secret = f"Quandt{digit}" * 40
    words = ""
    try:
        Note.model_validate({"id": "a", "text": "b", field: secret})
    except ValidationError as error:
        words = describe(error, {"": Note})
    assert "Quandt" not in words


@given(st.text(), st.integers(0, 50))
def test_printable(text: str, limit: int) -> None:
    shown = printable(text, limit)
    assert len(shown) == min(len(text), limit)
    assert shown.isprintable()

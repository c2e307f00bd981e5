"""Error texts name the field and the fix and never what was sent."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from data.schemas import Claim, Note
from serving.coding.schemas import DecisionRequest, SignOffRequest, StorableNote
from serving.errors import KIND_OF_STATUS, KINDS, field_problems, log_scrubbed, sentence

SURNAME = "Ottoline"
values = st.recursive(
    st.one_of(st.just(SURNAME), st.just(f"{SURNAME} 1961"), st.integers(), st.none(), st.floats()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.just(SURNAME + " Q"), inner)
    ),
    max_leaves=4,
)


def problems_of(model: Any, raw: Any) -> list[Any] | None:
    try:
        model.model_validate(raw)
    except ValidationError as error:
        return field_problems(error.errors())
    return None


@pytest.mark.parametrize("model", [Note, StorableNote, Claim, DecisionRequest, SignOffRequest])
@given(data=st.data())
def test_no_message_repeats_a_value(model: Any, data: st.DataObject) -> None:
    names = st.sampled_from([*model.model_fields, "unknown_field", f"{SURNAME} as a key"])
    raw = data.draw(st.dictionaries(names, values, max_size=6))
    problems = problems_of(model, raw)
    if problems is not None:
        assert SURNAME not in sentence(problems)
        assert all(SURNAME not in problem.model_dump_json() for problem in problems)


@pytest.mark.parametrize(
    ("raw", "field", "fix"),
    [
        ({"id": "a"}, "text", "send this field"),
        ({"id": "a", "text": " \n"}, "text", "send the words of the note"),
        (
            {"id": "a", "text": "x", "date_of_service": "2026-02-30"},
            "date_of_service",
            "YYYY-MM-DD",
        ),
        ({"id": "a", "text": "x", "setting": "moon"}, "setting", "outpatient"),
        ({"id": "a", "text": "x", "colour": 1}, "colour", "remove it"),
        ({"id": "a", "text": "x" * 1_000_001}, "text", "1000000"),
        ({"id": "a", "text": "x", "place_of_service": "1"}, "place_of_service", "match"),
        (
            {"id": "a", "text": "x", "date_of_service": "2026-01-01", "birth_date": "2027-01-01"},
            "birth_date",
            "correct one of the two",
        ),
    ],
)
def test_the_field_and_the_fix_are_named(raw: Any, field: str, fix: str) -> None:
    problems = problems_of(Note, raw)
    assert problems is not None
    assert [problem.field for problem in problems] == [field]
    assert fix in (problems[0].fix or "")


def test_every_status_has_a_kind_of_that_status() -> None:
    assert all(KINDS[kind][0] == status for status, kind in KIND_OF_STATUS.items())


def test_a_logged_error_shows_its_place_and_not_its_message(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ValueError(f"{SURNAME} has hypertension")

    with caplog.at_level(logging.ERROR):
        try:
            fail()
        except ValueError as error:
            log_scrubbed("request", error)
    assert SURNAME not in caplog.text
    assert "ValueError" in caplog.text
    assert "test_errors.py" in caplog.text

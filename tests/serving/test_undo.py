"""An undo takes back the newest decision that stands, and both stay in the log."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import CodeRef, DecisionEvent, Note, System
from serving.coding.export import reviewed_gold
from serving.coding.schemas import DecisionRequest, SignOffRequest
from serving.coding.service import CodingService
from serving.coding.state import Standing, derive, effective
from serving.database import Database
from tests.serving.fixed import rooms
from tests.serving.test_state import event, events, result, standing

LISTED = (("I10", True), ("E11.9", True))
UNDO = event("undo", "I10")


@given(events, st.integers(0, 5))
def test_undone_decisions_leave_no_trace_in_the_state(
    history: list[DecisionEvent], undone: int
) -> None:
    undone = min(undone, len(history))
    after = derive(result(*LISTED), [*history, *[UNDO] * undone])
    assert after == derive(result(*LISTED), history[: len(history) - undone])


@given(events)
def test_without_an_undo_every_decision_stands(history: list[DecisionEvent]) -> None:
    assert effective(history) == history


def test_an_undo_can_be_followed_by_a_decision_and_undone_no_further() -> None:
    history = [event("accept", "I10"), UNDO, UNDO, event("reject", "E11.9")]
    state = derive(result(*LISTED), history)
    assert standing(state, "I10") is Standing.PROPOSED
    assert standing(state, "E11.9") is Standing.REJECTED
    assert state.undoable == CodeRef(system=System.ICD10CM, code="E11.9")


def test_undoing_a_replacement_takes_the_new_code_away() -> None:
    state = derive(result(*LISTED), [event("replace", "I10", "I11.9"), UNDO])
    assert standing(state, "I10") is Standing.PROPOSED
    assert standing(state, "I11.9") is None
    assert state.undoable is None


def _decide(client: httpx.Client, path: str, decision: str, code: dict[str, Any]) -> Any:
    body = {"decision": decision, "system": code["system"], "code": code["code"]}
    return client.post(f"{path}/decisions", json=body)


def test_over_the_api(client: httpx.Client, stored: dict[str, Any]) -> None:
    path = f"/v1/notes/{stored['note']['id']}"
    first, second = stored["state"]["codes"][:2]
    assert _decide(client, path, "undo", first).status_code == 422  # nothing to undo
    assert _decide(client, path, "accept", first).status_code == 201
    refused = _decide(client, path, "undo", second)
    assert refused.status_code == 422
    assert first["code"] in refused.text  # it names what an undo would take back
    answer = _decide(client, path, "undo", first)
    assert answer.status_code == 201
    assert answer.json()["state"] == stored["state"]
    view = client.get(path).json()
    assert [d["decision"] for d in view["decisions"]] == ["accept", "undo"]


@pytest.fixture
def coding(database: Database) -> CodingService:
    return rooms(database)[0]


def test_what_was_undone_teaches_nothing(
    coding: CodingService, database: Database, make_note: Callable[..., dict[str, Any]]
) -> None:
    note = Note.model_validate(make_note())
    coding.add_note(note)
    for decision in ("accept", "undo", "reject"):
        asked = {"decision": decision, "system": "ICD-10-CM", "code": "I10"}
        coding.decide(note.id, DecisionRequest.model_validate(asked), "local")
    assert list(reviewed_gold(database)) == []  # nobody has vouched for it yet
    coding.sign_off(note.id, SignOffRequest(undecided="leave_out", without_codes=True), "local")
    [gold] = reviewed_gold(database)
    assert "I10" not in {code.code for code in gold.codes}


def test_the_next_note_is_the_next_open_one_around_the_end(
    coding: CodingService, make_note: Callable[..., dict[str, Any]]
) -> None:
    notes = [Note.model_validate(make_note(specialty=s)) for s in ("b", "a", "b", None)]
    for note in notes:
        coding.add_note(note)
    first, second, third, last = (note.id for note in notes)
    assert coding.next_open(first) == second
    coding.sign_off(second, SignOffRequest(undecided="accept"), "local")
    assert coding.next_open(first) == third
    assert coding.next_open(last) == first
    assert coding.next_open("unknown") == first
    assert coding.specialties() == ["a", "b"]
    for note_id in (third, last):
        coding.sign_off(note_id, SignOffRequest(undecided="accept"), "local")
    assert coding.next_open(first) is None

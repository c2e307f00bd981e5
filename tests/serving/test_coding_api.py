"""The coder's endpoints on a real server: suggest, look up, store, decide, sign off."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.conftest import NOTE_TEXT
from tests.serving.test_bad_input import assert_problem

Make = Callable[..., dict[str, Any]]


def decide(client: httpx.Client, view: dict[str, Any], **decision: Any) -> httpx.Response:
    return client.post(f"/v1/notes/{view['note']['id']}/decisions", json=decision)


def code_of(view: dict[str, Any], place: int = 0) -> dict[str, str]:
    code = view["state"]["codes"][place]
    return {"system": code["system"], "code": code["code"]}


def standing(view: dict[str, Any], code: str) -> str:
    found = [c["standing"] for c in view["state"]["codes"] if c["code"] == code]
    return str(found[0]) if found else "absent"


def test_suggestions_come_with_evidence(client: httpx.Client, make_note: Make) -> None:
    note = make_note()
    result = client.post("/v1/suggestions", json=note).json()
    assert result["id"] == note["id"]
    assert result["bundle"]
    assert result["release"]
    codes = {s["code"]: s for s in result["suggestions"]}
    assert {"I10", "E11.9"} <= set(codes)
    assert codes["I10"]["selected"]
    for suggestion in result["suggestions"]:
        assert 0 <= suggestion["confidence"] <= 1
        for evidence in suggestion["evidence"]:
            assert NOTE_TEXT[evidence["start"] : evidence["end"]] == evidence["text"]


def test_suggestions_store_nothing(client: httpx.Client, make_note: Make) -> None:
    note = make_note()
    client.post("/v1/suggestions", json=note)
    assert client.get(f"/v1/notes/{note['id']}").status_code == 404


def test_one_note_and_a_batch_say_the_same(client: httpx.Client, make_note: Make) -> None:
    note = make_note()
    one = client.post("/v1/suggestions", json=note).json()
    batch = client.post("/v1/suggestions", json={"notes": [note, note]}).json()
    assert batch["results"] == [one, one]


def test_the_other_convention_is_asked_for_by_name(client: httpx.Client, make_note: Make) -> None:
    path = "/v1/suggestions?convention=every-mention"
    assert client.post(path, json=make_note()).status_code == 200
    assert_problem(client.post("/v1/suggestions?convention=x", json=make_note()), 422, "convention")


def test_codes_are_found_while_typing(client: httpx.Client) -> None:
    def search(**query: Any) -> list[str]:
        found = client.get("/v1/codes/search", params=query).json()["hits"]
        return [hit["code"] for hit in found]

    assert search(q="I10")[0] == "I10"
    assert "I10" in search(q="essential hyperten")
    assert "E11.9" in search(q="type 2 diab without", system="ICD-10-CM")
    assert len(search(q="fracture", limit=7)) == 7
    assert search(q="zzzzqqq") == []
    assert search(q="*%_'\"\\(") == []


def test_a_code_is_shown_with_its_notes(client: httpx.Client) -> None:
    code = client.get("/v1/codes/ICD-10-CM/E11.9").json()
    assert code["description"] == "Type 2 diabetes mellitus without complications"
    assert code["billable"] is True
    category = client.get("/v1/codes/ICD-10-CM/e11").json()
    assert category["billable"] is False
    assert "E11.9" in category["children"]
    assert client.get("/v1/codes/ICD-10-CM/I10?on=2026-05-14").status_code == 200


def test_a_note_is_stored_once(client: httpx.Client, make_note: Make) -> None:
    note = make_note()
    first = client.post("/v1/notes", json=note)
    again = client.post("/v1/notes", json=note)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for change in ({"text": NOTE_TEXT + "!"}, {"sex": "M"}, {"specialty": None}):
        other = {k: v for k, v in (note | change).items() if v is not None}
        assert_problem(client.post("/v1/notes", json=other), 409)
    assert client.get(f"/v1/notes/{note['id']}").json() == first.json()


def test_the_worklist_shows_a_stored_note(client: httpx.Client, make_note: Make) -> None:
    note = make_note(specialty="rare specialty")
    client.post("/v1/notes", json=note)
    page = client.get("/v1/notes", params={"specialty": "rare specialty"}).json()
    assert page["total"] == 1
    [line] = page["notes"]
    assert line["id"] == note["id"]
    assert line["status"] == "new"
    assert line["selected"] >= 1
    assert line["bundle"]
    assert "text" not in line


def test_accept_reject_replace_add_and_reload(client: httpx.Client, stored: Any) -> None:
    start = NOTE_TEXT.index("metformin")
    span = {"start": start, "end": start + len("metformin"), "text": "metformin"}
    steps: list[dict[str, Any]] = [
        {"decision": "accept", "system": "ICD-10-CM", "code": "I10", "seconds": 2.5},
        {
            "decision": "replace",
            "system": "ICD-10-CM",
            "code": "E11.9",
            "replacement": {"system": "ICD-10-CM", "code": "E11.65"},
        },
        {
            "decision": "add",
            "system": "ICD-10-CM",
            "code": "Z79.84",
            "evidence": [span],
            "reason": "long-term use",
        },
        {"decision": "reject", "system": "ICD-10-CM", "code": "E11.65", "reason": "not said"},
    ]
    for step in steps:
        response = decide(client, stored, **step)
        assert response.status_code == 201, response.text
    view = client.get(f"/v1/notes/{stored['note']['id']}").json()
    assert view["status"] == "in_review"
    assert response.json()["state"] == view["state"]
    assert standing(view, "I10") == "accepted"
    assert standing(view, "E11.9") == "replaced"
    assert standing(view, "Z79.84") == "accepted"
    assert standing(view, "E11.65") == "rejected"
    added = next(c for c in view["state"]["codes"] if c["code"] == "Z79.84")
    assert added["evidence"] == [span]
    assert added["description"]
    first = view["decisions"][0]
    shown = next(
        (rank, s)
        for rank, s in enumerate(stored["result"]["suggestions"], start=1)
        if s["code"] == "I10"
    )
    assert first["rank_shown"] == shown[0]
    assert first["confidence_shown"] == shown[1]["confidence"]
    assert first["bundle"] == stored["result"]["bundle"]
    assert first["result_id"] == stored["result_id"]
    assert (first["seconds"], first["reviewer"]) == (2.5, "local")
    assert [d["decision"] for d in view["decisions"]] == ["accept", "replace", "add", "reject"]


def test_undo_takes_back_the_newest_decision_and_keeps_the_log(
    client: httpx.Client, stored: Any
) -> None:
    code = code_of(stored)
    nothing = decide(client, stored, decision="undo", **code)
    assert_problem(nothing, 422, "code")
    decide(client, stored, decision="reject", **code)
    other = decide(client, stored, decision="undo", system="ICD-10-CM", code="J45.20")
    assert_problem(other, 422, "code")
    undone = decide(client, stored, decision="undo", **code)
    assert undone.status_code == 201
    assert undone.json()["state"] == stored["state"]
    log = client.get(f"/v1/notes/{stored['note']['id']}").json()["decisions"]
    assert [d["decision"] for d in log] == ["reject", "undo"]


@pytest.mark.parametrize(
    ("evidence", "field"),
    [
        ({"start": 0, "end": 10_000, "text": "HISTORY"}, "evidence.0.end"),
        ({"start": 0, "end": 7, "text": "HISTORX"}, "evidence.0.text"),
        ({"start": 5, "end": 5, "text": ""}, "evidence.0.end"),
        ({"start": -1, "end": 5, "text": "HISTO"}, "evidence.0.start"),
    ],
)
def test_evidence_must_be_the_words_of_the_note(
    client: httpx.Client, stored: Any, evidence: Any, field: str
) -> None:
    response = decide(
        client, stored, decision="add", system="ICD-10-CM", code="Z79.84", evidence=[evidence]
    )
    assert_problem(response, 422, field)
    assert client.get(f"/v1/notes/{stored['note']['id']}").json()["decisions"] == []


def test_decisions_that_make_no_sense(client: httpx.Client, stored: Any) -> None:
    known = code_of(stored)
    refused: list[tuple[dict[str, Any], str]] = [
        ({"decision": "accept", "system": "ICD-10-CM", "code": "J45.20"}, "code"),
        ({"decision": "replace", **known}, "replacement"),
        ({"decision": "accept", **known, "replacement": known}, "replacement"),
        ({"decision": "replace", **known, "replacement": known}, "replacement.code"),
        ({"decision": "accept", **known, "result_id": 10_000_000}, "result_id"),
        ({"decision": "maybe", **known}, "decision"),
        ({"decision": "accept", **known, "reason": "x" * 501}, "reason"),
        ({"decision": "add", "system": "CPT", "code": "ABCDE"}, "code"),
    ]
    for body, field in refused:
        assert_problem(decide(client, stored, **body), 422, field)
    missing = client.post("/v1/notes/none/decisions", json={"decision": "accept", **known})
    assert_problem(missing, 404)


def test_a_procedure_outside_the_starter_table_is_taken_with_a_warning(
    client: httpx.Client, stored: Any
) -> None:
    response = decide(client, stored, decision="add", system="CPT", code="0001F")
    assert response.status_code == 201
    assert len(response.json()["warnings"]) == 1


def test_running_again_under_the_same_bundle_changes_nothing(
    client: httpx.Client, stored: Any
) -> None:
    again = client.post(f"/v1/notes/{stored['note']['id']}/suggestions")
    assert again.status_code == 200
    assert again.json() == stored


def test_sign_off_waits_for_every_proposed_code(client: httpx.Client, stored: Any) -> None:
    path = f"/v1/notes/{stored['note']['id']}"
    problem = assert_problem(client.post(f"{path}/sign-off", json={}), 409)
    assert problem["type"].endswith("undecided-codes")
    assert len(problem["errors"]) == stored["state"]["proposed"]
    for code in stored["state"]["codes"]:
        if code["standing"] == "proposed":
            decide(client, stored, decision="reject", system=code["system"], code=code["code"])
    problem = assert_problem(client.post(f"{path}/sign-off", json={}), 409)
    assert problem["type"].endswith("no-codes")
    done = client.post(f"{path}/sign-off", json={"without_codes": True})
    assert done.status_code == 201
    assert done.json()["claim"] is None
    view = client.get(path).json()
    assert view["status"] == "signed_off"
    assert view["claim_id"] is None


def test_a_signed_off_note_is_closed(client: httpx.Client, stored: Any) -> None:
    path = f"/v1/notes/{stored['note']['id']}"
    signed = client.post(f"{path}/sign-off", json={"undecided": "accept"})
    assert signed.status_code == 201, signed.text
    for action, body in (
        ("sign-off", {}),
        ("decisions", {"decision": "reject", **code_of(stored)}),
        ("suggestions", None),
    ):
        assert_problem(client.post(f"{path}/{action}", json=body), 409)
    view = client.get(path).json()
    assert view["claim_id"] == signed.json()["claim"]["claim_id"]
    assert len(view["sign_off"]["codes"]) == view["state"]["accepted"]
    # What was accepted together stands in the log as decisions of their own.
    assert len(view["decisions"]) == stored["state"]["proposed"]

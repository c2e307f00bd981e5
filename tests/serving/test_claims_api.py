"""From a signed-off note to a released claim, on a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.test_bad_input import assert_problem

Make = Callable[..., dict[str, Any]]


@pytest.fixture
def sign_off(client: httpx.Client, make_note: Make) -> Callable[..., dict[str, Any]]:
    """Stores a note, accepts all, adds an office visit, signs off."""

    def do(**fields: Any) -> dict[str, Any]:
        note = make_note(**fields)
        assert client.post("/v1/notes", json=note).status_code == 201
        path = f"/v1/notes/{note['id']}"
        visit = {"decision": "add", "system": "CPT", "code": "99213"}
        assert client.post(f"{path}/decisions", json=visit).status_code == 201
        response = client.post(f"{path}/sign-off", json={"undecided": "accept"})
        assert response.status_code == 201, response.text
        view: dict[str, Any] = response.json()
        return view

    return do


def test_a_signed_off_note_becomes_an_assessed_draft(
    client: httpx.Client, sign_off: Callable[..., dict[str, Any]]
) -> None:
    signed = sign_off()
    claim, assessment = signed["claim"], signed["assessment"]
    diagnoses = {c["code"] for c in signed["codes"] if c["system"] == "ICD-10-CM"}
    assert {d["code"] for d in claim["diagnoses"]} == diagnoses
    assert "99213" in {line["code"] for line in claim["lines"]}
    assert len(claim["claim_id"]) <= 20  # CLM01 in practice
    assert 0 <= assessment["risk"] <= 1
    view = client.get(f"/v1/claims/{claim['claim_id']}").json()
    assert view["claim"] == claim
    assert view["assessment"] == assessment
    assert view["status"] == "draft"
    assert [event["action"] for event in view["events"]] == ["drafted"]
    assert assessment["bundle"]


def test_the_stored_assessment_is_what_the_assessor_says(
    client: httpx.Client, sign_off: Callable[..., dict[str, Any]]
) -> None:
    signed = sign_off()
    again = client.post("/v1/claims/assessments", json=signed["claim"]).json()
    assert again == signed["assessment"]
    batch = client.post("/v1/claims/assessments", json={"claims": [signed["claim"]] * 2}).json()
    assert batch["results"] == [again, again]


def test_the_list_puts_the_most_money_at_risk_first(
    client: httpx.Client, sign_off: Callable[..., dict[str, Any]]
) -> None:
    payer = "payer of this test"
    made = [sign_off(payer_type=payer)["assessment"] for _ in range(3)]
    page = client.get("/v1/claims", params={"payer_type": payer}).json()
    losses = [line["expected_loss"] for line in page["claims"]]
    assert losses == sorted(losses, reverse=True)
    assert page["total"] == 3
    assert page["expected_loss"] == pytest.approx(sum(a["expected_loss"] for a in made))
    part = client.get("/v1/claims", params={"payer_type": payer, "limit": 1, "offset": 1}).json()
    assert [line["claim_id"] for line in part["claims"]] == [page["claims"][1]["claim_id"]]
    none = client.get("/v1/claims", params={"payer_type": payer, "min_risk": 1}).json()
    assert none["claims"] == []


def test_flag_hold_and_release(
    client: httpx.Client, sign_off: Callable[..., dict[str, Any]]
) -> None:
    claim_id = sign_off()["claim"]["claim_id"]
    path = f"/v1/claims/{claim_id}/actions"
    for action, status in (("flag", "flagged"), ("hold", "held"), ("release", "released")):
        response = client.post(path, json={"action": action, "reason": f"{action} it"})
        assert response.status_code == 201, response.text
        assert response.json()["status"] == status
    events = client.get(f"/v1/claims/{claim_id}").json()["events"]
    assert [event["action"] for event in events] == ["drafted", "flag", "hold", "release"]
    assert [event["reason"] for event in events] == [None, "flag it", "hold it", "release it"]
    assert_problem(client.post(path, json={"action": "hold", "reason": "late"}), 409)
    listed = client.get("/v1/claims", params={"status": "released", "limit": 200}).json()
    assert claim_id in {line["claim_id"] for line in listed["claims"]}


def test_release_with_open_errors_asks_for_a_reason(client: httpx.Client, make_note: Make) -> None:
    """A claim without any service line fails an edit."""
    note = make_note()
    client.post("/v1/notes", json=note)
    path = f"/v1/notes/{note['id']}"
    view = client.get(path).json()
    for code in view["state"]["codes"]:
        body = {
            "decision": "accept" if code["system"] == "ICD-10-CM" else "reject",
            "system": code["system"],
            "code": code["code"],
        }
        if code["standing"] == "proposed":
            assert client.post(f"{path}/decisions", json=body).status_code == 201
    signed = client.post(f"{path}/sign-off", json={}).json()
    errors = [f for f in signed["assessment"]["findings"] if f["severity"] == "error"]
    assert errors
    actions = f"/v1/claims/{signed['claim']['claim_id']}/actions"
    for reason in ({}, {"reason": None}):
        problem = assert_problem(client.post(actions, json={"action": "release", **reason}), 409)
        assert len(problem["errors"]) == len(errors)
    assert_problem(client.post(actions, json={"action": "release", "reason": "  "}), 422, "reason")
    told = client.post(actions, json={"action": "release", "reason": "the payer asked for it"})
    assert told.status_code == 201
    assert told.json()["status"] == "released"


def test_actions_that_do_not_exist(
    client: httpx.Client, sign_off: Callable[..., dict[str, Any]]
) -> None:
    path = f"/v1/claims/{sign_off()['claim']['claim_id']}/actions"
    assert_problem(client.post(path, json={"action": "burn"}), 422, "action")
    assert_problem(client.post("/v1/claims/none/actions", json={"action": "hold"}), 404)

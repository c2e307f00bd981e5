"""A biller's work in a real browser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.web.conftest import Desk


@pytest.fixture
def claim_id(client: httpx.Client, stored: dict[str, Any]) -> str:
    path = f"/v1/notes/{stored['note']['id']}/sign-off"
    response = client.post(path, json={"undecided": "accept"})
    assert response.status_code == 201, response.text
    found: str = response.json()["claim"]["claim_id"]
    return found


def _claim(client: httpx.Client, claim_id: str) -> dict[str, Any]:
    view: dict[str, Any] = client.get(f"/v1/claims/{claim_id}").json()
    return view


def test_hold_then_release_with_a_reason(desk: Desk, client: httpx.Client, claim_id: str) -> None:
    desk.open("/claims?limit=200")
    desk.shoot("claims-list")
    desk.page.click(f'a.row[href="/claims/{claim_id}"]')
    desk.shoot("claim")
    desk.press("h")
    desk.stored("is held")
    assert desk.page.inner_text(".progress .chip") == "held"
    desk.page.fill("#reason", "checked with the payer")
    desk.page.click("button[value=release]")
    desk.stored("is released")
    assert desk.page.locator("button[name=action]").count() == 0
    desk.page.reload()
    assert desk.page.inner_text(".progress .chip") == "released"
    view = _claim(client, claim_id)
    assert [event["action"] for event in view["events"]] == ["drafted", "hold", "release"]
    assert view["events"][-1]["reason"] == "checked with the payer"


def test_flag_by_key(desk: Desk, client: httpx.Client, claim_id: str) -> None:
    desk.open(f"/claims/{claim_id}")
    desk.press("f")
    desk.stored("is flagged")
    assert _claim(client, claim_id)["status"] == "flagged"


def test_a_claim_shows_its_lines_findings_and_reasons(
    desk: Desk, client: httpx.Client, claim_id: str
) -> None:
    view = _claim(client, claim_id)
    desk.open(f"/claims/{claim_id}")
    words = desk.page.inner_text("#claim")
    for line in view["claim"]["lines"]:
        assert line["code"] in words
    for diagnosis in view["claim"]["diagnoses"]:
        assert diagnosis["code"] in words
    for finding in view["assessment"]["findings"]:
        assert finding["message"] in words
        assert not finding["fix"] or finding["fix"] in words
    for reason in view["assessment"]["reasons"]:
        assert reason["message"] in words
    assert view["assessment"]["bundle"] in words


def test_open_errors_refuse_a_release_without_a_reason(
    desk: Desk, client: httpx.Client, claim_id: str
) -> None:
    view = _claim(client, claim_id)
    errors = [f for f in view["assessment"]["findings"] if f["severity"] == "error"]
    desk.open(f"/claims/{claim_id}")
    desk.press("r")
    if errors:
        desk.page.wait_for_selector("#failed:not(:empty)")
        assert "release with a reason" in desk.page.inner_text("#failed")
        assert _claim(client, claim_id)["status"] == "draft"
    else:
        desk.stored("is released")


def test_the_list_runs_from_the_most_money_down(desk: Desk, claim_id: str) -> None:
    desk.open("/claims?limit=200")
    amounts = [
        float(cell.inner_text().replace("$", "").replace(",", ""))
        for cell in desk.page.locator("tbody td:nth-child(7)").all()
    ]
    assert claim_id in desk.page.inner_text("tbody")
    assert amounts == sorted(amounts, reverse=True)


def test_a_claim_can_be_held_without_a_script(
    open_desk: Callable[..., Desk], client: httpx.Client, claim_id: str
) -> None:
    desk = open_desk(java_script_enabled=False)
    desk.open(f"/claims/{claim_id}")
    desk.page.fill("#reason", "waiting for the referral")
    desk.page.click("button[value=hold]")
    assert desk.page.inner_text(".progress .chip") == "held"
    assert _claim(client, claim_id)["events"][-1]["reason"] == "waiting for the referral"

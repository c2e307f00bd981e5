"""Questions for the clinician on the page of a note: listed, escaped, copied."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.web.conftest import Desk

MakeNote = Callable[..., dict[str, Any]]

TEXT = (
    "HOSPITAL COURSE\r\n"
    "Dyspnea <b>& leg swelling</b>. BNP 1450. LVEF 30%. IV furosemide 40 mg.\r\n\r\n"
    "DISCHARGE DIAGNOSES\r\n1. Congestive heart failure\r\n2. Essential hypertension\r\n"
)


@pytest.fixture
def asked(client: httpx.Client, make_note: MakeNote) -> dict[str, Any]:
    """A stored note that leaves the type of heart failure open."""
    note = make_note(text=TEXT, setting="inpatient", claim_type="facility")
    response = client.post("/v1/notes", json=note)
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    assert view["result"]["queries"]
    return view


def test_the_page_lists_question_indicators_and_options(
    client: httpx.Client, asked: dict[str, Any]
) -> None:
    page = client.get(f"/notes/{asked['note']['id']}").text
    query = asked["result"]["queries"][0]
    assert "Questions for the clinician" in page
    assert query["question"] in page
    for option in query["options"]:
        assert f'data-part="option">{option}<' in page
    assert 'data-part="indicator">LVEF 30' in page
    assert 'aria-label="Copy question 1"' in page


def test_a_note_without_questions_has_no_such_section(
    client: httpx.Client, make_note: MakeNote
) -> None:
    note = make_note(text="ASSESSMENT\n1. Essential hypertension, controlled on lisinopril.\n")
    view = client.post("/v1/notes", json=note).json()
    assert view["result"]["queries"] == []
    assert "Questions for the clinician" not in client.get(f"/notes/{view['note']['id']}").text


def test_a_question_is_copied_as_plain_text(
    open_desk: Callable[..., Desk], asked: dict[str, Any]
) -> None:
    desk = open_desk(permissions=["clipboard-read", "clipboard-write"])
    desk.open(f"/notes/{asked['note']['id']}")
    desk.page.get_by_role("button", name="Copy question 1").click()
    desk.stored("Question copied")
    copied = desk.page.evaluate("() => navigator.clipboard.readText()")
    query = asked["result"]["queries"][0]
    lines = copied.split("\n")
    assert lines[0] == query["question"]
    assert '"LVEF 30' in lines[1]
    assert lines[2:] == [f"[ ] {option}" for option in query["options"]]


def test_where_the_clipboard_is_closed_the_question_is_selected(
    desk: Desk, asked: dict[str, Any]
) -> None:
    desk.page.add_init_script(
        "Object.defineProperty(navigator, 'clipboard', {value: undefined, configurable: true})"
    )
    desk.open(f"/notes/{asked['note']['id']}")
    desk.page.get_by_role("button", name="Copy question 1").click()
    desk.page.wait_for_function("() => document.getElementById('failed').textContent")
    assert asked["result"]["queries"][0]["question"] in desk.page.evaluate(
        "() => getSelection().toString()"
    )

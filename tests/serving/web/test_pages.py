"""The pages as answers: whole, escaped, strict, and without words of notes in addresses."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from typing import Any

import httpx
import pytest

MakeNote = Callable[..., dict[str, Any]]
PAYLOAD = '<script>window.ran=1</script><img src=x onerror="window.ran=1">"\'&amp;</div>'


@pytest.mark.parametrize("path", ["/", "/claims"])
def test_a_list_says_what_it_is(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert "Demo workspace" in answer.text
    policy = answer.headers["content-security-policy"]
    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"


def test_no_page_holds_an_inline_script_or_style(
    client: httpx.Client, stored: dict[str, Any]
) -> None:
    for path in ("/", "/claims", f"/notes/{stored['note']['id']}", "/notes/nothing"):
        page = client.get(path).text
        assert not re.search(r"<script(?![^>]* src=)", page)
        assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", page)


def test_a_note_that_is_not_there_is_a_page_that_says_so(client: httpx.Client) -> None:
    answer = client.get("/notes/nothing")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "No note is stored under this id" in answer.text


def test_a_script_gets_a_problem_instead(client: httpx.Client) -> None:
    answer = client.get("/notes/nothing/sign-off", headers={"hx-request": "true"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("query", ["setting=moon", "status=lost", "limit=x", "unknown=1"])
def test_a_wrong_filter_is_named_and_not_repeated(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/?{query}")
    assert answer.status_code == 422
    assert "moon" not in answer.text
    assert "lost" not in answer.text


def test_a_blank_filter_is_no_filter(client: httpx.Client, stored: dict[str, Any]) -> None:
    answer = client.get("/?specialty=&setting=&status=&limit=200")
    assert answer.status_code == 200
    assert stored["note"]["id"] in answer.text


def test_the_worklist_filters(client: httpx.Client, make_note: MakeNote) -> None:
    mine = make_note(specialty="sleep medicine")
    other = make_note(specialty="dermatology")
    for note in (mine, other):
        assert client.post("/v1/notes", json=note).status_code == 201
    page = client.get("/?specialty=sleep+medicine&limit=200").text
    assert f'href="/notes/{mine["id"]}"' in page
    assert f'href="/notes/{other["id"]}"' not in page
    assert "<option selected>sleep medicine</option>" in page


def test_markup_in_a_note_is_text(client: httpx.Client, make_note: MakeNote) -> None:
    note = make_note(text=f"Essential hypertension. {PAYLOAD}", specialty=PAYLOAD[:60])
    assert client.post("/v1/notes", json=note).status_code == 201
    for path in (f"/notes/{note['id']}", "/?limit=200"):
        page = client.get(path).text
        assert "<script>window" not in page
        assert "<img" not in page
    words = re.sub(r"<[^>]+>", "", client.get(f"/notes/{note['id']}").text)
    assert PAYLOAD in html.unescape(words)


def test_the_page_holds_carriage_returns(client: httpx.Client, make_note: MakeNote) -> None:
    note = make_note(text="Essential hypertension.\r\nStable.\r\n")
    assert client.post("/v1/notes", json=note).status_code == 201
    assert "&#13;\nStable.&#13;\n</div>" in client.get(f"/notes/{note['id']}").text


def test_a_file_of_the_page_may_be_kept_for_good(client: httpx.Client) -> None:
    style = re.search(r'href="(/static/[^"]+/app\.css)"', client.get("/").text)
    assert style is not None
    answer = client.get(style[1])
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    stale = client.get("/static/000000000000/app.css")
    assert stale.status_code == 200
    assert stale.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("path", ["../endpoints.py", "%2e%2e/endpoints.py", "nothing.js", ""])
def test_no_other_file_is_given_out(client: httpx.Client, path: str) -> None:
    assert client.get(f"/static/x/{path}", follow_redirects=True).status_code == 404


def test_the_licence_of_what_is_vendored_is_served(client: httpx.Client) -> None:
    assert "Zero-Clause BSD" in client.get("/static/x/vendor/htmx.LICENSE.txt").text


# -- what the forms send ----------------------------------------------------------


def _post(client: httpx.Client, stored: dict[str, Any], **fields: Any) -> httpx.Response:
    return client.post(
        f"/notes/{stored['note']['id']}/decisions", data=fields, headers={"hx-request": "true"}
    )


def test_a_selection_becomes_evidence(client: httpx.Client, stored: dict[str, Any]) -> None:
    start = stored["note"]["text"].index("lisinopril")
    answer = _post(
        client, stored, decision="add", system="ICD-10-CM", code="Z79.899", start=start,
        end=start + 10,
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    view = client.get(f"/v1/notes/{stored['note']['id']}").json()
    assert view["decisions"][-1]["evidence"] == [
        {"start": start, "end": start + 10, "text": "lisinopril"}
    ]
    assert 'id="text"' in answer.text  # the marks in the note are new


@pytest.mark.parametrize(
    ("start", "end"), [(0, 10_000), (5, 5), (6, 5), (-1, 5), ("", 5), (5, ""), ("x", 5)]
)
def test_a_selection_outside_the_note_is_refused(
    client: httpx.Client, stored: dict[str, Any], start: Any, end: Any
) -> None:
    answer = _post(
        client, stored, decision="add", system="ICD-10-CM", code="Z79.899", start=start, end=end
    )
    assert answer.status_code == 422
    assert client.get(f"/v1/notes/{stored['note']['id']}").json()["decisions"] == []


def test_an_unknown_field_is_refused(client: httpx.Client, stored: dict[str, Any]) -> None:
    code = stored["state"]["codes"][0]
    answer = _post(
        client, stored, decision="accept", system=code["system"], code=code["code"], reviewer="me"
    )
    assert answer.status_code == 422


def test_the_answer_shows_what_is_stored(client: httpx.Client, stored: dict[str, Any]) -> None:
    code = next(c for c in stored["state"]["codes"] if c["standing"] == "proposed")
    answer = _post(client, stored, decision="accept", system=code["system"], code=code["code"])
    assert answer.status_code == 200
    assert re.search(
        rf'data-code="{re.escape(code["code"])}" data-standing="accepted"', answer.text
    )
    assert re.search(r"Stored as decision \d+", answer.text)


def test_the_neighbours_of_a_code_come_children_first(
    client: httpx.Client, stored: dict[str, Any]
) -> None:
    path = f"/notes/{stored['note']['id']}/choices"
    answer = client.post(path, data={"system": "ICD-10-CM", "code": "E11.9"})
    codes = re.findall(r'data-code="([^"]+)"', answer.text)
    assert {"E11.6", "E11.8"} <= set(codes)  # too many codes below E11: its children, to open
    assert "E11.9" not in codes
    category = client.post(path, data={"system": "ICD-10-CM", "code": "E11.2"})
    titles = re.findall(r'role="presentation">([^<]+)<', category.text)
    assert titles[0].startswith("Children of E11.2")
    first = re.findall(r'data-code="([^"]+)"', category.text)[:3]
    assert first == ["E11.21", "E11.22", "E11.29"]


def test_a_procedure_has_neighbours_by_number(client: httpx.Client, stored: dict[str, Any]) -> None:
    path = f"/notes/{stored['note']['id']}/choices"
    answer = client.post(path, data={"system": "CPT", "code": "99213"})
    codes = re.findall(r'data-code="([^"]+)"', answer.text)
    assert "99214" in codes
    assert "99213" not in codes

"""Bad input through the API: a clear error or a safe result, never a trace, never a loss.

One test for each bad input that the issue lists, on a real server process.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.process import ServerProcess

JSON = {"content-type": "application/json"}
Make = Callable[..., dict[str, Any]]


def assert_problem(response: httpx.Response, status: int, *fields: str) -> dict[str, Any]:
    """Problem details of this status that name these fields and quote nothing."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["type"].startswith("urn:superbill:problem:")
    assert problem["title"]
    assert problem["detail"]
    assert "Traceback" not in response.text
    assert "Quandt" not in response.text
    named = [error["field"] for error in problem["errors"]]
    assert [field for field in fields if field not in named] == []
    return problem


@pytest.mark.parametrize("path", ["/v1/suggestions", "/v1/notes"])
@pytest.mark.parametrize("words", ["", "   \n\t "])
def test_an_empty_note(client: httpx.Client, make_note: Make, path: str, words: str) -> None:
    assert_problem(client.post(path, json=make_note(text=words)), 422, "text")


def test_a_megabyte_of_text(client: httpx.Client, make_note: Make) -> None:
    line = "Type 2 diabetes mellitus. Continue metformin.\n"
    words = line * (1_000_000 // len(line))
    response = client.post("/v1/notes", json=make_note(text=words))
    assert response.status_code == 201, response.text[:500]
    view = response.json()
    assert view["note"]["text"] == words
    for suggestion in view["result"]["suggestions"]:
        for evidence in suggestion["evidence"]:
            assert words[evidence["start"] : evidence["end"]] == evidence["text"]


def test_more_text_than_is_read(client: httpx.Client, make_note: Make) -> None:
    assert_problem(client.post("/v1/notes", json=make_note(text="a " * 501_000)), 422, "text")
    assert_problem(client.post("/v1/notes", json=make_note(text="a" * 2_000_000)), 413)


def test_a_body_too_large_that_is_streamed(client: httpx.Client) -> None:
    chunks = (b"x" * 100_000 for _ in range(30))
    assert_problem(client.post("/v1/notes", content=chunks, headers=JSON), 413)


def test_control_characters(client: httpx.Client, make_note: Make) -> None:
    words = "Type 2\x07 diabetes\x00 mellitus.\x1b[31m\r\nEssential hypertension.\x0c\u2028"
    note = make_note(text=words)
    assert client.post("/v1/notes", json=note).status_code == 201
    assert client.get(f"/v1/notes/{note['id']}").json()["note"]["text"] == words


def test_raw_control_characters_in_the_body(client: httpx.Client) -> None:
    body = b'{"id": "raw", "text": "Quandt \x01"}'
    assert_problem(client.post("/v1/notes", content=body, headers=JSON), 400)


def test_a_wrong_encoding(client: httpx.Client, make_note: Make) -> None:
    body = json.dumps(make_note(text="Quandt, café au lait spots"), ensure_ascii=False)
    for encoding in ("latin-1", "utf-16"):
        response = client.post("/v1/notes", content=body.encode(encoding), headers=JSON)
        assert_problem(response, 400)


def test_a_lone_surrogate(client: httpx.Client) -> None:
    body = b'{"id": "surrogate", "text": "Quandt \\ud800"}'
    assert_problem(client.post("/v1/notes", content=body, headers=JSON), 400)


def test_unknown_fields(client: httpx.Client, make_note: Make) -> None:
    assert_problem(client.post("/v1/notes", json=make_note(colour="Quandt")), 422, "colour")
    named = {"Mrs Ottoline Quandt 1961": 1}
    assert_problem(client.post("/v1/notes", json=make_note() | named), 422)


@pytest.mark.parametrize("day", ["2026-02-30", "14.05.2026", "yesterday", 20260514.5])
def test_an_invalid_date(client: httpx.Client, make_note: Make, day: Any) -> None:
    response = client.post("/v1/notes", json=make_note(date_of_service=day))
    assert_problem(response, 422, "date_of_service")


def test_a_birth_after_the_visit(client: httpx.Client, make_note: Make) -> None:
    response = client.post("/v1/notes", json=make_note(birth_date="2026-05-15"))
    assert_problem(response, 422, "birth_date")


@pytest.mark.parametrize("code", ["Z99.99", "E11", "E11.2", "AAAAA"])
def test_a_code_that_does_not_exist_or_cannot_be_billed(
    client: httpx.Client, stored: dict[str, Any], code: str
) -> None:
    path = f"/v1/notes/{stored['note']['id']}"
    add = {"decision": "add", "system": "ICD-10-CM", "code": code}
    assert_problem(client.post(f"{path}/decisions", json=add), 422, "code")
    known = stored["state"]["codes"][0]
    replace = {
        "decision": "replace",
        "system": known["system"],
        "code": known["code"],
        "replacement": {"system": "ICD-10-CM", "code": code},
    }
    response = client.post(f"{path}/decisions", json=replace)
    assert_problem(response, 422, "replacement.code")
    assert client.get(path).json()["decisions"] == []
    if code not in {"E11", "E11.2"}:
        assert_problem(client.get(f"/v1/codes/ICD-10-CM/{code}"), 404)


def test_a_script_in_a_note(client: httpx.Client, make_note: Make) -> None:
    """Stored and given back as the words they are, and never as a page."""
    words = '<script>alert("x")</script><img src=x onerror=alert(1)> Essential hypertension.'
    note = make_note(text=words)
    response = client.post("/v1/notes", json=note)
    assert response.status_code == 201
    assert response.json()["note"]["text"] == words
    assert response.headers["content-type"] == "application/json"
    assert response.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[" * 5_000,
        b'{"id": NaN}',
        b"null",
        b"[]",
        b'"Quandt"',
        b'{"id": "a", "text": "b"} trailing',
        b'{"id": ' + b"9" * 6_000 + b"}",
    ],
)
def test_a_body_that_is_no_request(client: httpx.Client, body: bytes) -> None:
    for path in ("/v1/notes", "/v1/suggestions", "/v1/claims/assessments"):
        response = client.post(path, content=body, headers=JSON)
        assert response.status_code in {400, 422}
        assert_problem(response, response.status_code)


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""],
)
def test_another_media_type(client: httpx.Client, make_note: Make, content_type: str) -> None:
    body = json.dumps(make_note()).encode()
    response = client.post("/v1/notes", content=body, headers={"content-type": content_type})
    assert_problem(response, 415)


def test_unknown_addresses_and_methods(client: httpx.Client) -> None:
    assert_problem(client.get("/v1/nothing"), 404)
    assert_problem(client.get("/v1/notes/no-such-note"), 404)
    assert_problem(client.get("/v1/claims/no-such-claim"), 404)
    response = client.delete("/v1/notes")
    assert_problem(response, 405)
    assert response.headers["allow"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/notes?status=lost", "status"),
        ("/v1/notes?limit=0", "limit"),
        ("/v1/notes?limit=Quandt", "limit"),
        ("/v1/notes?patient=Quandt", "patient"),
        ("/v1/notes?offset=99999999999999999999999", "offset"),
        ("/v1/claims?min_risk=2", "min_risk"),
        ("/v1/codes/search", "q"),
        ("/v1/codes/search?q=a&system=Quandt", "system"),
        ("/v1/codes/Quandt/E11.9", "system"),
        ("/v1/codes/ICD-10-CM/E11.9?on=Quandt", "on"),
    ],
)
def test_bad_queries(client: httpx.Client, path: str, field: str) -> None:
    assert_problem(client.get(path), 422, field)


@pytest.mark.parametrize("note_id", ["", "a/b", "a b", "..", "a\nb", "x" * 201, "a\x00", "?"])
def test_an_id_that_no_address_can_hold(
    client: httpx.Client, make_note: Make, note_id: str
) -> None:
    assert_problem(client.post("/v1/notes", json=make_note(id=note_id)), 422, "id")


def test_a_bad_note_in_a_batch_stands_in_its_place(client: httpx.Client, make_note: Make) -> None:
    notes = [
        make_note(id="good-1"),
        make_note(id="bad", date_of_service="Quandt"),
        {"text": "no id"},
        "Quandt",
        None,
        make_note(id="good-2"),
    ]
    response = client.post("/v1/suggestions", json={"notes": notes})
    assert response.status_code == 200
    lines = response.json()["results"]
    assert [line.get("id") for line in lines] == ["good-1", "bad", None, None, None, "good-2"]
    assert ["error" in line for line in lines] == [False, True, True, True, True, False]
    assert [lines[n]["line"] for n in (1, 2, 3, 4)] == [2, 3, 4, 5]
    assert "date_of_service" in lines[1]["error"]["message"]
    assert "Quandt" not in json.dumps([lines[n]["error"] for n in (1, 2, 3, 4)])


def test_a_batch_of_the_wrong_size(client: httpx.Client, make_note: Make) -> None:
    assert_problem(client.post("/v1/suggestions", json={"notes": []}), 422, "notes")
    many = [{"id": "a", "text": "b"}] * 101
    assert_problem(client.post("/v1/suggestions", json={"notes": many}), 422, "notes")


def test_a_bad_claim_and_a_bad_claim_in_a_batch(client: httpx.Client) -> None:
    bad = {"claim_id": "c1", "total_charge": "Quandt"}
    assert_problem(client.post("/v1/claims/assessments", json=bad), 422, "total_charge")
    batch = {"claims": [bad, {"claim_id": "c2"}]}
    lines = client.post("/v1/claims/assessments", json=batch).json()["results"]
    assert [line["claim_id"] for line in lines] == ["c1", "c2"]
    assert ["error" in line for line in lines] == [True, False]


def test_nothing_sent_reaches_the_log(
    server: ServerProcess, client: httpx.Client, make_note: Make
) -> None:
    """Words, ids, queries and rejected values stay out of the log."""
    note = make_note(id="log-me-not", text="Zebulon Warrick has essential hypertension.")
    client.post("/v1/notes", json=note)
    client.get("/v1/notes/log-me-not")
    client.get("/v1/codes/search", params={"q": "Zebulon"})
    client.post("/v1/notes", json=note | {"date_of_service": "Zebulon"})
    client.post("/v1/notes", content=b'{"id": "Zebulon', headers=JSON)
    client.get("/v1/Zebulon")
    client.get("/v1/notes", params={"patient": "Zebulon"})
    assert "route=/v1/notes/{note_id} status=200" in server.log
    for word in ("Zebulon", "Warrick", "log-me-not", "Traceback"):
        assert word not in server.log

"""A coder that fails: no trace, no quoted note, no lost note."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from serving.app import create_app
from serving.settings import Settings
from tests.serving.fixed import FixedCoder, FixedLoader
from tests.serving.test_bad_input import assert_problem

SURNAME = "Quandt"


def failing(self: Any, note: Any, convention: Any = None) -> Any:
    raise RuntimeError(f"cannot read {note.text}")


@pytest.fixture
def app(tmp_path: Path) -> Iterator[TestClient]:
    """The application in this process, with the fixed coder."""
    settings = Settings(var_dir=tmp_path, samples=False)
    application = create_app(settings, FixedLoader())
    with TestClient(application, base_url="http://127.0.0.1") as client:
        assert application.state.services.models.ready.wait(10)
        yield client


@pytest.fixture
def broken(app: TestClient, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(FixedCoder, "suggest", failing)
    return app


def test_an_unforeseen_error_is_a_500_without_a_trace(
    broken: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    body = {"id": "a", "text": f"Mrs {SURNAME} has hypertension"}
    with caplog.at_level(logging.DEBUG):
        problem = assert_problem(broken.post("/v1/suggestions", json=body), 500)  # type: ignore[arg-type]
    assert problem["instance"].startswith("urn:uuid:")
    assert problem["instance"].removeprefix("urn:uuid:") in caplog.text
    assert "RuntimeError" in caplog.text
    assert SURNAME not in caplog.text


def test_a_note_that_cannot_be_coded_is_kept(
    broken: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = {"id": "kept", "text": f"Mrs {SURNAME} has hypertension"}
    response = broken.post("/v1/notes", json=note)
    assert response.status_code == 201
    view = response.json()
    assert view["result"] is None
    assert view["warnings"]
    assert broken.get("/v1/notes/kept").json()["note"]["text"] == note["text"]
    monkeypatch.undo()
    again = broken.post("/v1/notes/kept/suggestions").json()
    assert again["state"]["proposed"] == 1


def test_one_failing_note_does_not_spoil_its_batch(app: TestClient) -> None:
    notes = [{"id": "good", "text": "hypertension"}, {"id": "bad", "text": SURNAME}]
    response = app.post("/v1/suggestions", json={"notes": notes})
    lines = response.json()["results"]
    assert lines[0]["suggestions"]
    assert lines[1]["error"]["code"] == "internal-error"
    assert SURNAME not in response.text


def test_a_note_without_suggestions_can_still_be_coded_by_hand(broken: TestClient) -> None:
    broken.post("/v1/notes", json={"id": "hand", "text": "hypertension"})
    add = {"decision": "add", "system": "ICD-10-CM", "code": "I10"}
    assert broken.post("/v1/notes/hand/decisions", json=add).status_code == 201
    signed = broken.post("/v1/notes/hand/sign-off", json={})
    assert signed.status_code == 201
    assert [c["code"] for c in signed.json()["codes"]] == ["I10"]
    assert signed.json()["codes"][0]["description"]

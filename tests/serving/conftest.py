"""Fixtures: one server for the session, databases of both kinds, a small fixed coder."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from serving.database import Database
from tests.serving import postgres
from tests.serving.process import ServerProcess

NOTE_TEXT = (
    "HISTORY OF PRESENT ILLNESS\n"
    "Mrs Ottoline Quandt is seen for follow-up of essential hypertension.\n"
    "She denies chest pain.\n\n"
    "ASSESSMENT AND PLAN\n"
    "1. Essential hypertension, controlled. Continue lisinopril.\n"
    "2. Type 2 diabetes mellitus. Continue metformin.\n"
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """One server process without sample notes, ready to code."""
    process = ServerProcess(tmp_path_factory.mktemp("server")).start().wait_ready()
    yield process
    process.stop()


@pytest.fixture(scope="session")
def client(server: ServerProcess) -> Iterator[httpx.Client]:
    with server.client() as client:
        yield client


@pytest.fixture
def make_note() -> Callable[..., dict[str, Any]]:
    """Builds a note with an id of its own."""

    def make(**fields: Any) -> dict[str, Any]:
        note = {
            "id": f"note-{next(_numbers)}",
            "text": NOTE_TEXT,
            "date_of_service": "2026-05-14",
            "sex": "F",
            "birth_date": "1961-03-02",
            "setting": "outpatient",
            "patient_id": "patient-77",
            "specialty": "family medicine",
            "payer_type": "medicare",
        }
        return {k: v for k, v in (note | fields).items() if v is not None}

    return make


@pytest.fixture
def stored(client: httpx.Client, make_note: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """A fresh stored note's view, with at least one proposed code."""
    response = client.post("/v1/notes", json=make_note())
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    assert view["state"]["proposed"] >= 1
    return view


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A temporary PostgreSQL, or a skip that says what is missing."""
    missing = postgres.missing()
    if missing:
        pytest.skip(missing)
    with postgres.temporary() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Any) -> Iterator[Database]:
    """An upgraded database, once of each kind."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'test.db'}")
    else:
        url = postgres.fresh_database(request.getfixturevalue("postgres_url"))
        database = Database(url)
    database.upgrade()
    yield database
    database.close()

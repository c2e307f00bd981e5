"""Whatever is sent in place of the documented examples: an answer, never a 5xx."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from serving.app import create_app
from serving.settings import Settings
from tests.serving import postgres
from tests.serving.fixed import FixedLoader

NOTE = {"id": "n", "text": "Essential hypertension.", "date_of_service": "2026-05-14"}
PATHS = {"{note_id}": "n", "{claim_id}": "SB00000001", "{system}": "ICD-10-CM", "{code}": "I10"}
LOADABLE = "hypertension"  # the fixed coder looks for it; without it a 500 would be its own

scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**63, 10**30, -1]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=30),
    st.sampled_from(
        ["", "\x00", "a\x00b", "I10", "2026-05-14", "accept", "ICD-10-CM", "CPT", "-1", "1e400"]
    ),
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient]:
    folder: Path = tmp_path_factory.mktemp("mutations")
    url = None
    if request.param == "postgresql":
        url = postgres.fresh_database(request.getfixturevalue("postgres_url"))
    set_up = Settings.model_validate({"var_dir": folder, "samples": False, "database_url": url})
    application = create_app(set_up, FixedLoader())
    with TestClient(
        application, base_url="http://127.0.0.1", raise_server_exceptions=False
    ) as client:
        assert application.state.services.models.ready.wait(10)
        client.post("/v1/notes", json={**NOTE, "id": "signed"})
        client.post("/v1/notes/signed/sign-off", json={"undecided": "accept"})
        client.post("/v1/notes", json=NOTE)
        yield client


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else ()
    for key, inner in items if items else enumerate(value) if isinstance(value, list) else ():
        yield from places(inner, (*path, key))


def properties(document: dict[str, Any], schema: dict[str, Any]) -> list[str]:
    """Every field that a request's schema allows."""
    found: set[str] = set(schema.get("properties", {}))
    if "$ref" in schema:
        named = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        found |= set(properties(document, named))
    for inner in schema.get("oneOf", []):
        found |= set(properties(document, inner))
    return sorted(found)


def put(value: Any, path: tuple[Any, ...], new: Any) -> Any:
    if not path:
        return new
    changed = copy.deepcopy(value)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = new
    return changed


def address(path: str) -> str:
    for name, value in PATHS.items():
        path = path.replace(name, value)
    return path


def assert_answered(response: Any) -> None:
    assert response.status_code < 500, (response.status_code, response.text)
    if response.status_code >= 400:
        assert response.headers["content-type"] == "application/problem+json"


@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_changed_body_is_answered(app: TestClient, data: st.DataObject) -> None:
    document = app.get("/openapi.json").json()
    posts = sorted(
        p for p, methods in document["paths"].items() if "requestBody" in methods.get("post", {})
    )
    path = data.draw(st.sampled_from(posts))
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    example = data.draw(st.sampled_from([e["value"] for e in content["examples"].values()]))
    body = put(example, data.draw(st.sampled_from(list(places(example)))), data.draw(values))
    if isinstance(body, dict) and data.draw(st.booleans()):
        name = data.draw(st.sampled_from(properties(document, content["schema"])))
        body = {**body, name: data.draw(values)}
    if path == "/v1/suggestions" and isinstance(body, dict) and isinstance(body.get("text"), str):
        body["text"] += LOADABLE
    assert_answered(app.post(address(path), json=body))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_changed_query_is_answered(app: TestClient, data: st.DataObject) -> None:
    document = app.get("/openapi.json").json()
    gets = sorted(p for p, methods in document["paths"].items() if "get" in methods)
    path = data.draw(st.sampled_from(gets))
    parameters = document["paths"][path]["get"].get("parameters", [])
    names = [p["name"] for p in parameters if p["in"] == "query"] or ["unknown"]
    text = st.one_of(st.text(max_size=40), st.integers().map(str))
    query = data.draw(st.dictionaries(st.sampled_from(names), text, max_size=3))
    assert_answered(app.get(address(path), params=query))


@settings(max_examples=100, deadline=None)
@given(st.text(min_size=1, max_size=60))
def test_any_id_is_answered(app: TestClient, name: str) -> None:
    from urllib.parse import quote

    for path in ("/v1/notes/{}", "/v1/claims/{}", "/v1/codes/ICD-10-CM/{}", "/v1/codes/{}/I10"):
        assert_answered(app.get(path.format(quote(name, safe=""))))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_answered(app: TestClient, body: bytes) -> None:
    headers = {"content-type": "application/json"}
    for path in ("/v1/suggestions", "/v1/notes", "/v1/claims/assessments"):
        response = app.post(path, content=body, headers=headers)
        assert response.status_code in {400, 422}
        assert_answered(response)

"""The OpenAPI document holds: references, examples, problems."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from fastapi.openapi.models import OpenAPI
from pydantic import TypeAdapter

from data.schemas import Claim, Note
from serving.app import create_app
from serving.settings import Settings

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder: Path = tmp_path_factory.mktemp("openapi")
    document: dict[str, Any] = create_app(Settings(var_dir=folder)).openapi()
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method in METHODS:
                yield f"{method.upper()} {path}", operation


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            if key == "$ref":
                yield inner
            else:
                yield from references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from references(inner)


def test_it_is_an_openapi_document(document: dict[str, Any]) -> None:
    assert OpenAPI.model_validate(document).openapi.startswith("3.1")
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)


def test_every_reference_leads_somewhere(document: dict[str, Any]) -> None:
    for reference in references(document):
        found: Any = document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]


def test_the_routes_of_the_contract_are_there(document: dict[str, Any]) -> None:
    assert {
        "POST /v1/suggestions",
        "GET /v1/codes/search",
        "GET /v1/codes/{system}/{code}",
        "POST /v1/notes",
        "GET /v1/notes",
        "GET /v1/notes/{note_id}",
        "POST /v1/notes/{note_id}/suggestions",
        "POST /v1/notes/{note_id}/decisions",
        "POST /v1/notes/{note_id}/sign-off",
        "POST /v1/claims/assessments",
        "GET /v1/claims",
        "GET /v1/claims/{claim_id}",
        "POST /v1/claims/{claim_id}/actions",
        "GET /v1/models",
        "GET /healthz",
        "GET /readyz",
        "GET /version",
    } <= {name for name, _ in operations(document)}


def test_every_operation_has_examples_that_hold(document: dict[str, Any]) -> None:
    def check(schema: dict[str, Any], example: Any) -> None:
        rooted = {**schema, "components": document["components"]}
        jsonschema.Draft202012Validator(rooted).validate(example)

    for name, operation in operations(document):
        assert operation["summary"], name
        if "requestBody" in operation:
            content = operation["requestBody"]["content"]["application/json"]
            assert content["examples"], name
            for example in content["examples"].values():
                check(content["schema"], example["value"])
        for status, response in operation["responses"].items():
            [(media_type, content)] = response["content"].items()
            expected = "application/json" if status < "300" else "application/problem+json"
            assert media_type == expected, (name, status)
            check(content["schema"], content["example"])


def test_the_examples_quote_the_example_note(document: dict[str, Any]) -> None:
    """Offsets in the examples are right: people copy them."""
    path = document["paths"]["/v1/notes/{note_id}"]["get"]
    view = path["responses"]["200"]["content"]["application/json"]["example"]
    note = TypeAdapter(Note).validate_python(view["note"])
    spans = [e for s in view["result"]["suggestions"] for e in s["evidence"]]
    assert spans
    for span in spans:
        assert note.text[span["start"] : span["end"]] == span["text"]
    claim = document["paths"]["/v1/claims/{claim_id}"]["get"]
    example = claim["responses"]["200"]["content"]["application/json"]["example"]
    assert Claim.model_validate(example["claim"]).charge == 125

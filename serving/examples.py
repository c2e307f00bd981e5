"""Examples for the OpenAPI document, kept as data in ``examples.json``."""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from typing import Any

from fastapi.openapi.models import Example

from serving.errors import KIND_OF_STATUS, KINDS, MEDIA_TYPE, TYPE_PREFIX

PROBLEM_SCHEMA = {"$ref": "#/components/schemas/ProblemDetails"}
DESCRIPTIONS = {
    200: "Done",
    201: "Stored",
    400: "The body cannot be read as JSON in UTF-8",
    404: "Not stored here",
    409: "Conflicts with what is stored",
    413: "The body is too large",
    415: "Not JSON",
    422: "Some field is not valid; the answer names it and never repeats its value",
    503: "The models are still being loaded",
}
KIND_SHOWN = {**KIND_OF_STATUS, 409: "conflict", 422: "invalid-request", 503: "not-ready"}


@cache
def _all() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        (resources.files("serving") / "examples.json").read_text("utf-8")
    )
    return found


def request(name: str) -> dict[str, Example]:
    """Examples of a request's body, by title."""
    return {
        title.replace(" ", "-"): Example(summary=title, value=value)
        for title, value in _all()["request"][name].items()
    }


def response(name: str) -> Any:
    """The example of a response."""
    return _all()["response"][name]


def problem(status: int) -> dict[str, Any]:
    """A problem response of the OpenAPI document."""
    kind = KIND_SHOWN[status]
    example = {
        "type": TYPE_PREFIX + kind,
        "title": KINDS[kind][1],
        "status": status,
        "detail": DESCRIPTIONS[status] + ".",
        "errors": [],
    }
    return {
        "description": DESCRIPTIONS[status],
        "content": {MEDIA_TYPE: {"schema": PROBLEM_SCHEMA, "example": example}},
    }


def of(success: int, name: str, *problems: int) -> dict[int | str, dict[str, Any]]:
    """The responses of an operation: one success with its example, then problems."""
    answers: dict[int | str, dict[str, Any]] = {
        success: {
            "description": DESCRIPTIONS[success],
            "content": {"application/json": {"example": response(name)}},
        }
    }
    return answers | {status: problem(status) for status in problems}


SUGGEST = request("suggest")
NOTE = request("note")
DECISION = request("decision")
SIGN_OFF = request("sign_off")
ASSESS = request("assess")
CLAIM_ACTION = request("claim_action")

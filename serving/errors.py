"""Errors as problem details (RFC 9457), without a word of what was sent.

A validation message names the field and says how to put it right; it never
repeats the value, because the value may be a patient's. The wording is ours,
by pydantic's error type, for the same reason.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field, ValidationError
from sqlalchemy.exc import DataError
from starlette.exceptions import HTTPException
from starlette.responses import Response

log = logging.getLogger("superbill.errors")

MEDIA_TYPE = "application/problem+json"
TYPE_PREFIX = "urn:superbill:problem:"

KINDS: dict[str, tuple[int, str]] = {
    "malformed-body": (400, "The body could not be read"),
    "wrong-host": (400, "This server does not answer under that name"),
    "cross-origin": (403, "Refused: the request comes from another site"),
    "not-found": (404, "Not found"),
    "method-not-allowed": (405, "Method not allowed"),
    "conflict": (409, "Conflicts with what is stored"),
    "signed-off": (409, "The note is signed off"),
    "undecided-codes": (409, "Some proposed codes are not decided on"),
    "no-codes": (409, "No code is accepted"),
    "released": (409, "The claim is released"),
    "open-errors": (409, "Error findings stand against this claim"),
    "body-too-large": (413, "The body is too large"),
    "unsupported-media-type": (415, "Unsupported media type"),
    "invalid-request": (422, "The request is not valid"),
    "unprocessable": (422, "The request cannot be carried out"),
    "internal-error": (500, "Something went wrong on our side"),
    "not-ready": (503, "Not ready"),
}
"""Problem kinds: status and title."""

KIND_OF_STATUS = {
    400: "malformed-body",
    403: "cross-origin",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "unsupported-media-type",
    422: "unprocessable",
}

WORDING: dict[str, tuple[str, str]] = {
    "missing": ("is missing", "send this field"),
    "extra_forbidden": ("is not a field of this request", "remove it or correct its name"),
    "json_invalid": ("is not valid JSON", "send one JSON object in UTF-8"),
    "string_type": ("must be a text", "send a JSON string"),
    "string_too_short": ("is too short", "send at least {min_length} character(s)"),
    "string_too_long": ("is too long", "send at most {max_length} characters"),
    "string_pattern_mismatch": ("does not have the right form", "it must match {pattern}"),
    "string_unicode": ("is not valid Unicode", "send UTF-8 without unpaired surrogates"),
    "too_short": ("holds too few items", "send at least {min_length}"),
    "too_long": ("holds too many items", "send at most {max_length}"),
    "enum": ("is not one of the allowed values", "use {expected}"),
    "literal_error": ("is not one of the allowed values", "use {expected}"),
    "int_type": ("must be a whole number", "send a number such as 3"),
    "int_parsing": ("must be a whole number", "send a number such as 3"),
    "int_from_float": ("must be a whole number", "send a number such as 3"),
    "float_type": ("must be a number", "send a number such as 1.5"),
    "float_parsing": ("must be a number", "send a number such as 1.5"),
    "finite_number": ("must be a finite number", "send a number such as 1.5"),
    "bool_type": ("must be true or false", "send true or false"),
    "bool_parsing": ("must be true or false", "send true or false"),
    "greater_than_equal": ("is too small", "send {ge} or more"),
    "greater_than": ("is too small", "send more than {gt}"),
    "less_than_equal": ("is too large", "send {le} or less"),
    "less_than": ("is too large", "send less than {lt}"),
    "date_type": ("is not a date", "write it as YYYY-MM-DD"),
    "date_parsing": ("is not a date", "write it as YYYY-MM-DD"),
    "date_from_datetime_parsing": ("is not a date", "write it as YYYY-MM-DD"),
    "date_from_datetime_inexact": ("is not a date", "write it as YYYY-MM-DD, without a time"),
    "datetime_type": ("is not a moment", "write it as 2026-09-01T10:00:00Z"),
    "datetime_parsing": ("is not a moment", "write it as 2026-09-01T10:00:00Z"),
    "datetime_from_date_parsing": ("is not a moment", "write it as 2026-09-01T10:00:00Z"),
    "decimal_type": ("must be an amount", "send a number such as 125.00"),
    "decimal_parsing": ("must be an amount", "send a number such as 125.00"),
    "decimal_max_digits": ("has too many digits", "send at most {max_digits} digits"),
    "decimal_max_places": ("has too many decimals", "send at most {decimal_places} decimals"),
    "list_type": ("must be a list", "send a JSON array"),
    "tuple_type": ("must be a list", "send a JSON array"),
    "dict_type": ("must be an object", "send a JSON object"),
    "model_type": ("must be an object", "send a JSON object"),
    "model_attributes_type": ("must be an object", "send a JSON object"),
    "union_tag_not_found": ("has an unknown form", "see the examples in /openapi.json"),
    "union_tag_invalid": ("has an unknown form", "see the examples in /openapi.json"),
}
"""Our words for pydantic's error types: what is wrong, how to put it right.

Braces are filled from the limits of the schema, never from the value sent."""

SCHEMA_LIMITS = frozenset(
    {"min_length", "max_length", "pattern", "expected", "ge", "gt", "le", "lt"}
    | {"max_digits", "decimal_places"}
)
OUR_TAGS = frozenset({"body", "path", "query", "header", "one", "many"})
FIELD_NAME = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,63}$")


class FieldProblem(BaseModel):
    """One thing wrong with a request."""

    field: str = Field(examples=["date_of_service"])
    message: str = Field(examples=["is not a date"])
    fix: str | None = Field(default=None, examples=["write it as YYYY-MM-DD"])


class ProblemDetails(BaseModel):
    """RFC 9457 problem details, as ``application/problem+json``."""

    type: str = Field(examples=[TYPE_PREFIX + "invalid-request"])
    title: str = Field(examples=["The request is not valid"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["date_of_service: is not a date"])
    instance: str | None = Field(
        default=None, examples=["urn:uuid:0b7c9c7e-6a0c-4a0e-9c57-5b8f7a3d2c11"]
    )
    errors: list[FieldProblem] = []


class Problem(HTTPException):
    """A refusal that the client can act on.

    Args:
        kind: a key of ``KINDS``.
        detail: one sentence for a person; never with a patient's data.
        errors: the fields at fault.
        headers: for the response.
    """

    def __init__(
        self,
        kind: str,
        detail: str,
        *,
        errors: Sequence[FieldProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        status, self.title = KINDS[kind]
        self.kind = kind
        self.errors = list(errors)
        super().__init__(status_code=status, detail=detail, headers=headers)


def invalid(field: str, message: str, fix: str | None = None) -> Problem:
    """A 422 about one field."""
    return Problem(
        "invalid-request",
        f"{field}: {message}",
        errors=[FieldProblem(field=field, message=message, fix=fix)],
    )


def field_problems(errors: Iterable[Any]) -> list[FieldProblem]:
    """Pydantic's errors in our words, with nothing of the input."""
    found: list[FieldProblem] = []
    for error in errors:
        kind = str(error["type"])
        field = _field_name(error["loc"])
        fix: str | None
        if kind == "value_error":
            # Raised by our own validators: "field: what is wrong; how to fix it".
            own = str(error.get("ctx", {}).get("error", "is not valid"))
            named, _, rest = own.partition(": ")
            if rest and FIELD_NAME.match(named):
                field, own = (f"{field}.{named}" if field != "body" else named), rest
            message, _, fix_text = own.partition("; ")
            fix = fix_text or None
        else:
            message, template = WORDING.get(kind, ("is not valid", ""))
            limits = {k: v for k, v in error.get("ctx", {}).items() if k in SCHEMA_LIMITS}
            try:
                fix = template.format(**limits) or None
            except (KeyError, IndexError):
                fix = None
        found.append(FieldProblem(field=field, message=message, fix=fix))
    return found


def _field_name(location: Sequence[object]) -> str:
    parts = []
    for position, part in enumerate(location):
        if isinstance(part, int):
            parts.append(str(part))
        elif part in OUR_TAGS and position < 2:
            continue
        elif FIELD_NAME.match(str(part)):
            parts.append(str(part))
        else:
            # A key that is no field name may be anything, a patient's name too.
            parts.append("(unprintable name)")
    return ".".join(parts) or "body"


def sentence(problems: Sequence[FieldProblem]) -> str:
    """Field problems in one line."""
    shown = [f"{p.field}: {p.message}" + (f" ({p.fix})" if p.fix else "") for p in problems[:5]]
    more = len(problems) - len(shown)
    return "; ".join(shown) + (f"; and {more} more" if more > 0 else "")


def validation_sentence(error: ValidationError) -> str:
    """What is wrong with a value, in one line without the value."""
    return sentence(field_problems(error.errors(include_url=False, include_input=False)))


def problem_response(
    kind: str,
    detail: str,
    *,
    status: int | None = None,
    title: str | None = None,
    errors: Sequence[FieldProblem] = (),
    headers: Mapping[str, str] | None = None,
    instance: str | None = None,
) -> Response:
    default_status, default_title = KINDS[kind]
    body = ProblemDetails(
        type=TYPE_PREFIX + kind,
        title=title or default_title,
        status=status or default_status,
        detail=detail,
        instance=instance,
        errors=list(errors),
    )
    return Response(
        body.model_dump_json(exclude_none=True),
        status_code=body.status,
        media_type=MEDIA_TYPE,
        headers=dict(headers or {}),
    )


def log_scrubbed(message: str, error: BaseException) -> None:
    """Log where an error arose, without its message: that may quote a note."""
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    where = " < ".join(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames[::-1])
    log.error("%s: %s at %s", message, type(error).__name__, where)


def install(app: FastAPI) -> None:
    """Answer every error of ``app`` as a problem."""

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        if isinstance(error, Problem):
            return problem_response(
                error.kind, str(error.detail), errors=error.errors, headers=error.headers
            )
        kind = KIND_OF_STATUS.get(error.status_code, "unprocessable")
        details = {
            "not-found": "There is nothing at this address.",
            "method-not-allowed": "This address does not take that method; see Allow.",
        }
        expected_status, _ = KINDS[kind]
        return problem_response(
            kind,
            details.get(kind, "The request could not be served."),
            status=error.status_code,
            title=None if error.status_code == expected_status else str(error.detail),
            headers=error.headers,
        )

    async def on_invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        problems = field_problems(error.errors())
        return problem_response("invalid-request", sentence(problems), errors=problems)

    async def on_unstorable(request: Request, error: Exception) -> Response:
        # What passed every check and still cannot be kept, such as U+0000 in a text column.
        return problem_response("unprocessable", "Some field holds what cannot be stored.")

    app.add_exception_handler(DataError, on_unstorable)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)

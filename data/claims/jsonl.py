"""Claims from and to JSON lines: one claim an object, one object a line, UTF-8.

Tolerant where no meaning is lost: a byte-order mark, blank lines, codes without
their dot or in lower case, and diagnoses given as plain strings are accepted.
Everything else that is wrong becomes an :class:`ErrorLine` in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from pydantic import ValidationError

from data.claims.codes import dotted
from data.claims.validation import describe, error_line
from data.jsonlines import json_lines
from data.schemas import Claim, ErrorLine


def read_jsonl(stream: BinaryIO) -> Iterator[Claim | ErrorLine]:
    """Claims of a JSONL stream, one line held in memory at a time.

    Yields:
        A :class:`Claim`, or an :class:`ErrorLine` whose ``line`` counts from 1.
    """
    for line in json_lines(stream):
        if isinstance(line, ErrorLine):
            yield line
        else:
            yield parse_object(line.value, line.number)


def parse_object(value: object, number: int | None = None) -> Claim | ErrorLine:
    """A decoded JSON value as a claim, or what is wrong with it."""
    if not isinstance(value, dict):
        return error_line("not_an_object", "write one claim as {...} a line", line=number)
    given = value.get("claim_id")
    claim_id = given if isinstance(given, str) and given else None
    try:
        return Claim.model_validate(_with_dots(value))
    except ValidationError as error:
        return error_line("invalid_claim", describe(error), line=number, claim_id=claim_id)


def write_line(claim: Claim) -> str:
    """The claim as one JSON line, empty fields left out; ends with a newline."""
    return claim.model_dump_json(exclude_defaults=True) + "\n"


def _with_dots(value: dict[str, object]) -> dict[str, object]:
    diagnoses = value.get("diagnoses")
    if not isinstance(diagnoses, list):
        return value
    tidy: list[object] = []
    for item in diagnoses:
        if isinstance(item, str):
            tidy.append({"code": dotted(item)})
        elif isinstance(item, dict) and isinstance(item.get("code"), str):
            tidy.append({**item, "code": dotted(item["code"])})
        else:
            tidy.append(item)
    return {**value, "diagnoses": tidy}

"""What is wrong with a claim, in words that name the field and the fix."""

from __future__ import annotations

from pydantic import ValidationError

from data.schemas import Claim, ClaimDiagnosis, ClaimLine, ErrorDetail, ErrorLine
from data.validation import Fields, printable
from data.validation import describe as describe_fields

_FIELDS: Fields = {"": Claim, "diagnoses": ClaimDiagnosis, "lines": ClaimLine}


def describe(error: ValidationError, limit: int = 3) -> str:
    """The first ``limit`` defects of a claim as ``field: what is wrong; the fix``."""
    return describe_fields(error, _FIELDS, limit)


def error_line(
    code: str, message: str, *, line: int | None = None, claim_id: str | None = None
) -> ErrorLine:
    """An error standing in place of a claim."""
    return ErrorLine(
        claim_id=printable(claim_id, 200) if claim_id else None,
        line=line,
        error=ErrorDetail(code=code, message=message),
    )

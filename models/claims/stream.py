"""Claims in, assessment lines out, one at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data.schemas import Claim, ErrorDetail, ErrorLine
from models.claims.assessor import Assessor


def assess_lines(
    assessor: Assessor, claims: Iterable[Claim | ErrorLine]
) -> Iterator[tuple[str, bool]]:
    """(JSON line, whether it stands for a bad input) for every claim, in order."""
    for item in claims:
        if isinstance(item, ErrorLine):
            yield item.model_dump_json(exclude_none=True), True
            continue
        try:
            result = assessor.assess(item)
        except Exception as error:  # one bad claim must not end a run of thousands
            detail = ErrorDetail(
                code="internal", message=f"assessment failed: {type(error).__name__}"
            )
            bad = ErrorLine(claim_id=item.claim_id, error=detail)
            yield bad.model_dump_json(exclude_none=True), True
            continue
        yield result.model_dump_json(exclude_none=True), False

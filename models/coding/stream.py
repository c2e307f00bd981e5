"""Notes in, result lines out, one at a time: the one function of ``suggest`` and ``batch``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from data.schemas import Convention, ErrorDetail, ErrorLine, Note
from models.coding.coder import Coder


def suggest_lines(
    coder: Coder, notes: Iterable[Note | ErrorLine], convention: Convention
) -> Iterator[tuple[str, bool]]:
    """(JSON line, whether it stands for a bad input) for every note, in order.

    A note that fails yields an error in its place, without a word of its text.
    """
    for item in notes:
        if isinstance(item, ErrorLine):
            yield item.model_dump_json(exclude_none=True), True
            continue
        try:
            result = coder.suggest(item, convention)
        except Exception as error:  # one bad note must not end a run of thousands
            detail = ErrorDetail(code="internal", message=f"coding failed: {type(error).__name__}")
            yield ErrorLine(id=item.id, error=detail).model_dump_json(exclude_none=True), True
            continue
        yield result.model_dump_json(exclude_none=True), False

"""One line a note: bad notes stand in their place and the run goes on."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from data.schemas import CodingResult, Convention, ErrorDetail, ErrorLine, Note
from models.coding.coder import Coder
from models.coding.stream import suggest_lines
from tests.models.coding.reading import note


class FailsOn(Coder):
    """The shipped coder, but for one note at which it breaks."""

    def __init__(self, inner: Coder, bad: str) -> None:
        self._inner, self._bad = inner, bad

    def suggest(self, note: Note, convention: Convention = Convention.BILLING) -> CodingResult:
        if note.id == self._bad:
            raise RuntimeError(f"broke at {note.text}")
        return self._inner.suggest(note, convention)


def notes() -> Iterator[Note | ErrorLine]:
    yield note("Assessment: hypertension", id="a")
    yield ErrorLine(line=2, error=ErrorDetail(code="bad-line", message="not JSON"))
    yield note("Assessment: secret asthma", id="b")
    yield note("Assessment: gout", id="c")


def test_one_bad_note_does_not_end_the_run(shipped_coder: Coder) -> None:
    lines = list(suggest_lines(FailsOn(shipped_coder, "b"), notes(), Convention.BILLING))
    assert [bad for _, bad in lines] == [False, True, True, False]
    rows = [json.loads(line) for line, _ in lines]
    assert [row.get("id") for row in rows] == ["a", None, "b", "c"]
    assert rows[1] == {"line": 2, "error": {"code": "bad-line", "message": "not JSON"}}
    assert rows[2]["error"]["code"] == "internal"
    assert "secret" not in lines[2][0]
    assert "RuntimeError" in rows[2]["error"]["message"]


def test_line_is_the_result(shipped_coder: Coder) -> None:
    ((line, bad),) = suggest_lines(shipped_coder, [note("Assessment: gout")], Convention.BILLING)
    assert not bad
    assert CodingResult.model_validate_json(line) == shipped_coder.suggest(note("Assessment: gout"))


def test_notes_are_read_one_at_a_time(shipped_coder: Coder) -> None:
    def endless() -> Iterator[Note]:
        yield note("gout", id="1")
        pytest.fail("read ahead")

    first = next(suggest_lines(shipped_coder, endless(), Convention.BILLING))
    assert json.loads(first[0])["id"] == "1"

"""JSON lines: every line decoded or told, in its place."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.jsonlines import MAX_LINE_BYTES, JsonLine, json_lines
from data.schemas import ErrorLine

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@given(st.lists(values, max_size=5))
def test_what_was_written_is_read(rows: list[object]) -> None:
    raw = "".join(json.dumps(row) + "\n" for row in rows).encode()
    assert list(json_lines(io.BytesIO(raw))) == [
        JsonLine(number, row) for number, row in enumerate(rows, start=1)
    ]


@given(st.binary(max_size=200))
def test_lines_keep_their_numbers(raw: bytes) -> None:
    numbers = [i.number if isinstance(i, JsonLine) else i.line for i in json_lines(io.BytesIO(raw))]
    assert numbers == sorted(set(numbers), key=lambda n: n or 0)
    assert len(numbers) <= raw.count(b"\n") + 1


@pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity", '{"a": NaN}', "1e5x", "'a'", "{"])
def test_what_json_does_not_allow(word: str) -> None:
    (bad,) = json_lines(io.BytesIO(word.encode()))
    assert isinstance(bad, ErrorLine)
    assert bad.error.code == "not_json"


def test_a_number_too_long_to_convert() -> None:
    (bad,) = json_lines(io.BytesIO(b"1" * 5000))
    assert isinstance(bad, ErrorLine)
    assert bad.error.code == "not_json"


def test_the_longest_line_is_read_and_a_longer_one_passed_over() -> None:
    whole = b'"' + b"x" * (MAX_LINE_BYTES - 2) + b'"'
    longer = b'"' + b"x" * (3 * MAX_LINE_BYTES) + b'"'
    first, second, third = json_lines(io.BytesIO(whole + b"\n" + longer + b"\n7\n"))
    assert isinstance(first, JsonLine)
    assert isinstance(second, ErrorLine)
    assert (second.line, second.error.code) == (2, "line_too_long")
    assert third == JsonLine(3, 7)

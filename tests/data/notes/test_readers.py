"""Notes from files and standard input: read one at a time, bad ones told without their words."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.notes.readers import NoteSourceError, parse_note, read_jsonl, read_notes
from data.schemas import MAX_NOTE_CHARACTERS, Evidence, Note, Setting

WORDS = "Ottoline Quandt was seen"
GOOD: dict[str, Any] = {"id": "n1", "text": WORDS, "date_of_service": "2026-05-14"}


def _lines(*rows: dict[str, Any] | str | bytes) -> list[Any]:
    words = [json.dumps(row) if isinstance(row, dict) else row for row in rows]
    raw = [row.encode() if isinstance(row, str) else row for row in words]
    return list(read_jsonl(io.BytesIO(b"\n".join(raw) + b"\n")))


def test_every_field_of_a_note_line() -> None:
    (note,) = _lines(
        GOOD
        | {
            "sex": "F",
            "birth_date": "1961-03-02",
            "setting": "inpatient",
            "patient_id": "p",
            "encounter_id": "e",
            "note_type": "discharge summary",
            "specialty": "cardiology",
            "place_of_service": "21",
            "patient_status": "new",
            "payer_type": "medicare",
            "claim_type": "facility",
        }
    )
    assert note.date_of_service == date(2026, 5, 14)
    assert note.setting is Setting.INPATIENT
    assert note.text == WORDS
    assert all(value is not None for value in note.model_dump().values())


def test_empty_optional_fields_are_absent() -> None:
    (note,) = _lines(GOOD | {"sex": "", "birth_date": "", "specialty": ""})
    assert (note.sex, note.birth_date, note.specialty) == (None, None, None)


BAD: dict[str, tuple[object, str, str]] = {
    "empty": (GOOD | {"text": ""}, "invalid_note", "text"),
    "blank": (GOOD | {"text": " \r\n\t "}, "invalid_note", "text: the note is empty"),
    "too long": (GOOD | {"text": "x" * (MAX_NOTE_CHARACTERS + 1)}, "invalid_note", "text"),
    "unknown field": (GOOD | {"speciality": "x"}, "invalid_note", "did you mean specialty?"),
    "strange field": (GOOD | {"zzzqqq": "x"}, "invalid_note", "zzzqqq: unknown field; remove it"),
    "no such day": (GOOD | {"date_of_service": "2026-02-30"}, "invalid_note", "YYYY-MM-DD"),
    "American date": (GOOD | {"date_of_service": "05/14/2026"}, "invalid_note", "YYYY-MM-DD"),
    "born later": (GOOD | {"birth_date": "2026-06-01"}, "invalid_note", "birth_date"),
    "sex": (GOOD | {"sex": WORDS}, "invalid_note", "sex"),
    "setting": (GOOD | {"setting": WORDS}, "invalid_note", "setting"),
    "place": (GOOD | {"place_of_service": WORDS}, "invalid_note", "place_of_service"),
    "no text": ({"id": "n1"}, "invalid_note", "text: the field is required"),
    "no id": ({"text": WORDS}, "invalid_note", "id: the field is required"),
    "numbers": ({"id": 7, "text": 8}, "invalid_note", "id"),
    "long id": (GOOD | {"id": "x" * 201}, "invalid_note", "id"),
    "surrogate": (GOOD | {"text": WORDS + "\ud800"}, "invalid_note", "text"),
    "a list": ([WORDS], "not_an_object", "{...}"),
    "a string": (WORDS, "not_an_object", "{...}"),
    "null": (None, "not_an_object", "{...}"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_line_is_told_without_its_words(name: str) -> None:
    value, code, says = BAD[name]
    before, bad, after = _lines(GOOD, json.dumps(value), GOOD | {"id": "n3"})
    assert (before.id, after.id) == ("n1", "n3")
    assert bad.line == 2
    assert bad.error.code == code
    assert says in bad.error.message
    assert WORDS not in bad.model_dump_json()
    assert len(bad.error.message) < 500


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ('{"id": "n1", "text": "Ottoline Quandt was seen"', "not_json"),
        (WORDS, "not_json"),
        ('{"id": "n1", "text": NaN}', "not_json"),
        ("[" * 100_000, "not_json"),
        (json.dumps(GOOD).encode("utf-16"), "not_utf8"),
        ('{"id": "n1", "text": "Café, Ottoline Quandt"}'.encode("latin-1"), "not_utf8"),
    ],
)
def test_what_is_no_json(line: str | bytes, code: str) -> None:
    found = _lines({"id": "n0", "text": "a"}, line, {"id": "n2", "text": "b"})
    assert found[0].id == "n0"
    assert found[1].error.code == code
    assert found[1].line == 2
    assert found[-1].id == "n2"
    assert "Quandt" not in found[1].model_dump_json()


def test_a_utf16_file_is_told_once() -> None:
    raw = "\n".join(json.dumps(GOOD | {"id": str(i)}) for i in range(5)).encode("utf-16")
    (bad,) = read_jsonl(io.BytesIO(raw))
    assert bad.error.code == "not_utf8"
    assert "UTF-16" in bad.error.message


def test_a_line_without_end_is_not_held_in_memory() -> None:
    long, after = _lines('{"id": "x", "text": "' + "x" * 5_000_000 + '"}', GOOD)
    assert (long.error.code, long.line) == ("line_too_long", 1)
    assert after.id == "n1"


def test_blank_lines_and_a_byte_order_mark_are_passed_over() -> None:
    raw = b"\xef\xbb\xbf\n\r\n" + json.dumps(GOOD).encode() + b"\r\n\n" + b"{}"
    note, bad = read_jsonl(io.BytesIO(raw))
    assert note.id == "n1"
    assert bad.line == 5


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert('x')</script><b>Hypertension</b>",
        "Chest\x00pain\x07\x1b[31m\u202e",
        "a\r\nb\rc\u2028d\u0085e",
        "  leading and trailing  \n",
        "👩‍⚕️ naïve ﬁne \U0001f9ec e\u0301",
        "x" * MAX_NOTE_CHARACTERS,
    ],
)
def test_text_is_kept_to_the_letter(text: str) -> None:
    (note,) = _lines({"id": "n", "text": text})
    assert isinstance(note, Note)
    assert note.text == text


@given(st.text(min_size=1).filter(lambda t: t.strip()))
def test_text_comes_through_json_unchanged(text: str) -> None:
    for ascii_only in (True, False):
        line = json.dumps({"id": "n", "text": text}, ensure_ascii=ascii_only).encode()
        (note,) = read_jsonl(io.BytesIO(line))
        assert isinstance(note, Note)
        assert note.text == text


@given(st.binary(max_size=300))
def test_any_bytes_yield_notes_or_errors(raw: bytes) -> None:
    for item in read_jsonl(io.BytesIO(raw)):
        assert item.model_dump_json()


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([*Note.model_fields, "other"]) | st.text(max_size=5),
                inner,
                max_size=4,
            )
        ),
        max_leaves=12,
    )
)
def test_any_value_is_a_note_or_told(value: object) -> None:
    item = parse_note(value, 3)
    assert isinstance(item, Note) or item.line == 3
    assert item.model_dump_json()


@given(st.text(min_size=1, max_size=80), st.data())
def test_evidence_is_the_note_between_its_offsets(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    evidence = Evidence.of(text, start, end)
    assert evidence.text == text[evidence.start : evidence.end]
    again = Evidence.model_validate_json(evidence.model_dump_json())
    assert again.text == text[again.start : again.end]


def test_a_text_file_is_one_note(tmp_path: Path) -> None:
    path = tmp_path / "visit-7.txt"
    path.write_bytes(b"\xef\xbb\xbfChest pain.\r\nHypertension.\r\n")
    (note,) = read_notes(path)
    assert isinstance(note, Note)
    assert (note.id, note.text) == ("visit-7", "Chest pain.\r\nHypertension.\r\n")


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".JSONL", ".json"])
def test_json_lines_are_told_by_the_ending(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"notes{suffix}"
    path.write_text(json.dumps(GOOD) + "\n" + json.dumps(GOOD | {"id": "n2"}), encoding="utf-8")
    assert [note.id for note in read_notes(path)] == ["n1", "n2"]


@pytest.mark.parametrize(
    ("raw", "code", "says"),
    [
        (b"", "invalid_note", "text"),
        (b" \r\n", "invalid_note", "empty"),
        (WORDS.encode("utf-16"), "not_utf8", "save the file as UTF-8"),
        (b"Ottoline Quandt, caf\xe9", "not_utf8", "byte 20"),
        (b"x" * (MAX_NOTE_CHARACTERS + 1), "invalid_note", "1000000"),
        (("\U0001f9ec" * (MAX_NOTE_CHARACTERS + 1)).encode(), "invalid_note", "1000000"),
        (b"\xef\xbb\xbf" + ("\U0001f9ec" * 1_000_001).encode(), "invalid_note", "1000000"),
    ],
    ids=["empty", "blank", "utf-16", "latin-1", "long", "long in bytes", "long after a mark"],
)
def test_a_bad_text_file(tmp_path: Path, raw: bytes, code: str, says: str) -> None:
    path = tmp_path / "visit.txt"
    path.write_bytes(raw)
    (bad,) = read_notes(path)
    assert not isinstance(bad, Note)
    assert (bad.id, bad.error.code) == ("visit", code)
    assert says in bad.error.message
    assert "Quandt" not in bad.model_dump_json()


def test_a_million_characters_of_four_bytes_are_a_note(tmp_path: Path) -> None:
    path = tmp_path / "visit.txt"
    path.write_bytes(b"\xef\xbb\xbf" + ("\U0001f9ec" * MAX_NOTE_CHARACTERS).encode())
    (note,) = read_notes(path)
    assert isinstance(note, Note)
    assert len(note.text) == MAX_NOTE_CHARACTERS


def _stdin(monkeypatch: pytest.MonkeyPatch, raw: bytes) -> None:
    buffered = io.BufferedReader(io.BytesIO(raw))  # type: ignore[arg-type]
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=buffered))


def test_standard_input_as_json_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, b"\xef\xbb\xbf\n " + json.dumps(GOOD).encode() + b"\n{}\n")
    note, bad = read_notes("-")
    assert note.id == "n1"
    assert not isinstance(bad, Note)
    assert bad.line == 3


def test_standard_input_as_text(monkeypatch: pytest.MonkeyPatch) -> None:
    _stdin(monkeypatch, b"Chest pain. {Hypertension}")
    (note,) = read_notes("-")
    assert isinstance(note, Note)
    assert (note.id, note.text) == ("stdin", "Chest pain. {Hypertension}")


@pytest.mark.parametrize("name", ["missing.jsonl", "missing.txt", "."])
def test_what_cannot_be_opened(tmp_path: Path, name: str) -> None:
    with pytest.raises(NoteSourceError, match=r"give a \.jsonl or \.txt file"):
        list(read_notes(tmp_path / name))


def test_one_line_is_read_at_a_time() -> None:
    class Counting(io.RawIOBase):
        """Gives a line whenever it is asked and counts how often."""

        asked = 0

        def readline(self, size: int | None = -1, /) -> bytes:
            self.asked += 1
            return json.dumps(GOOD).encode() + b"\n"

    stream = Counting()
    notes: Iterator[Any] = read_jsonl(stream)  # type: ignore[arg-type]
    for expected in range(1, 50):
        assert next(notes).id == "n1"
        assert stream.asked == expected

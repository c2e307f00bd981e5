"""What is no delivered text file is refused with its line and the reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import System
from data.terminology.official.text import (
    OfficialFileError,
    csv_rows,
    day_of,
    lines_of,
    procedure_system,
    read_lines,
)

LINE = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0\x1a<\ufeff"), max_size=30)


@given(lines=st.lists(LINE, min_size=1), end=st.sampled_from(["\n", "\r\n"]))
def test_lines_come_back_as_they_were_written(lines: list[str], end: str) -> None:
    data = "".join(line + end for line in lines).encode("utf-8")
    if "".join(lines).strip():
        assert lines_of(data, "f") == lines
    else:
        with pytest.raises(OfficialFileError, match="empty"):
            lines_of(data, "f")


@given(lines=st.lists(LINE, min_size=1), last=LINE.filter(str.strip))
def test_a_last_line_without_its_end_is_refused(lines: list[str], last: str) -> None:
    data = ("\n".join([*lines, last])).encode("utf-8")
    with pytest.raises(OfficialFileError, match=rf"^f: line {len(lines) + 1}: .*may be cut"):
        lines_of(data, "f")


def test_windows_text_and_marks_are_read() -> None:
    assert lines_of("Ménière’s – test\r\n".encode("cp1252"), "f") == ["Ménière’s – test"]
    assert lines_of("\ufeffcode\n".encode(), "f") == ["code"]
    assert lines_of(b"code\r\n\x1a", "f") == ["code"]


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "f: the file is empty"),
        (b" \r\n\r\n", "f: the file is empty"),
        (b"\r\n<!DOCTYPE html>\n<html><body>Licence</body></html>\n", "f: line 2: a web page"),
        (b"<html>\n", "f: line 1: a web page"),
        (b"PK\x03\x04rest", "f: this is a zip archive or an Excel workbook"),
        (b"%PDF-1.7\n", "f: this is a PDF"),
        ("code\n".encode("utf-16"), "f: this is UTF-16"),
        (b"one\ntwo\ncaf\xe9 \x81\n", "f: line 3: byte 0x81 is neither"),
        (b"one\ntw\0o\n", "f: line 2: holds a null"),
    ],
)
def test_what_is_no_text_file_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(OfficialFileError) as refused:
        lines_of(data, "f")
    assert str(refused.value).startswith(reason)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    with pytest.raises(OfficialFileError, match="none: no such file"):
        read_lines(tmp_path / "none")


def test_rows_keep_the_line_they_stand_in() -> None:
    rows = list(csv_rows(['a, "b', 'c",d', ",", "", "x,y"], "f"))
    assert [line for line, _ in csv_rows(["a,b", "", ",", "c,d"], "f")] == [1, 4]
    assert rows[-1] == (5, ["x", "y"])
    assert list(csv_rows(['a\t"b\tc'], "f", "\t")) == [(1, ["a", '"b', "c"])]


def test_an_open_quote_is_refused() -> None:
    with pytest.raises(OfficialFileError, match="f: line 2: no CSV row"):
        list(csv_rows(["a,b", 'c,"d'], "f"))


@pytest.mark.parametrize(
    ("code", "system"),
    [
        ("00100", System.CPT),
        ("0001F", System.CPT),
        ("0001U", System.CPT),
        ("A0021", System.HCPCS),
    ],
)
def test_a_codes_form_tells_its_system(code: str, system: System) -> None:
    assert procedure_system(code, "f", 1) is system


@pytest.mark.parametrize("code", ["", "100", "1234", "123456", "W0001", "a0021", "E10.9", "١٢٣٤٥"])
def test_no_code_is_refused_with_its_line(code: str) -> None:
    with pytest.raises(OfficialFileError, match=r"f: line 7: .* is no CPT or HCPCS code"):
        procedure_system(code, "f", 7)


@given(day=st.dates())
def test_days_are_read(day: date) -> None:
    assert day_of(f"{day:%Y%m%d}".rjust(8, "0"), "f", 1, "TERM DT") == day


@pytest.mark.parametrize("cell", ["20260231", "2026-01-01", "1/1/2026", "202601", "abcdefgh"])
def test_no_day_is_refused(cell: str) -> None:
    with pytest.raises(OfficialFileError, match=r"f: line 3: TERM DT .* is no date"):
        day_of(cell, "f", 3, "TERM DT")


def test_no_day_is_none() -> None:
    assert day_of("", "f", 1, "TERM DT") is None
    assert day_of("00000000", "f", 1, "TERM DT") is None

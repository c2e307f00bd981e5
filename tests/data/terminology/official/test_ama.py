"""The AMA's five layouts, in invented words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.official.ama import LAYOUTS, copyright_year, layout_of, parse_cpt
from data.terminology.official.text import OfficialFileError
from tests.data.terminology.official.delivered import (
    NOTICE,
    clinician_lines,
    consumer_lines,
    cpt_lines,
)

SHORT, MEDIUM, LONG, CONSUMER, CLINICIAN = LAYOUTS
CODES = st.from_regex(r"\A[0-9]{4}[0-9FTUM]\Z")
WORDS = st.from_regex(r"\A[A-Z][A-Z0-9 &/,-]{0,24}[A-Z]\Z").map(lambda t: " ".join(t.split()))
TABLE = st.dictionaries(CODES, WORDS, min_size=1, max_size=20)
HEADING = "\t".join(CONSUMER.columns)


def _lines(text: str) -> list[str]:
    return text.replace("\r", "").split("\n")[:-1]


@given(table=TABLE)
def test_every_code_comes_with_its_text(table: dict[str, str]) -> None:
    for layout, gap in ((SHORT, " "), (MEDIUM, " "), (LONG, "\t")):
        lines = _lines(NOTICE) + [f"{code}{gap}{text}" for code, text in table.items()]
        assert parse_cpt(lines, "f", layout) == list(table.items())


@given(table=TABLE, place=st.integers(0, 19), junk=WORDS)
def test_a_line_without_a_code_is_refused_with_its_number(
    table: dict[str, str], place: int, junk: str
) -> None:
    lines = [f"{code} {text}" for code, text in table.items()]
    place = min(place, len(lines) - 1)
    lines.insert(place + 1, f"X{junk}")
    for layout in (SHORT, LONG):
        with pytest.raises(OfficialFileError, match=rf"^f: line {place + 2}: .* CPT code and a bl"):
            parse_cpt(lines, "f", layout)


@given(table=TABLE, again=st.integers(0, 19))
def test_a_code_that_comes_twice_is_refused(table: dict[str, str], again: int) -> None:
    codes = list(table)
    first = min(again, len(codes) - 1)
    lines = [f"{code} {text}" for code, text in table.items()] + [f"{codes[first]} AGAIN"]
    with pytest.raises(
        OfficialFileError, match=rf"line {len(lines)}: .* stands in line {first + 1} already"
    ):
        parse_cpt(lines, "f", MEDIUM)


@given(length=st.integers(1, 80))
def test_a_text_longer_than_the_layout_allows_is_refused(length: int) -> None:
    for layout in (SHORT, MEDIUM):
        lines = [f"00001 {'X' * length}"]
        if length <= layout.width:
            assert parse_cpt(lines, "f", layout)
        else:
            with pytest.raises(OfficialFileError, match=rf"line 1: {length} characters"):
                parse_cpt(lines, "f", layout)


def test_a_long_text_goes_on_in_indented_lines() -> None:
    lines = ["00001\tInvented deed, including", "   its end", "\tand more", "00002\tAnother"]
    assert parse_cpt(lines, "f", LONG) == [
        ("00001", "Invented deed, including its end and more"),
        ("00002", "Another"),
    ]
    with pytest.raises(OfficialFileError, match="line 2"):
        parse_cpt(lines, "f", MEDIUM)


def test_consumer_and_clinician_files() -> None:
    assert parse_cpt(_lines(consumer_lines(2)), "f", CONSUMER) == [
        ("10000", "A deed nobody does 0"),
        ("10001", "A deed nobody does 1"),
    ]
    codes = [code for code, _ in parse_cpt(_lines(clinician_lines(2)), "f", CLINICIAN)]
    assert codes == ["10000", "10000", "10001", "10001"]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["nothing"], "f: line 1: no heading line"),
        ([HEADING, "1\t10000"], "f: line 2: 2 columns, 3 are headed"),
        ([HEADING, "1\t100\twords"], "f: line 2: '100' is no CPT code"),
        ([HEADING, "1\tA0021\twords"], "f: line 2: 'A0021' is no CPT code"),
        ([HEADING, "1\t10000\t"], "f: line 2: 10000 has no text"),
        ([HEADING, "1\t10000\ta", "2\t10000\tb"], "f: line 3: 10000 stands in line 2"),
    ],
)
def test_a_bad_row_of_a_tabbed_file_is_refused(lines: list[str], reason: str) -> None:
    with pytest.raises(OfficialFileError) as refused:
        parse_cpt(lines, "f", CONSUMER)
    assert str(refused.value).startswith(reason)


def test_a_file_of_notices_alone_is_refused() -> None:
    with pytest.raises(OfficialFileError, match="no line begins with a CPT code"):
        parse_cpt(_lines(NOTICE), "f", SHORT)


def test_the_year_stands_in_the_notice() -> None:
    assert copyright_year(_lines(cpt_lines(1))) == 2025
    assert copyright_year(["copyright (c) 2024 Nobody", "00001 X"]) == 2024
    assert copyright_year(["00001 X", "copyright 2024"]) is None


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("SHORTU.txt", "short"),
        ("medu.TXT", "medium"),
        ("LONGULT_2026.txt", "long"),
        ("ConsumerDescriptor.txt", "consumer"),
        ("ClinicianDescriptor.txt", "clinician"),
    ],
)
def test_the_layout_is_told_by_the_name(name: str, kind: str) -> None:
    assert layout_of(name).kind == kind


def test_another_name_is_refused() -> None:
    with pytest.raises(OfficialFileError, match=r"codes\.txt: not known by its name; .*MEDU"):
        layout_of("codes.txt")

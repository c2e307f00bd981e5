"""The HCPCS Level II file: fixed width and sheet, continuations, dates, modifiers."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.official.hcpcs import (
    POSITIONS,
    WIDTH,
    HcpcsRow,
    hcpcs_release_in_name,
    parse_hcpcs,
)
from data.terminology.official.text import OfficialFileError
from tests.data.terminology.official.delivered import HCPCS_HEADINGS, hcpcs_record

TEXT = st.from_regex(r"\A[A-Z][a-z0-9 ,()-]{0,300}[a-z]\Z").map(lambda t: " ".join(t.split()))
DAY = st.none() | st.dates(date(1980, 1, 1), date(2030, 1, 1))
ROWS = st.lists(
    st.builds(
        HcpcsRow,
        st.from_regex(r"\A[A-V][0-9]{4}\Z") | st.from_regex(r"\A[A-Z][0-9A-Z]\Z"),
        TEXT,
        TEXT.map(lambda t: t[:28].strip()),
        DAY,
        DAY,
        DAY,
        st.sampled_from("ABCDFNPRST"),
    ),
    min_size=1,
    max_size=8,
    unique_by=lambda row: row.code,
)


def _pieces(text: str) -> list[str]:
    """A long text over records, broken between words as CMS does."""
    pieces, words = [""], text.split()
    for word in words:
        if len(pieces[-1]) + len(word) + 1 > 80:
            pieces.append("")
        pieces[-1] = f"{pieces[-1]} {word}".strip()
    return pieces


def _written(day: date | None) -> str:
    return f"{day:%Y%m%d}" if day else ""


def _records(row: HcpcsRow) -> list[str]:
    first, more = ("3", "4") if len(row.code) == 5 else ("7", "8")
    days = [_written(d) for d in (row.added, row.changed, row.ended)]
    begin, *rest = _pieces(row.long)
    records = [hcpcs_record(row.code, first, begin, row.short, 100, *days, row.action)]
    return records + [
        hcpcs_record(row.code, more, piece, sequence=200 + 100 * i) for i, piece in enumerate(rest)
    ]


@given(rows=ROWS.filter(lambda rows: all(len(w) <= 80 for r in rows for w in r.long.split())))
def test_what_is_written_in_the_layout_is_read_back(rows: list[HcpcsRow]) -> None:
    lines = [record for row in rows for record in _records(row)]
    assert all(len(line) == WIDTH for line in lines)
    assert parse_hcpcs(lines, "f") == rows
    assert parse_hcpcs([line.rstrip() for line in lines], "f") == rows


@given(rows=ROWS)
def test_the_sheet_reads_as_the_records_do(rows: list[HcpcsRow]) -> None:
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        kind = "3" if len(row.code) == 5 else "7"
        days = [_written(d) for d in (row.added, row.changed, row.ended)]
        writer.writerow([row.code, "00100", kind, row.long, row.short, "11", *days, row.action])
    lines = ["Invented title,,,,,,,,,", *HCPCS_HEADINGS.split("\n"), *out.getvalue().split("\r\n")]
    assert parse_hcpcs(lines, "f") == rows


@given(cut=st.integers(12, 292))
def test_a_record_cut_before_its_details_end_is_refused(cut: int) -> None:
    lines = [hcpcs_record("A0021"), hcpcs_record("A0080")[:cut]]
    with pytest.raises(OfficialFileError, match=rf"^f: line 2: {cut} characters"):
        parse_hcpcs(lines, "f")


def test_fields_lie_where_the_record_layout_says() -> None:
    """Against the published positions, not against our own writer."""
    line = list(" " * 320)
    for at, text in (
        (1, "A0021"), (6, "00100"), (11, "3"), (12, "Long text"), (92, "Short text"),
        (269, "19820101"), (277, "20260101"), (285, "20260331"), (293, "D"),
    ):  # fmt: skip
        line[at - 1 : at - 1 + len(text)] = text
    assert parse_hcpcs(["".join(line)], "f") == [
        HcpcsRow(
            "A0021", "Long text", "Short text", date(1982, 1, 1), date(2026, 1, 1),
            date(2026, 3, 31), "D",
        )
    ]  # fmt: skip
    assert POSITIONS["MODIFIER"] == (4, 5)


def test_a_modifier_stands_in_the_last_two_places() -> None:
    (row,) = parse_hcpcs([hcpcs_record("A1", "7")], "f")
    assert row.code == "A1"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ([hcpcs_record("A0021"), hcpcs_record("A0021")], "line 2: A0021 stands in line 1"),
        ([hcpcs_record("A0021", "4")], "line 1: goes on with the description of A0021"),
        (
            [hcpcs_record("A0021"), hcpcs_record("A0080", "4", sequence=200)],
            "line 2: goes on with the description of A0080",
        ),
        (
            [hcpcs_record("A0021"), hcpcs_record("A0021", "4", sequence=100)],
            "line 2: goes on with the description of A0021",
        ),
        ([hcpcs_record("99213")], "line 1: '99213' is no HCPCS code"),
        ([hcpcs_record("A002")], "line 1: 'A002' is no HCPCS code"),
        ([hcpcs_record("99", "7")], "line 1: '99' is no HCPCS modifier"),
        ([hcpcs_record("A0021", "5")], "line 1: record type '5'"),
        ([hcpcs_record("A0021", ended="20261332")], "line 1: TERM DT '20261332' is no date"),
        ([hcpcs_record("A0021", long="")], "line 1: A0021 has no long description"),
        ([hcpcs_record("A0021") + " "], "line 1: 321 characters"),
        (["Some notice of a page"], "line 1: "),
        ([HCPCS_HEADINGS.replace("TERM DT", "WHEN")], "line 1: no column TERM DT"),
        ([HCPCS_HEADINGS, "A0021,100,3,Long,Short,11,,,"], "line 3: 9 columns, 10 are headed"),
    ],
)
def test_a_bad_record_is_refused_with_its_line(lines: list[str], reason: str) -> None:
    with pytest.raises(OfficialFileError) as refused:
        parse_hcpcs("\n".join(lines).split("\n"), "f")
    assert str(refused.value).startswith(f"f: {reason}")


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("HCPC2026_APR_ANWEB.txt", "2026-04"),
        ("HCPC2026_JAN_ANWEB_01122026.txt", "2026-01"),
        ("hcpc2026_oct_anweb.csv", "2026-10"),
        ("HCPC2026_MAY_ANWEB.txt", None),
        ("codes.txt", None),
    ],
)
def test_the_release_is_in_the_name(name: str, release: str | None) -> None:
    assert hcpcs_release_in_name(name) == release

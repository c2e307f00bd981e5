"""The fee schedule's layout: headings checked word by word, cells by their form."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.official.fees import (
    COLUMNS,
    FIELDS,
    fee_release_in_name,
    fee_release_in_title,
    parse_fees,
)
from data.terminology.official.text import OfficialFileError
from tests.data.terminology.official.delivered import (
    FEE_COLUMNS,
    fee_headings,
    fee_lines,
    fee_row,
)

HEADED = fee_headings().split("\n")[:-1]
FIRST = len(HEADED) + 1
NUMBER = st.decimals(0, 999, places=2).map(str)


def _parse(*rows: str) -> list[tuple[str, ...]]:
    return parse_fees([*HEADED, *(row.rstrip("\n") for row in rows)], "f")


def test_rows_of_a_test_come_with_and_without_modifier() -> None:
    rows = parse_fees(fee_lines(5).split("\n")[:-1], "f")
    assert [row[:2] for row in rows[-3:]] == [("G0001", ""), ("G0001", "26"), ("G0001", "TC")]


@given(work=NUMBER, total=NUMBER, days=st.sampled_from(["000", "010", "090", "XXX", "ZZZ"]))
def test_cells_keep_their_places(work: str, total: str, days: str) -> None:
    """Against the published positions (0: code, 5: work, 11: total, 14: global days)."""
    (row,) = _parse(fee_row("10000", c5=work, c11=total, c14=days, c19="2", c24="33.4009"))
    cells = dict(zip(FIELDS, row, strict=True))
    assert (cells["work"], cells["nonfacility_total"], cells["global_days"]) == (work, total, days)
    assert (cells["bilateral"], cells["conversion_factor"]) == ("2", "33.4009")
    assert (cells["nonfacility_na"], cells["facility_na"]) == ("", "NA")


def test_headings_in_one_line_are_known_too() -> None:
    rows = parse_fees([",".join(FEE_COLUMNS), fee_row("10000").rstrip("\n")], "f")
    assert rows[0][0] == "10000"


@given(one=st.integers(0, 27), other=st.integers(0, 27))
def test_columns_in_another_order_are_refused(one: int, other: int) -> None:
    columns = list(FEE_COLUMNS)
    columns[one], columns[other] = columns[other], columns[one]
    lines = [",".join(columns), fee_row("10000").rstrip("\n")]
    headings = [c.heading for c in COLUMNS.values()]
    if headings[one] == headings[other]:
        return
    with pytest.raises(OfficialFileError, match=r"is headed|begins with HCPCS"):
        parse_fees(lines, "f")


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (fee_row("10000").rstrip("\n") + ",", "32 columns, 31 are headed"),
        (fee_row("10000").rsplit(",", 4)[0], "27 columns, 31 are headed"),
        (fee_row("100"), "'100' is no CPT or HCPCS code"),
        (fee_row("10000", c3="1"), "STATUS CODE cannot be '1'"),
        (fee_row("10000", c5="1,30".replace(",", ";")), "WORK RVU cannot be '1;30'"),
        (fee_row("10000", c14="10"), "GLOB DAYS cannot be '10'"),
        (fee_row("10000", c19="x y"), "BILAT SURG cannot be 'x y'"),
        (fee_row("10000", c1="226"), "MOD cannot be '226'"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(row: str, reason: str) -> None:
    with pytest.raises(OfficialFileError) as refused:
        _parse(fee_row("10001"), row)
    assert str(refused.value).startswith(f"f: line {FIRST + 1}: {reason}")


def test_a_row_that_comes_twice_is_refused() -> None:
    assert len(_parse(fee_row("10000"), fee_row("10000", c1="26"))) == 2
    with pytest.raises(OfficialFileError, match=f"10000 26 stands in line {FIRST} already"):
        _parse(fee_row("10000", c1="26"), fee_row("10000", c1="26"))


@pytest.mark.parametrize("lines", [["a,b"] * 3, ["a,b"] * 40])
def test_a_file_without_its_headings_is_refused(lines: list[str]) -> None:
    with pytest.raises(OfficialFileError, match="is this PPRRVU"):
        parse_fees(lines, "f")


def test_a_layout_with_fewer_columns_is_refused() -> None:
    with pytest.raises(OfficialFileError, match="line 1: 30 columns are headed"):
        parse_fees([",".join(FEE_COLUMNS[:-1])], "f")


@pytest.mark.parametrize(
    ("name", "release"),
    [
        ("PPRRVU26_APR.csv", "2026-04"),
        ("PPRRVU2026_Jul_nonQPP.csv", "2026-07"),
        ("PPRRVU26_MAR.csv", None),
        ("PPRRVU26.csv", None),
        ("fees.csv", None),
    ],
)
def test_the_release_in_the_name(name: str, release: str | None) -> None:
    assert fee_release_in_name(name) == release


def test_the_release_in_the_title() -> None:
    assert fee_release_in_title(HEADED) == "2026-04"
    revised = "2025 National Physician Fee Schedule Relative Value File January Revised Release"
    assert fee_release_in_title([revised]) == "2025-01"
    assert fee_release_in_title(["Calendar year 2026"]) is None

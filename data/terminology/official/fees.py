"""CMS's physician fee schedule relative value file, ``PPRRVU*.csv``: its layout and reader.

Source: ``RVUPUF`` (National Physician Fee Schedule Relative Value File, record layout) of
CMS's quarterly zip. Above the rows stand a title, the AMA's notice and headings stacked over
four lines, the last of which begins with HCPCS. Diagnostic tests have three rows: without
modifier, 26 (professional component) and TC (technical component).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from data.terminology.official.periods import quarter
from data.terminology.official.text import AGAIN, csv_rows, procedure_system, refuse


class Column(NamedTuple):
    """One column: what its stacked heading says, and the form of its cells."""

    heading: str
    form: str


_NUMBER = r"-?\d*\.?\d+|"
_SIGN = r"[0-9A-Z]?"
COLUMNS = {
    "code": Column("HCPCS", r".+"),
    "modifier": Column("MOD", r"[0-9A-Z]{2}|"),
    "description": Column("DESCRIPTION", r".*"),
    "status": Column("STATUS CODE", r"[A-Z]"),
    "not_for_payment": Column("MEDICARE PAYMENT", r".{0,2}"),
    "work": Column("WORK RVU", _NUMBER),
    "nonfacility_expense": Column("PE RVU", _NUMBER),
    "nonfacility_na": Column("NA INDICATOR", r"NA|"),
    "facility_expense": Column("PE RVU", _NUMBER),
    "facility_na": Column("NA INDICATOR", r"NA|"),
    "malpractice": Column("MP RVU", _NUMBER),
    "nonfacility_total": Column("FACILITY TOTAL", _NUMBER),
    "facility_total": Column("FACILITY TOTAL", _NUMBER),
    "pc_tc": Column("PC TC IND", _SIGN),
    "global_days": Column("GLOB DAYS", r"\d{3}|[A-Z]{3}|"),
    "pre_operative": Column("PRE OP", _NUMBER),
    "intra_operative": Column("INTRA OP", _NUMBER),
    "post_operative": Column("POST OP", _NUMBER),
    "multiple_procedure": Column("MULT PROC", _SIGN),
    "bilateral": Column("BILAT SURG", _SIGN),
    "assistant": Column("ASST SURG", _SIGN),
    "co_surgeon": Column("CO SURG", _SIGN),
    "team": Column("TEAM SURG", _SIGN),
    "endoscopic_base": Column("ENDO BASE", r"[0-9A-Z]{5}|"),
    "conversion_factor": Column("CONV FACTOR", _NUMBER),
    "supervision": Column("SUPERVISION", r"[0-9A-Z]{0,2}"),
    "calculation_flag": Column("FLAG", _SIGN),
    "imaging_family": Column("FAMILY", r"[0-9A-Z]{0,2}"),
    "nonfacility_expense_opps": Column("OPPS", _NUMBER),
    "facility_expense_opps": Column("OPPS", _NUMBER),
    "malpractice_opps": Column("OPPS", _NUMBER),
}
"""Field → column, in the file's order. Of a heading every word is looked for in the stack."""
FIELDS = tuple(COLUMNS)
_FORMS = tuple(re.compile(column.form, re.ASCII) for column in COLUMNS.values())
_DESCRIPTION = FIELDS.index("description")
_HEADED_WITHIN = 25
"""Lines in which the headings must have come."""
_TITLE_YEAR = re.compile(r"\b(20\d{2})\s+National Physician Fee Schedule", re.IGNORECASE)
_TITLE_MONTH = re.compile(
    r"\b(January|April|July|October)\b(?:\s+\w+)?\s+(?:Release|Update)", re.IGNORECASE
)
_FILE_NAME = re.compile(r"^PPRRVU(20\d{2}|\d{2})(?:_([A-Z]{3})\w*)?", re.IGNORECASE)


def parse_fees(lines: Sequence[str], name: str) -> list[tuple[str, ...]]:
    """The cells of every row, in the order of :data:`FIELDS`.

    Raises:
        OfficialFileError: the headings are others, a row has too many or too few cells, a cell
            has not its column's form, or code and modifier come twice.
    """
    rows = csv_rows(lines, name)
    width = _find_headings(rows, name)
    seen: dict[tuple[str, str], int] = {}
    found = []
    for line, cells in rows:
        if len(cells) != width:
            raise refuse(name, line, f"{len(cells)} columns, {width} are headed; {AGAIN}")
        procedure_system(cells[0], name, line)
        for field, form, cell in zip(FIELDS, _FORMS, cells, strict=False):
            if not form.fullmatch(cell):
                raise refuse(
                    name, line, f"{COLUMNS[field].heading} cannot be {cell!r}; spreadsheets "
                    "change cells, so load the file as delivered",
                )  # fmt: skip
        key = (cells[0], cells[1])
        if key in seen:
            raise refuse(
                name, line, f"{' '.join(key).strip()} stands in line {seen[key]} already; {AGAIN}"
            )
        seen[key] = line
        cells[_DESCRIPTION] = " ".join(cells[_DESCRIPTION].split())
        found.append(tuple(cells[: len(FIELDS)]))
    return found


def _find_headings(rows: Iterator[tuple[int, list[str]]], name: str) -> int:
    """Read on to the line that begins with HCPCS; returns how many columns it has."""
    above: list[list[str]] = []
    for line, cells in rows:
        above.append(cells)
        if cells[0].upper() == "HCPCS":
            break
        if line > _HEADED_WITHIN:
            raise refuse(name, line, "no heading line that begins with HCPCS; is this PPRRVU?")
    else:
        raise refuse(name, None, "no heading line that begins with HCPCS; is this PPRRVU?")
    if len(cells) < len(FIELDS):
        raise refuse(
            name, line, f"{len(cells)} columns are headed, the layout has {len(FIELDS)}; {AGAIN}"
        )
    for place, (field, column) in enumerate(COLUMNS.items()):
        stack = " ".join(row[place] for row in above if place < len(row)).upper()
        words = re.sub(r"[^A-Z]+", " ", stack)
        if not all(word in words for word in column.heading.split()):
            raise refuse(
                name, line, f"column {place + 1} is headed {words.strip()!r}, not "
                f"{column.heading} ({field.replace('_', ' ')}): a layout that is not known",
            )  # fmt: skip
    return len(cells)


def fee_release_in_name(name: str) -> str | None:
    """``PPRRVU26_APR.csv``, ``PPRRVU2026_Apr_nonQPP.csv`` → ``2026-04``; None without both."""
    match = _FILE_NAME.match(name)
    if not match or not match[2]:
        return None
    try:
        return quarter(match[1], match[2])
    except KeyError:
        return None


def fee_release_in_title(lines: Sequence[str]) -> str | None:
    """The release that the title above the headings names; None where it names none."""
    title = " ".join(lines[:_HEADED_WITHIN])
    year, month = _TITLE_YEAR.search(title), _TITLE_MONTH.search(title)
    return quarter(year[1], month[1]) if year and month else None


def fee_years(lines: Sequence[str], name: str) -> dict[str, str]:
    """Who names which year, also where no month is named."""
    year, match = _TITLE_YEAR.search(" ".join(lines[:_HEADED_WITHIN])), _FILE_NAME.match(name)
    told = {"the heading": year[1]} if year else {}
    if match:
        told["the file's name"] = match[1] if len(match[1]) == 4 else f"20{match[1]}"
    return told

"""CMS's HCPCS Level II alpha-numeric file: 320 characters a record, or the sheet as CSV.

Source: ``HCPC2024_recordlayout.txt`` of CMS's quarterly zip (the layout has not changed since
2003). Positions count from 1, both ends included. A description longer than 80 characters goes
on in continuation records, which hold nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from data.schemas import System
from data.terminology.official.periods import quarter
from data.terminology.official.text import AGAIN, check_code, csv_rows, day_of, refuse

WIDTH = 320
POSITIONS = {
    "HCPC": (1, 5),
    "MODIFIER": (4, 5),
    "SEQNUM": (6, 10),
    "RECID": (11, 11),
    "LONG DESCRIPTION": (12, 91),
    "SHORT DESCRIPTION": (92, 119),
    "ADD DT": (269, 276),
    "ACT EFF DT": (277, 284),
    "TERM DT": (285, 292),
    "ACTION CD": (293, 293),
}
"""Field → first and last position; 120–268 is pricing and coverage, 294–320 filler."""
COLUMNS = {
    "HCPC": ("HCPC", "HCPCS"),
    "SEQNUM": ("SEQNUM",),
    "RECID": ("RECID",),
    "LONG DESCRIPTION": ("LONG DESCRIPTION",),
    "SHORT DESCRIPTION": ("SHORT DESCRIPTION",),
    "ADD DT": ("ADD DT", "ADD DATE"),
    "ACT EFF DT": ("ACT EFF DT", "ACT EFF DATE"),
    "TERM DT": ("TERM DT", "TERM DATE"),
    "ACTION CD": ("ACTION CD", "ACTION CODE"),
}
"""Field → headings it has in the sheet."""
FIRST = {"3": "code", "7": "modifier"}
NEXT = {"4": "3", "8": "7"}
"""Record types that begin an entry, and those that go on with one of which type."""
_LAST_DETAIL = POSITIONS["ACTION CD"][1]
_MODIFIER = re.compile(r"^[A-Z][0-9A-Z]\Z")
_FILE_NAME = re.compile(r"^HCPC(20\d{2})_([A-Z]{3})", re.IGNORECASE)
_SEQUENCE = re.compile(r"^\d{1,5}\Z", re.ASCII)


class HcpcsRow(NamedTuple):
    """One code or modifier (two characters) with its dates; ``ended`` is its last day."""

    code: str
    long: str
    short: str
    added: date | None
    changed: date | None
    ended: date | None
    action: str


@dataclass(slots=True)
class _Open:
    """An entry whose description may go on in the next record."""

    line: int
    record: str
    sequence: int
    fields: dict[str, str]
    parts: list[str]


def parse_hcpcs(lines: Sequence[str], name: str) -> list[HcpcsRow]:
    """Every code and modifier, descriptions joined.

    Raises:
        OfficialFileError: a record does not hold, goes on with no other, or comes twice.
    """
    entries = _joined(_records(lines, name), name)
    seen: dict[str, int] = {}
    rows = []
    for entry in entries:
        code = entry.fields["HCPC"]
        if code in seen:
            raise refuse(name, entry.line, f"{code} stands in line {seen[code]} already; {AGAIN}")
        seen[code] = entry.line
        rows.append(_row(entry, name))
    return rows


def _row(entry: _Open, name: str) -> HcpcsRow:
    fields = entry.fields
    added, changed, ended = (
        day_of(fields[column], name, entry.line, column)
        for column in ("ADD DT", "ACT EFF DT", "TERM DT")
    )
    text = " ".join(" ".join(entry.parts).split())
    if not text:
        raise refuse(name, entry.line, f"{fields['HCPC']} has no long description; {AGAIN}")
    short = " ".join(fields["SHORT DESCRIPTION"].split())
    action = fields["ACTION CD"]
    return HcpcsRow(fields["HCPC"], text, short, added, changed, ended, action)


def _joined(records: Iterator[tuple[int, dict[str, str]]], name: str) -> Iterator[_Open]:
    begun: _Open | None = None
    for line, fields in records:
        record, code = fields["RECID"], fields["HCPC"]
        if not _SEQUENCE.match(fields["SEQNUM"]):
            raise refuse(name, line, f"sequence {fields['SEQNUM']!r} is no number; {AGAIN}")
        sequence = int(fields["SEQNUM"])
        if record in NEXT:
            if (
                begun is None
                or (begun.record, begun.fields["HCPC"]) != (NEXT[record], code)
                or sequence <= begun.sequence
            ):
                raise refuse(
                    name, line, f"goes on with the description of {code}, whose part before is "
                    f"not in the line above; {AGAIN}",
                )  # fmt: skip
            begun.parts.append(fields["LONG DESCRIPTION"])
            begun.sequence = sequence
            continue
        if begun:
            yield begun
        begun = _Open(line, record, sequence, fields, [fields["LONG DESCRIPTION"]])
    if begun:
        yield begun


def _records(lines: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    """(line, fields) of either form, record type and code checked."""
    sheet = any(line.upper().lstrip('"').startswith(("HCPC,", 'HCPC"')) for line in lines[:20])
    for line, fields in _sheet(lines, name) if sheet else _fixed(lines, name):
        record = fields["RECID"]
        if record not in FIRST and record not in NEXT:
            raise refuse(name, line, f"record type {record!r}: it is one of 3, 4, 7, 8; {AGAIN}")
        if FIRST[NEXT.get(record, record)] == "modifier":
            if not _MODIFIER.match(fields["HCPC"]):
                raise refuse(name, line, f"{fields['HCPC']!r} is no HCPCS modifier; {AGAIN}")
        else:
            check_code(System.HCPCS, fields["HCPC"], name, line)
        yield line, fields


def _fixed(lines: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        fields = {f: line[first - 1 : last].strip() for f, (first, last) in POSITIONS.items()}
        # Blanks at the end may have been cut off on the way, a record's details not.
        if len(line) > WIDTH or (fields["RECID"] in FIRST and len(line) < _LAST_DETAIL):
            raise refuse(name, number, f"{len(line)} characters, a record has {WIDTH}; {AGAIN}")
        yield number, fields


def _sheet(lines: Sequence[str], name: str) -> Iterator[tuple[int, dict[str, str]]]:
    places: dict[str, int] = {}
    width = 0
    for number, cells in csv_rows(lines, name):
        if not places:
            upper = [cell.upper() for cell in cells]
            if upper[0] not in COLUMNS["HCPC"]:
                continue  # a title above the headings
            width = len(cells)
            for field, headings in COLUMNS.items():
                place = next((upper.index(h) for h in headings if h in upper), None)
                if place is None:
                    raise refuse(name, number, f"no column {headings[0]}; {AGAIN}")
                places[field] = place
            continue
        if len(cells) != width:
            raise refuse(name, number, f"{len(cells)} columns, {width} are headed; {AGAIN}")
        yield number, {field: cells[place] for field, place in places.items()}


def hcpcs_release_in_name(name: str) -> str | None:
    """``HCPC2026_APR_ANWEB.txt`` → ``2026-04``; None without year or quarter."""
    match = _FILE_NAME.match(name)
    try:
        return quarter(match[1], match[2]) if match else None
    except KeyError:
        return None

"""The AMA's CPT delivery files: five layouts, told by the delivered file's name.

Source of the layouts: the read-me of the AMA's CPT data file delivery, as its own reader
(``hsg-datalabs``, AMA) takes them. A notice of some lines stands before the first code.
Nothing of the AMA's wording is in this repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from data.schemas import System
from data.terminology.official.text import AGAIN, check_code, csv_rows, refuse

_RECORD = re.compile(r"^([0-9]{4}[0-9A-Z])[ \t]")
"""A line that begins a code's text; a notice's line does not look like it."""
_COPYRIGHT = re.compile(
    r"copyright(?:\s*(?:©|\(c\)))?\s*(?:\d{4}\s*[-–]\s*)?(\d{4})\b", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class CptLayout:
    """How one of the files is laid out.

    Attributes:
        kind: our name of it, part of the kept file's name.
        stem: the delivered file's name, upper case, without its ending.
        width: most characters a text may have (fixed width, text from the 7th); 0: no bound.
        columns: headings of a tabbed file; empty where lines begin with the code.
        code, text: which columns of a tabbed file hold the code and its text.
        several: whether a code may have more than one text.
        wrapped: whether a text may go on in an indented line.
    """

    kind: str
    stem: str
    width: int = 0
    columns: tuple[str, ...] = ()
    code: int = 0
    text: int = 1
    several: bool = False
    wrapped: bool = False


LAYOUTS = (
    CptLayout("short", "SHORTU", width=28),
    CptLayout("medium", "MEDU", width=48),
    CptLayout("long", "LONGULT", wrapped=True),
    CptLayout(
        "consumer", "CONSUMERDESCRIPTOR",
        columns=("Concept Id", "CPT Code", "Consumer Friendly Descriptor"), code=1, text=2,
    ),
    CptLayout(
        "clinician", "CLINICIANDESCRIPTOR",
        columns=("Concept Id", "CPT Code", "Clinician Descriptor Id", "Clinician Descriptor"),
        code=1, text=3, several=True,
    ),
)  # fmt: skip


def layout_of(name: str) -> CptLayout:
    """The layout of a delivered file, by its name.

    Raises:
        OfficialFileError: the name is none of the five.
    """
    upper = name.upper()
    for layout in LAYOUTS:
        if upper.startswith(layout.stem):
            return layout
    raise refuse(
        name, None, "not known by its name; give it the name it was delivered under: "
        + ", ".join(layout.stem for layout in LAYOUTS) + " (.txt)",
    )  # fmt: skip


def copyright_year(lines: Sequence[str]) -> int | None:
    """The year in the notice before the first code; CPT of a year carries the one before."""
    for line in lines:
        if _RECORD.match(line):
            return None
        if match := _COPYRIGHT.search(line):
            return int(match[1])
    return None


def parse_cpt(lines: Sequence[str], name: str, layout: CptLayout) -> list[tuple[str, str]]:
    """(code, text) of every record.

    Raises:
        OfficialFileError: a line is no record of the layout, or a code comes twice.
    """
    records = _tabbed(lines, name, layout) if layout.columns else _plain(lines, name, layout)
    first: dict[tuple[str, ...], int] = {}
    found = []
    for line, code, text in records:
        check_code(System.CPT, code, name, line)
        if not text:
            raise refuse(name, line, f"{code} has no text; {AGAIN}")
        if layout.width and len(text) > layout.width:
            raise refuse(
                name, line, f"{len(text)} characters of text, {layout.stem} has {layout.width} "
                "at most; is this another of the AMA's files?",
            )  # fmt: skip
        key = (code, text) if layout.several else (code,)
        if key in first:
            raise refuse(name, line, f"{code} stands in line {first[key]} already; {AGAIN}")
        first[key] = line
        found.append((code, text))
    return found


def _plain(lines: Sequence[str], name: str, layout: CptLayout) -> Iterator[tuple[int, str, str]]:
    """Records that begin with their code; what stands before the first one is the notice."""
    begun: tuple[int, str, str] | None = None
    for number, line in enumerate(lines, 1):
        record = _RECORD.match(line)
        if record:
            if begun:
                yield begun
            begun = number, record[1], " ".join(line[6:].split())
        elif begun and line.strip():
            if not (layout.wrapped and line[0] in " \t"):
                raise refuse(
                    name, number, f"{line[:20]!r} does not begin with a CPT code and a blank; "
                    f"{AGAIN}",
                )  # fmt: skip
            begun = begun[0], begun[1], f"{begun[2]} {' '.join(line.split())}".strip()
    if begun is None:
        raise refuse(name, len(lines), f"no line begins with a CPT code; is this {layout.stem}?")
    yield begun


def _tabbed(lines: Sequence[str], name: str, layout: CptLayout) -> Iterator[tuple[int, str, str]]:
    headed = False
    for number, cells in csv_rows(lines, name, "\t"):
        if not headed:
            headed = tuple(c.lower() for c in cells) == tuple(c.lower() for c in layout.columns)
            continue
        if len(cells) != len(layout.columns):
            raise refuse(
                name, number, f"{len(cells)} columns, {len(layout.columns)} are headed; {AGAIN}"
            )
        yield number, cells[layout.code], " ".join(cells[layout.text].split())
    if not headed:
        raise refuse(
            name, 1, f"no heading line of {', '.join(layout.columns)}, parted by tabs; {AGAIN}"
        )

"""Headers of a note's sections: their wordings as data, and how a line is recognised as one.

The tables are in ``resources/``: ``sections.csv`` (header → kind, and what a section says
of its mentions by itself), ``header_modifiers.csv`` ("D/C", "at discharge") and
``section_openings.csv`` (sentences that open a part of a letter).
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from data.schemas import Assertion

RESOURCES = Path(__file__).parent / "resources"

_ASSESSING = frozenset({"assessment", "impression", "assessment_plan"})
_PLANNING = frozenset({"plan", "instructions", "assessment_plan"})
HEADER = re.compile(
    r"^\s*(?:[-*#=]+\s*)?(?P<name>[A-Za-z][A-Za-z0-9 &/+,'().-]{0,48}?)"
    r"\s*(?P<mark>[:\u2013\u2014>]|-(?=\s|$)|/(?=\s|$)(?!\s*[Pp](?:lan)?\b))"
)
_TRAILING_DATE = re.compile(r"\s+\d{1,2}/\d{1,2}(/\d{2,4})?\s*$|\s+\d{1,2}/\d{4}\s*$")
_CAPITALS = re.compile(r"^\s*([A-Z][A-Z/&]{1,}(?: [A-Z/&]{2,}){0,3})(?=\s+\S)")
# Histories that stand without a colon, at the start of a line or behind a full stop.
BARE = re.compile(
    r"(?:^\s*|(?<=[.;]\s)\s?)(?P<name>PMHx?|PSHx?|FHx?|FamHx|Fam hx|SHx|SocHx|Soc hx|ROS"
    r"|Fam|Soc|Meds)\s+(?=[A-Za-z])(?!reviewed|history)"
)
# A header that ends like a sentence: "Exam. BP 130/80", "Interval history. She ...".
_STOPPED = re.compile(r"^\s*(?P<name>[A-Z][A-Za-z/&]*(?: [A-Za-z/&]+){0,3})\.\s+(?=[A-Z0-9])")
# The parts of a SOAP note by their letters: alone on a line, or set off by spaces or a number.
_LETTER = re.compile(r"^\s?(?P<name>[SOAP])(?:\s*$|\s{2,}(?=\S)|\s(?=\d[.)]?\s+[A-Z]))")
_JOIN = re.compile(r"\s*(?:[/&+,]|\band\b)\s*")
_VALUES = re.compile(r"\d|, ")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a header's wording opens."""

    name: str
    prior: Assertion | None
    body_part: bool


# Words of these kinds end ordinary sentences too ("Skin.", "Allergies.", "Discharged.").
_NO_SENTENCE = frozenset({"operative_meta", "other", "instructions", "plan", "allergies"})
OTHER = Kind("other", None, False)


def rows_of(table: str) -> Iterator[dict[str, str]]:
    with (RESOURCES / f"{table}.csv").open(encoding="utf-8", newline="") as handle:
        yield from csv.DictReader(handle)


def _tight(wording: str) -> str:
    return re.sub(r"\s*([/&+])\s*", r"\1", re.sub(r"\s+", " ", wording)).strip(" -.,")


@cache
def _headers() -> dict[str, Kind]:
    table: dict[str, Kind] = {}
    for row in rows_of("sections"):
        part = row["kind"] == "exam_part"
        prior = Assertion(row["prior"]) if row["prior"] else None
        kind = Kind("exam" if part else row["kind"], prior, part)
        for header in row["header"].split("|"):
            if row["kind"] != "imaging_first":
                table.setdefault(_tight(header), kind)
    return table


@cache
def _modalities() -> frozenset[str]:
    """Studies that open a part of the note whatever follows them: "CT abdomen 5/2"."""
    return frozenset(
        word
        for row in rows_of("sections")
        if row["kind"] == "imaging_first"
        for word in row["header"].split("|")
    )


@cache
def section_kinds() -> dict[str, str]:
    """Header wording (lower case) → kind, from ``resources/sections.csv``."""
    return {header: kind.name for header, kind in _headers().items()}


@cache
def _modifiers() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Words before and behind a header that do not change what it opens."""
    words: dict[str, list[str]] = {"before": [], "after": [], "stale": [], "sentence": []}
    for row in rows_of("header_modifiers"):
        words[row["place"]] += map(re.escape, row["words"].split("|"))
    return (
        re.compile(rf"^(?:{'|'.join(words['before'])})\s+"),
        re.compile(rf"[\s,]+(?:{'|'.join(words['after'])})$"),
    )


@cache
def _sentence_words() -> frozenset[str]:
    """Words behind an abbreviation with which a sentence goes on: "CTA shows ..."."""
    rows = (row["words"] for row in rows_of("header_modifiers") if row["place"] == "sentence")
    return frozenset(word for words in rows for word in words.split("|"))


@cache
def _openings() -> tuple[re.Pattern[str], dict[str, str]]:
    kinds = {row["opening"]: row["kind"] for row in rows_of("section_openings")}
    longest = sorted(kinds, key=len, reverse=True)
    return re.compile(rf"\s*({'|'.join(map(re.escape, longest))})\b", re.IGNORECASE), kinds


def _known(wording: str) -> Kind | None:
    table = _headers()
    tight = _tight(wording)
    return table.get(tight) or table.get(tight.removesuffix("s"))


def kind_of(name: str) -> Kind | None:
    """What a header's wording opens: the table's word, else without brackets, dates, modifiers."""
    whole = re.sub(r"\(.*?\)?$", "", name.lower())
    before, after = _modifiers()
    bare = _TRAILING_DATE.sub("", whole).strip()
    short = before.sub("", after.sub("", bare))
    for wording in dict.fromkeys((whole, bare, after.sub("", bare), before.sub("", bare), short)):
        kind = _known(wording)
        if kind:
            return kind
    return _compound(bare)


def _study(name: str) -> Kind | None:
    """A study named in its own words before a colon: "CT abdomen 5/2"."""
    first, *rest = name.lower().split()
    return _headers()["imaging"] if first in _modalities() and len(rest) < 5 else None


def _compound(name: str) -> Kind | None:
    """A header of several known ones: "Assessment, plan & counseling"."""
    parts = [part for part in _JOIN.split(name) if part]
    if not 1 < len(parts) <= 4 or len(name) > 48:
        return None
    kinds = [_known(part) for part in parts]
    known = [kind for kind in kinds if kind]
    if len(known) < len(parts):
        return None
    names = {kind.name for kind in known}
    if names & _ASSESSING and names & _PLANNING:
        return _headers()["a/p"]
    return known[0]


def header_at(line: str) -> tuple[Kind, str, int] | None:
    """(kind, header, characters consumed) if the line opens a section."""
    match = HEADER.match(line)
    if match:
        name, mark = match["name"].strip(), match["mark"]
        kind = kind_of(name) or (_study(name) if mark == ":" else None)
        if kind and (mark in ":>" or (len(name) > 2) is (mark != "/")):
            return kind, name, match.end()
        title = kind is None and mark == ":" and name.isupper() and 3 < len(name) < 40
        if title and not _VALUES.search(name):
            return OTHER, name, match.end()
    whole = _whole_line(line)
    if whole:
        return whole
    capitals = _CAPITALS.match(line)
    if capitals:
        kind = kind_of(capitals[1])
        # "FH 32 cm" is a fundal height.
        measured = line[capitals.end() :].lstrip()[:1].isdigit()
        following = line[capitals.end() :].split(maxsplit=1)[:1]
        refused = {"operative_meta", "other"} | ({"family"} if measured else set())
        goes_on = bool(following) and following[0] in _sentence_words()
        if kind and kind.name not in refused and not goes_on:
            return kind, capitals[1], capitals.end()
    for pattern in (BARE, _LETTER, _STOPPED):
        found = pattern.match(line)
        kind = kind_of(found["name"]) if found else None
        if found and kind and not (pattern is _STOPPED and kind.name in _NO_SENTENCE):
            return kind, found["name"], found.end()
    return _title_or_opening(line)


def _whole_line(line: str) -> tuple[Kind, str, int] | None:
    """A known header that has its line to itself."""
    bare = line.strip().strip("=-*#_ ").rstrip(":").strip()
    if not 1 < len(bare) < 60 or bare.endswith("."):
        return None
    if not (bare.isupper() or bare.istitle() or len(bare.split()) > 1):
        return None
    kind = kind_of(bare)
    return (kind, bare, len(line.rstrip("\n"))) if kind else None


def _title_or_opening(line: str) -> tuple[Kind, str, int] | None:
    """A title in capitals, or a sentence that opens a part of a letter; both keep their words."""
    bare = line.strip().strip("=-*#_ ").rstrip(":").strip()
    plain = not any(c.isdigit() or c == ":" for c in bare)
    if plain and len(bare) < 60 and bare.isupper() and 2 <= len(bare.split()) <= 6:
        return OTHER, bare, 0
    pattern, kinds = _openings()
    opening = pattern.match(line)
    if opening:
        return Kind(kinds[opening[1].lower()], None, False), "", 0
    return None

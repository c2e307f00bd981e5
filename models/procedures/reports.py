"""The studies that an imaging report's title names, also where its words leave out how.

"SHOULDER RIGHT" over "Grashey, scapular Y, axillary" is an x-ray: what kind of study it is
stands in the type of the note or in the technique, as ``modalities.csv`` tells.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.sites import Site, sites
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Mention

_TITLED = re.compile(
    r"^[ \t]*(?:exam(?:ination)?s?(?: type| performed)?|procedures?(?: performed)?|"
    r"stud(?:y|ies)|title|order(?:ed)?)[ \t]*[:\-][ \t]*\n?([^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_HISTORY = re.compile(
    r"\b(?:hx|history|indications?|clinical|reason|comparison|comp|prior|dx|cc)\b\s*[:\-]|"
    r"\b(?:compared (?:to|with)|pre-?(?:op|mri))\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[.?!](?:\s|$)")
_HEAD = re.compile(r"\W*(?:(?:left|right|bilateral|lt|rt|l|r)\W+)?", re.IGNORECASE)
_LONGEST_TITLE = 110
_LINES = 3


@cache
def _modalities() -> tuple[tuple[str, str, re.Pattern[str], re.Pattern[str]], ...]:
    """(prefix of the concepts, column of the sites, type of note, words of the technique)."""
    return tuple(
        (
            row["prefix"],
            row["column"],
            re.compile(row["note_type"], re.IGNORECASE),
            compile_phrases(split(row["technique"])),
        )
        for row in rows("modalities")
    )


def titles(text: str) -> Iterator[tuple[int, int]]:
    """Spans of the lines that name a report's own studies.

    Lines after EXAM or PROCEDURE where there are any; else the first line that is no label of
    something else, up to its first full stop.
    """
    named = [m.span(1) for m in _TITLED.finditer(text, 0, 1500) if m.group(1).strip()]
    if named:
        yield from named
        return
    start = 0
    for _ in range(_LINES):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end]
        if line.strip() and not _HISTORY.search(line[:40]):
            stop = _SENTENCE.search(line)
            yield start, start + min(stop.start() if stop else len(line), _LONGEST_TITLE)
            return
        start = end + 1


def modality(document: Document) -> tuple[str, str] | None:
    """(prefix, column) of what kind of study a report is of; None where nothing tells.

    The type of the note tells first; else the kind whose technique has the most words in it.
    """
    kind = document.note.note_type or ""
    for prefix, column, note_type, _ in _modalities():
        if note_type.search(kind):
            return prefix, column
    found = [
        (sum(1 for _ in technique.finditer(document.text)), prefix, column)
        for prefix, column, _, technique in _modalities()
    ]
    count, prefix, column = max(found)
    return (prefix, column) if count else None


def _sites_in(text: str, start: int, end: int, column: str) -> list[tuple[Site, int, int]]:
    """Sites that a title names, the longest wording of each place."""
    found = [
        (site, m.start(), m.end())
        for site in sites()
        if column in site.columns
        for m in site.pattern.finditer(text, start, end)
    ]
    found.sort(key=lambda item: (item[1] - item[2], item[1]))
    kept: list[tuple[Site, int, int]] = []
    for item in found:
        if all(item[2] <= first or last <= item[1] for _, first, last in kept):
            kept.append(item)
    return sorted(kept, key=lambda item: item[1])


def titled_studies(
    document: Document, codes: ProcedureCodes, known: Sequence[Mention]
) -> list[Mention]:
    """Studies of an imaging report whose titles name a site and no mention covers it."""
    told = modality(document)
    if told is None:
        return []
    prefix, column = told
    text, out = document.text, []
    for start, end in titles(text):
        covered = [
            (min(m.start, m.site_start) if m.site_start >= 0 else m.start, max(m.end, m.site_end))
            for m in known
            if m.concept.family.startswith(("imaging_", "cardiac_test"))
        ]
        if any(first < end and last > start for first, last in covered):
            continue
        for site, first, last in _sites_in(text, start, end, column):
            for name in split(site.columns[column]):
                concept = codes.concepts.get(f"{prefix}:{name}")
                if concept is not None:
                    spans = [(first, last), *_headed(text, end, site)]
                    out += [Mention(concept, at, to, site.name, at, to) for at, to in spans]
    return out


def _headed(text: str, start: int, site: Site) -> list[tuple[int, int]]:
    """Where later lines open with a titled part of the body: "LEFT SHOULDER: Grashey, ..."."""
    return [
        match.span()
        for match in site.pattern.finditer(text, start)
        if _HEAD.fullmatch(text, text.rfind("\n", 0, match.start()) + 1, match.start())
        and text[match.end() : match.end() + 1] == ":"
    ]

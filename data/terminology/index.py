"""Official indexes as extra vocabulary: Alphabetic Index, Neoplasms, External Causes.

They are read from the files that CDC/NCHS publish when the user has them; their
absence costs recall, never a failure. Two layouts are known: the official XML
(``letter > mainTerm > term``, ``title`` with ``nemod``, ``code``) and CSV with
the columns ``RowID, Letter, Level, Term, ..., Code`` where a term's wording is
the chain of its parents by Level.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from data.files import replace_file
from data.terminology.icd10cm import CODE_PATTERN, ReleaseError


def _clean(code: str) -> str:
    return code.strip().rstrip("-").rstrip(".")


def read_index_xml(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (wording, node code) of one official index XML file.

    Raises:
        ReleaseError: not well-formed; the message gives line and column.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ReleaseError(f"{path.name}: line {error.position[0]}: not well-formed XML") from error

    def walk(term: ElementTree.Element, above: str) -> Iterator[tuple[str, str]]:
        title = term.find("title")
        own = (title.text or "").strip() if title is not None else ""
        wording = f"{above} {own}".strip()
        code = _clean(term.findtext("code") or "")
        if CODE_PATTERN.match(code):
            yield wording, code
        for below in term.findall("term"):
            yield from walk(below, wording)

    for main in root.iter("mainTerm"):
        yield from walk(main, "")


def read_index_csv(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (wording, node code) of an index CSV with a ``Level`` column."""
    chain: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            level = int(row["Level"])
            if level < 0:
                raise ValueError(f"Level {level}")
            chain[level:] = [row["Term"].strip()]
            code = _clean(row.get("Code") or "")
            if CODE_PATTERN.match(code):
                yield " ".join(chain), code


def read_index(path: Path) -> Iterator[tuple[str, str]]:
    """Dispatch on the file's ending."""
    return read_index_xml(path) if path.suffix.lower() == ".xml" else read_index_csv(path)


def keep_index(source: Path, folder: Path) -> int:
    """Check an index file and keep it under ``folder``; returns how many wordings it holds.

    Raises:
        ReleaseError: the file cannot be read or holds no wordings; what was kept stays.
    """
    try:
        count = sum(1 for _ in read_index(source))
    except (KeyError, ValueError, TypeError, AttributeError, csv.Error) as error:
        # Type and attribute: a row too short to have the column.
        if isinstance(error, ReleaseError):
            raise
        raise ReleaseError(
            f"{source.name}: not an index file of a known layout ({error})"
        ) from error
    if count == 0:
        raise ReleaseError(
            f"{source.name}: no wordings with codes; is this an ICD-10-CM index file?"
        )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(source, folder / f"index-{source.name}")
    return count

"""Official indexes as extra vocabulary: Alphabetic Index, Neoplasms, Drugs, External Causes.

They are read from the files that CDC/NCHS publish when the user has them; their
absence costs recall, never a failure. Two layouts are known, each with one code
a term or, for the Table of Neoplasms and the Table of Drugs, a row of them:

* the official XML: ``letter > mainTerm > term``, nested; ``title`` with ``nemod``
  (words that do not change the code), then ``code``, ``see`` or ``cell`` elements
  whose ``col`` the file's ``indexHeading`` names;
* CSV with ``RowID, Letter, Level, Term, See, ..., Code`` or one column a cell.

A term's wording is the chain of its parents. ``--`` in a cell means no code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from data.files import replace_file
from data.terminology.icd10cm import CODE_PATTERN, ReleaseError

# Column of a table → the wording of one cell, from the term's own. A drug alone names no
# condition: only its poisoning, adverse effect or underdosing does. Poisoning of an intent
# that is not told is coded as accidental (guideline I.C.19.e.5.b).
_CELLS = {
    "Malignant Primary": "malignant neoplasm {}",
    "Malignant Secondary": "secondary malignant neoplasm {}",
    "Ca in situ": "carcinoma in situ {}",
    "Benign": "benign neoplasm {}",
    "Uncertain Behavior": "neoplasm of uncertain behavior {}",
    "Unspecified Behavior": "neoplasm of unspecified behavior {}",
    "Poisoning Accidental (unintentional)": "poisoning by {}",
    "Poisoning Intentional self-harm": "intentional self-harm poisoning by {}",
    "Poisoning Assault": "assault by poisoning with {}",
    "Poisoning Undetermined": "poisoning undetermined intent by {}",
    "Adverse effect": "adverse effect of {}",
    "Underdosing": "underdosing of {}",
}
_CSV_CELLS = {
    "MalignantPrimary": "Malignant Primary",
    "MalignantSecondary": "Malignant Secondary",
    "CaInSitu": "Ca in situ",
    "Benign": "Benign",
    "UncertainBehavior": "Uncertain Behavior",
    "UnspecifiedBehavior": "Unspecified Behavior",
    "PoisoningAccidental": "Poisoning Accidental (unintentional)",
    "PoisoningIntentionalSelfHarm": "Poisoning Intentional self-harm",
    "PoisoningAssault": "Poisoning Assault",
    "PoisoningUndetermined": "Poisoning Undetermined",
    "AdverseEffect": "Adverse effect",
    "Underdosing": "Underdosing",
}
# The heading of the whole neoplasm table: every wording of a cell says it already.
_TABLE_TITLE = "neoplasm, neoplastic"
_SAME_WORD = 4  # letters: "abdomen, abdominal" is one word in two forms


@dataclass
class _Entry:
    """One term: its chain of titles, its code or cells, and where it points."""

    chain: tuple[str, ...]
    code: str = ""
    see: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)


def _clean(code: str) -> str:
    return code.strip().rstrip("-").rstrip(".")


def _title(text: str) -> str:
    """A title in one form: what follows a comma and is the same word again is left out."""
    kept: list[str] = []
    for part in text.split(","):
        words = part.split()
        if kept and words and len(words) == 1:
            last = kept[-1].split()[-1]
            if words[0][:_SAME_WORD].lower() == last[:_SAME_WORD].lower():
                continue
        if words:
            kept.append(" ".join(words))
    return ", ".join(kept)


def _wordings(entries: Iterator[_Entry]) -> Iterator[tuple[str, str]]:
    """(wording, node code) of entries; what only points elsewhere follows, where found."""
    found: dict[str, str] = {}
    pointing: list[tuple[str, str]] = []
    for entry in entries:
        chain = [_title(t) for t in entry.chain if t.lower() != _TABLE_TITLE or not entry.cells]
        wording = " ".join(part for part in chain if part)
        code = _clean(entry.code)
        if CODE_PATTERN.match(code):
            found.setdefault(wording.lower(), code)
            yield wording, code
        elif entry.see:
            pointing.append((wording, entry.see))
        for heading, cell in entry.cells.items():
            code, form = _clean(cell), _CELLS.get(heading)
            if form and CODE_PATTERN.match(code):
                yield form.format(wording).strip().removesuffix(" of"), code
    for wording, target in pointing:
        # "Accident, transport, car occupant" is the chain of the entry meant.
        code = found.get(" ".join(_title(part) for part in target.split(",")).strip().lower(), "")
        if code:
            yield wording, code


def _own_title(term: ElementTree.Element) -> str:
    """The title's words without the non-essential modifiers inside it."""
    title = term.find("title")
    if title is None:
        return ""
    parts = [title.text or "", *(child.tail or "" for child in title)]
    return " ".join(" ".join(parts).split())


def _xml_entries(root: ElementTree.Element) -> Iterator[_Entry]:
    headings = {h.get("col", ""): (h.text or "").strip() for h in root.iter("head")}

    def walk(term: ElementTree.Element, above: tuple[str, ...]) -> Iterator[_Entry]:
        chain = (*above, _own_title(term))
        cells = {headings.get(c.get("col", ""), ""): c.text or "" for c in term.findall("cell")}
        yield _Entry(chain, term.findtext("code") or "", term.findtext("see") or "", cells)
        for below in term.findall("term"):
            yield from walk(below, chain)

    for main in root.iter("mainTerm"):
        yield from walk(main, ())


def read_index_xml(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (wording, node code) of one official index XML file.

    Raises:
        ReleaseError: not well-formed; the message gives line and column.
    """
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ReleaseError(f"{path.name}: line {error.position[0]}: not well-formed XML") from error
    yield from _wordings(_xml_entries(root))


def _csv_entries(path: Path) -> Iterator[_Entry]:
    chain: list[str] = []
    with path.open(encoding="utf-8-sig", newline="") as handle:
        for row in csv.DictReader(handle):
            level = int(row["Level"])
            if level < 0:
                raise ValueError(f"Level {level}")
            chain[level:] = [row["Term"].strip()]
            cells = {name: row[column] for column, name in _CSV_CELLS.items() if row.get(column)}
            yield _Entry(tuple(chain), row.get("Code") or "", row.get("See") or "", cells)


def read_index_csv(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (wording, node code) of an index CSV with a ``Level`` column."""
    yield from _wordings(_csv_entries(path))


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

"""Sections of a note: what each header opens and where that ends.

:mod:`models.coding.headers` recognises the headers; ``resources/section_labels.csv`` holds
the words before a colon that stay inside a family or social history. Cost is linear in the
length of the note: each line is read once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion
from models.coding.headers import BARE, HEADER, OTHER, Kind, header_at, kind_of, rows_of

LINE = re.compile(r"[^\n]*\n?")
_INLINE = re.compile(r"(?<=[.;,)\]] )(?P<name>[A-Z][A-Za-z/&]{0,24}(?: [A-Za-z/&]{1,16}){0,3})\s*:")
_NUMBERED = re.compile(
    r"^\s*(?:[#(]\s*)?(?P<number>\d{1,2})\s*[.):]?\s*(?=[^\d\s.])|^\s*(?P<hash>#)"
)
_LIST_ITEM = re.compile(r"^\s*(?:[-*•·–>#]|\(?\d{1,2}[.)]|\(?[a-z][.)]\s)")
_WORD = re.compile(r"[a-z][a-z-]*")

# Sections that list problems: a bare line or a label in capitals there is one of them.
PROBLEM_KINDS = frozenset(
    {
        "assessment",
        "assessment_plan",
        "discharge_diagnosis",
        "admission_diagnosis",
        "impression",
        "problem_list",
        "pmh",
    }
)
# Sections of one thought: a blank line behind their first words ends them.
_SHORT = frozenset(
    {"family", "social", "allergies", "immunizations", "meds", "vitals", "chief_complaint"}
    | {"operative_meta", "technique"}
)
# These too, where their words stand on the header's own line.
_SHORT_ON_ONE_LINE = frozenset(
    {"pmh", "psh", "ros", "problem_list", "health_maintenance", "labs", "imaging"}
)
# A diagnosis on its header's line ends where prose of this length follows a blank line.
_PROSE = 200
# Sections in which an unknown word before a colon opens something else, unless it is a label.
_LABELLED = frozenset({"family", "social", "allergies", "immunizations"})
# Where a part of the body before a colon is a label and no physical examination.
_NO_EXAM_INSIDE = PROBLEM_KINDS | {
    "findings", "imaging", "technique", "procedure", "labs", "plan", "ros", "family",
    "hospital_course", "instructions",
}  # fmt: skip
_LISTS = frozenset({"problem_list", "pmh"})
# Where a history in small letters' abbreviation may open without a colon.
_STORY = frozenset(
    {"preamble", "other", "hpi", "chief_complaint", "indication", "pmh", "psh", "family", "social"}
    | {"meds", "allergies", "ros", "immunizations"}
)
# Where an unknown word in capitals before a colon is a label, and no new part of the note.
_NO_TITLE_INSIDE = PROBLEM_KINDS | {"findings", "plan", "hospital_course", "ros", "exam"}
# What may stand under one problem of a combined assessment and plan.
_UNDER_A_PROBLEM = frozenset(
    {"plan", "labs", "imaging", "meds", "instructions", "social", "vitals", "exam", "other"}
    | {"health_maintenance", "allergies", "immunizations", "procedure", "hpi", "assessment"}
    | {"hospital_course"}  # "Medical reasoning:" under each problem
)
_COMBINED = frozenset({"assessment_plan"})


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the note under one header.

    Attributes:
        kind: a name of ``sections.csv``, ``preamble`` or ``other``.
        header: its wording; empty where a section began without one.
        prior: what the section says of its mentions, unless a cue says otherwise.
    """

    kind: str
    header: str
    start: int
    end: int
    prior: Assertion | None = None


@dataclass(frozen=True, slots=True)
class _Start:
    header: int  # offset of the header, then of what stands under it
    body: int
    kind: Kind
    name: str


@cache
def _labels() -> dict[str, frozenset[str]]:
    return {row["kind"]: frozenset(row["words"].split("|")) for row in rows_of("section_labels")}


@cache
def _stale() -> re.Pattern[str]:
    """Words beside a header saying that its list was copied and not reviewed."""
    rows = (row["words"] for row in rows_of("header_modifiers") if row["place"] == "stale")
    return re.compile(rf"\b(?:{'|'.join(rows)})\b")


def _stays_inside(kind: str, line: str) -> bool:
    """Whether a line "Diabetes: mother" or "Tobacco: never" belongs to the section it stands in."""
    labels = _labels()
    own = labels.get(kind)
    if own is None:
        return False
    if "*" in own:
        return True
    label, _, rest = line.lower().partition(":")
    said = _WORD.findall(rest)[:6]
    if kind == "family":
        return bool(own & {*_WORD.findall(label), *said} or labels["value"] & set(said[:1]))
    return bool(own & set(_WORD.findall(label)[:2]) or labels["value"] & set(said[:1]))


class _Cutter:
    """Reads a note's lines in order and keeps where each section starts."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.starts: list[_Start] = []
        self._blank = False  # whether the line before was blank
        self._combined: _Start | None = None  # the assessment and plan a nested part stands in
        self._number = 0  # of the problem read last in it
        self._item = False  # whether the section opened as an item of the list it stands in
        self._on_its_line = False  # whether the section's words began on the header's line

    @property
    def _kind(self) -> str:
        return self.starts[-1].kind.name if self.starts else "preamble"

    @property
    def _in_assessment(self) -> bool:
        """Whether what was interrupted is an assessment that has its plan elsewhere."""
        return self._combined is not None and self._combined.kind.name == "assessment"

    def cut(self) -> list[_Start]:
        """Where the sections start, in order."""
        for match in LINE.finditer(self.text):
            line = match.group()
            if line:
                self._read(line, match.start())
        return self.starts

    def _open(self, header: int, body: int, kind: Kind, name: str, on_its_line: bool) -> None:
        if kind.name in _COMBINED or (kind.name == "assessment" and self._kind not in _COMBINED):
            self._combined, self._number = None, 0
        elif self._kind in _COMBINED and kind.name in _UNDER_A_PROBLEM:
            self._combined = self.starts[-1]
        elif self._kind == "assessment" and kind.name == "instructions" and self._number:
            self._combined = self.starts[-1]  # advice within one numbered problem
        elif kind.name not in _UNDER_A_PROBLEM or self._in_assessment:
            self._combined = None
        self.starts.append(_Start(header, body, kind, name))
        self._on_its_line = on_its_line

    def _read(self, line: str, offset: int) -> None:
        found = header_at(line) if line.strip() else None
        if found and self._is_label(line, *found):
            found = None
        if found:
            kind, name, used = found
            self._open(offset, offset + used, kind, name, bool(line[used:].strip()) and used > 0)
            self._item = _LIST_ITEM.match(line) is not None
        elif line.strip() and self._resumes(line):
            again = self._combined
            assert again is not None
            self.starts.append(_Start(offset, offset, again.kind, ""))
            self._on_its_line = False
        elif line.strip() and self._ended(line, offset):
            self._open(offset, offset, OTHER, "", False)
        if self._kind in _COMBINED or self._kind == "assessment":
            self._count(line)
        self._blank = not line.strip()
        self._read_inline(line, offset, found[2] if found else 0)

    def _read_inline(self, line: str, offset: int, used: int) -> None:
        for pattern in (_INLINE, BARE):
            for inline in pattern.finditer(line):
                bare = pattern is BARE
                if inline.start() < used or (
                    bare and (not inline.start() or self._kind not in _STORY)
                ):
                    continue
                kind = kind_of(inline["name"])
                if kind and not self._is_inner_label(kind):
                    begin = offset + inline.start("name")
                    if not self.starts or begin >= self.starts[-1].body:
                        self._open(begin, offset + inline.end(), kind, inline["name"], True)

    def _is_inner_label(self, kind: Kind) -> bool:
        """Whether a known wording is a label inside the section that is open."""
        if kind.body_part:
            return self._kind in _NO_EXAM_INSIDE
        # A test, a drug or a habit named under a problem is no part of its own.
        return kind.name in {"labs", "imaging", "meds", "social", "exam"} and (
            self._kind in _COMBINED or self._kind in {"hospital_course", "discharge_diagnosis"}
        )

    def _is_label(self, line: str, kind: Kind, name: str, used: int) -> bool:
        if kind is OTHER:
            # A diagnosis written in capitals, or a label: not a title.
            return self._kind in (PROBLEM_KINDS if used == 0 else _NO_TITLE_INSIDE)
        if used == 0:
            return self._kind in PROBLEM_KINDS  # an opening phrase inside a list of problems
        if kind.body_part:
            said = ":" in line[:used] or self._kind in ("exam", "vitals")
            return self._kind in _NO_EXAM_INSIDE or not said
        # "CT r/o stone" is an order in a plan, and a header among results.
        study = kind.name in ("labs", "imaging") and ":" not in line[:used] and line[used:].strip()
        if study and self._kind in PROBLEM_KINDS | {"plan", "instructions"}:
            return True
        shouted = name.isupper() and len(name) > 4
        alone = not line[used:].strip()
        return not (self._blank or shouted or alone) and self._is_inner_label(kind)

    def _resumes(self, line: str) -> bool:
        """Whether a line is the next problem of the list that a nested part interrupted."""
        if self._combined is None or self._kind == self._combined.kind.name:
            return False
        numbered = _NUMBERED.match(line)
        if numbered and self._number:
            if numbered["hash"] and not numbered["number"]:
                return self._number == _HASHES
            return self._number < int(numbered["number"] or 0) <= self._number + 2
        if self._item and self._on_its_line and not self._blank:
            return _LIST_ITEM.match(line) is not None
        return self._blank and self._on_its_line and not self._number

    def _count(self, line: str) -> None:
        numbered = _NUMBERED.match(line)
        if numbered:
            self._number = int(numbered["number"]) if numbered["number"] else _HASHES

    def _ended(self, line: str, offset: int) -> bool:
        """Whether the open section ended before this line, which has no header of its own."""
        if not self.starts:
            return False
        kind = self._kind
        if kind in _SHORT or (kind in _SHORT_ON_ONE_LINE and self._on_its_line):
            has_words = self._blank and self.text[self.starts[-1].body : offset].strip()
            listed = _LIST_ITEM.match(line) and not self._on_its_line
            if has_words and not listed:
                return True
        if kind in PROBLEM_KINDS and self._on_its_line and self._blank and len(line) > _PROSE:
            return not _LIST_ITEM.match(line)
        if kind == "instructions" and self._blank:
            numbered = _NUMBERED.match(line)
            return bool(numbered and numbered["number"] == "1")
        if kind in _LABELLED:
            unknown = HEADER.match(line)
            if unknown and unknown["mark"] == ":":
                return not _stays_inside(kind, line)
        return False


_HASHES = 100  # stands for the number of a problem marked with "#"


def _prior_of(start: _Start) -> Assertion | None:
    """What a section says of its mentions; a list nobody reviewed tells what was."""
    if start.kind.name in _LISTS and _stale().search(start.name.lower()):
        return Assertion.HISTORICAL
    return start.kind.prior


def find_sections(text: str) -> list[Section]:
    """Cut a note at its headers; what stands before the first is ``preamble``."""
    starts = _Cutter(text).cut()
    sections: list[Section] = []
    if not starts or starts[0].header > 0:
        sections.append(Section("preamble", "", 0, starts[0].header if starts else len(text)))
    for i, start in enumerate(starts):
        end = starts[i + 1].header if i + 1 < len(starts) else len(text)
        sections.append(
            Section(start.kind.name, start.name, start.body, max(end, start.body), _prior_of(start))
        )
    return sections

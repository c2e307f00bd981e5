"""What the pages show, laid out from the services' answers; no rule of its own.

Where a code stands is decided in :mod:`serving.coding.state` and only read here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from types import MappingProxyType

from data.schemas import Assertion, Decision, Note, Suggestion, Suppressed, System
from serving.coding.schemas import NoteStatus, NoteView, StoredDecision
from serving.coding.state import CodeState, Origin, Standing, effective
from serving.web.highlight import Mark, Stretch, stretches
from serving.web.worksheet import Worksheet, worksheet_of

EVIDENCE = "evidence"
DROPPED = "dropped"
"""Mark of words whose code was dropped by a rule, not by what the note asserts."""
LEVEL = "level"
"""Mark of words that count for the visit's level: shown only while their line is looked at."""

SYSTEM_SLUGS = MappingProxyType(
    {System.ICD10CM: "icd10cm", System.CPT: "cpt", System.HCPCS: "hcpcs", System.ICD10PCS: "pcs"}
)
GROUPS = (
    ("Diagnoses", frozenset({System.ICD10CM})),
    ("Procedures", frozenset({System.CPT, System.HCPCS, System.ICD10PCS})),
)
HEADINGS_UP_TO = 150_000
"""Characters: finding the headers of a longer note would keep its reader waiting."""

LISTED = frozenset({Standing.PROPOSED, Standing.ACCEPTED, Standing.REPLACED})


def anchor(system: System, code: str) -> str:
    """The id of a code on the page."""
    return f"{SYSTEM_SLUGS[system]}-{code}"


@dataclass(frozen=True)
class CodeRow:
    """One code in the list beside the note."""

    state: CodeState
    suggestion: Suggestion | None
    decision: StoredDecision | None
    """The last decision on this very code."""
    first_listed: bool = False

    @property
    def anchor(self) -> str:
        return anchor(self.state.system, self.state.code)

    @property
    def listed(self) -> bool:
        """Whether it belongs to the proposal, not to the other codes considered."""
        proposed = self.suggestion is not None and self.suggestion.selected
        return proposed or self.state.standing in LISTED or self.state.origin != Origin.SUGGESTED

    @property
    def assertion(self) -> Assertion | None:
        """What the note says of it, where that is not plainly that it is present."""
        said = self.suggestion.assertion if self.suggestion else Assertion.PRESENT
        return None if said is Assertion.PRESENT else said


@dataclass(frozen=True)
class CodeGroup:
    title: str
    slug: str
    listed: tuple[CodeRow, ...]
    considered: tuple[CodeRow, ...]


@dataclass(frozen=True)
class DroppedCode:
    """A suppressed code, for the "why not" drawer."""

    anchor: str
    suppressed: Suppressed


@dataclass(frozen=True)
class Review:
    """A note under review."""

    view: NoteView
    groups: tuple[CodeGroup, ...]
    dropped: tuple[DroppedCode, ...]
    next_note: str | None = None
    outdated_by: str | None = None
    """The bundle served now, when another one made the suggestions shown."""
    warnings: tuple[str, ...] = field(default=())

    @property
    def note(self) -> Note:
        return self.view.note

    @property
    def signed_off(self) -> bool:
        return self.view.status is NoteStatus.SIGNED_OFF

    @property
    def undecided(self) -> tuple[CodeState, ...]:
        return self.view.state.standing(Standing.PROPOSED)

    @property
    def accepted(self) -> tuple[CodeState, ...]:
        return self.view.state.standing(Standing.ACCEPTED)

    @property
    def listed(self) -> int:
        return sum(len(group.listed) for group in self.groups)

    @property
    def age(self) -> int | None:
        """The patient's age in whole years on the date of service."""
        return age_on(self.note.birth_date, self.note.date_of_service)

    @cached_property
    def worksheet(self) -> Worksheet | None:
        """The worksheet of the visit's level, when one was made."""
        rows = [row for group in self.groups for row in (*group.listed, *group.considered)]
        em = self.view.result.em if self.view.result else None
        return worksheet_of(em, self.note.text, rows)

    def text(self) -> list[Stretch]:
        """The note's text with its marks."""
        if len(self.note.text) > HEADINGS_UP_TO:
            return stretches(self.note.text, self._marks())
        from models.coding.document import find_sections

        sections = find_sections(self.note.text)
        borders = [0, *(section.end for section in sections)]
        headings = [
            (before, section.start)
            for before, section in zip(borders, sections, strict=False)
            # Lines of values in capitals pass for headers: "LDL 71  TG 188".
            if not any(letter.isdigit() for letter in section.header)
        ]
        return stretches(self.note.text, self._marks(), headings)

    def _marks(self) -> Iterable[Mark]:
        for group in self.groups:
            for row in (*group.listed, *group.considered):
                kind = EVIDENCE if row.listed else DROPPED
                for span in row.state.evidence:
                    yield Mark(span.start, span.end, row.anchor, row.assertion or kind)
        for item in self.dropped:
            said = item.suppressed.assertion
            kind = DROPPED if said in (None, Assertion.PRESENT) else str(said)
            for span in item.suppressed.evidence:
                yield Mark(span.start, span.end, item.anchor, kind)
        for line in self.worksheet.lines() if self.worksheet else ():
            for start, end in line.spans:
                yield Mark(start, end, line.anchor, LEVEL)


def review_of(
    view: NoteView,
    *,
    next_note: str | None = None,
    served: str | None = None,
    warnings: Iterable[str] = (),
) -> Review:
    """Lay out a note for its page.

    Args:
        view: the note with its suggestions, decisions and state.
        next_note: the note to open after this one.
        served: the bundle that answers now.
        warnings: of what was just done, shown with those of the suggestions.
    """
    result = view.result
    suggestions = {(s.system, s.code): s for s in (result.suggestions if result else ())}
    last: dict[tuple[System, str], StoredDecision] = {}
    for decision in effective(view.decisions):
        last[(decision.system, decision.code)] = decision
        if decision.decision is Decision.REPLACE and decision.replacement:
            last[(decision.replacement.system, decision.replacement.code)] = decision
    rows = [
        CodeRow(state, suggestions.get(state.key), last.get(state.key))
        for state in view.state.codes
    ]
    outdated = served if result and served and served != result.bundle else None
    return Review(
        view=view,
        groups=tuple(_group(title, systems, rows) for title, systems in GROUPS),
        dropped=tuple(
            DroppedCode(f"dropped-{number}", item)
            for number, item in enumerate(result.suppressed if result else ())
        ),
        next_note=next_note,
        outdated_by=outdated if view.status is not NoteStatus.SIGNED_OFF else None,
        warnings=(*view.warnings, *(result.warnings if result else ()), *warnings),
    )


def _group(title: str, systems: frozenset[System], rows: Iterable[CodeRow]) -> CodeGroup:
    mine = [row for row in rows if row.state.system in systems]
    listed = sorted((row for row in mine if row.listed), key=_sequence)
    considered = [row for row in mine if not row.listed]
    if System.ICD10CM in systems:
        listed = _with_first_listed(listed)
    return CodeGroup(title, title.lower(), tuple(listed), tuple(considered))


def _sequence(row: CodeRow) -> tuple[bool, int, bool, int]:
    sequence, rank = row.state.sequence, row.state.rank
    return (sequence is None, sequence or 0, rank is None, rank or 0)


def _with_first_listed(rows: list[CodeRow]) -> list[CodeRow]:
    standing = [row for row in rows if row.state.standing in (Standing.PROPOSED, Standing.ACCEPTED)]
    return [
        CodeRow(row.state, row.suggestion, row.decision, bool(standing) and row is standing[0])
        for row in rows
    ]


def age_on(born: date | None, day: date | None) -> int | None:
    """Whole years lived on a day."""
    if born is None or day is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

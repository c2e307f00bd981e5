"""What the pages show, laid out from the services' answers; no rule of its own.

Where a code stands is decided in :mod:`serving.coding.state` and only read here.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import Any

from data.schemas import Assertion, Decision, Note, Suggestion, Suppressed, System
from serving.coding.schemas import NoteStatus, NoteView, StoredDecision
from serving.coding.state import CodeState, Origin, Standing, effective
from serving.web.highlight import Mark, Stretch, stretches

EVIDENCE = "evidence"
DROPPED = "dropped"
"""Mark of words whose code was dropped by a rule, not by what the note asserts."""

SYSTEM_SLUGS = MappingProxyType(
    {System.ICD10CM: "icd10cm", System.CPT: "cpt", System.HCPCS: "hcpcs", System.ICD10PCS: "pcs"}
)
GROUPS = (
    ("Diagnoses", frozenset({System.ICD10CM})),
    ("Procedures", frozenset({System.CPT, System.HCPCS, System.ICD10PCS})),
)
HEADINGS_UP_TO = 150_000
"""Characters: finding the headers of a longer note would keep its reader waiting."""

VISIT_ELEMENTS = ("problems", "data", "risk")
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
class VisitElement:
    """One element of a visit's level: problems, data or risk."""

    name: str
    level: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class VisitLevel:
    """How the level of a visit came about."""

    code: str
    method: str
    elements: tuple[VisitElement, ...]


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

    @property
    def visit_level(self) -> VisitLevel | None:
        """The worksheet of the visit's level, when one was made."""
        return visit_level_of(self.view.result.em) if self.view.result else None

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


def visit_level_of(em: Mapping[str, Any] | None) -> VisitLevel | None:
    """Lay out a result's ``em``; what is not in it is left out."""
    if not em or not em.get("code"):
        return None
    elements = []
    for name in VISIT_ELEMENTS:
        element = em.get(name)
        if isinstance(element, Mapping):
            items = element.get("items") or ()
            labels = dict.fromkeys(str(item["label"]) for item in items if item.get("label"))
            elements.append(VisitElement(name, str(element.get("name") or ""), tuple(labels)))
    return VisitLevel(str(em["code"]), str(em.get("method") or "rule"), tuple(elements))


def age_on(born: date | None, day: date | None) -> int | None:
    """Whole years lived on a day."""
    if born is None or day is None:
        return None
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of ``resources/<name>.csv``."""
    source = resources.files("serving.web") / "resources" / f"{name}.csv"
    return tuple(csv.DictReader(source.read_text("utf-8").splitlines()))


def keys_of(page: str) -> list[dict[str, Any]]:
    """The keys that a page listens to, for its help."""
    return [
        {"keys": row["keys"].split(), "does": row["does"]}
        for row in table("keys")
        if row["page"] == page
    ]

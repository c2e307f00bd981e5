"""The rules of a review: what a decision must hold to be stored."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

from data.schemas import (
    CodeRef,
    CodingResult,
    Decision,
    DecisionEvent,
    Evidence,
    Note,
    System,
)
from data.terminology.procedure_codes import CODE_FORMS
from serving.coding.schemas import DecisionRequest
from serving.coding.state import NoteState
from serving.deps import CatalogLike
from serving.errors import FieldProblem, Problem, sentence

if TYPE_CHECKING:
    from data.terminology.catalog import CodeEntry

OPEN_SYSTEMS = frozenset({System.CPT, System.HCPCS})
"""Systems of which the shipped table is a part: a well-formed code that is not
in it is taken with a warning. ICD-10-CM is complete, so there it is refused."""

FORM_WORDS = {
    System.CPT: "four digits and a digit or a letter",
    System.HCPCS: "a letter from A to V and four digits",
}


class CodeSource(Protocol):
    """Gives the catalogue when it is needed, and a 503 while it is not there."""

    @property
    def catalog(self) -> CatalogLike: ...


def check_evidence(text: str, evidence: tuple[Evidence, ...]) -> list[FieldProblem]:
    """Each span must lie within the text and hold exactly the words quoted."""
    found = []
    for position, span in enumerate(evidence):
        if span.end > len(text):
            found.append(
                FieldProblem(
                    field=f"evidence.{position}.end",
                    message="lies behind the end of the note",
                    fix=f"the note has {len(text)} characters, counted in Unicode code points",
                )
            )
        elif text[span.start : span.end] != span.text:
            found.append(
                FieldProblem(
                    field=f"evidence.{position}.text",
                    message="is not what the note says there",
                    fix="quote the note exactly; offsets count Unicode code points, half-open",
                )
            )
    return found


def check_code(
    source: CodeSource, system: System, code: str, on: date | None, field: str
) -> tuple[list[FieldProblem], list[str]]:
    """Whether a code may be billed on a day.

    Args:
        source: gives the catalogue.
        on: the date of service; None means the newest release.
        field: the field of the request that holds the code.

    Returns:
        What forbids the code, and what merely deserves a warning.
    """
    entry = source.catalog.lookup(system, code, on)
    if entry is not None:
        if entry.billable:
            return [], _out_of_date(entry, on)
        return [
            FieldProblem(
                field=field,
                message=f"{code} is a category and cannot be billed",
                fix=f"choose one of its children: GET /v1/codes/{system}/{code} lists them",
            )
        ], []
    if system in OPEN_SYSTEMS:
        if CODE_FORMS[system].match(code):
            return [], [f"{system} {code} is not in the loaded table; check it in your own."]
        return [
            FieldProblem(
                field=field,
                message=f"{code} does not have the form of a {system} code",
                fix=f"a {system} code is {FORM_WORDS[system]}",
            )
        ], []
    when = f" on {on}" if on else ""
    return [
        FieldProblem(
            field=field,
            message=f"{code} is not in {system}{when}",
            fix="look it up: GET /v1/codes/search?q=",
        )
    ], []


def _out_of_date(entry: CodeEntry, on: date | None) -> list[str]:
    """A warning for a procedure code that was not yet, or no more, valid on the day."""
    if entry.system not in OPEN_SYSTEMS or on is None:
        return []
    first, last = entry.effective_from, entry.effective_to
    if (first is None or first <= on) and (last is None or on <= last):
        return []
    days = " ".join(
        f"{word} {day}" for word, day in (("from", first), ("until", last)) if day is not None
    )
    return [f"{entry.system} {entry.code} is valid {days}, not on {on}; choose another."]


def build_event(
    note: Note,
    request: DecisionRequest,
    result: CodingResult | None,
    state: NoteState,
    source: CodeSource,
    reviewer: str,
    at: datetime,
) -> tuple[DecisionEvent, list[str]]:
    """A decision that may be stored, with what was shown, and its warnings.

    Raises:
        Problem: 422 naming every field at fault; 503 when a code has to be
            looked up and the catalogue is not loaded.
    """
    errors = check_evidence(note.text, request.evidence)
    warnings: list[str] = []
    key = (request.system, request.code)
    if request.decision is Decision.ADD:
        found, warned = check_code(source, *key, note.date_of_service, "code")
        errors += found
        warnings += warned
    elif request.decision is Decision.UNDO:
        errors += _check_undo(key, state)
    elif key not in {code.key for code in state.codes}:
        errors.append(
            FieldProblem(
                field="code",
                message=f"{request.system} {request.code} is not among this note's codes",
                fix="use decision 'add' to bring in a new code",
            )
        )
    errors += _check_replacement(request, note.date_of_service, source, warnings)
    if errors:
        raise Problem("invalid-request", sentence(errors), errors=errors)

    shown = next(
        (
            (rank, suggestion)
            for rank, suggestion in enumerate(result.suggestions if result else (), start=1)
            if (suggestion.system, suggestion.code) == key
        ),
        None,
    )
    event = DecisionEvent(
        note_id=note.id,
        decision=request.decision,
        system=request.system,
        code=request.code,
        replacement=request.replacement,
        evidence=request.evidence,
        reason=request.reason,
        reviewer=reviewer,
        bundle=result.bundle if result else None,
        rank_shown=shown[0] if shown else None,
        confidence_shown=shown[1].confidence if shown else None,
        seconds=request.seconds,
        at=at,
    )
    return event, warnings


def _check_undo(key: tuple[System, str], state: NoteState) -> list[FieldProblem]:
    newest = state.undoable
    if newest is not None and (newest.system, newest.code) == key:
        return []
    fix = f"the newest is about {newest.system} {newest.code}" if newest else "there is none"
    message = "is not the code of the newest decision that stands"
    return [FieldProblem(field="code", message=message, fix=fix)]


def _check_replacement(
    request: DecisionRequest, on: date | None, source: CodeSource, warnings: list[str]
) -> list[FieldProblem]:
    replacement = request.replacement
    if (request.decision is Decision.REPLACE) != (replacement is not None):
        return [
            FieldProblem(
                field="replacement",
                message="goes with decision 'replace', and only with it",
                fix='send {"system", "code"} with replace, nothing otherwise',
            )
        ]
    if replacement is None:
        return []
    if replacement == CodeRef(system=request.system, code=request.code):
        return [
            FieldProblem(
                field="replacement.code",
                message="is the code itself",
                fix="use decision 'accept' to keep it",
            )
        ]
    found, warned = check_code(source, replacement.system, replacement.code, on, "replacement.code")
    warnings += warned
    return found

"""``/v1``: suggestions, codes, notes, decisions, sign-off."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Response

from data.schemas import CodingResult, Convention, Note, System
from serving import examples
from serving.coding.schemas import (
    NO_NUL,
    CodeHit,
    CodeHits,
    CodeView,
    DecisionRequest,
    DecisionView,
    NoteBatch,
    NoteFilter,
    NotePage,
    NoteView,
    SignOffRequest,
    SignOffView,
    StorableNote,
    SuggestionBatch,
    SuggestionRequest,
)
from serving.coding.service import CodingService
from serving.deps import Actor, JsonRoute, coding_of, models_of
from serving.errors import Problem
from serving.models.service import ModelService

router = APIRouter(prefix="/v1", route_class=JsonRoute)

Coding = Annotated[CodingService, Depends(coding_of)]
Models = Annotated[ModelService, Depends(models_of)]
NoteId = Annotated[str, Path(max_length=200, pattern=NO_NUL, examples=["visit-1042"])]


@router.post(
    "/suggestions",
    tags=["coding"],
    summary="Suggest codes for one note or a batch",
    response_model=CodingResult | SuggestionBatch,
    responses=examples.of(200, "suggestions", 400, 413, 415, 422, 503),
)
def suggest(
    coding: Coding,
    request: Annotated[SuggestionRequest, Body(openapi_examples=examples.SUGGEST)],
    convention: Annotated[Convention, Query()] = Convention.BILLING,
) -> CodingResult | SuggestionBatch:
    """Codes with evidence and calibrated confidence; nothing is stored.

    A batch answers line by line: a bad note gives an error object in its place.
    """
    if isinstance(request, NoteBatch):
        return SuggestionBatch(results=coding.suggest_many(request.notes, convention))
    assert isinstance(request, Note)
    return coding.suggest(request, convention)


@router.get(
    "/codes/search",
    tags=["codes"],
    summary="Type ahead over codes, descriptions and synonyms",
    responses=examples.of(200, "code_search", 422, 503),
)
def search_codes(
    models: Models,
    q: Annotated[str, Query(min_length=1, max_length=200, examples=["heart attack"])],
    system: Annotated[System | None, Query()] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    on: Annotated[date | None, Query(description="Date of service; none: newest release")] = None,
) -> CodeHits:
    """The best matches first."""
    hits = models.catalog.search(q, system, limit, on)
    return CodeHits(query=q, hits=[_hit(hit) for hit in hits])


@router.get(
    "/codes/{system}/{code}",
    tags=["codes"],
    summary="One code of one release",
    responses=examples.of(200, "code", 404, 422, 503),
)
def read_code(
    models: Models,
    system: Annotated[System, Path(examples=["ICD-10-CM"])],
    code: Annotated[str, Path(min_length=1, max_length=10, examples=["E11.22"])],
    on: Annotated[date | None, Query(description="Date of service; none: newest release")] = None,
) -> CodeView:
    """Description, validity, notes and neighbours."""
    entry = models.catalog.lookup(system, code.upper(), on)
    if entry is None:
        raise Problem("not-found", f"{system} has no such code then; try /v1/codes/search?q=")
    return CodeView.model_validate(fields_of(entry))


@router.post(
    "/notes",
    tags=["notes"],
    summary="Store a note and suggest its codes",
    status_code=201,
    responses=examples.of(201, "note_view", 400, 409, 413, 415, 422, 503),
)
def add_note(
    coding: Coding,
    response: Response,
    note: Annotated[StorableNote, Body(openapi_examples=examples.NOTE)],
) -> NoteView:
    """201 when stored; 200 when the same note is stored already; 409 for another one."""
    view, created = coding.add_note(note.plain())
    response.status_code = 201 if created else 200
    return view


@router.get(
    "/notes",
    tags=["notes"],
    summary="The worklist",
    responses=examples.of(200, "note_page", 422),
)
def list_notes(coding: Coding, wanted: Annotated[NoteFilter, Query()]) -> NotePage:
    """Oldest first, without the notes' words."""
    return coding.notes(wanted)


@router.get(
    "/notes/{note_id}",
    tags=["notes"],
    summary="A note with its suggestions, decisions and state",
    responses=examples.of(200, "note_view", 404),
)
def read_note(coding: Coding, note_id: NoteId) -> NoteView:
    """Everything that a review of the note needs."""
    return coding.note(note_id)


@router.post(
    "/notes/{note_id}/suggestions",
    tags=["notes"],
    summary="Suggest again under the bundle served now",
    responses=examples.of(200, "note_view", 404, 409, 503),
)
def rerun(coding: Coding, note_id: NoteId) -> NoteView:
    """The old result is kept; the new one is under review from here on."""
    return coding.rerun(note_id)


@router.post(
    "/notes/{note_id}/decisions",
    tags=["notes"],
    summary="Accept, reject, replace or add a code",
    status_code=201,
    responses=examples.of(201, "decision_view", 400, 404, 409, 415, 422, 503),
)
def decide(
    coding: Coding,
    actor: Actor,
    note_id: NoteId,
    request: Annotated[DecisionRequest, Body(openapi_examples=examples.DECISION)],
) -> DecisionView:
    """The decision is on disk before this answers."""
    return coding.decide(note_id, request, actor)


@router.post(
    "/notes/{note_id}/sign-off",
    tags=["notes"],
    summary="Vouch for the codes; draft and assess the claim",
    status_code=201,
    responses=examples.of(201, "sign_off_view", 400, 404, 409, 415, 422, 503),
)
def sign_off(
    coding: Coding,
    actor: Actor,
    note_id: NoteId,
    request: Annotated[SignOffRequest, Body(openapi_examples=examples.SIGN_OFF)],
) -> SignOffView:
    """Refused while a proposed code is undecided, unless the request says what to do with it."""
    return coding.sign_off(note_id, request, actor)


def _hit(hit: Any) -> CodeHit:
    return CodeHit.model_validate(
        {name: getattr(hit, name) for name in CodeHit.model_fields if hasattr(hit, name)}
    )


def fields_of(entry: Any) -> dict[str, Any]:
    """A catalogue entry's fields that the API shows."""
    found: dict[str, Any] = {}
    for name in CodeView.model_fields:
        value = getattr(entry, name, None)
        if value is not None:
            found[name] = list(value) if isinstance(value, (tuple, frozenset)) else value
    return found

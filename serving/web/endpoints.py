"""The pages: worklist, review of a note, biller's list, claim.

Each page can be read without a script; htmx and the modules replace parts of it.
What a form sends goes to the same services as ``/v1`` and is shown only as they
answer it. Words of a note travel in bodies, never in addresses.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Form, Path, Request
from pydantic import BaseModel, ValidationError
from starlette.responses import RedirectResponse, Response

from data.schemas import Decision
from serving.claims.schemas import ClaimActionRequest, ClaimFilter, ClaimStatus
from serving.claims.service import ClaimService
from serving.coding.schemas import NoteFilter, NoteStatus, StoredDecision
from serving.coding.service import CodingService
from serving.deps import Actor, claims_of, coding_of, models_of
from serving.errors import Problem, validation_sentence
from serving.models.service import ModelService
from serving.web import choices
from serving.web.assets import assets
from serving.web.forms import ChoicesForm, ClaimActionForm, DecisionForm, SignOffForm
from serving.web.rendering import PageRoute, is_htmx, page
from serving.web.views import Review, review_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Coding = Annotated[CodingService, Depends(coding_of)]
Claims = Annotated[ClaimService, Depends(claims_of)]
Models = Annotated[ModelService, Depends(models_of)]
NoteId = Annotated[str, Path(max_length=200)]
ClaimId = Annotated[str, Path(max_length=200)]
Filter = TypeVar("Filter", bound=BaseModel)

DONE = {
    Decision.ACCEPT: "accepted",
    Decision.REJECT: "rejected",
    Decision.REPLACE: "replaced",
    Decision.ADD: "added",
    Decision.UNDO: "put back as it was",
}


@router.get("/static/{version}/{path:path}")
async def static(version: str, path: str) -> Response:
    """One of the page's own files."""
    asset = assets().files.get(path)
    if asset is None:
        raise Problem("not-found", "The page has no such file; reload the page.")
    fresh = version == assets().version
    cached = "public, max-age=31536000, immutable" if fresh else "no-store"
    return Response(asset.body, media_type=asset.media_type, headers={"cache-control": cached})


# -- notes --------------------------------------------------------------------------


@router.get("/")
def worklist(request: Request, coding: Coding, models: Models) -> Response:
    """The list of notes."""
    wanted = _filter(request, NoteFilter)
    return page(
        request,
        "worklist.html",
        wanted=wanted,
        notes=coding.notes(wanted),
        statuses=list(NoteStatus),
        specialties=coding.specialties(),
        loading=not models.ready.is_set(),
        failure=models.failure,
    )


@router.get("/notes/{note_id}")
def note(request: Request, coding: Coding, models: Models, note_id: NoteId) -> Response:
    """One note under review."""
    return page(request, "note.html", review=_review(coding, models, note_id))


@router.post("/notes/{note_id}/decisions")
def decide(
    request: Request,
    coding: Coding,
    models: Models,
    actor: Actor,
    note_id: NoteId,
    form: Annotated[DecisionForm, Form()],
) -> Response:
    """Store one decision, then show where the codes stand."""
    text = coding.note(note_id).note.text if form.start is not None or form.end is not None else ""
    answer = coding.decide(note_id, form.request(text), actor)
    if not is_htmx(request):
        return _to(f"/notes/{note_id}")
    review = _review(coding, models, note_id, answer.warnings)
    return page(
        request,
        "_review.html",
        review=review,
        said=_said(answer.decision),
        with_text=_moves_marks(answer.decision),
    )


@router.post("/notes/{note_id}/suggestions")
def rerun(request: Request, coding: Coding, models: Models, note_id: NoteId) -> Response:
    """Suggest again under the bundle served now."""
    coding.rerun(note_id)
    if not is_htmx(request):
        return _to(f"/notes/{note_id}")
    review = _review(coding, models, note_id)
    said = "Stored: suggestions of the bundle served now"
    return page(request, "_review.html", review=review, said=said, with_text=True)


@router.get("/notes/{note_id}/sign-off")
def ask_sign_off(request: Request, coding: Coding, models: Models, note_id: NoteId) -> Response:
    """What signing off would do: what is accepted, what is undecided."""
    review = _review(coding, models, note_id)
    if review.signed_off:
        raise Problem("signed-off", "Its codes can no longer be changed here.")
    return page(request, "_sign_off.html", review=review)


@router.post("/notes/{note_id}/sign-off")
def sign_off(
    request: Request,
    coding: Coding,
    models: Models,
    actor: Actor,
    note_id: NoteId,
    form: Annotated[SignOffForm, Form()],
) -> Response:
    """Sign off; drafts the claim."""
    answer = coding.sign_off(note_id, form.request(), actor)
    if not is_htmx(request):
        return _to(f"/notes/{note_id}")
    claim = f"; draft claim {answer.claim.claim_id}" if answer.claim else "; no claim drafted"
    return page(
        request,
        "_review.html",
        review=_review(coding, models, note_id),
        said=f"Signed off with {len(answer.codes)} codes{claim}",
        with_text=False,
    )


@router.post("/notes/{note_id}/choices")
def choose(
    request: Request,
    coding: Coding,
    models: Models,
    note_id: NoteId,
    form: Annotated[ChoicesForm, Form()],
) -> Response:
    """Codes to add or to put in a code's place, under the note's release."""
    on = coding.note(note_id).note.date_of_service
    groups: list[choices.ChoiceGroup] = []
    if form.q:
        groups = choices.found(models.catalog, form.q, on)
    elif form.system and form.code:
        groups = choices.near(models.catalog, form.system, form.code, on)
    return page(request, "_choices.html", groups=groups, query=form.q)


def _review(
    coding: CodingService, models: ModelService, note_id: str, warnings: list[str] | None = None
) -> Review:
    return review_of(
        coding.note(note_id),
        next_note=coding.next_open(note_id),
        served=models.bundle_id,
        warnings=warnings or (),
    )


def _moves_marks(decision: StoredDecision) -> bool:
    """Whether the marks in the text may be others now; accept and reject leave them."""
    return bool(decision.evidence) or decision.decision in (Decision.REPLACE, Decision.UNDO)


def _said(decision: StoredDecision) -> str:
    by = f" by {decision.replacement.code}" if decision.replacement else ""
    return (
        f"Stored as decision {decision.decision_id}: {decision.code} {DONE[decision.decision]}{by}"
    )


# -- claims -------------------------------------------------------------------------


@router.get("/claims")
def claim_list(request: Request, claims: Claims) -> Response:
    """The biller's list, the most money at risk first."""
    wanted = _filter(request, ClaimFilter)
    return page(
        request,
        "claims.html",
        wanted=wanted,
        claims=claims.claims(wanted),
        statuses=list(ClaimStatus),
        payer_types=claims.payer_types(),
    )


@router.get("/claims/{claim_id}")
def claim(request: Request, claims: Claims, claim_id: ClaimId) -> Response:
    """One claim with its assessment."""
    return page(request, "claim.html", view=claims.claim(claim_id))


@router.post("/claims/{claim_id}/actions")
def act(
    request: Request,
    claims: Claims,
    actor: Actor,
    claim_id: ClaimId,
    form: Annotated[ClaimActionForm, Form()],
) -> Response:
    """Flag, hold or release a claim, then show it as stored."""
    asked = ClaimActionRequest(action=form.action, reason=form.reason or None)
    view = claims.act(claim_id, asked, actor)
    if not is_htmx(request):
        return _to(f"/claims/{claim_id}")
    said = f"Stored: claim {claim_id} is {view.status}"
    return page(request, "_claim.html", view=view, said=said)


def _to(address: str) -> Response:
    return RedirectResponse(address, status_code=303)


def _filter(request: Request, kind: type[Filter]) -> Filter:
    """A list's filter from the address; a field left blank is absent."""
    given: dict[str, Any] = {k: v for k, v in request.query_params.items() if v.strip()}
    try:
        return kind.model_validate(given)
    except ValidationError as error:
        raise Problem("invalid-request", validation_sentence(error)) from None

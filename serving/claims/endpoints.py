"""``/v1/claims``: assessments, the biller's list, flag, hold and release."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body, Depends, Path, Query

from data.schemas import Claim, RiskAssessment
from serving import examples
from serving.claims.schemas import (
    AssessmentBatch,
    AssessmentRequest,
    ClaimActionRequest,
    ClaimBatch,
    ClaimFilter,
    ClaimPage,
    ClaimView,
)
from serving.claims.service import ClaimService
from serving.coding.schemas import NO_NUL
from serving.deps import Actor, JsonRoute, claims_of

router = APIRouter(prefix="/v1/claims", tags=["claims"], route_class=JsonRoute)

Claims = Annotated[ClaimService, Depends(claims_of)]
ClaimId = Annotated[str, Path(max_length=200, pattern=NO_NUL, examples=["SB00000001"])]


@router.post(
    "/assessments",
    summary="Findings and denial risk of one claim or a batch",
    response_model=RiskAssessment | AssessmentBatch,
    responses=examples.of(200, "assessments", 400, 413, 415, 422, 503),
)
def assess(
    claims: Claims,
    request: Annotated[AssessmentRequest, Body(openapi_examples=examples.ASSESS)],
) -> RiskAssessment | AssessmentBatch:
    """Edits and a calibrated probability, kept apart; nothing is stored.

    A batch answers line by line: a bad claim gives an error object in its place.
    """
    if isinstance(request, ClaimBatch):
        return AssessmentBatch(results=claims.assess_many(request.claims))
    assert isinstance(request, Claim)
    return claims.assess(request)


@router.get("", summary="The biller's list", responses=examples.of(200, "claim_page", 422))
def list_claims(claims: Claims, wanted: Annotated[ClaimFilter, Query()]) -> ClaimPage:
    """The most money at risk first."""
    return claims.claims(wanted)


@router.get(
    "/{claim_id}",
    summary="A claim with its assessment and history",
    responses=examples.of(200, "claim_view", 404),
)
def read_claim(claims: Claims, claim_id: ClaimId) -> ClaimView:
    """The newest assessment counts."""
    return claims.claim(claim_id)


@router.post(
    "/{claim_id}/actions",
    summary="Flag, hold or release a claim",
    status_code=201,
    responses=examples.of(201, "claim_view", 400, 404, 409, 415, 422),
)
def act(
    claims: Claims,
    actor: Actor,
    claim_id: ClaimId,
    request: Annotated[ClaimActionRequest, Body(openapi_examples=examples.CLAIM_ACTION)],
) -> ClaimView:
    """Release is refused while error findings stand, unless a reason is given."""
    return claims.act(claim_id, request, actor)

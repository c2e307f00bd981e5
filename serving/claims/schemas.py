"""What the biller's endpoints take and give, beside the shared types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, Tag

from data.schemas import Claim, ClaimAction, ErrorLine, Frozen, RiskAssessment
from serving.coding.schemas import BATCH_LIMIT, NO_NUL, one_or_many


class ClaimStatus(StrEnum):
    DRAFT = "draft"
    FLAGGED = "flagged"
    HELD = "held"
    RELEASED = "released"


class ClaimBatch(Frozen):
    """Several claims; each is validated alone, a bad one spoils no other."""

    claims: Annotated[
        tuple[Annotated[Any, Field(json_schema_extra={"$ref": "#/components/schemas/Claim"})], ...],
        Field(min_length=1, max_length=BATCH_LIMIT),
    ]


AssessmentRequest = Annotated[
    Annotated[Claim, Tag("one")] | Annotated[ClaimBatch, Tag("many")], one_or_many("claims")
]


class AssessmentBatch(BaseModel):
    """One line for each claim sent, in order: an assessment, or the error in its place."""

    results: list[RiskAssessment | ErrorLine]


class ClaimSummary(BaseModel):
    """A line of the biller's list; money in dollars."""

    claim_id: str
    note_id: str | None = None
    status: ClaimStatus
    payer_type: str | None = None
    date_of_service: date | None = None
    charge: Decimal
    risk: float
    expected_loss: float
    errors: int
    warnings: int
    reasons: list[str] = []
    """The strongest reasons, findings first, in words."""
    created_at: datetime


class ClaimPage(BaseModel):
    total: int
    limit: int
    offset: int
    counts: dict[ClaimStatus, int]
    """Claims by status, under the other filters."""
    expected_loss: float
    """Dollars at risk over all claims that match, not only this page."""
    claims: list[ClaimSummary]


class ClaimFilter(BaseModel):
    """What the biller's list shows."""

    model_config = ConfigDict(extra="forbid")

    status: ClaimStatus | None = None
    payer_type: str | None = Field(default=None, max_length=200, pattern=NO_NUL)
    min_risk: float | None = Field(default=None, ge=0, le=1)
    min_loss: float | None = Field(default=None, ge=0)
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class ClaimEvent(BaseModel):
    """One thing done with a claim."""

    event_id: int
    action: str
    reason: str | None = None
    biller: str
    at: datetime


class ClaimView(BaseModel):
    """A claim with its newest assessment and its history."""

    claim: Claim
    status: ClaimStatus
    created_at: datetime
    assessment: RiskAssessment
    assessed_at: datetime
    events: list[ClaimEvent]


class ClaimActionRequest(Frozen):
    """What a biller does with a claim."""

    action: ClaimAction
    reason: (
        Annotated[
            str,
            StringConstraints(min_length=1, max_length=500, strip_whitespace=True, pattern=NO_NUL),
        ]
        | None
    ) = None

"""What the coder's endpoints take and give, beside the shared types."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, StringConstraints, Tag

from data.schemas import (
    Claim,
    Code,
    CodeRef,
    CodingResult,
    Decision,
    DecisionEvent,
    ErrorLine,
    Evidence,
    Frozen,
    Note,
    RiskAssessment,
    Setting,
    System,
)
from serving.coding.state import CodeState, NoteState

BATCH_LIMIT = 100
STORABLE_ID = r"^[\w][\w.:@~+=-]*$"
"""Ids of stored notes and claims appear in addresses: no slash, space or control."""


NO_NUL = r"^[^\x00]*$"
"""PostgreSQL keeps no U+0000 in a text column; notes themselves are kept as bytes."""
Registered = Annotated[str, StringConstraints(min_length=1, max_length=80, pattern=NO_NUL)]
"""What the registration desk knows and the note does not."""


class NoteStatus(StrEnum):
    NEW = "new"
    IN_REVIEW = "in_review"
    SIGNED_OFF = "signed_off"


def one_or_many(many_key: str) -> Any:
    """A discriminator: an object with ``many_key`` is a batch, every other one item."""

    def choose(value: Any) -> str:
        keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", {})
        return "many" if many_key in keys else "one"

    return Discriminator(choose)


class NoteBatch(Frozen):
    """Several notes; each is validated alone, a bad one spoils no other."""

    notes: Annotated[
        tuple[Annotated[Any, Field(json_schema_extra={"$ref": "#/components/schemas/Note"})], ...],
        Field(min_length=1, max_length=BATCH_LIMIT),
    ]


SuggestionRequest = Annotated[
    Annotated[Note, Tag("one")] | Annotated[NoteBatch, Tag("many")], one_or_many("notes")
]


class SuggestionBatch(BaseModel):
    """One line for each note sent, in order: a result, or the error in its place."""

    results: list[CodingResult | ErrorLine]


class StorableNote(Note):
    """A note to be kept: its id must be fit for an address."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=STORABLE_ID)]

    specialty: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = None
    payer_type: Annotated[str, StringConstraints(max_length=200, pattern=NO_NUL)] | None = None

    def plain(self) -> Note:
        """The note alone."""
        return Note.model_validate(self.model_dump())


class CodeHit(BaseModel):
    """One line of the type-ahead."""

    system: System
    code: str
    description: str
    billable: bool = True
    matched: str | None = None
    """The synonym that matched, when it is not the description."""


class CodeHits(BaseModel):
    query: str
    hits: list[CodeHit]


class CodeView(BaseModel):
    """One code as its release states it."""

    model_config = ConfigDict(extra="allow")

    system: System
    code: str
    description: str
    billable: bool
    effective_from: date | None = None
    effective_to: date | None = None
    inclusion_terms: list[str] = []
    excludes1: list[str] = []
    parent: str | None = None
    children: list[str] = []


class NoteSummary(BaseModel):
    """A line of the worklist."""

    id: str
    status: NoteStatus
    created_at: datetime
    date_of_service: date | None = None
    note_type: str | None = None
    specialty: str | None = None
    setting: Setting | None = None
    payer_type: str | None = None
    bundle: str | None = None
    selected: int = 0
    """Codes that the newest result proposes."""
    decisions: int = 0
    """Decisions taken so far."""


class NotePage(BaseModel):
    total: int
    limit: int
    offset: int
    counts: dict[NoteStatus, int]
    """Notes by status, under the other filters."""
    notes: list[NoteSummary]


class NoteFilter(BaseModel):
    """What the worklist shows."""

    model_config = ConfigDict(extra="forbid")

    status: NoteStatus | None = None
    specialty: str | None = Field(default=None, max_length=200, pattern=NO_NUL)
    setting: Setting | None = None
    limit: int = Field(default=50, ge=1, le=200)
    offset: int = Field(default=0, ge=0, le=1_000_000)


class StoredDecision(DecisionEvent):
    """A decision as it stands in the log."""

    decision_id: int
    result_id: int | None = None


class SignOff(Frozen):
    """A reviewer vouched for these codes."""

    reviewer: str
    at: datetime
    codes: tuple[CodeRef, ...]


class NoteView(BaseModel):
    """Everything a review of one note needs."""

    note: Note
    status: NoteStatus
    created_at: datetime
    result_id: int | None = None
    result_at: datetime | None = None
    result: CodingResult | None = None
    decisions: list[StoredDecision] = []
    state: NoteState
    sign_off: SignOff | None = None
    claim_id: str | None = None
    warnings: list[str] = []


class DecisionRequest(Frozen):
    """What a reviewer did with one code."""

    decision: Decision
    system: System
    code: Code
    replacement: CodeRef | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)] | None = None
    seconds: Annotated[float, Field(ge=0, le=86_400)] | None = None
    result_id: Annotated[int, Field(ge=1, le=2**31 - 1)] | None = None
    """The result that was on the screen; without it the newest."""


class DecisionView(BaseModel):
    """The decision as stored, and where the note's codes stand after it."""

    decision: StoredDecision
    state: NoteState
    warnings: list[str] = []


class SignOffRequest(Frozen):
    """How to sign off.

    ``undecided`` says what becomes of proposed codes that nobody decided on:
    ``accept`` writes a decision for each, ``leave_out`` leaves them uncoded.
    Without it such codes refuse the sign-off.
    """

    undecided: Literal["accept", "leave_out"] | None = None
    without_codes: bool = False
    """Sign off although no code is accepted; then no claim is drafted."""
    payer_id: Registered | None = None
    member_id: Registered | None = None
    prior_authorization: Registered | None = None
    referral: Registered | None = None


class SignOffView(BaseModel):
    note_id: str
    sign_off: SignOff
    codes: list[CodeState]
    claim: Claim | None = None
    assessment: RiskAssessment | None = None

"""The things Superbill talks about: notes, suggestions, decisions, claims.

Every type here is frozen and validates when built, so a value that exists is a
value that holds. Offsets count Unicode code points, half-open, into the note's
text exactly as received (nothing normalised, CRLF kept):
``note.text[span.start:span.end] == span.text``.

The field names of :class:`Note`, :class:`CodingResult` and
:class:`RiskAssessment` are the command line's contract: additions are fine,
renames are not.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

MAX_NOTE_CHARACTERS = 1_000_000
"""Longest note accepted, in code points: 50,000 words are about 350,000."""


class Frozen(BaseModel):
    """Immutable and closed: an unknown field is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class System(StrEnum):
    ICD10CM = "ICD-10-CM"
    CPT = "CPT"
    HCPCS = "HCPCS"
    ICD10PCS = "ICD-10-PCS"  # reserved: read from corpora, never suggested


class Setting(StrEnum):
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"


class Sex(StrEnum):
    FEMALE = "F"
    MALE = "M"
    UNKNOWN = "U"


class ClaimType(StrEnum):
    PROFESSIONAL = "professional"
    FACILITY = "facility"


class PatientStatus(StrEnum):
    NEW = "new"
    ESTABLISHED = "established"


class Assertion(StrEnum):
    """What the note says of a mentioned condition."""

    PRESENT = "present"
    NEGATED = "negated"
    FAMILY = "family"
    HISTORICAL = "historical"
    HYPOTHETICAL = "hypothetical"
    UNCERTAIN = "uncertain"


class Convention(StrEnum):
    """Which mentions count: what a US coder bills, or every mention (CodiEsp)."""

    BILLING = "billing"
    EVERY_MENTION = "every-mention"


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9.]{1,9}$")]
Modifier = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{2}$")]
Probability = Annotated[float, Field(ge=0.0, le=1.0)]
Amount = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]


class Patient(Frozen):
    patient_id: Identifier
    sex: Sex | None = None
    birth_date: date | None = None


class Encounter(Frozen):
    """One contact of one patient; codes belong to it, notes document it."""

    encounter_id: Identifier
    patient_id: Identifier
    date_of_service: date | None = None
    setting: Setting | None = None
    place_of_service: str | None = None


class Note(Frozen):
    """One clinical document, with what is known of its encounter."""

    id: Identifier
    text: Annotated[str, Field(min_length=1, max_length=MAX_NOTE_CHARACTERS)]
    date_of_service: date | None = None
    sex: Sex | None = None
    birth_date: date | None = None
    setting: Setting | None = None
    patient_id: Identifier | None = None
    encounter_id: Identifier | None = None
    note_type: str | None = None
    specialty: str | None = None
    place_of_service: Annotated[str, StringConstraints(pattern=r"^\d{2}$")] | None = None
    patient_status: PatientStatus | None = None
    payer_type: str | None = None
    claim_type: ClaimType | None = None

    @model_validator(mode="before")
    @classmethod
    def _blank_is_absent(cls, values: object) -> object:
        """Exports write absent fields as empty strings; only id and text may not be empty."""
        if isinstance(values, dict):
            return {k: v for k, v in values.items() if v != "" or k in ("id", "text")}
        return values

    @model_validator(mode="after")
    def _has_words(self) -> Note:
        if not self.text.strip():
            raise ValueError("text: the note is empty; send the words of the note")
        if self.birth_date and self.date_of_service and self.birth_date > self.date_of_service:
            raise ValueError("birth_date: lies after date_of_service; correct one of the two")
        return self


class Span(Frozen):
    start: Annotated[int, Field(ge=0)]
    end: int

    @model_validator(mode="after")
    def _has_length(self) -> Span:
        if self.end <= self.start:
            raise ValueError("end: must be greater than start")
        return self


class Evidence(Span):
    """The words of the note that support a code."""

    text: str

    @classmethod
    def of(cls, text: str, start: int, end: int) -> Evidence:
        return cls(start=start, end=end, text=text[start:end])


class Suggestion(Frozen):
    """One code put before the reviewer, with its proof."""

    system: System
    code: Code
    description: str
    confidence: Probability
    selected: bool
    auto_accept: bool
    sequence: int | None = None
    units: int | None = None
    linked_diagnoses: tuple[Code, ...] = ()
    modifiers: tuple[Modifier, ...] = ()
    assertion: Assertion = Assertion.PRESENT
    sources: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    notes: tuple[str, ...] = ()


class Suppressed(Frozen):
    """A candidate that was not suggested, and why not."""

    system: System
    code: Code
    description: str = ""
    reason: str
    assertion: Assertion | None = None
    """What the note says of the mention; None where another rule dropped the code."""
    evidence: tuple[Evidence, ...] = ()


class Query(Frozen):
    """A question a coder can send to the clinician."""

    kind: str
    question: str
    options: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()


class CodingResult(Frozen):
    """What ``superbill suggest`` says of one note."""

    id: Identifier
    bundle: str
    suggestions: tuple[Suggestion, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    queries: tuple[Query, ...] = ()
    em: dict[str, object] | None = None
    release: str
    warnings: tuple[str, ...] = ()


class Decision(StrEnum):
    """What a reviewer did with a suggestion."""

    ACCEPT = "accept"
    REJECT = "reject"
    REPLACE = "replace"
    ADD = "add"
    UNDO = "undo"  # takes back the note's newest decision that still stands


class CodeRef(Frozen):
    system: System
    code: Code


class DecisionEvent(Frozen):
    """One append-only row of the review: who decided what about which code."""

    note_id: Identifier
    decision: Decision
    system: System
    code: Code
    replacement: CodeRef | None = None
    evidence: tuple[Evidence, ...] = ()
    reason: Annotated[str, StringConstraints(max_length=500)] | None = None
    reviewer: str = "local"
    bundle: str | None = None
    rank_shown: int | None = None
    confidence_shown: Probability | None = None
    seconds: Annotated[float, Field(ge=0)] | None = None
    at: datetime | None = None

    @model_validator(mode="after")
    def _replacement_only_when_replacing(self) -> DecisionEvent:
        if (self.decision is Decision.REPLACE) != (self.replacement is not None):
            raise ValueError("replacement: give it with decision 'replace', and only then")
        return self


class GoldCode(Frozen):
    """A code that the note's author or reviewer gave, with its evidence."""

    system: System
    code: Code
    evidence: tuple[Evidence, ...] = ()
    sequence: int | None = None
    modifiers: tuple[Modifier, ...] = ()
    units: int = 1
    linked_diagnoses: tuple[Code, ...] = ()


class GoldMention(Frozen):
    """A mention that is not coded, and what the note asserts of it."""

    evidence: Evidence
    assertion: Assertion


class GoldNote(Frozen):
    """A note with the codes it should bear."""

    note: Note
    codes: tuple[GoldCode, ...] = ()
    mentions: tuple[GoldMention, ...] = ()

    def codes_of(self, system: System) -> tuple[str, ...]:
        """Codes of one system, in sequence."""
        return tuple(gold.code for gold in self.codes if gold.system == system)


class ClaimDiagnosis(Frozen):
    code: Code
    present_on_admission: str | None = None  # facility claims: reserved


class ClaimLine(Frozen):
    """One service line (837P loop 2400)."""

    number: Annotated[int, Field(ge=1)]
    system: System
    code: Code
    modifiers: Annotated[tuple[Modifier, ...], Field(max_length=4)] = ()
    units: Annotated[Decimal, Field(max_digits=10, decimal_places=3)] = Decimal(1)
    charge: Amount = Decimal(0)
    diagnosis_pointers: tuple[int, ...] = ()  # 1-based, into Claim.diagnoses
    date_of_service: date | None = None
    place_of_service: str | None = None
    revenue_code: str | None = None  # facility claims: reserved


class Claim(Frozen):
    """A professional claim as drafted or as read from an 837P.

    The schema is wide on purpose: it holds what a wrong claim says too, so that
    the edits can name what is wrong with it.
    """

    claim_id: Identifier
    note_id: Identifier | None = None
    patient_id: Identifier | None = None
    patient_sex: Sex | None = None
    patient_birth_date: date | None = None
    payer_id: str | None = None
    payer_type: str | None = None
    member_id: str | None = None
    billing_npi: str | None = None
    rendering_npi: str | None = None
    taxonomy: str | None = None
    specialty: str | None = None
    place_of_service: str | None = None
    claim_type: ClaimType = ClaimType.PROFESSIONAL
    frequency_code: str = "1"  # CLM05-3: 1 original, 7 replacement, 8 void
    original_reference: str | None = None  # REF*F8
    prior_authorization: str | None = None
    referral: str | None = None
    submission_date: date | None = None
    total_charge: Amount | None = None
    diagnoses: tuple[ClaimDiagnosis, ...] = ()
    lines: tuple[ClaimLine, ...] = ()
    type_of_bill: str | None = None  # facility claims: reserved
    discharge_status: str | None = None  # facility claims: reserved

    @property
    def charge(self) -> Decimal:
        """Total charge in dollars: as stated, else the sum of the lines."""
        if self.total_charge is not None:
            return self.total_charge
        return sum((line.charge for line in self.lines), Decimal(0))

    @property
    def date_of_service(self) -> date | None:
        """The earliest line's date."""
        return min((ln.date_of_service for ln in self.lines if ln.date_of_service), default=None)


class Severity(StrEnum):
    ERROR = "error"
    WARNING = "warning"


class Finding(Frozen):
    """One edit that fired."""

    rule: str
    severity: Severity
    line: int | None = None
    message: str
    fix: str | None = None
    source: str


class Reason(Frozen):
    """A learned contribution to the denial risk, in a biller's words."""

    category: str
    contribution: float  # log-odds
    message: str


class Fix(Frozen):
    change: str
    risk_after: Probability


class TrainedOn(Frozen):
    kind: Literal["simulated", "real", "mixed"]
    real_outcomes: int = 0


class RiskAssessment(Frozen):
    """What ``superbill assess`` says of one claim; risk is P(denied)."""

    claim_id: Identifier
    bundle: str
    risk: Probability
    expected_loss: float  # dollars
    findings: tuple[Finding, ...] = ()
    reasons: tuple[Reason, ...] = ()
    probability_by_category: dict[str, Probability] = Field(default_factory=dict)
    fixes: tuple[Fix, ...] = ()
    abstained: bool = False
    trained_on: TrainedOn


class Outcome(Frozen):
    """What the payer did with a claim (from an 835)."""

    claim_id: Identifier
    denied: bool
    category: str | None = None
    paid: Amount = Decimal(0)
    posted: date | None = None


class ClaimAction(StrEnum):
    """What a biller did with a draft claim."""

    FLAG = "flag"
    HOLD = "hold"
    RELEASE = "release"


class ErrorDetail(Frozen):
    code: str
    message: str


class ErrorLine(Frozen):
    """Stands in place of a result whose input line was bad."""

    id: str | None = None
    claim_id: str | None = None
    line: int | None = None
    error: ErrorDetail

"""The biller's work: assess, draft, list by money at risk, flag, hold, release.

Every method may be called from any thread. What it returns has been stored;
what it refuses it raises as :class:`serving.errors.Problem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError
from sqlalchemy.orm import Session

from data.schemas import (
    Claim,
    ClaimAction,
    ErrorDetail,
    ErrorLine,
    Note,
    RiskAssessment,
    Severity,
)
from serving.claims import repository
from serving.claims.schemas import (
    ClaimActionRequest,
    ClaimFilter,
    ClaimPage,
    ClaimStatus,
    ClaimView,
)
from serving.claims.tables import ClaimRow
from serving.coding.schemas import SignOffRequest
from serving.coding.state import CodeState
from serving.database import Database, now
from serving.errors import FieldProblem, Problem, log_scrubbed, validation_sentence
from serving.models.service import ModelService
from serving.settings import Practice

if TYPE_CHECKING:
    from data.claims.draft import ClaimDefaults

STATUS_AFTER = {
    ClaimAction.FLAG: ClaimStatus.FLAGGED,
    ClaimAction.HOLD: ClaimStatus.HELD,
    ClaimAction.RELEASE: ClaimStatus.RELEASED,
}


class ClaimService:
    """The biller's room."""

    def __init__(self, database: Database, models: ModelService, practice: Practice) -> None:
        self.database = database
        self.models = models
        self.practice = practice

    def assess(self, claim: Claim) -> RiskAssessment:
        """Findings and denial risk of one claim; nothing is stored."""
        return self.models.current.assessor.assess(claim)

    def assess_many(self, claims: Sequence[Any]) -> list[RiskAssessment | ErrorLine]:
        """Assessments of a batch of unchecked claims, one line each, in order."""
        assessor = self.models.current.assessor
        lines: list[RiskAssessment | ErrorLine] = []
        for number, raw in enumerate(claims, start=1):
            try:
                lines.append(assessor.assess(Claim.model_validate(raw)))
            except ValidationError as error:
                detail = ErrorDetail(code="invalid-request", message=validation_sentence(error))
                lines.append(ErrorLine(claim_id=_claim_id(raw), line=number, error=detail))
            except Exception as error:
                log_scrubbed("assessment failed", error)
                detail = ErrorDetail(
                    code="internal-error", message="this claim could not be assessed; the rest was"
                )
                lines.append(ErrorLine(claim_id=_claim_id(raw), line=number, error=detail))
        return lines

    def draft(
        self,
        session: Session,
        note: Note,
        codes: Sequence[CodeState],
        claim_id: str,
        request: SignOffRequest,
        actor: str,
    ) -> tuple[Claim, RiskAssessment]:
        """Draft, assess and store the claim of a signed-off note, in the caller's transaction."""
        from data.claims.draft import draft_claim

        claim = draft_claim(note, codes, claim_id=claim_id, defaults=self._defaults(request, note))
        assessment = self.assess(claim)
        at = now()
        row = repository.insert_claim(session, claim, assessment, at)
        repository.append_event(session, claim_id, "drafted", None, actor, row.id, at)
        return claim, assessment

    def _defaults(self, request: SignOffRequest, note: Note) -> ClaimDefaults:
        from data.claims.draft import ClaimDefaults

        by_type = self.practice.payer_by_type.get(note.payer_type or "")
        lag, served = self.practice.submission_lag_days, note.date_of_service
        return ClaimDefaults(
            billing_npi=self.practice.billing_npi,
            rendering_npi=self.practice.rendering_npi,
            taxonomy=self.practice.taxonomy,
            payer_id=request.payer_id or by_type or self.practice.payer_id,
            member_id=request.member_id or self.practice.member_id,
            prior_authorization=request.prior_authorization,
            referral=request.referral,
            submission_date=served + timedelta(days=lag) if served and lag is not None else None,
        )

    def claim_of_note(self, session: Session, note_id: str) -> str | None:
        """The claim drafted from a note."""
        return repository.claim_of_note(session, note_id)

    def claims(self, wanted: ClaimFilter) -> ClaimPage:
        """One page of the biller's list, the most money at risk first."""
        with self.database.read() as session:
            counts = repository.count_by_status(session, wanted)
            page = repository.page_of_claims(session, wanted)
            loss = repository.total_loss(session, wanted)
        total = counts[wanted.status] if wanted.status else sum(counts.values())
        return ClaimPage(
            total=total,
            limit=wanted.limit,
            offset=wanted.offset,
            counts=counts,
            expected_loss=loss,
            claims=page,
        )

    def payer_types(self) -> list[str]:
        """The kinds of payer that claims go to, for the list's filter."""
        with self.database.read() as session:
            return repository.payer_types(session)

    def claim(self, claim_id: str) -> ClaimView:
        """A claim with its newest assessment and its history.

        Raises:
            Problem: 404.
        """
        with self.database.read() as session:
            return _view(session, _found(session, claim_id))

    def act(self, claim_id: str, request: ClaimActionRequest, biller: str) -> ClaimView:
        """Flag, hold or release a claim; when this returns, it is on disk.

        Raises:
            Problem: 404; 409 when the claim is released already, or when it is
                to be released without a reason while error findings stand.
        """
        with self.database.write() as session:
            row = _found(session, claim_id, lock=True)
            if row.status == ClaimStatus.RELEASED:
                raise Problem("released", "A released claim has left; it cannot be acted on here.")
            newest = repository.newest_assessment(session, claim_id)
            if request.action is ClaimAction.RELEASE and not request.reason:
                _refuse_open_errors(repository.assessment_of(newest))
            row.status = STATUS_AFTER[request.action]
            repository.append_event(
                session, claim_id, request.action, request.reason, biller, newest.id, now()
            )
            return _view(session, row)


def _view(session: Session, row: ClaimRow) -> ClaimView:
    newest = repository.newest_assessment(session, row.id)
    return ClaimView(
        claim=Claim.model_validate(row.claim),
        status=ClaimStatus(row.status),
        created_at=row.created_at,
        assessment=repository.assessment_of(newest),
        assessed_at=newest.created_at,
        events=repository.events_of(session, row.id),
    )


def _found(session: Session, claim_id: str, *, lock: bool = False) -> ClaimRow:
    row = repository.find_claim(session, claim_id, lock=lock)
    if row is None:
        raise Problem("not-found", "No claim is stored under this id; GET /v1/claims lists them.")
    return row


def _refuse_open_errors(assessment: RiskAssessment) -> None:
    errors = [
        FieldProblem(
            field=f"line {finding.line}" if finding.line else "claim",
            message=finding.message,
            fix=finding.fix,
        )
        for finding in assessment.findings
        if finding.severity is Severity.ERROR
    ]
    if errors:
        raise Problem(
            "open-errors",
            f"{len(errors)} error finding(s) stand. Put them right, or release with a reason.",
            errors=errors,
        )


def _claim_id(raw: Any) -> str | None:
    value = raw.get("claim_id") if isinstance(raw, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None

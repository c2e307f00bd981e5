"""Rows of the biller's room: reads and appends, no rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from data.schemas import Claim, RiskAssessment, Severity
from serving.claims.schemas import ClaimEvent, ClaimFilter, ClaimStatus, ClaimSummary
from serving.claims.tables import AssessmentRow, ClaimEventRow, ClaimRow

REASONS_SHOWN = 3


def insert_claim(
    session: Session, claim: Claim, assessment: RiskAssessment, at: datetime
) -> AssessmentRow:
    """Store a draft claim with its first assessment."""
    session.add(
        ClaimRow(
            id=claim.claim_id,
            note_id=claim.note_id,
            claim=claim.model_dump(mode="json"),
            status=ClaimStatus.DRAFT,
            payer_type=claim.payer_type,
            date_of_service=claim.date_of_service,
            charge=claim.charge,
            risk=assessment.risk,
            expected_loss=assessment.expected_loss,
            errors=_count(assessment, Severity.ERROR),
            warnings=_count(assessment, Severity.WARNING),
            created_at=at,
        )
    )
    session.flush()
    row = AssessmentRow(
        claim_id=claim.claim_id,
        bundle=assessment.bundle,
        assessment=assessment.model_dump(mode="json"),
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def _count(assessment: RiskAssessment, severity: Severity) -> int:
    return sum(finding.severity is severity for finding in assessment.findings)


def find_claim(session: Session, claim_id: str, *, lock: bool = False) -> ClaimRow | None:
    """The claim's row; ``lock`` makes other writers of this claim wait."""
    return session.get(ClaimRow, claim_id, with_for_update=lock)


def claim_of_note(session: Session, note_id: str) -> str | None:
    """The newest claim drafted from a note."""
    query = (
        select(ClaimRow.id)
        .where(ClaimRow.note_id == note_id)
        .order_by(ClaimRow.created_at.desc(), ClaimRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).first()


def newest_assessment(session: Session, claim_id: str) -> AssessmentRow:
    """The assessment that counts; every stored claim has one."""
    query = (
        select(AssessmentRow)
        .where(AssessmentRow.claim_id == claim_id)
        .order_by(AssessmentRow.id.desc())
        .limit(1)
    )
    return session.scalars(query).one()


def assessment_of(row: AssessmentRow) -> RiskAssessment:
    return RiskAssessment.model_validate(row.assessment)


def append_event(
    session: Session,
    claim_id: str,
    action: str,
    reason: str | None,
    biller: str,
    assessment_id: int,
    at: datetime,
) -> None:
    session.add(
        ClaimEventRow(
            claim_id=claim_id,
            action=action,
            reason=reason,
            biller=biller,
            assessment_id=assessment_id,
            at=at,
        )
    )
    session.flush()


def events_of(session: Session, claim_id: str) -> list[ClaimEvent]:
    """What was done with a claim, oldest first."""
    rows = session.scalars(
        select(ClaimEventRow).where(ClaimEventRow.claim_id == claim_id).order_by(ClaimEventRow.id)
    )
    return [
        ClaimEvent(
            event_id=row.id, action=row.action, reason=row.reason, biller=row.biller, at=row.at
        )
        for row in rows
    ]


def count_by_status(session: Session, wanted: ClaimFilter) -> dict[ClaimStatus, int]:
    """Claims of each status under the other filters; a status without claims is 0."""
    query = select(ClaimRow.status, func.count()).group_by(ClaimRow.status)
    query = query.where(*_conditions(wanted, with_status=False))
    counts = dict.fromkeys(ClaimStatus, 0)
    counts.update({ClaimStatus(status): count for status, count in session.execute(query)})
    return counts


def total_loss(session: Session, wanted: ClaimFilter) -> float:
    """Expected loss over all claims that match, in dollars."""
    query = select(func.coalesce(func.sum(ClaimRow.expected_loss), 0.0))
    return float(session.scalars(query.where(*_conditions(wanted))).one())


def page_of_claims(session: Session, wanted: ClaimFilter) -> list[ClaimSummary]:
    """One page of the list, the most money at risk first."""
    rows = session.scalars(
        select(ClaimRow)
        .where(*_conditions(wanted))
        .order_by(ClaimRow.expected_loss.desc(), ClaimRow.id)
        .limit(wanted.limit)
        .offset(wanted.offset)
    ).all()
    assessments = _newest_assessments(session, [row.id for row in rows])
    return [
        ClaimSummary(
            claim_id=row.id,
            note_id=row.note_id,
            status=ClaimStatus(row.status),
            payer_type=row.payer_type,
            date_of_service=row.date_of_service,
            charge=row.charge,
            risk=row.risk,
            expected_loss=row.expected_loss,
            errors=row.errors,
            warnings=row.warnings,
            reasons=reasons_of(assessments[row.id]),
            created_at=row.created_at,
        )
        for row in rows
    ]


def reasons_of(assessment: RiskAssessment) -> list[str]:
    """The strongest reasons in words: errors, then warnings, then what raises the risk."""
    findings = sorted(assessment.findings, key=lambda f: f.severity is not Severity.ERROR)
    raising = sorted(
        (reason for reason in assessment.reasons if reason.contribution > 0),
        key=lambda reason: -reason.contribution,
    )
    words = [finding.message for finding in findings] + [reason.message for reason in raising]
    return list(dict.fromkeys(words))[:REASONS_SHOWN]


def payer_types(session: Session) -> list[str]:
    """The kinds of payer that claims go to, in the order of the alphabet."""
    query = select(ClaimRow.payer_type).where(ClaimRow.payer_type.is_not(None)).distinct()
    return [name for name in session.scalars(query.order_by(ClaimRow.payer_type)) if name]


def _newest_assessments(session: Session, ids: Sequence[str]) -> dict[str, RiskAssessment]:
    newest = (
        select(func.max(AssessmentRow.id))
        .where(AssessmentRow.claim_id.in_(ids))
        .group_by(AssessmentRow.claim_id)
    )
    rows = session.scalars(select(AssessmentRow).where(AssessmentRow.id.in_(newest)))
    return {row.claim_id: assessment_of(row) for row in rows}


def _conditions(wanted: ClaimFilter, *, with_status: bool = True) -> Iterable[ColumnElement[bool]]:
    if with_status and wanted.status is not None:
        yield ClaimRow.status == wanted.status
    if wanted.payer_type is not None:
        yield ClaimRow.payer_type == wanted.payer_type
    if wanted.min_risk is not None:
        yield ClaimRow.risk >= wanted.min_risk
    if wanted.min_loss is not None:
        yield ClaimRow.expected_loss >= wanted.min_loss

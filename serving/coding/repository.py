"""Rows of the coder's room: reads and appends, no rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, func, literal, select, tuple_
from sqlalchemy.orm import Session

from data.schemas import CodeRef, CodingResult, Convention, DecisionEvent, Evidence, Note, System
from serving.coding.schemas import NoteFilter, NoteStatus, NoteSummary, SignOff, StoredDecision
from serving.coding.tables import CodingResultRow, DecisionRow, NoteRow, SignOffRow
from serving.database import UtcDateTime


def insert_note(session: Session, note: Note, at: datetime) -> NoteRow:
    """Store a note; ``IntegrityError`` when the id is taken."""
    row = NoteRow(
        id=note.id,
        text=note.text,
        sha256=hashlib.sha256(note.text.encode("utf-8")).hexdigest(),
        details=note.model_dump(mode="json", exclude={"id", "text"}, exclude_none=True),
        status=NoteStatus.NEW,
        specialty=note.specialty,
        setting=note.setting,
        date_of_service=note.date_of_service,
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def find_note(session: Session, note_id: str, *, lock: bool = False) -> NoteRow | None:
    """The note's row; ``lock`` makes other writers of this note wait."""
    return session.get(NoteRow, note_id, with_for_update=lock)


def note_of(row: NoteRow) -> Note:
    """The note as received."""
    return Note.model_validate({"id": row.id, "text": row.text, **row.details})


def insert_result(
    session: Session, note_id: str, result: CodingResult, convention: Convention, at: datetime
) -> CodingResultRow:
    """Store what a bundle said of a note."""
    row = CodingResultRow(
        note_id=note_id,
        bundle=result.bundle,
        convention=convention,
        result=result.model_dump(mode="json"),
        selected=sum(suggestion.selected for suggestion in result.suggestions),
        created_at=at,
    )
    session.add(row)
    session.flush()
    return row


def newest_result(
    session: Session, note_id: str, convention: Convention = Convention.BILLING
) -> CodingResultRow | None:
    """The result under review."""
    return session.scalars(
        select(CodingResultRow)
        .where(CodingResultRow.note_id == note_id, CodingResultRow.convention == convention)
        .order_by(CodingResultRow.id.desc())
        .limit(1)
    ).first()


def find_result(session: Session, note_id: str, result_id: int) -> CodingResultRow | None:
    """One result of this note."""
    row = session.get(CodingResultRow, result_id)
    return row if row is not None and row.note_id == note_id else None


def result_of(row: CodingResultRow | None) -> CodingResult | None:
    return None if row is None else CodingResult.model_validate(row.result)


def append_decision(
    session: Session, event: DecisionEvent, result_id: int | None
) -> StoredDecision:
    """Append one decision and give it its number."""
    row = DecisionRow(
        note_id=event.note_id,
        result_id=result_id,
        decision=event.decision,
        system=event.system,
        code=event.code,
        replacement_system=event.replacement.system if event.replacement else None,
        replacement_code=event.replacement.code if event.replacement else None,
        evidence=[evidence.model_dump(mode="json") for evidence in event.evidence],
        reason=event.reason,
        reviewer=event.reviewer,
        bundle=event.bundle,
        rank_shown=event.rank_shown,
        confidence_shown=event.confidence_shown,
        seconds=event.seconds,
        at=event.at,
    )
    session.add(row)
    session.flush()
    return decision_of(row)


def decisions_of(session: Session, note_id: str) -> list[StoredDecision]:
    """All decisions on a note, oldest first."""
    rows = session.scalars(
        select(DecisionRow).where(DecisionRow.note_id == note_id).order_by(DecisionRow.id)
    )
    return [decision_of(row) for row in rows]


def decision_of(row: DecisionRow) -> StoredDecision:
    replacement = None
    if row.replacement_system and row.replacement_code:
        replacement = CodeRef(system=System(row.replacement_system), code=row.replacement_code)
    return StoredDecision.model_validate(
        {
            "decision_id": row.id,
            "result_id": row.result_id,
            "note_id": row.note_id,
            "decision": row.decision,
            "system": row.system,
            "code": row.code,
            "replacement": replacement,
            "evidence": [Evidence.model_validate(evidence) for evidence in row.evidence],
            "reason": row.reason,
            "reviewer": row.reviewer,
            "bundle": row.bundle,
            "rank_shown": row.rank_shown,
            "confidence_shown": row.confidence_shown,
            "seconds": row.seconds,
            "at": row.at,
        }
    )


def append_sign_off(
    session: Session,
    note_id: str,
    sign_off: SignOff,
    result_id: int | None,
    last_decision_id: int | None,
) -> int:
    """Append a sign-off; returns its number."""
    row = SignOffRow(
        note_id=note_id,
        result_id=result_id,
        last_decision_id=last_decision_id,
        codes=[code.model_dump(mode="json") for code in sign_off.codes],
        reviewer=sign_off.reviewer,
        at=sign_off.at,
    )
    session.add(row)
    session.flush()
    return row.id


def newest_sign_off(session: Session, note_id: str) -> SignOff | None:
    row = session.scalars(
        select(SignOffRow)
        .where(SignOffRow.note_id == note_id)
        .order_by(SignOffRow.id.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    codes = tuple(CodeRef.model_validate(code) for code in row.codes)
    return SignOff(reviewer=row.reviewer, at=row.at, codes=codes)


def count_by_status(session: Session, wanted: NoteFilter) -> dict[NoteStatus, int]:
    """Notes of each status under the other filters; a status without notes is 0."""
    query = select(NoteRow.status, func.count()).group_by(NoteRow.status)
    for condition in _conditions(wanted, with_status=False):
        query = query.where(condition)
    counts = dict.fromkeys(NoteStatus, 0)
    counts.update({NoteStatus(status): count for status, count in session.execute(query)})
    return counts


def page_of_notes(session: Session, wanted: NoteFilter) -> list[NoteSummary]:
    """One page of the worklist, oldest first; the notes' words are not read."""
    columns = (
        NoteRow.id,
        NoteRow.status,
        NoteRow.created_at,
        NoteRow.date_of_service,
        NoteRow.specialty,
        NoteRow.setting,
        NoteRow.details,
    )
    query = select(*columns).order_by(NoteRow.created_at, NoteRow.id)
    for condition in _conditions(wanted):
        query = query.where(condition)
    rows = session.execute(query.limit(wanted.limit).offset(wanted.offset)).all()
    ids = [row.id for row in rows]
    results = _newest_results(session, ids)
    decisions = _decision_counts(session, ids)
    return [
        NoteSummary(
            id=row.id,
            status=NoteStatus(row.status),
            created_at=row.created_at,
            date_of_service=row.date_of_service,
            specialty=row.specialty,
            setting=row.setting,
            note_type=row.details.get("note_type"),
            payer_type=row.details.get("payer_type"),
            bundle=results.get(row.id, (None, 0))[0],
            selected=results.get(row.id, (None, 0))[1],
            decisions=decisions.get(row.id, 0),
        )
        for row in rows
    ]


def specialties(session: Session) -> list[str]:
    """The specialties that notes bear, in the order of the alphabet."""
    query = select(NoteRow.specialty).where(NoteRow.specialty.is_not(None)).distinct()
    return [name for name in session.scalars(query.order_by(NoteRow.specialty)) if name]


def next_open(session: Session, note_id: str) -> str | None:
    """The next note in the worklist's order that is not signed off, around the end."""
    query = (
        select(NoteRow.id)
        .where(NoteRow.status != NoteStatus.SIGNED_OFF, NoteRow.id != note_id)
        .order_by(NoteRow.created_at, NoteRow.id)
        .limit(1)
    )
    here = select(NoteRow.created_at, NoteRow.id).where(NoteRow.id == note_id)
    at = session.execute(here).first()
    after = None
    if at is not None:
        behind = tuple_(NoteRow.created_at, NoteRow.id) > tuple_(
            literal(at.created_at, UtcDateTime()), literal(at.id)
        )
        after = session.scalars(query.where(behind)).first()
    return after or session.scalars(query).first()


def _conditions(wanted: NoteFilter, *, with_status: bool = True) -> Iterable[ColumnElement[bool]]:
    if with_status and wanted.status is not None:
        yield NoteRow.status == wanted.status
    if wanted.specialty is not None:
        yield NoteRow.specialty == wanted.specialty
    if wanted.setting is not None:
        yield NoteRow.setting == wanted.setting


def _newest_results(session: Session, ids: Sequence[str]) -> dict[str, tuple[str | None, int]]:
    newest = (
        select(func.max(CodingResultRow.id))
        .where(CodingResultRow.note_id.in_(ids), CodingResultRow.convention == Convention.BILLING)
        .group_by(CodingResultRow.note_id)
    )
    rows = session.execute(
        select(CodingResultRow.note_id, CodingResultRow.bundle, CodingResultRow.selected).where(
            CodingResultRow.id.in_(newest)
        )
    )
    return {note_id: (bundle, selected) for note_id, bundle, selected in rows}


def _decision_counts(session: Session, ids: Sequence[str]) -> dict[str, int]:
    rows = session.execute(
        select(DecisionRow.note_id, func.count())
        .where(DecisionRow.note_id.in_(ids))
        .group_by(DecisionRow.note_id)
    )
    return {row[0]: row[1] for row in rows}


def signed_off_ids(session: Session) -> list[str]:
    """Notes that somebody signed off, in order of their first sign-off."""
    query = (
        select(SignOffRow.note_id).group_by(SignOffRow.note_id).order_by(func.min(SignOffRow.id))
    )
    return list(session.scalars(query))

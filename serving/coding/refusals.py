"""Why a step of a review is refused."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from data.schemas import Note
from serving.coding import repository
from serving.coding.schemas import NoteStatus
from serving.coding.state import CodeState
from serving.coding.tables import NoteRow
from serving.errors import FieldProblem, Problem


def found(session: Session, note_id: str, *, lock: bool = False) -> NoteRow:
    """The note's row, or a 404."""
    row = repository.find_note(session, note_id, lock=lock)
    if row is None:
        raise Problem("not-found", "No note is stored under this id; GET /v1/notes lists them.")
    return row


def same_or_refuse(row: NoteRow, note: Note) -> None:
    """A 409 unless the stored note is this very note."""
    if repository.note_of(row) != note:
        raise Problem(
            "conflict",
            "Another note is stored under this id. Notes are never overwritten: "
            "send the changed note under a new id.",
        )


def refuse_signed_off(row: NoteRow) -> None:
    """A 409 when the note is closed."""
    if row.status == NoteStatus.SIGNED_OFF:
        raise Problem("signed-off", "Its codes can no longer be changed here.")


def undecided_codes(codes: Sequence[CodeState]) -> Problem:
    """The 409 that names each proposed code without a decision."""
    errors = [
        FieldProblem(
            field=f"{code.system} {code.code}",
            message="is proposed and not decided on",
            fix="accept, reject or replace it",
        )
        for code in codes
    ]
    return Problem(
        "undecided-codes",
        f"{len(codes)} proposed code(s) wait for a decision. Decide on each, or sign off with "
        "undecided: 'accept' or 'leave_out'.",
        errors=errors,
    )

"""Tables of the coder's room: notes, results, decisions, sign-offs.

``decisions`` and ``sign_offs`` are append-only: triggers (see the migrations)
refuse to change or delete a row, whoever asks.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.database import Base, Name, NoteText, UtcDateTime

NOTE_STATUSES = ("new", "in_review", "signed_off")
DECISIONS = ("accept", "reject", "replace", "add", "undo")


def one_of(column: str, values: tuple[str, ...]) -> str:
    """SQL for "this column holds one of these values"."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"


class NoteRow(Base):
    """A note as received; its fields beside the text are in ``details``."""

    __tablename__ = "notes"
    __table_args__ = (
        CheckConstraint(one_of("status", NOTE_STATUSES), name="status"),
        Index(None, "status", "created_at"),
        Index(None, "created_at", "id"),
    )

    id: Mapped[str] = mapped_column(Name, primary_key=True)
    text: Mapped[str] = mapped_column(NoteText)
    sha256: Mapped[str] = mapped_column(String(64))
    """Of the text's UTF-8 bytes, in hexadecimal."""
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(20), default="new")
    specialty: Mapped[str | None] = mapped_column(Name, index=True)
    setting: Mapped[str | None] = mapped_column(String(20), index=True)
    date_of_service: Mapped[date | None] = mapped_column(Date)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CodingResultRow(Base):
    """What one bundle said of one note; the newest row is the one under review."""

    __tablename__ = "coding_results"
    __table_args__ = (Index(None, "note_id", "convention", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"))
    bundle: Mapped[str] = mapped_column(Name)
    convention: Mapped[str] = mapped_column(String(20))
    result: Mapped[dict[str, Any]] = mapped_column(JSON)
    selected: Mapped[int] = mapped_column(default=0)
    """How many suggestions are put before the reviewer as the proposal."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DecisionRow(Base):
    """One decision of a reviewer. Append-only; ``id`` is the order."""

    __tablename__ = "decisions"
    __table_args__ = (
        CheckConstraint(one_of("decision", DECISIONS), name="decision"),
        Index(None, "note_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"))
    result_id: Mapped[int | None] = mapped_column(ForeignKey("coding_results.id"))
    decision: Mapped[str] = mapped_column(String(20))
    system: Mapped[str] = mapped_column(String(20))
    code: Mapped[str] = mapped_column(String(10))
    replacement_system: Mapped[str | None] = mapped_column(String(20))
    replacement_code: Mapped[str | None] = mapped_column(String(10))
    evidence: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reason: Mapped[str | None] = mapped_column(Text)
    reviewer: Mapped[str] = mapped_column(Name)
    bundle: Mapped[str | None] = mapped_column(Name)
    rank_shown: Mapped[int | None]
    confidence_shown: Mapped[float | None] = mapped_column(Float)
    seconds: Mapped[float | None] = mapped_column(Float)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class SignOffRow(Base):
    """A reviewer vouched for a note's codes. Append-only."""

    __tablename__ = "sign_offs"
    __table_args__ = (Index(None, "note_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    note_id: Mapped[str] = mapped_column(ForeignKey("notes.id"))
    result_id: Mapped[int | None] = mapped_column(ForeignKey("coding_results.id"))
    last_decision_id: Mapped[int | None] = mapped_column(ForeignKey("decisions.id"))
    codes: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    reviewer: Mapped[str] = mapped_column(Name)
    at: Mapped[datetime] = mapped_column(UtcDateTime)

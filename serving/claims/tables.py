"""Tables of the biller's room: claims, assessments, what billers did.

``claim_events`` is append-only: triggers (see the migrations) refuse to change
or delete a row, whoever asks.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import JSON, CheckConstraint, Date, Float, ForeignKey, Index, Numeric, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from serving.coding.tables import one_of
from serving.database import Base, Name, UtcDateTime

CLAIM_STATUSES = ("draft", "flagged", "held", "released")
CLAIM_ACTIONS = ("drafted", "flag", "hold", "release")


class ClaimRow(Base):
    """A draft claim; the columns beside ``claim`` are what the worklist sorts by."""

    __tablename__ = "claims"
    __table_args__ = (
        CheckConstraint(one_of("status", CLAIM_STATUSES), name="status"),
        Index(None, "expected_loss", "id"),
        Index(None, "status", "expected_loss"),
    )

    id: Mapped[str] = mapped_column(Name, primary_key=True)
    """The claim control number (CLM01)."""
    note_id: Mapped[str | None] = mapped_column(ForeignKey("notes.id"), index=True)
    claim: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(20), default="draft")
    payer_type: Mapped[str | None] = mapped_column(Name, index=True)
    date_of_service: Mapped[date | None] = mapped_column(Date)
    charge: Mapped[Decimal] = mapped_column(Numeric(12, 2))
    risk: Mapped[float] = mapped_column(Float)
    expected_loss: Mapped[float] = mapped_column(Float)
    errors: Mapped[int] = mapped_column(default=0)
    """Error findings of the newest assessment."""
    warnings: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AssessmentRow(Base):
    """What one bundle said of one claim; the newest row counts."""

    __tablename__ = "assessments"
    __table_args__ = (Index(None, "claim_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    claim_id: Mapped[str] = mapped_column(ForeignKey("claims.id"))
    bundle: Mapped[str] = mapped_column(Name)
    assessment: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ClaimEventRow(Base):
    """One thing done with a claim. Append-only; ``id`` is the order."""

    __tablename__ = "claim_events"
    __table_args__ = (
        CheckConstraint(one_of("action", CLAIM_ACTIONS), name="action"),
        Index(None, "claim_id", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    claim_id: Mapped[str] = mapped_column(ForeignKey("claims.id"))
    action: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(Text)
    biller: Mapped[str] = mapped_column(Name)
    assessment_id: Mapped[int | None] = mapped_column(ForeignKey("assessments.id"))
    at: Mapped[datetime] = mapped_column(UtcDateTime)

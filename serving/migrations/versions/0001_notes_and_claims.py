"""Notes, results, decisions, sign-offs, claims, assessments, claim events.

Revision: 0001, the first
"""

import sqlalchemy as sa
from alembic import op

from serving.migrations.append_only import forbid_changes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NAME = sa.String(200)
APPEND_ONLY = ("decisions", "sign_offs", "claim_events")


def upgrade() -> None:
    op.create_table(
        "notes",
        sa.Column("id", NAME, nullable=False),
        sa.Column("text", sa.LargeBinary(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("specialty", NAME),
        sa.Column("setting", sa.String(20)),
        sa.Column("date_of_service", sa.Date()),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("status IN ('new', 'in_review', 'signed_off')", name="status"),
        sa.PrimaryKeyConstraint("id", name="pk_notes"),
    )
    op.create_index("ix_notes_specialty", "notes", ["specialty"])
    op.create_index("ix_notes_setting", "notes", ["setting"])
    op.create_index("ix_notes_status_created_at", "notes", ["status", "created_at"])
    op.create_index("ix_notes_created_at_id", "notes", ["created_at", "id"])

    op.create_table(
        "coding_results",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("note_id", NAME, nullable=False),
        sa.Column("bundle", NAME, nullable=False),
        sa.Column("convention", sa.String(20), nullable=False),
        sa.Column("result", sa.JSON(), nullable=False),
        sa.Column("selected", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name="fk_coding_results_note_id_notes"),
        sa.PrimaryKeyConstraint("id", name="pk_coding_results"),
    )
    op.create_index(
        "ix_coding_results_note_id_convention_id",
        "coding_results",
        ["note_id", "convention", "id"],
    )

    op.create_table(
        "decisions",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("note_id", NAME, nullable=False),
        sa.Column("result_id", sa.Integer()),
        sa.Column("decision", sa.String(20), nullable=False),
        sa.Column("system", sa.String(20), nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("replacement_system", sa.String(20)),
        sa.Column("replacement_code", sa.String(10)),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("reviewer", NAME, nullable=False),
        sa.Column("bundle", NAME),
        sa.Column("rank_shown", sa.Integer()),
        sa.Column("confidence_shown", sa.Float()),
        sa.Column("seconds", sa.Float()),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "decision IN ('accept', 'reject', 'replace', 'add', 'undo')", name="decision"
        ),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name="fk_decisions_note_id_notes"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["coding_results.id"], name="fk_decisions_result_id_coding_results"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_decisions"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_decisions_note_id_id", "decisions", ["note_id", "id"])

    op.create_table(
        "sign_offs",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("note_id", NAME, nullable=False),
        sa.Column("result_id", sa.Integer()),
        sa.Column("last_decision_id", sa.Integer()),
        sa.Column("codes", sa.JSON(), nullable=False),
        sa.Column("reviewer", NAME, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name="fk_sign_offs_note_id_notes"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["coding_results.id"], name="fk_sign_offs_result_id_coding_results"
        ),
        sa.ForeignKeyConstraint(
            ["last_decision_id"], ["decisions.id"], name="fk_sign_offs_last_decision_id_decisions"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_sign_offs"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sign_offs_note_id_id", "sign_offs", ["note_id", "id"])

    op.create_table(
        "claims",
        sa.Column("id", NAME, nullable=False),
        sa.Column("note_id", NAME),
        sa.Column("claim", sa.JSON(), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("payer_type", NAME),
        sa.Column("date_of_service", sa.Date()),
        sa.Column("charge", sa.Numeric(12, 2), nullable=False),
        sa.Column("risk", sa.Float(), nullable=False),
        sa.Column("expected_loss", sa.Float(), nullable=False),
        sa.Column("errors", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("status IN ('draft', 'flagged', 'held', 'released')", name="status"),
        sa.ForeignKeyConstraint(["note_id"], ["notes.id"], name="fk_claims_note_id_notes"),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
    )
    op.create_index("ix_claims_note_id", "claims", ["note_id"])
    op.create_index("ix_claims_payer_type", "claims", ["payer_type"])
    op.create_index("ix_claims_expected_loss_id", "claims", ["expected_loss", "id"])
    op.create_index("ix_claims_status_expected_loss", "claims", ["status", "expected_loss"])

    op.create_table(
        "assessments",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("claim_id", NAME, nullable=False),
        sa.Column("bundle", NAME, nullable=False),
        sa.Column("assessment", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["claim_id"], ["claims.id"], name="fk_assessments_claim_id_claims"),
        sa.PrimaryKeyConstraint("id", name="pk_assessments"),
    )
    op.create_index("ix_assessments_claim_id_id", "assessments", ["claim_id", "id"])

    op.create_table(
        "claim_events",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("claim_id", NAME, nullable=False),
        sa.Column("action", sa.String(20), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("biller", NAME, nullable=False),
        sa.Column("assessment_id", sa.Integer()),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint("action IN ('drafted', 'flag', 'hold', 'release')", name="action"),
        sa.ForeignKeyConstraint(
            ["claim_id"], ["claims.id"], name="fk_claim_events_claim_id_claims"
        ),
        sa.ForeignKeyConstraint(
            ["assessment_id"], ["assessments.id"], name="fk_claim_events_assessment_id_assessments"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_claim_events"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_claim_events_claim_id_id", "claim_events", ["claim_id", "id"])

    for table in APPEND_ONLY:
        forbid_changes(op.get_bind(), table)


def downgrade() -> None:
    for table in (
        "claim_events",
        "assessments",
        "claims",
        "sign_offs",
        "decisions",
        "coding_results",
        "notes",
    ):
        op.drop_table(table)

"""Triggers that make a table append-only, on SQLite and on PostgreSQL."""

from __future__ import annotations

from sqlalchemy import Connection, text

FUNCTION = """
CREATE OR REPLACE FUNCTION superbill_append_only() RETURNS trigger AS $body$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
END
$body$ LANGUAGE plpgsql
"""

POSTGRESQL = (
    FUNCTION,
    "CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
    "FOR EACH ROW EXECUTE FUNCTION superbill_append_only()",
    "CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
    "FOR EACH STATEMENT EXECUTE FUNCTION superbill_append_only()",
)

SQLITE = (
    "CREATE TRIGGER {table}_no_update BEFORE UPDATE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    "CREATE TRIGGER {table}_no_delete BEFORE DELETE ON {table} "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
    # INSERT OR REPLACE deletes the old row without calling its delete trigger.
    "CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} "
    "WHEN EXISTS (SELECT 1 FROM {table} WHERE id = NEW.id) "
    "BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END",
)


def forbid_changes(connection: Connection, table: str) -> None:
    """Refuse UPDATE, DELETE, REPLACE and TRUNCATE on ``table``.

    Args:
        connection: where a migration runs.
        table: a name written in this repository (it is pasted into SQL).

    Raises:
        ValueError: for a table name that is not a plain identifier.
    """
    if not table.isidentifier():
        raise ValueError(f"not a table name: {table!r}")
    statements = SQLITE if connection.dialect.name == "sqlite" else POSTGRESQL
    for statement in statements:
        connection.execute(text(statement.format(table=table)))

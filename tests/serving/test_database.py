"""Schema, append-only tables, transactions: on SQLite and on PostgreSQL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from data.schemas import Note
from serving.coding.export import reviewed_gold
from serving.coding.schemas import DecisionRequest, NoteFilter, NoteStatus, SignOffRequest
from serving.coding.service import CodingService
from serving.database import Database, alembic_config
from serving.errors import Problem
from serving.tables import metadata
from tests.serving.fixed import rooms

ACCEPT = DecisionRequest.model_validate(
    {"decision": "accept", "system": "ICD-10-CM", "code": "I10"}
)


@pytest.fixture
def coding(database: Database) -> CodingService:
    return rooms(database)[0]


@pytest.fixture
def note(make_note: Callable[..., dict[str, Any]]) -> Note:
    return Note.model_validate(make_note())


def test_the_migrations_make_the_tables_that_the_code_declares(database: Database) -> None:
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []


def test_upgrading_twice_and_by_several_processes_at_once(database: Database) -> None:
    from alembic import command

    with database.write() as session:
        command.downgrade(alembic_config(session.connection()), "base")
    assert database.revision() is None
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: database.upgrade(), range(4)))
    assert database.revision() == "0001"


def fill(coding: CodingService, note: Note) -> None:
    """A row in each append-only table."""
    coding.add_note(note)
    coding.decide(note.id, ACCEPT, "local")
    coding.sign_off(note.id, SignOffRequest(), "local")


CHANGES = {
    "sqlite": ("INSERT OR REPLACE INTO {table} SELECT * FROM {table}",),
    "postgresql": ("TRUNCATE {table} CASCADE",),
}
ANYWHERE = ("UPDATE {table} SET at = at", "DELETE FROM {table}")


@pytest.mark.parametrize("table", ["decisions", "sign_offs", "claim_events"])
def test_an_append_only_table_refuses_every_change(
    database: Database, coding: CodingService, note: Note, table: str
) -> None:
    fill(coding, note)
    count = text(f"SELECT count(*) FROM {table}")  # noqa: S608 - a name from the list above

    def attempt(statement: str) -> None:
        with database.write() as session:
            session.execute(text(statement.format(table=table)))

    for statement in (*ANYWHERE, *CHANGES[database.engine.dialect.name]):
        with pytest.raises(DBAPIError, match="append-only"):
            attempt(statement)
        with database.read() as session:
            assert session.scalar(count) == 1


def test_a_refused_write_block_leaves_nothing(
    database: Database, coding: CodingService, note: Note
) -> None:
    coding.add_note(note)
    refused = DecisionRequest.model_validate(
        {"decision": "add", "system": "ICD-10-CM", "code": "Z99.99"}
    )
    with pytest.raises(Problem):
        coding.decide(note.id, refused, "local")
    view = coding.note(note.id)
    assert view.decisions == []
    assert view.status is NoteStatus.NEW


def test_an_error_of_the_database_does_not_print_the_note(database: Database, note: Note) -> None:
    from serving.coding import repository
    from serving.database import now

    def store() -> None:
        with database.write() as session:
            repository.insert_note(session, note, now())

    store()
    with pytest.raises(DBAPIError) as caught:
        store()
    assert "Quandt" not in str(caught.value)


def test_control_characters_and_any_unicode_come_back_as_received(
    coding: CodingService, note: Note
) -> None:
    words = "hypertension\x00\x01\x1b[31m\r\n\u202e\U0001f489 e\u0301 \ufeff"
    odd = note.model_copy(update={"text": words})
    coding.add_note(odd)
    assert coding.note(note.id).note.text == words


def test_decisions_of_many_writers_on_one_note_are_all_kept(
    coding: CodingService, note: Note
) -> None:
    """Each acknowledged decision stands once, in the order of its number."""
    coding.add_note(note)
    writers, each = 4, 15
    begin = threading.Barrier(writers)

    def write(writer: int) -> list[int]:
        begin.wait()
        return [
            coding.decide(note.id, ACCEPT, f"writer-{writer}").decision.decision_id
            for _ in range(each)
        ]

    with ThreadPoolExecutor(writers) as pool:
        acknowledged = sorted(chain.from_iterable(pool.map(write, range(writers))))
    stored = coding.note(note.id).decisions
    assert [d.decision_id for d in stored] == acknowledged
    assert len(set(acknowledged)) == writers * each


def test_of_many_sign_offs_at_once_one_wins(coding: CodingService, note: Note) -> None:
    coding.add_note(note)
    coding.decide(note.id, ACCEPT, "local")
    begin = threading.Barrier(4)

    def sign(_: int) -> str:
        begin.wait()
        try:
            coding.sign_off(note.id, SignOffRequest(), "local")
        except Problem as problem:
            return problem.kind
        return "won"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(sign, range(4))) == ["signed-off"] * 3 + ["won"]


def test_of_many_notes_with_one_id_one_is_kept(coding: CodingService, note: Note) -> None:
    begin = threading.Barrier(4)

    def add(number: int) -> str:
        begin.wait()
        try:
            coding.add_note(note.model_copy(update={"text": f"{note.text}{number}"}))
        except Problem as problem:
            return problem.kind
        return "won"

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(add, range(4))) == ["conflict"] * 3 + ["won"]


def test_the_worklist_pages_and_filters(
    coding: CodingService, make_note: Callable[..., dict[str, Any]]
) -> None:
    specialties = ["cardiology", "cardiology", "neurology", None, "cardiology"]
    ids = []
    for specialty in specialties:
        new = Note.model_validate(make_note(specialty=specialty))
        coding.add_note(new)
        ids.append(new.id)
    coding.decide(ids[1], ACCEPT, "local")
    page = coding.notes(NoteFilter(specialty="cardiology", limit=2))
    assert [n.id for n in page.notes] == [ids[0], ids[1]]
    assert page.total == 3
    assert page.counts == {
        NoteStatus.NEW: 2,
        NoteStatus.IN_REVIEW: 1,
        NoteStatus.SIGNED_OFF: 0,
    }
    rest = coding.notes(NoteFilter(specialty="cardiology", limit=2, offset=2))
    assert [n.id for n in rest.notes] == [ids[4]]
    reviewed = coding.notes(NoteFilter(status=NoteStatus.IN_REVIEW)).notes
    assert [(n.id, n.selected, n.decisions) for n in reviewed] == [(ids[1], 1, 1)]


def test_signed_off_notes_are_handed_to_training(
    coding: CodingService, database: Database, note: Note
) -> None:
    coding.add_note(note)
    coding.decide(note.id, ACCEPT, "local")
    assert list(reviewed_gold(database)) == []
    signed = coding.sign_off(note.id, SignOffRequest(undecided="leave_out"), "local")
    [gold] = reviewed_gold(database)
    assert gold.note == note
    assert [c.code for c in gold.codes] == [c.code for c in signed.sign_off.codes]
    assert all(c.evidence for c in gold.codes)


def test_sqlite_is_set_for_durable_concurrent_work(tmp_path: Any) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    database.close()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}

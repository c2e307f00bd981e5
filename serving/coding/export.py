"""Signed-off notes as training examples."""

from __future__ import annotations

from collections.abc import Iterator

from data.feedback import gold_from_review
from data.schemas import GoldNote
from serving.coding import repository
from serving.coding.state import derive
from serving.database import Database


def reviewed_gold(database: Database) -> Iterator[GoldNote]:
    """Every signed-off note with the codes that were signed, in order of first decision."""
    with database.read() as session:
        for note_id in repository.signed_off_ids(session):
            row = repository.find_note(session, note_id)
            sign_off = repository.newest_sign_off(session, note_id)
            if row is None or sign_off is None:
                continue
            result = repository.result_of(repository.newest_result(session, note_id))
            state = derive(result, repository.decisions_of(session, note_id))
            evidence = {code.key: code.evidence for code in state.codes}
            yield gold_from_review(repository.note_of(row), sign_off.codes, evidence)

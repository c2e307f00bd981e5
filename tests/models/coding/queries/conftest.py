"""A note in a few words, and what is asked about it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from data.schemas import Note, Query
from models.coding.coder import Coder

Ask = Callable[..., tuple[Query, ...]]


@pytest.fixture(scope="session")
def ask(shipped_coder: Coder) -> Ask:
    """The queries of a text; an inpatient facility stay of a woman of 66 unless said otherwise."""

    def queries(text: str, **more: Any) -> tuple[Query, ...]:
        fields: dict[str, Any] = {
            "id": "n",
            "text": text,
            "setting": "inpatient",
            "claim_type": "facility",
            "date_of_service": date(2026, 5, 1),
            "birth_date": date(1960, 1, 1),
            "sex": "F",
        }
        return shipped_coder.suggest(Note.model_validate(fields | more)).queries

    return queries


OFFICE = {"setting": "outpatient", "claim_type": "professional"}
EMERGENCY = {"setting": "emergency", "claim_type": "professional"}


def kinds(queries: tuple[Query, ...]) -> list[str]:
    return [query.kind for query in queries]


def quoted(queries: tuple[Query, ...]) -> str:
    """Every indicator quoted, as one text."""
    return " | ".join(span.text for query in queries for span in query.evidence)

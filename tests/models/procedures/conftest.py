"""Fixtures for the procedure tests: the code table, and notes written in a line or two."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from data.schemas import Note
from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document, read_document

DAY = date(2026, 6, 15)


@pytest.fixture(scope="session")
def codes() -> ProcedureCodes:
    return ProcedureCodes.load()


@pytest.fixture(scope="session")
def write() -> Callable[..., Document]:
    """A document of an established adult's commercial office visit, unless told otherwise."""

    def make(text: str, **fields: Any) -> Document:
        given: dict[str, Any] = {
            "id": "t",
            "text": text,
            "date_of_service": DAY,
            "birth_date": date(1976, 1, 1),
            "sex": "F",
            "note_type": "office visit",
            "setting": "outpatient",
            "place_of_service": "11",
            "patient_status": "established",
            "claim_type": "professional",
            "payer_type": "commercial",
        }
        return read_document(Note(**{**given, **fields}))

    return make

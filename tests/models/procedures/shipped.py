"""The shipped bundle's procedures part, as the coder uses it."""

from __future__ import annotations

from functools import cache

from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import SHIPPED
from models.coding.document import Document
from models.procedures import suggest
from models.procedures.model import ProcedureModel
from models.procedures.types import Diagnoses, ProcedureCandidate, ProcedureResult


@cache
def shipped_model() -> ProcedureModel:
    return ProcedureModel.load(SHIPPED / "procedures")


def analyse(document: Document, diagnoses: Diagnoses, codes: ProcedureCodes) -> ProcedureResult:
    return suggest.analyse(document, diagnoses, codes, shipped_model())


def suggest_procedures(
    document: Document, diagnoses: Diagnoses, codes: ProcedureCodes
) -> list[ProcedureCandidate]:
    """Candidates by falling confidence."""
    return list(analyse(document, diagnoses, codes).candidates)

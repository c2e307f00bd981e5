"""Codes that ride on a visit's code: time beyond the top level, and continuing care.

``visit_addons.csv`` says which base code, payer and minutes each needs; the first row that
holds counts for its base. Sources: CPT 2023 prolonged services (15 minutes beyond the least
time of the top level); CMS physician fee schedule final rules 2023 and 2024 for G2212,
G0316–G0318 and G2211.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from data.terminology.procedure_codes import ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.elements import total_minutes
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Spans


@dataclass(frozen=True, slots=True)
class AddOn:
    """A code beside a visit's code, with the words that justify it."""

    entry: ProcedureCode
    units: int
    evidence: Spans
    why: str


@dataclass(frozen=True, slots=True)
class _Rule:
    base: tuple[str, ...]
    payers: tuple[str, ...]
    code: str
    minutes: int | None
    each: int
    phrases: tuple[str, ...]


@cache
def _rules() -> tuple[_Rule, ...]:
    return tuple(
        _Rule(
            split(row["base"]), split(row["payers"]), row["code"],
            int(row["minutes"]) if row["minutes"] else None, int(row["each"] or 1),
            split(row["phrases"]),
        )
        for row in rows("visit_addons")
    )  # fmt: skip


def add_ons(document: Document, codes: ProcedureCodes, base: str) -> list[AddOn]:
    """What the note supports beside the visit code ``base``."""
    note = document.note
    found: list[AddOn] = []
    timed = False
    for rule in _rules():
        if base not in rule.base or (rule.payers and note.payer_type not in rule.payers):
            continue
        entry = codes.find(rule.code)
        if entry is None or not entry.valid_on(note.date_of_service):
            continue
        if rule.minutes is None:
            match = compile_phrases(rule.phrases).search(document.text)
            if match:
                found.append(AddOn(entry, 1, (match.span(),), "the note tells of continuing care"))
        elif not timed:
            timed = True  # a later row is another payer's
            stated = total_minutes(document.text)
            if stated and stated[0] >= rule.minutes:
                units = (stated[0] - rule.minutes) // rule.each + 1
                why = f"{stated[0]} minutes, of {rule.minutes} needed"
                found.append(AddOn(entry, units, (stated[1],), why))
    return found

"""Administration of vaccines: by components with counseling, by payer, or by injection."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from data.terminology.procedure_codes import ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.slots import age_on
from models.procedures.types import Line

MEDICARE = frozenset({"medicare"})
_COUNSELED = re.compile(
    r"\bcounsel\w*|\bVIS\b|\brisks? ?(?:\/|and|&) ?benefits?\b|"
    r"\b(?:went|gone) over (?:each|all|every|both)\b|"
    r"\b(?:vaccin\w+|immuni\w+|each)[^.\n]{0,30}\bdiscussed (?:by|with|w\/)",
    re.IGNORECASE,
)


def administered(
    codes: ProcedureCodes, entry: ProcedureCode, drug: Line, slots: dict[str, str | float]
) -> Line:
    return Line(
        entry, codes.concepts[entry.concept], drug.evidence, 1, {**drug.slots, **slots},
        (f"given with {drug.entry.code}",), drug.judged,
    )  # fmt: skip


def vaccine_lines(
    document: Document, codes: ProcedureCodes, vaccines: Sequence[Line]
) -> list[Line]:
    """Administration of the vaccines given: by components with counseling under 19 years,
    Medicare's own codes for flu, pneumonia and hepatitis B, else by injection."""
    if not vaccines:
        return []
    day = document.note.date_of_service
    age = age_on(document.note)
    payer = document.note.payer_type
    made: list[Line] = []
    rest: list[Line] = []
    slots: dict[str, str | float] = {}
    for vaccine in vaccines:
        kind = vaccine.concept.name.partition(":")[2].rstrip("0123456789_")
        entry = None
        if payer in MEDICARE:
            entry = codes.pick("vaccine_administration_medicare", {"vaccine": kind}, day)
        if kind == "covid":
            entry = codes.pick("vaccine_administration", {"vaccine": "covid"}, day)
        if "rsv_antibody" in vaccine.concept.attributes:
            counseled = "yes" if _COUNSELED.search(document.text) else "no"
            slots = {"vaccine": "rsv_antibody", "counseled": counseled}
            entry = codes.pick("vaccine_administration", slots, day)
        if entry is not None:
            made.append(administered(codes, entry, vaccine, {}))
        else:
            rest.append(vaccine)
    if not rest:
        return made
    slots = {}
    if age is not None and age < 19 and _COUNSELED.search(document.text):
        name = "vaccine_administration_counseled"
        components = sum(int(v.concept.attributes.get("components", "1")) for v in rest)
        first = codes.pick(name, {}, day)
        further, extra = codes.pick(name, {"component": "further"}, day), components - len(rest)
        count = len(rest)
    else:
        name = "vaccine_administration"
        first = codes.pick(name, {"order": "first"}, day)
        further, extra = codes.pick(name, {"order": "further"}, day), len(rest) - 1
        count = 1
    spans = tuple(sorted({span for v in rest for span in v.evidence}))
    for entry, units in ((first, count), (further, extra)):
        if entry is not None and units > 0:
            shared = administered(codes, entry, rest[0], slots)
            made.append(replace(shared, evidence=spans, units=units))
    return made

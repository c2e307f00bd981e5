"""Who gave the drug and how: drug units, injections, infusions, vaccine administration."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from data.terminology.procedure_codes import ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.coding import Line
from models.procedures.doses import billing_units, dose_near, parse_billing_unit, waste_near
from models.procedures.mentions import Layout
from models.procedures.slots import age_on, clock_minutes
from models.procedures.tables import compile_phrases, rows, split

MEDICARE = frozenset({"medicare"})
_MINUTES = re.compile(r"(?:over|infused over|for|x)\s+(\d{1,3})\s?(?:min|minutes)\b", re.IGNORECASE)
_COUNSELED = re.compile(r"\bcounsel\w*|\bVIS\b", re.IGNORECASE)
_PROCEDURAL = frozenset((
    "joint_injection", "soft_tissue_injection", "nerve_injection", "eye_procedure",
    "skin_procedure", "wound_repair", "gynecology", "urology",
))  # fmt: skip
_LOCAL_STEROIDS = frozenset(
    f"drug:{name}"
    for name in ["triamcinolone", "methylprednisolone_acetate", "betamethasone", "dexamethasone"]
)


@cache
def _rules() -> dict[str, tuple[str, str]]:
    return {row["drug"]: (row["route"], row["class"]) for row in rows("administration")}


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["route"], compile_phrases(split(row["phrases"]))) for row in rows("routes"))


def _stated_route(text: str, start: int, end: int) -> str | None:
    best: tuple[int, str] | None = None
    for route, pattern in _routes():
        for match in pattern.finditer(text, max(0, start - 25), min(len(text), end + 70)):
            gap = match.start() - end if match.start() >= end else start - match.end() + 10
            if best is None or gap < best[0]:
                best = (gap, route)
    return best[1] if best else None


def drug_lines(document: Document, layout: Layout, line: Line, whole_note: bool) -> list[Line]:
    """A drug's line with its units, and a second one for what was discarded.

    ``whole_note``: a procedure note speaks of one drug, so its amounts may stand anywhere.
    """
    cell = line.concept.attributes.get("dose")
    if not cell:
        return [line]
    unit, kind = parse_billing_unit(cell)
    text = document.text
    found = None
    for begin, stop in line.evidence:
        bounds = (0, len(text)) if whole_note else layout.section_bounds(begin)
        found = dose_near(text, begin, stop, *bounds, kind)
        if found:
            break
    if found is None:
        return [
            replace(line, notes=(*line.notes, "no dose found near the drug: units to be checked"))
        ]
    amount, first, last = found
    slots = dict(line.slots)
    waste = None
    for begin, stop in (*line.evidence, (first, last)):
        low, high = (0, len(text)) if whole_note else layout.section_bounds(begin)
        waste = waste or waste_near(text, max(low, begin - 80), min(high, stop + 240))
    used = replace(
        line,
        units=billing_units(amount, unit),
        evidence=tuple(sorted({*line.evidence, (first, last)})),
    )
    if waste is None:
        return [replace(used, slots=slots)]
    discarded, span = waste
    if discarded is None:
        return [replace(used, slots={**slots, "waste": "none"})]
    scale = 1e3 if kind == "mass" else 1.0
    rest = replace(
        line,
        units=billing_units(discarded * scale, unit),
        evidence=(span,),
        slots={**slots, "waste_line": "yes"},
    )
    return [used, rest]


def administration_lines(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    drugs: Sequence[Line],
    families: frozenset[str],
) -> list[Line]:
    """Injection and infusion lines for the drugs given; none for a drug that a procedure used."""
    made: list[Line] = []
    injected: dict[str, int] = {}
    for drug in drugs:
        if drug.slots.get("waste_line"):
            continue
        route, kind = _rules().get(drug.concept.name, _rules()["*"])
        start, end = drug.evidence[0]
        if route == "procedure" or kind == "none":
            continue
        local = drug.concept.name in _LOCAL_STEROIDS and families & _PROCEDURAL
        if local:
            continue
        stated = _stated_route(document.text, *_drug_words(drug))
        if stated in ("oral", "topical"):
            continue
        low, high = layout.sentence_bounds(start)
        high = max(high, min(len(document.text), end + 200))
        minutes = _minutes(document.text, max(0, low), high)
        if stated == "intravenous" or (route == "intravenous" and stated not in ("subcutaneous",)):
            concept, slots = _intravenous(kind, minutes)
        else:
            concept = "injection_intramuscular"
            slots = {"class": kind} if kind in ("chemotherapy", "hormonal") else {}
        entry = codes.pick(concept, slots, document.note.date_of_service)
        if entry is None:
            continue
        if entry.code in injected:
            index = injected[entry.code]
            made[index] = replace(made[index], units=made[index].units + 1)
            continue
        injected[entry.code] = len(made)
        made.append(_administered(codes, entry, drug, slots))
        hours = _further_hours(minutes)
        further = codes.pick(concept, {"part": "further"}, document.note.date_of_service)
        if hours and further is not None and further.code != entry.code:
            made.append(replace(_administered(codes, further, drug, slots), units=hours))
    return made


def _drug_words(drug: Line) -> tuple[int, int]:
    return min(s for s, _ in drug.evidence[:2]), max(e for _, e in drug.evidence[:2])


def _intravenous(kind: str, minutes: int | None) -> tuple[str, dict[str, str | float]]:
    concept = {"complex": "infusion_chemotherapy", "hydration": "infusion_hydration"}.get(
        kind, "infusion_therapeutic"
    )
    if minutes is None:
        if kind == "simple":
            return "injection_intravenous", {}
        return concept, {"minutes": 30.0}
    if minutes <= 15 and kind != "complex":
        return "injection_intravenous", {}
    return concept, {"minutes": float(min(minutes, 90))}


def _further_hours(minutes: int | None) -> int:
    """Hours beyond the first: each counts once more than 30 minutes of it have passed."""
    return max(0, (minutes - 31) // 60) if minutes else 0


def _minutes(text: str, low: int, high: int) -> int | None:
    clock = clock_minutes(text, low, high)
    if clock:
        return clock[0]
    match = _MINUTES.search(text, low, high)
    return int(match[1]) if match else None


def _administered(
    codes: ProcedureCodes, entry: ProcedureCode, drug: Line, slots: dict[str, str | float]
) -> Line:
    return Line(
        entry, codes.concepts[entry.concept], drug.evidence, 1, {**drug.slots, **slots},
        (f"given with {drug.entry.code}",), drug.cues, drug.margin,
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
    for vaccine in vaccines:
        kind = vaccine.concept.name.partition(":")[2].rstrip("0123456789_")
        entry = None
        if payer in MEDICARE:
            entry = codes.pick("vaccine_administration_medicare", {"vaccine": kind}, day)
        if kind == "covid":
            entry = codes.pick("vaccine_administration", {"vaccine": "covid"}, day)
        if entry is not None:
            made.append(_administered(codes, entry, vaccine, {}))
        else:
            rest.append(vaccine)
    if not rest:
        return made
    slots: dict[str, str | float] = {}
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
            shared = _administered(codes, entry, rest[0], slots)
            made.append(replace(shared, evidence=spans, units=units))
    return made

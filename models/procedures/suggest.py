"""The whole of it: a document and its diagnoses in, CPT and HCPCS candidates out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.administration import administration_lines, drug_lines, vaccine_lines
from models.procedures.bundling import bundle, set_aside_line
from models.procedures.coding import Line, code_service
from models.procedures.confidence import ConfidenceModel, shipped
from models.procedures.em import LevelledVisit, level_visit
from models.procedures.linking import link_service, link_visit
from models.procedures.mentions import Finder, Layout
from models.procedures.modifiers import line_modifiers, visit_modifiers
from models.procedures.slots import is_facility_place
from models.procedures.status import judge
from models.procedures.tables import rows, split
from models.procedures.types import (
    Diagnoses,
    Judged,
    Mention,
    ProcedureCandidate,
    ProcedureResult,
    Spans,
    Status,
)
from models.procedures.visits import Visit, read_visit

STRONG_MARGIN = 2.0
"""A status decided by less than this is weak evidence."""
RADIOLOGY_HEAD = 300
MOST_MENTIONS = 40
"""Mentions of one service that are looked at: a note that names it more often says no more."""

_REASONS = {
    Status.ORDERED: "ordered, not done at this encounter",
    Status.PLANNED: "planned or considered, not done at this encounter",
    Status.HISTORICAL: "done before this encounter",
    Status.REFUSED: "declined or not done",
    Status.ELSEWHERE: "done or billed elsewhere",
}
_NOT_MENTIONED = ("visit:", "psychiatric_evaluation")
"""Concepts chosen from the encounter, never from a mention."""


@cache
def _kind_families() -> dict[str, frozenset[str]]:
    return {row["kind"]: frozenset(split(row["families"])) for row in rows("kind_families")}


@cache
def _place_rules() -> dict[str, str]:
    return {row["subject"]: row["reason"] for row in rows("place_rules")}


_finders: dict[int, tuple[ProcedureCodes, Finder]] = {}


def _finder(codes: ProcedureCodes) -> Finder:
    """One compiled finder per code table (kept with the table, so that its id stays its own)."""
    known = _finders.get(id(codes))
    if known is None or known[0] is not codes:
        _finders.clear()
        known = _finders.setdefault(id(codes), (codes, Finder(codes)))
    return known[1]


def suggest_procedures(
    document: Document,
    diagnoses: Diagnoses,
    codes: ProcedureCodes,
    model: ConfidenceModel | None = None,
) -> list[ProcedureCandidate]:
    """Candidates by falling confidence; see :func:`analyse`."""
    return list(analyse(document, diagnoses, codes, model).candidates)


def analyse(
    document: Document,
    diagnoses: Diagnoses,
    codes: ProcedureCodes,
    model: ConfidenceModel | None = None,
) -> ProcedureResult:
    """CPT and HCPCS lines of one note, and its visit worksheet.

    Args:
        diagnoses: the encounter's ICD-10-CM codes in sequence, each with the start
            offsets of its evidence; they set the visit's level and the links.
        model: confidence table; the shipped one by default.
    """
    model = model or shipped()
    layout = Layout(document)
    visit = read_visit(document)
    judged = _judged(document, layout, codes, visit)
    performed, set_aside = _services(document, layout, codes, visit, judged)
    performed, bundled = bundle(performed)
    visits = level_visit(document, layout, codes, visit, diagnoses, performed)
    candidates = [_candidate(document, line, performed, diagnoses, model) for line in performed]
    for levelled in visits:
        candidates += _visit_candidates(
            levelled, performed, len(visits) > 1, visit, diagnoses, model
        )
    candidates.sort(key=lambda c: (-c.confidence, c.system, c.code, c.modifiers))
    sheet = next((v.worksheet for v in visits if "problems" in v.worksheet), None)
    if sheet is None and visits:
        sheet = visits[0].worksheet
    warnings = (visit.note,) if visit.note and not visit.concept else ()
    return ProcedureResult(tuple(candidates + set_aside + bundled), sheet, warnings)


def _judged(
    document: Document, layout: Layout, codes: ProcedureCodes, visit: Visit
) -> list[Judged]:
    allowed = _kind_families().get(visit.kind)
    found: list[Mention] = []
    times: Counter[str] = Counter()
    for mention in _finder(codes).find(document, layout):
        concept = mention.concept
        if concept.name.startswith(_NOT_MENTIONED):
            continue
        if allowed is not None and concept.family not in allowed:
            continue
        times[concept.name] += 1
        if times[concept.name] <= MOST_MENTIONS:
            found.append(mention)
    if visit.kind == "radiology":
        return _studies(document, layout, found)
    return [judge(document, layout, mention, visit.kind) for mention in found]


def _studies(document: Document, layout: Layout, found: list[Mention]) -> list[Judged]:
    """A report's own studies: those its head names; the others are comparisons or advice."""
    body = {"indication", "hpi", "technique", "findings", "impression", "labs", "assessment"}
    limit = min(
        [s.start - len(s.header) for s in document.sections if s.kind in body and s.start > 40]
        + [RADIOLOGY_HEAD, len(document.text)]
    )
    head = [m for m in found if m.start < limit]
    if not head:
        head = [
            m for m in found if layout.section_kind(m.start) in ("technique", "procedure")
        ] or found[:1]
    spans = {(m.start, m.end) for m in head}
    return [
        Judged(m, Status.PERFORMED, 5.0, ("report:its own study",))
        if (m.start, m.end) in spans
        else Judged(m, Status.HISTORICAL, 5.0, ("report:another study",))
        for m in found
    ]


def _services(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    visit: Visit,
    judged: Sequence[Judged],
) -> tuple[list[Line], list[ProcedureCandidate]]:
    """Lines of what was done, and what was only spoken of with the reason."""
    by_concept: dict[str, list[Judged]] = {}
    for item in judged:
        by_concept.setdefault(item.mention.concept.name, []).append(item)
    facility = is_facility_place(document.note)
    performed: list[Line] = []
    set_aside: list[ProcedureCandidate] = []
    for name, items in by_concept.items():
        done = [item for item in items if item.status is Status.PERFORMED]
        reason = None
        if done:
            place_rule = _place_rules().get(name) or _place_rules().get(
                done[0].mention.concept.family
            )
            if visit.kind == "facility":
                reason = visit.note
            elif facility and place_rule:
                reason = place_rule
        lines = code_service(document, layout, codes, visit, done or items[:1])
        if done and reason is None:
            performed += lines
            continue
        status = Status.PERFORMED if done else items[0].status
        set_aside += [set_aside_line(line, status, reason or _REASONS[status]) for line in lines]
    drugs = [
        line
        for drug in performed
        if drug.concept.family in ("drug", "immune_globulin")
        for line in drug_lines(document, layout, drug, visit.kind == "procedure")
    ]
    others = [d for d in performed if d.concept.family not in ("drug", "immune_globulin")]
    families = frozenset(line.concept.family for line in others)
    vaccines = [line for line in others if line.concept.family == "vaccine"]
    made = administration_lines(document, layout, codes, drugs, families)
    made += vaccine_lines(document, codes, vaccines)
    return others + drugs + made, set_aside


def _candidate(
    document: Document,
    line: Line,
    performed: Sequence[Line],
    diagnoses: Diagnoses,
    model: ConfidenceModel,
) -> ProcedureCandidate:
    linked = link_service(document, line, diagnoses)
    all_codes = frozenset(other.entry.code for other in performed)
    modifiers, why = line_modifiers(line, all_codes, linked)
    strength = "strong" if line.margin >= STRONG_MARGIN else "weak"
    bucket = f"{line.concept.family}/{strength}"
    confidence = model.confidence(bucket)
    return ProcedureCandidate(
        line.entry.system, line.entry.code, line.entry.description, line.concept.family,
        line.concept.name, confidence, line.evidence, Status.PERFORMED,
        confidence >= model.threshold, modifiers, line.units, linked,
        ("procedures", *line.cues[:4]), (*line.notes, *why), None, bucket,
    )  # fmt: skip


def _visit_candidates(
    levelled: LevelledVisit,
    performed: Sequence[Line],
    several: bool,
    visit: Visit,
    diagnoses: Diagnoses,
    model: ConfidenceModel,
) -> list[ProcedureCandidate]:
    modifiers, why = visit_modifiers(performed, several, visit.telehealth)
    preventive = "problems" not in levelled.worksheet
    linked = link_visit(diagnoses, preventive, levelled.second)
    family = levelled.entry.family
    strength = "strong" if levelled.margin >= 1 else "weak"
    chosen = _visit_candidate(levelled, f"{family}/{strength}", model)
    chosen = replace(
        chosen, modifiers=modifiers, linked_diagnoses=linked, notes=why,
        selected=chosen.confidence >= model.threshold,
    )  # fmt: skip
    if levelled.runner_up is None:
        return [chosen]
    other = _visit_candidate(levelled, f"{family}/runner_up", model)
    other = replace(
        other, code=levelled.runner_up.code, description=levelled.runner_up.description,
        modifiers=modifiers, linked_diagnoses=linked,
        notes=(f"the level next to {levelled.entry.code}",),
    )  # fmt: skip
    return [chosen, other]


def _visit_candidate(
    levelled: LevelledVisit, bucket: str, model: ConfidenceModel
) -> ProcedureCandidate:
    entry = levelled.entry
    spans: Spans = levelled.evidence
    return ProcedureCandidate(
        entry.system, entry.code, entry.description, entry.family, entry.concept,
        model.confidence(bucket), spans, sources=("visit level",), bucket=bucket,
    )  # fmt: skip

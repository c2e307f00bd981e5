"""The whole of it: a document and its diagnoses in, CPT and HCPCS candidates out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.drafting import ADD_ON, REASONS, RUNNER_UP, VISIT, Draft, draft
from models.procedures.model import ProcedureModel
from models.procedures.modifiers import Setting, line_modifiers, visit_modifiers
from models.procedures.recognizer import Recognised
from models.procedures.types import (
    Diagnoses,
    ProcedureCandidate,
    ProcedureResult,
    Status,
)

LISTED = 0.1
"""Below this the line of a service that seems not done is set aside with the reason."""


def analyse(
    document: Document,
    diagnoses: Diagnoses,
    codes: ProcedureCodes,
    model: ProcedureModel,
    recognised: Sequence[Recognised] = (),
) -> ProcedureResult:
    """CPT and HCPCS lines of one note, and its visit worksheet.

    Args:
        diagnoses: the encounter's ICD-10-CM codes in sequence, each with the start
            offsets of its evidence; they set the visit's level and the links.
        recognised: what the note's sentences chart without naming it.
    """
    drafted = draft(document, diagnoses, codes, model.status, model.elements, recognised)
    chances: Sequence[float] = ()
    if drafted.lines:
        scores = model.lines.logits([line.features for line in drafted.lines])[:, 0]
        chances = model.calibration(scores, [line.kind for line in drafted.lines]).tolist()
    return propose(drafted, chances, model.select)


def propose(drafted: Draft, chances: Sequence[float], select: float) -> ProcedureResult:
    """What is proposed, listed and set aside of a draft.

    Args:
        chances: that each of its lines is billed.
        select: chance from which a line is proposed.
    """
    candidates = [
        replace(line, confidence=p, selected=p >= select)
        for line, p in zip(drafted.lines, chances, strict=True)
    ]
    candidates = with_modifiers(drafted, one_level(candidates, select))
    set_aside = [
        replace(line, suppressed=REASONS[line.status])
        for line in candidates
        if line.status is not Status.PERFORMED and line.confidence < LISTED
    ]
    candidates = [
        line for line in candidates if line.status is Status.PERFORMED or line.confidence >= LISTED
    ]
    candidates.sort(key=lambda c: (-c.confidence, c.system, c.code, c.modifiers))
    sheets = [v.worksheet for v in drafted.visits]
    sheet = next((s for s in sheets if "problems" in s), sheets[0] if sheets else None)
    visit = drafted.visit
    warnings = (visit.note,) if visit.note and not visit.concept else ()
    return ProcedureResult((*candidates, *set_aside, *drafted.set_aside), sheet, warnings)


def one_level(candidates: Sequence[ProcedureCandidate], select: float) -> list[ProcedureCandidate]:
    """A visit has its worksheet's level: the runner-up is never surer, nor proposed.

    The visit is proposed where one of both levels is likely enough, however unsure which.
    """
    own = {c.concept: c.confidence for c in candidates if c.kind == VISIT}
    both: dict[str, float] = {}
    for line in candidates:
        if line.kind in (VISIT, RUNNER_UP):
            both[line.concept] = both.get(line.concept, 0.0) + line.confidence
    out = []
    for line in candidates:
        if line.kind == VISIT:
            line = replace(line, selected=both[line.concept] >= select)
        elif line.kind == RUNNER_UP:
            sure = min(line.confidence, own.get(line.concept, 1.0))
            line = replace(line, selected=False, confidence=sure)
        out.append(line)
    return out


def with_modifiers(
    drafted: Draft, candidates: Sequence[ProcedureCandidate]
) -> list[ProcedureCandidate]:
    """Modifiers of each line, given which others are proposed."""
    document = drafted.layout.document
    at = Setting(document, drafted.layout, drafted.visit.telehealth)
    count = len(drafted.services)
    pairs = list(zip(drafted.services, candidates[:count], strict=True))
    performed = [line for line, candidate in pairs if candidate.selected]
    all_codes = frozenset(c.code for c in candidates if c.selected)
    out = []
    for line, candidate in pairs:
        names, why = line_modifiers(line, all_codes, candidate.linked_diagnoses, at)
        out.append(replace(candidate, modifiers=names, notes=(*candidate.notes, *why)))
    for candidate in candidates[count:]:
        if candidate.kind == ADD_ON:
            out.append(candidate)
            continue
        names, why = visit_modifiers(
            performed, candidate.concept, candidate.second, at, candidate.evidence
        )
        out.append(replace(candidate, modifiers=names, notes=(*candidate.notes, *why)))
    return out

"""The visit's code and its worksheet: family, method, elements with evidence, runner-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

from data.terminology.procedure_codes import ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.coding import Line
from models.procedures.elements import Element, data, problems, risk, total_minutes
from models.procedures.leveler import (
    HIGHEST,
    LOWEST,
    NAMES,
    decision_level,
    time_level,
)
from models.procedures.mentions import Layout
from models.procedures.slots import note_slots, text_slots
from models.procedures.tables import rows
from models.procedures.types import Diagnoses, Spans
from models.procedures.visits import HEAD_CHARACTERS, Visit


@dataclass(frozen=True, slots=True)
class LevelledVisit:
    """A visit's code with the worksheet behind it.

    Attributes:
        runner_up: code of the next level that the elements come nearest to.
        margin: 2 when all elements agree, 1 when two do, 0 at the edge.
    """

    entry: ProcedureCode
    runner_up: ProcedureCode | None
    evidence: Spans
    worksheet: dict[str, object]
    margin: int = 0
    second: bool = False


@cache
def _methods() -> dict[str, tuple[str, str]]:
    return {row["concept"]: (row["method"], row["family"]) for row in rows("em_methods")}


def _element(element: Element) -> dict[str, object]:
    return {
        "level": element.level,
        "name": NAMES[element.level],
        "items": [
            {
                "kind": item.kind,
                "label": item.label,
                **({"start": item.span[0], "end": item.span[1]} if item.span else {}),
            }
            for item in element.items
        ],
    }


def _missing(level: int, problem: int, data_: int, risk_: int) -> list[str]:
    """What two of three elements lack for ``level``."""
    values = {"problems": problem, "data": data_, "risk": risk_}
    return [f"{name}: {NAMES[level]}" for name, value in values.items() if value < level]


def level_visit(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    visit: Visit,
    diagnoses: Diagnoses,
    performed: Sequence[Line],
) -> list[LevelledVisit]:
    """The visit's code, and beside a preventive visit the problem visit; none if none is billed."""
    if not visit.concept:
        return []
    method, family = _methods().get(visit.concept, ("none", ""))
    day = document.note.date_of_service
    slots = note_slots(document.note)
    title = visit.evidence or _title(document)
    if method == "none":
        wanted = codes.slots_of(visit.concept)
        for begin, stop in visit.evidence:
            slots = {**text_slots(document.text, begin, stop, 0, HEAD_CHARACTERS, wanted), **slots}
        entry = codes.pick(visit.concept, slots, day)
        made = []
        if entry is not None:
            sheet: dict[str, object] = {
                "family": family,
                "method": "not levelled",
                "code": entry.code,
            }
            made.append(LevelledVisit(entry, None, title, sheet, 1))
        if visit.second:
            made += _problem_visit(document, layout, codes, visit, diagnoses, performed)
        return made
    if visit.concept in ("visit:discharge_day", "visit:critical_care"):
        return _by_time_only(document, codes, visit, family, title)
    return _levelled(
        document, layout, codes, visit.concept, diagnoses, performed, title, method, family
    )


def _title(document: Document) -> Spans:
    """The first line that holds words: where a note says what it is."""
    start = 0
    for line in document.text.splitlines(keepends=True):
        stripped = line.strip()
        if stripped:
            begin = start + line.index(stripped[0])
            return ((begin, min(begin + len(stripped), begin + 80)),)
        start += len(line)
    return ()


def _by_time_only(
    document: Document, codes: ProcedureCodes, visit: Visit, family: str, title: Spans
) -> list[LevelledVisit]:
    stated = total_minutes(document.text)
    minutes = stated[0] if stated else 30
    entry = codes.pick(
        visit.concept, {"minutes": float(min(minutes, 74))}, document.note.date_of_service
    )
    if entry is None:
        return []
    sheet: dict[str, object] = {
        "family": family,
        "method": "time",
        "code": entry.code,
        "time": _time(stated),
        "notes": [] if stated else ["no time is stated: the shorter code is proposed"],
    }
    return [
        LevelledVisit(entry, None, (stated[1],) if stated else title, sheet, 1 if stated else 0)
    ]


def _time(stated: tuple[int, tuple[int, int]] | None) -> dict[str, object] | None:
    if stated is None:
        return None
    return {"minutes": stated[0], "start": stated[1][0], "end": stated[1][1]}


def _problem_visit(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    visit: Visit,
    diagnoses: Diagnoses,
    performed: Sequence[Line],
) -> list[LevelledVisit]:
    """A problem visit beside a preventive one: only for problems that were treated."""
    treated = [row for row in diagnoses if not row[0].startswith("Z")]
    if not treated:
        return []
    concept = "visit:office_new" if visit.patient_status == "new" else visit.second
    found = _levelled(
        document, layout, codes, concept, treated, performed, (), "mdm", "em_office", second=True
    )
    return [one for one in found if _risk_of(one) >= 4]


def _risk_of(levelled: LevelledVisit) -> int:
    element = levelled.worksheet["risk"]
    assert isinstance(element, dict)
    return int(element["level"])


def _levelled(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    concept: str,
    diagnoses: Diagnoses,
    performed: Sequence[Line],
    title: Spans,
    method: str,
    family: str,
    second: bool = False,
) -> list[LevelledVisit]:
    billed = tuple(span for line in performed for span in line.evidence)
    procedural = tuple(
        span for line in performed if line.concept.family == "drug" for span in line.evidence
    )
    problem = problems(document, layout, diagnoses)
    found_data = data(document, layout, billed)
    found_risk = risk(document, layout, procedural)
    by_decision = decision_level(problem.level, found_data.level, found_risk.level)
    stated = None if method == "mdm" else total_minutes(document.text)
    by_time = time_level(concept, stated[0] if stated else None)
    level = max(by_decision, by_time or LOWEST)
    day = document.note.date_of_service
    entry = _at(codes, concept, level, day)
    if entry is None:
        return []
    ranked = sorted((problem.level, found_data.level, found_risk.level))
    # two elements above the middle one pull up, two below pull down
    other = level + 1 if ranked[2] > ranked[1] and ranked[0] == ranked[1] else level - 1
    if ranked[0] == ranked[1] == ranked[2] and level < HIGHEST:
        other = level - 1 if level > 3 else level + 1
    runner = _at(codes, concept, max(LOWEST, min(HIGHEST, other)), day)
    if runner is not None and runner.code == entry.code:
        runner = None
    sheet: dict[str, object] = {
        "family": family,
        "method": "time" if by_time is not None and by_time > by_decision else "decision making",
        "code": entry.code,
        "level": level,
        "name": NAMES[level],
        "problems": _element(problem),
        "data": _element(found_data),
        "risk": _element(found_risk),
        "decision_level": by_decision,
        "time": _time(stated),
        "time_level": by_time,
        "runner_up": None
        if runner is None
        else {
            "code": runner.code,
            "missing": _missing(other, problem.level, found_data.level, found_risk.level)
            if other > level
            else [],
        },
        "second": second,
    }
    spans = [item.span for item in found_risk.items if item.span] + [
        item.span for item in problem.items if item.span
    ]
    evidence = tuple(dict.fromkeys([*spans[:2], *((stated[1],) if stated else ()), *title[:1]]))
    margin = int(ranked[1] == ranked[2]) + int(ranked[0] == ranked[1])
    return [LevelledVisit(entry, runner, evidence, sheet, margin, second)]


def _at(codes: ProcedureCodes, concept: str, level: int, day: date | None) -> ProcedureCode | None:
    """The family's code at a level, or the nearest one that it has."""
    for near in sorted(range(LOWEST, HIGHEST + 1), key=lambda n: (abs(n - level), n)):
        found = codes.pick(concept, {"level": float(near)}, day)
        if found is not None:
            return found
    return None

"""The visit's code and its worksheet: family, method, elements with evidence, runner-up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.terminology.procedure_codes import ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.hashing import HashedModel
from models.procedures.elements import Element, total_minutes
from models.procedures.leveler import (
    HIGHEST,
    LOWEST,
    NAMES,
    time_level,
)
from models.procedures.mentions import Layout
from models.procedures.problems import problems
from models.procedures.reviewed import data
from models.procedures.risk import risk
from models.procedures.slots import note_slots, text_slots
from models.procedures.tables import rows
from models.procedures.types import Diagnoses, Judged, Line, Spans
from models.procedures.visits import HEAD_CHARACTERS, Visit
from models.procedures.weighing import element_features, weigh

DECISION = "decision making"


@dataclass(frozen=True, slots=True)
class LevelledVisit:
    """A visit's code with the worksheet behind it.

    Attributes:
        runner_up: code of the level that is likeliest after it.
        chance: probability that the level is the right one; ``runner_chance`` likewise.
        features: what the elements were weighed by.
    """

    entry: ProcedureCode
    runner_up: ProcedureCode | None
    evidence: Spans
    worksheet: dict[str, object]
    chance: float = 1.0
    runner_chance: float = 0.0
    second: bool = False
    features: tuple[str, ...] = ()


@cache
def _methods() -> dict[str, tuple[str, str]]:
    return {row["concept"]: (row["method"], row["family"]) for row in rows("em_methods")}


def _element(element: Element, level: int) -> dict[str, object]:
    return {
        "level": level,
        "name": NAMES[level],
        "counted": NAMES[element.level],
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
    models: Mapping[str, HashedModel],
    tests: Sequence[tuple[str, Judged]],
) -> list[LevelledVisit]:
    """The visit's code, and beside a preventive visit the problem visit; none if none is billed."""
    if not visit.concept:
        return []
    method, family = _methods().get(visit.concept, ("none", ""))
    day = document.note.date_of_service
    slots = note_slots(document.note)
    title = visit.evidence or _title(document)
    at = _Leveling(document, layout, codes, visit, models, tests)
    if method == "none":
        wanted = codes.slots_of(visit.concept)
        for begin, stop in title:
            slots = {**text_slots(document.text, begin, stop, 0, HEAD_CHARACTERS, wanted), **slots}
        entry = codes.pick(visit.concept, slots, day)
        made = []
        if entry is not None:
            sheet: dict[str, object] = {
                "family": family,
                "method": "not levelled",
                "code": entry.code,
            }
            made.append(LevelledVisit(entry, None, title, sheet))
        if visit.second:
            made += _problem_visit(at, diagnoses, performed)
        return made
    if method == "time":
        return _by_time_only(document, codes, visit, family, title)
    return at.levelled(visit.concept, diagnoses, performed, title, method, family)


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
        LevelledVisit(entry, None, (stated[1],) if stated else title, sheet, 1.0 if stated else 0.5)
    ]


def _time(stated: tuple[int, tuple[int, int]] | None) -> dict[str, object] | None:
    if stated is None:
        return None
    return {"minutes": stated[0], "start": stated[1][0], "end": stated[1][1]}


def _problem_visit(
    at: _Leveling, diagnoses: Diagnoses, performed: Sequence[Line]
) -> list[LevelledVisit]:
    """A problem visit beside a preventive one: only for problems that were treated."""
    treated = [row for row in diagnoses if not row[0].startswith("Z")]
    if not treated:
        return []
    concept = "visit:office_new" if at.visit.patient_status == "new" else at.visit.second
    return at.levelled(concept, treated, performed, (), "mdm", "em_office", second=True)


@dataclass(frozen=True)
class _Leveling:
    """What leveling a visit of one note reads."""

    document: Document
    layout: Layout
    codes: ProcedureCodes
    visit: Visit
    models: Mapping[str, HashedModel]
    tests: Sequence[tuple[str, Judged]]

    def levelled(
        self,
        concept: str,
        diagnoses: Diagnoses,
        performed: Sequence[Line],
        title: Spans,
        method: str,
        family: str,
        second: bool = False,
    ) -> list[LevelledVisit]:
        """The code of a levelled family with its worksheet; empty where none is in the tables."""
        document, layout, day = self.document, self.layout, self.document.note.date_of_service
        billed = tuple(span for line in performed for span in line.evidence)
        given = tuple(
            s for line in performed if line.concept.family == "drug" for s in line.evidence
        )
        counted = {
            "problems": problems(document, layout, diagnoses),
            "data": data(document, layout, billed, self.tests),
            "risk": risk(document, layout, given),
        }
        done = [line.concept.family for line in performed]
        features = element_features(document.note, self.visit, diagnoses, counted, done)
        weighed = weigh(counted, features, self.models)
        chances = weighed.decision()
        by_decision = LOWEST + int(chances.argmax())
        reached = weighed.levels(by_decision)
        stated = None if method == "mdm" else total_minutes(document.text)
        by_time = time_level(concept, stated[0] if stated else None)
        level = max(by_decision, by_time or LOWEST)
        entry = _at(self.codes, concept, level, day)
        if entry is None:
            return []
        by_code = _by_code(self.codes, concept, day, chances, by_time or LOWEST)
        rest = {code: chance for code, chance in by_code.items() if code != entry.code}
        other = max(rest, key=lambda code: rest[code], default="")
        runner = self.codes.find(other) if rest.get(other, 0.0) > 0 else None
        sheet: dict[str, object] = {
            "family": family,
            "method": "time" if by_time is not None and by_time > by_decision else DECISION,
            "code": entry.code,
            "level": level,
            "name": NAMES[level],
            **{
                name: _element(element, own)
                for (name, element), own in zip(counted.items(), reached, strict=True)
            },
            "decision_level": by_decision,
            "decision_code": _code_at(self.codes, concept, by_decision, day),
            "time": _time(stated),
            "time_level": by_time,
            "time_code": _code_at(self.codes, concept, by_time, day),
            "runner_up": None if runner is None else _runner_up(runner, level, reached),
            "second": second,
        }
        spans = [i.span for name in ("risk", "problems") for i in counted[name].items if i.span]
        evidence = (*spans[:2], *((stated[1],) if stated else ()), *title[:1])
        return [
            LevelledVisit(
                entry, runner, tuple(dict.fromkeys(evidence)), sheet,
                by_code.get(entry.code, 0.0), rest.get(other, 0.0), second, tuple(features),
            )
        ]  # fmt: skip


def _by_code(
    codes: ProcedureCodes,
    concept: str,
    day: date | None,
    decision: NDArray[np.float64],
    least: int,
) -> dict[str, float]:
    """Code of the family → probability, where time alone reaches ``least``."""
    out: dict[str, float] = {}
    for place, chance in enumerate(decision):
        entry = _at(codes, concept, max(LOWEST + place, least), day)
        if entry is not None:
            out[entry.code] = out.get(entry.code, 0.0) + float(chance)
    return out


def _runner_up(
    runner: ProcedureCode, level: int, reached: tuple[int, int, int]
) -> dict[str, object]:
    """The next likeliest code, and what two of three elements lack for it."""
    wanted = next((int(float(c.value)) for c in runner.when if c.slot == "level"), level)
    lacking = _missing(wanted, *reached) if wanted > level else []
    return {"code": runner.code, "missing": lacking}


def _at(codes: ProcedureCodes, concept: str, level: int, day: date | None) -> ProcedureCode | None:
    """The family's code at a level, or the nearest one that it has."""
    for near in sorted(range(LOWEST, HIGHEST + 1), key=lambda n: (abs(n - level), n)):
        found = codes.pick(concept, {"level": float(near)}, day)
        if found is not None:
            return found
    return None


def _code_at(
    codes: ProcedureCodes, concept: str, level: int | None, day: date | None
) -> str | None:
    entry = None if level is None else _at(codes, concept, level, day)
    return None if entry is None else entry.code

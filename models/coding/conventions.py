"""ICD-10-CM conventions over a note's candidates: combinations, integral symptoms, Excludes1.

The rules are tables (``data/terminology/conventions``) and the Tabular List's own
notes. Each rule that acts leaves its trace on the candidate it acted on.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion, ClaimType, Note, Setting, Sex
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from data.terminology.limits import sex_limit
from models.coding.candidates import CHOSEN, CONVENTIONS, Candidate, Candidates, drug_requirements

SYMPTOM_CHAPTER = 18


@dataclass(frozen=True, slots=True)
class Combination:
    """Codes that stand together and are reported as one (guidelines I.B.9, I.A.15)."""

    id: str
    when: tuple[tuple[str, ...], ...]
    add: str
    drop: tuple[str, ...]
    source: str


def _alternatives(cell: str) -> tuple[str, ...]:
    return tuple(p.strip() for p in cell.split("|") if p.strip())


@cache
def combinations() -> tuple[Combination, ...]:
    with (CONVENTIONS / "combinations.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            Combination(
                row["id"],
                tuple(_alternatives(part) for part in row["when"].split("+")),
                row["add"].strip(),
                _alternatives(row["drop"]),
                row["source"],
            )
            for row in csv.DictReader(handle)
        )


@cache
def integral_symptoms() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """(symptom prefix, disease prefixes, source): guideline I.B.5."""
    with (CONVENTIONS / "integral_symptoms.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (row["symptom"], _alternatives(row["disease"]), row["source"])
            for row in csv.DictReader(handle)
        )


def codes_uncertain(note: Note) -> bool:
    """Whether uncertain diagnoses are coded: facility inpatient claims only (II.H, III.C; IV.H)."""
    return note.setting is Setting.INPATIENT and note.claim_type is not ClaimType.PROFESSIONAL


def is_counted(candidate: Candidate, note: Note) -> bool:
    """Whether some occurrence asserts the condition so that it may be coded."""
    wanted = {Assertion.PRESENT, Assertion.HISTORICAL}
    if codes_uncertain(note):
        wanted.add(Assertion.UNCERTAIN)
    return any(o.assertion in wanted for o in candidate.occurrences)


def _counted_directly(candidate: Candidate, note: Note) -> bool:
    return any(
        o.assertion is Assertion.PRESENT
        or (o.assertion is Assertion.UNCERTAIN and codes_uncertain(note))
        for o in candidate.occurrences
        if o.source != "retrieval" and o.role == CHOSEN
    )


def combine(candidates: Candidates, note: Note, release: Release) -> None:
    """Add combination codes and mark what they replace."""
    counted = [c for c, cand in candidates.items() if _counted_directly(cand, note)]
    for rule in combinations():
        parts: list[str] = []
        active = [c for c in counted if candidates[c].dropped_by is None]
        for alternatives in rule.when:
            code = next((c for c in active if c.startswith(alternatives) and c not in parts), None)
            if code is None:
                break
            parts.append(code)
        else:
            if rule.add and release.is_billable(rule.add):
                made = candidates.at(rule.add)
                made.derived_from = tuple(parts)
                made.notes.append(f"combination of {' and '.join(parts)} ({rule.source})")
                for part in parts:
                    made.occurrences.extend(
                        o for o in candidates[part].occurrences if o not in made.occurrences
                    )
                positions = [
                    p for part in parts if (p := candidates[part].problem_position) is not None
                ]
                made.problem_position = min(positions, default=made.problem_position)
                if rule.add not in counted and _counted_directly(made, note):
                    counted.append(rule.add)
            for code in list(candidates):
                keep = code == rule.add or not code.startswith(rule.drop or ("~",))
                if not keep and candidates[code].dropped_by is None:
                    instead = rule.add or next((p for p in parts if p != code), "")
                    if instead and instead != code:
                        candidates[code].dropped_by = instead
                        candidates[code].notes.append(f"reported as {instead} ({rule.source})")


@dataclass(frozen=True, slots=True)
class Conflict:
    """A code that yields to another, and the rule that says so."""

    code: str
    to: str
    reason: str


def sex_conflict(code: str, sex: Sex | None) -> str | None:
    """Why a code cannot be this patient's by sex; None where it can."""
    if sex not in (Sex.FEMALE, Sex.MALE):
        return None
    limit = sex_limit(code)
    if limit and limit != sex.value:
        return f"the code is for patients of sex {limit}, the note says {sex.value}"
    return None


def unsupported_drug_use(code: str, candidates: Candidates) -> str | None:
    """Why a long-term drug use code may not stand: a drug never selects its diagnosis."""
    requires = drug_requirements().get(code)
    if not requires or any(
        c.startswith(requires) and candidate.with_assertion(Assertion.PRESENT)
        for c, candidate in candidates.items()
    ):
        return None
    return f"drug use without the disease it is given for ({', '.join(requires)}) in the note"


def conflicts(
    chosen: Sequence[str], confidence: Mapping[str, float], excludes: Excludes1
) -> list[Conflict]:
    """Which of the chosen codes must yield: integral symptoms first, then Excludes1 pairs."""
    out: list[Conflict] = []
    gone: set[str] = set()
    for symptom, diseases, source in integral_symptoms():
        for code in chosen:
            if not code.startswith(symptom) or not diseases or code in gone:
                continue
            disease = _first_with_prefix(chosen, diseases, code)
            if disease:
                gone.add(code)
                out.append(Conflict(code, disease, f"symptom integral to {disease} ({source})"))
    rest = sorted((c for c in chosen if c not in gone), key=lambda c: (-confidence.get(c, 0.0), c))
    for i, strong in enumerate(rest):
        for weak in rest[i + 1 :]:
            if strong in gone or weak in gone:
                continue
            at = excludes.between(strong, weak)
            if at:
                gone.add(weak)
                out.append(Conflict(weak, strong, f"Excludes1 note at {at} against {strong}"))
    return out


def _first_with_prefix(codes: Iterable[str], prefixes: tuple[str, ...], but: str) -> str | None:
    return next((c for c in codes if c != but and c.startswith(prefixes)), None)

"""Combination codes: what the Index joins by "with" is reported as one (I.A.15, I.B.9)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from data.schemas import Note
from data.terminology.icd10cm import Release
from models.coding.candidates import Candidate, Candidates
from models.coding.conventions.conflicts import DOUBT, Conflict
from models.coding.conventions.patient import counted_directly
from models.coding.conventions.tables import Combination, adding, leaving


def _parts(rule: Combination, active: list[str]) -> list[str] | None:
    """One code for each part of the rule, in its order; None where a part is missing."""
    parts: list[str] = []
    for prefixes in rule.when:
        code = next((c for c in active if c.startswith(prefixes) and c not in parts), None)
        if code is None:
            return None
        parts.append(code)
    return parts


def _make(candidates: Candidates, rule: Combination, parts: list[str]) -> Candidate:
    """The combination's candidate, with the places of its parts as evidence."""
    made = candidates.at(rule.add)
    made.derived_from = tuple(parts)
    made.notes.append(f"combination of {' and '.join(parts)} ({rule.source})")
    for part in parts:
        made.occurrences.extend(
            o for o in candidates[part].occurrences if o not in made.occurrences
        )
    positions = [p for part in parts if (p := candidates[part].problem_position) is not None]
    made.problem_position = min(positions, default=made.problem_position)
    return made


def combine(candidates: Candidates, note: Note, release: Release) -> None:
    """Add combination codes and mark what they replace; rules act in the table's order."""
    counted = [c for c, candidate in candidates.items() if counted_directly(candidate, note)]
    categories = {c[:3] for c in counted}
    for rule in adding().for_note(categories):
        active = [c for c in counted if candidates[c].dropped_by is None]
        parts = _parts(rule, active)
        if parts is None or (rule.unless and any(c.startswith(rule.unless) for c in active)):
            continue
        if release.is_billable(rule.add):
            made = _make(candidates, rule, parts)
            if rule.add not in counted and counted_directly(made, note):
                counted.append(rule.add)
                categories.add(rule.add[:3])
        for code, candidate in candidates.items():
            if code == rule.add or candidate.dropped_by is not None:
                continue
            if rule.drop and code.startswith(rule.drop):
                candidate.dropped_by = rule.add
                candidate.notes.append(f"reported as {rule.add} ({rule.source})")


def replaced(chosen: Sequence[str], confidence: Mapping[str, float]) -> list[Conflict]:
    """Which chosen codes another chosen code already reports, by the rules that add none."""
    out: list[Conflict] = []
    active = sorted(chosen, key=lambda c: (-confidence.get(c, 0.0), c))  # the surest speaks
    for rule in leaving().for_note({c[:3] for c in active}):
        parts = _parts(rule, active)
        if parts is None or (rule.unless and any(c.startswith(rule.unless) for c in active)):
            continue
        for code in [c for c in active if c.startswith(rule.drop)]:
            instead = next((p for p in parts if not p.startswith(rule.drop)), None)
            if instead is None:
                continue
            if confidence.get(instead, 0.0) >= DOUBT * confidence.get(code, 0.0):
                active.remove(code)
                out.append(Conflict(code, instead, f"reported as {instead} ({rule.source})"))
    return out

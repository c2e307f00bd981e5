"""Modifiers by table: which family each may join, and what must hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from data.terminology.procedure_codes import Condition, Slots
from models.procedures.coding import Line
from models.procedures.tables import rows

_ESA = frozenset({"drug:darbepoetin", "drug:epoetin", "drug:epoetin_biosimilar"})
_CHEMOTHERAPY_ANEMIA = ("D64.81", "D63.0")


@dataclass(frozen=True, slots=True)
class ModifierRule:
    modifier: str
    rank: int
    subject: str
    when: tuple[Condition, ...]
    why: str


@cache
def _rules() -> tuple[ModifierRule, ...]:
    return tuple(
        ModifierRule(
            row["modifier"], int(row["rank"]), row["subject"],
            tuple(Condition.parse(part) for part in row["when"].split("&") if part), row["why"],
        )
        for row in rows("modifiers")
    )  # fmt: skip


@cache
def _distinct() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for row in rows("distinct"):
        table.setdefault(row["code"], set()).add(row["also"])
    return {code: frozenset(also) for code, also in table.items()}


@cache
def _same_day() -> dict[str, str]:
    return {row["subject"]: row["effect"] for row in rows("same_day")}


def _subjects(line: Line) -> frozenset[str]:
    """Everything a rule may call a line by."""
    concept = line.concept
    found = {concept.name, concept.family, "any", concept.sides, f"code:{line.entry.code}"}
    found |= {f"attribute:{name}" for name in concept.attributes}
    if "scope" in concept.attributes:
        found.add(f"scope:{concept.attributes['scope']}")
    if concept.name in _ESA:
        found.add("esa")
    if any((c.slot, c.operator, c.value) == ("bilateral", "=", "yes") for c in line.entry.when):
        found.discard("paired")  # the code itself means both sides
    if line.entry.code in _distinct():
        found.add("distinct")
    return frozenset(found - {""})


def _fitting(subjects: frozenset[str], slots: Slots) -> tuple[tuple[str, ...], tuple[str, ...]]:
    chosen = {
        rule.modifier: rule
        for rule in reversed(_rules())
        if rule.subject in subjects and all(c.holds(slots) for c in rule.when)
    }
    ordered = sorted(chosen.values(), key=lambda rule: (rule.rank, rule.modifier))
    return tuple(r.modifier for r in ordered), tuple(f"{r.modifier}: {r.why}" for r in ordered)


def line_modifiers(
    line: Line, all_codes: frozenset[str], linked: Sequence[str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modifiers of one line with the reason for each."""
    slots = dict(line.slots)
    if _distinct().get(line.entry.code, frozenset()) & all_codes:
        slots["distinct"] = "yes"
    if line.concept.name in _ESA and linked:
        treated = any(code.startswith(_CHEMOTHERAPY_ANEMIA) for code in linked)
        slots["esa"] = "chemotherapy" if treated else "other"
    return _fitting(_subjects(line), slots)


def visit_modifiers(
    performed: Sequence[Line], other_visit: bool, telehealth: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Modifiers of a visit code, given what else was done on the day."""
    effects = {
        _same_day().get(line.concept.name) or _same_day().get(line.concept.family, "")
        for line in performed
    }
    slots: dict[str, str | float] = {}
    if "major_procedure" in effects:
        slots["major_procedure"] = "yes"
    elif "same_day" in effects or other_visit:
        slots["same_day"] = "yes"
    if telehealth:
        slots["telehealth"] = telehealth
    return _fitting(frozenset({"em"}), slots)

"""Modifiers by table: which family each may join, what must hold, and the words that say so."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from data.terminology.procedure_codes import Condition, Slots
from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.slots import note_slots, side_near
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Line

_ESA = frozenset({"drug:darbepoetin", "drug:epoetin", "drug:epoetin_biosimilar"})
_CHEMOTHERAPY_ANEMIA = ("D64.81", "D63.0")
_FOOT_CARE = frozenset({"nail_debridement", "callus_paring", "nail_trimming"})
_SIDES = ("LT", "RT")
_DIGITS = {
    "digit": frozenset({"finger", "toe"}), "toe_digit": frozenset({"toe"}),
    "lid": frozenset({"lid"}),
}  # fmt: skip
"""What a concept's ``sides`` looks for in ``digits.csv``."""
NEAR, NOTE = "near", "note"
"""Where a rule's words must stand: in a sentence of the line's evidence, or anywhere."""

Fitting = tuple[tuple[str, ...], tuple[str, ...]]
"""Modifiers, and the reason for each."""


@dataclass(frozen=True, slots=True)
class ModifierRule:
    """One row of ``modifiers.csv``: the modifier, what it may join, and what must hold."""

    modifier: str
    rank: int
    subject: str
    when: tuple[Condition, ...]
    where: str
    words: re.Pattern[str] | None
    why: str


@dataclass(frozen=True, slots=True)
class Setting:
    """What the modifiers of a note's lines are read from."""

    document: Document
    layout: Layout
    telehealth: str

    def slots(self) -> dict[str, str | float]:
        """What the encounter says."""
        found = note_slots(self.document.note)
        if self.telehealth:
            found["telehealth"] = self.telehealth
        return found

    def says(self, rule: ModifierRule, evidence: Sequence[tuple[int, int]]) -> bool:
        """Whether a rule's words stand where they must."""
        if rule.words is None:
            return True
        text = self.document.text
        if rule.where == NOTE:
            return rule.words.search(text) is not None
        bounds = {self.layout.sentence_bounds(start) for start, _ in evidence}
        return any(rule.words.search(text, *each) for each in bounds)


@cache
def _rules() -> tuple[ModifierRule, ...]:
    return tuple(
        ModifierRule(
            row["modifier"], int(row["rank"]), row["subject"],
            tuple(Condition.parse(part) for part in row["when"].split("&") if part),
            row["where"], compile_phrases(split(row["phrases"])) if row["phrases"] else None,
            row["why"],
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
def _multiple() -> dict[str, frozenset[str]]:
    """A code → those beside which it is the lesser operation of one session."""
    table: dict[str, set[str]] = {}
    for row in rows("multiple"):
        for code in split(row["codes"]):
            table.setdefault(code, set()).update(split(row["beside"]))
    return {code: frozenset(beside) for code, beside in table.items()}


@cache
def _same_day() -> dict[str, str]:
    return {row["subject"]: row["effect"] for row in rows("same_day")}


@cache
def _digits() -> tuple[tuple[str, re.Pattern[str], dict[str, str]], ...]:
    """(finger or toe, its names, modifier by side)."""
    return tuple(
        (
            row["kind"],
            compile_phrases(split(row["phrases"])),
            {"left": row["left"], "right": row["right"]},
        )
        for row in rows("digits")
    )


def _effect(line: Line) -> str:
    """What a service does to the visit of its day (``same_day.csv``)."""
    return _same_day().get(line.concept.name) or _same_day().get(line.concept.family, "")


def _subjects(line: Line) -> frozenset[str]:
    """Everything a rule may call a line by."""
    concept = line.concept
    found = {concept.name, concept.family, "any", concept.sides, f"code:{line.entry.code}"}
    found |= {f"attribute:{name}" for name in concept.attributes}
    if "scope" in concept.attributes:
        found.add(f"scope:{concept.attributes['scope']}")
    if concept.name in _ESA:
        found.add("esa")
    if concept.name in _FOOT_CARE:
        found.add("foot_care")
    if _effect(line):
        found.add("operation")
    if any((c.slot, c.operator, c.value) == ("bilateral", "=", "yes") for c in line.entry.when):
        found.discard("paired")  # the code itself means both sides
    if line.entry.code in _distinct():
        found.add("distinct")
    if line.entry.code in _multiple():
        found.add("multiple")
    return frozenset(found - {""})


def _fitting(
    subjects: frozenset[str], slots: Slots, at: Setting, evidence: Sequence[tuple[int, int]]
) -> list[ModifierRule]:
    chosen = {
        rule.modifier: rule
        for rule in reversed(_rules())
        if rule.subject in subjects
        and all(c.holds(slots) for c in rule.when)
        and at.says(rule, evidence)
    }
    return sorted(chosen.values(), key=lambda rule: (rule.rank, rule.modifier))


def _digit(line: Line, at: Setting) -> str | None:
    """The modifier of the finger, toe or lid named nearest in a sentence of the line's evidence.

    Where none is named there, the only one that the note names.
    """
    text = at.document.text
    kinds = _DIGITS[line.concept.sides]
    best: tuple[int, str] | None = None
    for start, end in line.evidence:
        low, high = at.layout.sentence_bounds(start)
        for place, name in _named_digits(line, text, low, max(high, end), kinds):
            gap = min(abs(place - end), abs(start - place))
            if best is None or gap < best[0]:
                best = (gap, name)
    if best is not None:
        return best[1]
    everywhere = {name for _, name in _named_digits(line, text, 0, len(text), kinds)}
    return everywhere.pop() if len(everywhere) == 1 else None


def _named_digits(
    line: Line, text: str, low: int, high: int, kinds: frozenset[str]
) -> Iterator[tuple[int, str]]:
    for kind, names, by_side in _digits():
        if kind not in kinds:
            continue
        for match in names.finditer(text, low, high):
            # "RUL" has its side in its name
            side = "left" if by_side["left"] == by_side["right"] else None
            side = side or side_near(text, *match.span(), low, high)
            side = side or str(line.slots.get("side", ""))
            if side in by_side:
                yield match.start(), by_side[side]


def line_modifiers(
    line: Line, all_codes: frozenset[str], linked: Sequence[str], at: Setting
) -> Fitting:
    """Modifiers of one line with the reason for each."""
    slots = at.slots() | line.slots
    if _distinct().get(line.entry.code, frozenset()) & all_codes:
        slots["distinct"] = "yes"
    elif _multiple().get(line.entry.code, frozenset()) & all_codes:
        slots["multiple"] = "yes"
    if line.concept.name in _ESA and linked:
        treated = any(code.startswith(_CHEMOTHERAPY_ANEMIA) for code in linked)
        slots["esa"] = "chemotherapy" if treated else "other"
    rules = _fitting(_subjects(line), slots, at, line.evidence)
    digit = _digit(line, at) if line.concept.sides in _DIGITS else None
    if digit is not None:
        rules = [rule for rule in rules if rule.modifier not in _SIDES]
    names = [*(rule.modifier for rule in rules), *([digit] if digit else [])]
    why = [f"{rule.modifier}: {rule.why}" for rule in rules]
    return tuple(names), (*why, *([f"{digit}: the finger or toe"] if digit else []))


def visit_modifiers(
    performed: Sequence[Line],
    concept: str,
    second: bool,
    at: Setting,
    evidence: Sequence[tuple[int, int]],
) -> Fitting:
    """Modifiers of a visit code, given what else was done on the day.

    Args:
        concept: the visit's own.
        second: whether it is a problem visit beside a preventive one.
    """
    effects = {_effect(line) for line in performed}
    slots = at.slots() | {"concept": concept}
    if "same_day" in effects or second:
        slots["same_day"] = "yes"
    elif "major_procedure" in effects:
        slots["major_procedure"] = "yes"
    rules = _fitting(frozenset({"em", concept}), slots, at, evidence)
    return (
        tuple(rule.modifier for rule in rules),
        tuple(f"{rule.modifier}: {rule.why}" for rule in rules),
    )

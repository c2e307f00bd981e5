"""Rules on modifiers, visits beside procedures, components and telehealth."""

from __future__ import annotations

from collections.abc import Iterator

from data.schemas import ClaimLine
from models.claims.edits.context import ClaimContext, Hit, rule
from models.claims.edits.tables import ALL

_SIDES = ("RT", "LT")
_COMPONENTS = ("26", "TC")


@rule("modifier-unknown")
def modifier_unknown(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        for modifier in line.modifiers:
            if modifier.isdigit() and modifier not in context.tables.modifiers:
                yield Hit(line.number, {"modifier": modifier})


@rule("modifier-unlisted")
def modifier_unlisted(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        for modifier in line.modifiers:
            if not modifier.isdigit() and modifier not in context.tables.modifiers:
                yield Hit(line.number, {"modifier": modifier})


@rule("modifier-family")
def modifier_family(context: ClaimContext) -> Iterator[Hit]:
    for line, family in context.with_families():
        for modifier in line.modifiers:
            allowed = context.tables.modifiers.get(modifier)
            if allowed is None or ALL in allowed or family == "other":
                continue
            if family not in allowed:
                yield Hit(line.number, {"modifier": modifier, "code": line.code})


@rule("modifier-repeated")
def modifier_repeated(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if len(set(line.modifiers)) < len(line.modifiers):
            repeated = next(m for m in line.modifiers if line.modifiers.count(m) > 1)
            yield Hit(line.number, {"modifier": repeated})


@rule("modifier-bilateral-side")
def modifier_bilateral_side(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        side = next((m for m in line.modifiers if m in _SIDES), None)
        if side and "50" in line.modifiers:
            yield Hit(line.number, {"modifier": side, "code": line.code})


def _counts_as(context: ClaimContext, line: ClaimLine, family: str) -> str:
    tables = context.tables
    exception = tables.counts_as.get(line.code)
    if exception is not None:
        return exception
    if family in tables.visit_families:
        return "visit"
    return "procedure" if family in tables.procedure_families else "none"


@rule("modifier-25-missing")
def modifier_25_missing(context: ClaimContext) -> Iterator[Hit]:
    if len(context.claim.lines) < 2:
        return
    kinds = [(line, _counts_as(context, line, family)) for line, family in context.with_families()]
    procedures = [line for line, kind in kinds if kind == "procedure"]
    for line, kind in kinds:
        if kind != "visit" or "25" in line.modifiers or "57" in line.modifiers:
            continue
        day = context.line_day(line)
        other = next((p for p in procedures if context.line_day(p) == day), None)
        if other is not None:
            yield Hit(line.number, {"code": line.code, "other": other.number})


@rule("component-place")
def component_place(context: ClaimContext) -> Iterator[Hit]:
    tables = context.tables
    for line, family in context.with_families():
        if line.code in tables.component_exceptions or "26" in line.modifiers:
            continue
        places = tables.component_places.get(family)
        place = context.place(line)
        if places is not None and place in places:
            yield Hit(line.number, {"code": line.code, "place": place})


@rule("telehealth-modifier")
def telehealth_modifier(context: ClaimContext) -> Iterator[Hit]:
    telehealth = context.tables.telehealth
    for line, family in context.with_families():
        place = context.place(line)
        if (
            place in telehealth["place"]
            and family in telehealth["modified-family"]
            and telehealth["modifier"].isdisjoint(line.modifiers)
        ):
            yield Hit(line.number, {"code": line.code, "place": place})


@rule("telehealth-place")
def telehealth_place(context: ClaimContext) -> Iterator[Hit]:
    # Medicare Advantage, Medicaid and others also take 95 with the place the visit would
    # have had; only 93 and 95 at a place with no remote practice at all are impossible.
    telehealth = context.tables.telehealth
    for line, family in context.with_families():
        modifier = next((m for m in line.modifiers if m in ("93", "95")), None)
        place = context.place(line)
        if modifier and place == "11" and family in telehealth["modified-family"]:
            yield Hit(line.number, {"code": line.code, "modifier": modifier, "place": place})


@rule("telehealth-code")
def telehealth_code(context: ClaimContext) -> Iterator[Hit]:
    telehealth = context.tables.telehealth
    for line, family in context.with_families():
        place = context.place(line)
        if place in telehealth["place"] and family in telehealth["impossible-family"]:
            yield Hit(line.number, {"code": line.code, "place": place})

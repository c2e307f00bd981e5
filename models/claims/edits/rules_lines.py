"""Rules on the service lines: codes, pointers, units, charges, places."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from data.claims.codes import has_procedure_form
from models.claims.edits.context import ClaimContext, Hit, rule

MAX_LINES = 50
MAX_POINTERS = 4


@rule("line-missing")
def line_missing(context: ClaimContext) -> Iterator[Hit]:
    if not context.claim.lines:
        yield Hit()


@rule("line-too-many")
def line_too_many(context: ClaimContext) -> Iterator[Hit]:
    if len(context.claim.lines) > MAX_LINES:
        yield Hit(values={"count": len(context.claim.lines)})


@rule("line-duplicate")
def line_duplicate(context: ClaimContext) -> Iterator[Hit]:
    seen: dict[object, int] = {}
    for line in context.claim.lines:
        if not context.tables.repeat_modifiers.isdisjoint(line.modifiers):
            continue
        key = (line.code, frozenset(line.modifiers), context.line_day(line))
        if key in seen:
            yield Hit(line.number, {"code": line.code, "other": seen[key]})
        else:
            seen[key] = line.number


@rule("procedure-form")
def procedure_form(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if not has_procedure_form(line.code):
            yield Hit(line.number, {"code": line.code})


@rule("pointer-missing")
def pointer_missing(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if not line.diagnosis_pointers:
            yield Hit(line.number, {"code": line.code})


@rule("pointer-out-of-range")
def pointer_out_of_range(context: ClaimContext) -> Iterator[Hit]:
    count = len(context.codes)
    for line in context.claim.lines:
        for pointer in line.diagnosis_pointers:
            if not 1 <= pointer <= min(count, 12):
                values = {"code": line.code, "pointer": pointer, "count": count}
                yield Hit(line.number, values)


@rule("pointer-too-many")
def pointer_too_many(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if len(line.diagnosis_pointers) > MAX_POINTERS:
            yield Hit(line.number, {"code": line.code, "count": len(line.diagnosis_pointers)})


@rule("add-on-without-primary")
def add_on_without_primary(context: ClaimContext) -> Iterator[Hit]:
    present = {line.code for line in context.claim.lines}
    for line in context.claim.lines:
        primaries = context.tables.add_on_primaries.get(line.code)
        if primaries is not None and primaries.isdisjoint(present):
            yield Hit(line.number, {"code": line.code})


@rule("place-unknown")
def place_unknown(context: ClaimContext) -> Iterator[Hit]:
    claim = context.claim
    if claim.place_of_service and claim.place_of_service not in context.tables.places:
        yield Hit(values={"place": claim.place_of_service[:10]})
    for line in claim.lines:
        if line.place_of_service and line.place_of_service not in context.tables.places:
            yield Hit(line.number, {"place": line.place_of_service[:10]})


@rule("place-family")
def place_family(context: ClaimContext) -> Iterator[Hit]:
    telehealth = context.tables.telehealth["place"]
    for line, family in context.with_families():
        place = context.place(line)
        allowed = context.tables.family_places.get(family)
        if (
            allowed is not None
            and place in context.tables.places
            and place not in allowed
            and place not in telehealth  # telehealth-code speaks of those
        ):
            yield Hit(line.number, {"code": line.code, "place": place})


@rule("units-limit")
def units_limit(context: ClaimContext) -> Iterator[Hit]:
    by_code: dict[object, tuple[int, str, Decimal]] = {}
    for line in context.claim.lines:
        key = (line.code, context.line_day(line))
        first, _, units = by_code.get(key, (line.number, "", Decimal(0)))
        by_code[key] = (first, line.code, units + line.units)
    for number, code, units in by_code.values():
        limit = next((n for codes, n in context.tables.unit_limits if code in codes), None)
        if limit is not None and units > limit:
            yield Hit(number, {"code": code, "units": f"{units:f}", "limit": limit})


@rule("units-not-positive")
def units_not_positive(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if line.units <= 0:
            yield Hit(line.number, {"code": line.code})


@rule("charge-not-positive")
def charge_not_positive(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if line.charge <= 0:
            yield Hit(line.number, {"code": line.code})


@rule("charge-total")
def charge_total(context: ClaimContext) -> Iterator[Hit]:
    claim = context.claim
    if claim.total_charge is None or not claim.lines:
        return
    lines = sum((line.charge for line in claim.lines), Decimal(0))
    if lines != claim.total_charge:
        yield Hit(values={"total": f"{claim.total_charge:.2f}", "sum": f"{lines:.2f}"})

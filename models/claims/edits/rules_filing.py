"""Rules on who bills whom and when: fields, identifiers, dates, authorization."""

from __future__ import annotations

from collections.abc import Iterator

from models.claims.edits.context import ClaimContext, Hit, rule
from models.claims.edits.tables import applies_to

FREQUENCIES = frozenset({"1", "7", "8"})
_NPI_PREFIX_SUM = 24  # what the prefix 80840 adds to the Luhn sum (ISO 7812, US health)


def is_npi(text: str) -> bool:
    """Whether ``text`` is ten ASCII digits with a right Luhn check digit under 80840.

    >>> is_npi("1234567893"), is_npi("1234567890")
    (True, False)
    """
    if len(text) != 10 or not (text.isascii() and text.isdigit()) or text[0] not in "12":
        return False
    total = _NPI_PREFIX_SUM
    for place, character in enumerate(reversed(text)):
        digit = int(character)
        if place % 2:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return total % 10 == 0


@rule("required-field")
def required_field(context: ClaimContext) -> Iterator[Hit]:
    claim = context.claim
    for row in context.tables.required_fields:
        if applies_to(row.payer_types, claim.payer_type) and not getattr(claim, row.field):
            if row.field == "place_of_service" and all(x.place_of_service for x in claim.lines):
                continue
            yield Hit(values={"words": row.words, "field": row.field})


@rule("npi-check-digit")
def npi_check_digit(context: ClaimContext) -> Iterator[Hit]:
    named = (
        ("billing provider's NPI", context.claim.billing_npi),
        ("rendering provider's NPI", context.claim.rendering_npi),
    )
    for words, npi in named:
        if npi and not is_npi(npi):
            yield Hit(values={"words": words})


@rule("frequency-unknown")
def frequency_unknown(context: ClaimContext) -> Iterator[Hit]:
    if context.claim.frequency_code not in FREQUENCIES:
        yield Hit(values={"frequency": context.claim.frequency_code[:10]})


@rule("corrected-without-reference")
def corrected_without_reference(context: ClaimContext) -> Iterator[Hit]:
    if context.claim.frequency_code in ("7", "8") and not context.claim.original_reference:
        yield Hit()


@rule("date-missing")
def date_missing(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        if line.date_of_service is None:
            yield Hit(line.number, {"code": line.code})


@rule("date-future")
def date_future(context: ClaimContext) -> Iterator[Hit]:
    for line in context.claim.lines:
        day = line.date_of_service
        if day is not None and day > context.sent:
            values = {"code": line.code, "day": day.isoformat(), "sent": context.sent.isoformat()}
            yield Hit(line.number, values)


@rule("date-before-birth")
def date_before_birth(context: ClaimContext) -> Iterator[Hit]:
    born = context.claim.patient_birth_date
    for line in context.claim.lines:
        if born and line.date_of_service and line.date_of_service < born:
            yield Hit(line.number, {"code": line.code})


@rule("timely-filing")
def timely_filing(context: ClaimContext) -> Iterator[Hit]:
    limit = context.tables.timely_filing_days.get(context.claim.payer_type or "")
    # A replacement or void follows a claim that was filed already.
    if limit is None or context.day is None or context.claim.frequency_code in ("7", "8"):
        return
    days = (context.sent - context.day).days
    if days > limit:
        yield Hit(values={"days": days, "limit": limit})


@rule("authorization-missing")
def authorization_missing(context: ClaimContext) -> Iterator[Hit]:
    claim = context.claim
    if claim.prior_authorization:
        return
    for line in claim.lines:
        for row in context.tables.authorization:
            if line.code in row.codes and (claim.payer_type or "") in row.payer_types:
                yield Hit(line.number, {"code": line.code, "payer_type": _words(claim.payer_type)})
                break


def _words(payer_type: str | None) -> str:
    return (payer_type or "").replace("_", " ")

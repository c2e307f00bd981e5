"""Elements of X12 segments as Python values.

Each function returns None for an empty element and raises ValueError, with
words that say what is wrong but not the value, for one that cannot be read.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

_MAX_AMOUNT = Decimal(10) ** 10  # dollars; also the width of the schema's amounts
_MAX_UNITS = Decimal(10) ** 7


def parse_date(text: str) -> date | None:
    """A D8 date, CCYYMMDD."""
    if not text:
        return None
    if len(text) == 8 and text.isascii() and text.isdigit():
        try:
            return date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            pass
    raise ValueError("not a date (CCYYMMDD)")


def parse_amount(text: str) -> Decimal | None:
    """Dollars, rounded to cents."""
    value = _number(text, _MAX_AMOUNT)
    return None if value is None else value.quantize(Decimal("0.01"))


def parse_units(text: str) -> Decimal | None:
    """Units of service, rounded to thousandths, without trailing zeros."""
    value = _number(text, _MAX_UNITS)
    if value is None:
        return None
    whole = value.to_integral_value()
    return whole if whole == value else value.quantize(Decimal("0.001"))


def _number(text: str, limit: Decimal) -> Decimal | None:
    if not text:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise ValueError("not a number; left out") from None
    if not value.is_finite():
        raise ValueError("not a number; left out")
    if abs(value) >= limit:
        raise ValueError("an absurd amount; left out")
    return value

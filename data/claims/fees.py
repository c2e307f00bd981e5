"""A practice's fee table: what it charges for a unit of each code.

The table that ships (``fees.csv``) holds invented dollar amounts, made up for
demonstration and marked so in its ``basis`` column; a practice loads its own
file of the same columns.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from functools import cache
from importlib import resources
from pathlib import Path


class FeeTableError(ValueError):
    """A fee table that cannot be read; the message names row and column."""


class FeeTable:
    """Charges in dollars per unit, by code."""

    def __init__(self, charges: Mapping[str, Decimal]) -> None:
        self._charges = dict(charges)

    def __contains__(self, code: str) -> bool:
        return code in self._charges

    def __len__(self) -> int:
        return len(self._charges)

    def charge(self, code: str, units: Decimal = Decimal(1)) -> Decimal:
        """Charge of ``units`` of a code, in dollars; 0 for a code without a fee."""
        return (self._charges.get(code, Decimal(0)) * units).quantize(Decimal("0.01"))


def read_fees(path: Path) -> FeeTable:
    """Read a CSV with the columns ``code`` and ``charge``.

    Raises:
        FeeTableError: a missing column, a charge that is no amount, a code named twice.
    """
    return _parse(path.read_text("utf-8"), path.name)


@cache
def starter_fees() -> FeeTable:
    """The invented starter table."""
    return _parse((resources.files("data.claims") / "fees.csv").read_text("utf-8"), "fees.csv")


def _parse(text: str, name: str) -> FeeTable:
    rows = csv.DictReader(text.splitlines())
    if not rows.fieldnames or not {"code", "charge"} <= set(rows.fieldnames):
        raise FeeTableError(f"{name}: the first row must name the columns code and charge")
    charges: dict[str, Decimal] = {}
    for number, row in enumerate(rows, start=2):
        code = (row["code"] or "").strip().upper()
        if not code or code in charges:
            raise FeeTableError(f"{name}: row {number}: code missing or named twice")
        try:
            charge = Decimal(row["charge"] or "")
        except InvalidOperation:
            charge = Decimal("NaN")
        if not charge.is_finite() or charge < 0:
            raise FeeTableError(f"{name}: row {number}, charge: not an amount of dollars")
        charges[code] = charge
    return FeeTable(charges)

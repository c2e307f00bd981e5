"""The order of diagnoses on the claim: first-listed reason for the visit, then the rest.

Tiers are a table (``resources/sequence_tiers.csv``); inside a tier the order of
the assessment decides, then the place in the note (guidelines IV.G, II, I.C.20.a.6).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from functools import cache

from models.coding.document import RESOURCES

ORDINARY = 1


@cache
def _tiers() -> tuple[tuple[int, tuple[str, ...]], ...]:
    with (RESOURCES / "sequence_tiers.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (int(row["tier"]), tuple(row["prefixes"].split("|"))) for row in csv.DictReader(handle)
        )


def tier(code: str) -> int:
    """0 reasons that must come first, 1 conditions, 2 status and history, 3 external causes."""
    return next((number for number, prefixes in _tiers() if code.startswith(prefixes)), ORDINARY)


def in_sequence(
    codes: Sequence[str], listed: Mapping[str, int | None], first_place: Mapping[str, int]
) -> list[str]:
    """``codes`` in the order a claim would carry them."""

    def key(code: str) -> tuple[int, int, int, str]:
        position = listed.get(code)
        return (tier(code), 999 if position is None else position, first_place.get(code, 0), code)

    return sorted(codes, key=key)

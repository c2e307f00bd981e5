"""The visit's level from its elements, by table alone.

Levels run from 2 (straightforward or minimal) over 3 (low) and 4 (moderate) to
5 (high), as the CPT rules of 2021 and 2023 have them. Decision making takes the
level that two of its three elements reach. More of anything never lowers one.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Mapping
from functools import cache

from models.procedures.tables import rows

LOWEST = 2
HIGHEST = 5
NAMES = {2: "straightforward", 3: "low", 4: "moderate", 5: "high"}

_NEED = re.compile(r"([a-z]+)>=(\d+)")


@cache
def _problem_rows() -> tuple[tuple[str, int, int], ...]:
    return tuple((r["problem"], int(r["count"]), int(r["level"])) for r in rows("problem_levels"))


@cache
def _data_rows() -> tuple[tuple[int, tuple[tuple[str, int], ...]], ...]:
    return tuple(
        (int(r["level"]), tuple((m[1], int(m[2])) for m in _NEED.finditer(r["requires"])))
        for r in rows("data_levels")
    )


@cache
def _time_rows() -> dict[str, tuple[tuple[int, int], ...]]:
    table: dict[str, list[tuple[int, int]]] = {}
    for row in rows("em_times"):
        table.setdefault(row["concept"], []).append((int(row["minutes"]), int(row["level"])))
    return {concept: tuple(sorted(found)) for concept, found in table.items()}


def problem_level(counts: Mapping[str, int]) -> int:
    """Level of the problems addressed: ``{"chronic_stable": 2}`` → 4."""
    return max(
        (level for kind, least, level in _problem_rows() if counts.get(kind, 0) >= least),
        default=LOWEST,
    )


def data_level(counts: Mapping[str, int]) -> int:
    """Level of the data: tests, documents, historian, interpretation, discussion.

    ``first`` in the table is the first category: tests, documents and historian together.
    """
    first = sum(counts.get(name, 0) for name in ("tests", "document", "historian"))
    known = {**counts, "first": first, "tests": counts.get("tests", 0) + counts.get("document", 0)}
    return max(
        (
            level
            for level, needs in _data_rows()
            if all(operator.ge(known.get(name, 0), least) for name, least in needs)
        ),
        default=LOWEST,
    )


def decision_level(problems: int, data: int, risk: int) -> int:
    """The level that two of three elements reach: the middle one."""
    return sorted((problems, data, risk))[1]


def time_level(concept: str, minutes: int | None) -> int | None:
    """Level by total time; None where the family or the minutes know none."""
    if minutes is None:
        return None
    reached = [level for least, level in _time_rows().get(concept, ()) if minutes >= least]
    return max(reached) if reached else None

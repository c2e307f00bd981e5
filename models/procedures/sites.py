"""The parts of the body that studies and actions are named by: ``sites.csv``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from models.procedures.tables import compile_phrases, rows, split


@dataclass(frozen=True, slots=True)
class Site:
    """A part of the body and what each kind of study or action calls it."""

    name: str
    columns: dict[str, str]
    pattern: re.Pattern[str]


@cache
def sites() -> tuple[Site, ...]:
    return tuple(
        Site(
            row["site"], {k: v for k, v in row.items() if v}, compile_phrases(split(row["phrases"]))
        )
        for row in rows("sites")
    )

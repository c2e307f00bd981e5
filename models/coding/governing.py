"""What a note states once and means throughout: the type of a diabetes, above all.

A wording that leaves the type open goes to the default category; where the note
states another type, and the default one nowhere, that type governs every such
wording. Rows of ``resources/governing_types.csv`` carry their source.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from data.terminology.icd10cm import Release
from models.coding.document import RESOURCES, Document
from models.coding.mentions import Mention

# Where another person's condition is told, it states nothing of the patient's.
_OTHERS = frozenset({"family"})


@dataclass(frozen=True, slots=True)
class Governing:
    default: str
    governing: str
    stated: re.Pattern[str]
    default_stated: re.Pattern[str]


def _pattern(cell: str) -> re.Pattern[str]:
    if not cell:
        return re.compile(r"(?!)")  # nothing states it
    wordings = "|".join(re.escape(part) for part in cell.split("|"))
    return re.compile(rf"(?<!\w)(?:{wordings})(?!\w)", re.I)


@cache
def governing_types() -> tuple[Governing, ...]:
    with (RESOURCES / "governing_types.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            Governing(
                row["default"],
                row["governing"],
                _pattern(row["stated_by"]),
                _pattern(row["default_stated_by"]),
            )
            for row in csv.DictReader(handle)
        )


def govern(document: Document, release: Release, mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions with the category that the note states elsewhere."""
    text = " ".join(
        document.text[s.start : s.end] for s in document.sections if s.kind not in _OTHERS
    )
    out = list(mentions)
    for rule in governing_types():
        if not any(m.code.startswith(rule.default) for m in out):
            continue
        if not rule.stated.search(text) or rule.default_stated.search(text):
            continue
        for i, mention in enumerate(out):
            twin = rule.governing + mention.code[len(rule.default) :]
            if mention.code.startswith(rule.default) and twin in release:
                out[i] = replace(mention, code=twin)
    return out

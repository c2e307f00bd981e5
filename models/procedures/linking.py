"""Which diagnoses justify which line."""

from __future__ import annotations

from functools import cache

from models.coding.document import Document
from models.procedures.tables import rows, split
from models.procedures.types import Diagnoses, Line

EXTERNAL_CAUSES = frozenset("VWXY")
"""First letters of the codes that tell how an injury came about: no line points to them."""
NEVER = "never"
"""Row of ``links.csv`` with what is no reason for a service: refusals, drugs in use, histories."""
MOST = 4
"""A claim line points to four diagnoses at the most."""


@cache
def _prefixes() -> dict[str, tuple[str, ...]]:
    return {row["subject"]: split(row["prefixes"]) for row in rows("links")}


def link_service(document: Document, line: Line, diagnoses: Diagnoses) -> tuple[str, ...]:
    """Diagnoses of the line's kind; else the one with evidence nearest, or the first."""
    if not diagnoses:
        return ()
    prefixes = _prefixes().get(line.concept.name) or _prefixes().get(line.concept.family, ())
    fitting = [code for code, _ in diagnoses if code.startswith(prefixes)] if prefixes else []
    if fitting:
        return tuple(fitting[:2])
    here = line.evidence[0][0]
    reasons = [row for row in diagnoses if not row[0].startswith(_prefixes()[NEVER])]
    placed = [
        (min(abs(s - here) for s in starts), i) for i, (_, starts) in enumerate(reasons) if starts
    ]
    if not placed:
        return ((reasons or diagnoses)[0][0],)
    return (reasons[min(placed)[1]][0],)


def link_visit(diagnoses: Diagnoses, preventive: bool, beside_preventive: bool) -> tuple[str, ...]:
    """The diagnoses of a visit in sequence, or for a preventive one its examination code."""
    codes = [code for code, _ in diagnoses]
    examination = [c for c in codes if c.startswith(("Z00", "Z01.4", "Z02"))]
    if preventive:
        return tuple(examination[:1] or codes[:1])
    if beside_preventive:
        return tuple([c for c in codes if not c.startswith("Z")][:MOST])
    addressed = [c for c in codes if c[0] not in EXTERNAL_CAUSES]
    return tuple((addressed or codes)[:MOST])

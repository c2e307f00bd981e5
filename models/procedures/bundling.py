"""Lines that another line of the claim already holds (``includes.csv``)."""

from __future__ import annotations

from functools import cache

from models.procedures.coding import Line
from models.procedures.tables import rows
from models.procedures.timed import count_timed
from models.procedures.types import ProcedureCandidate, Status


@cache
def _includes() -> tuple[tuple[str, str, str], ...]:
    return tuple((r["code_or_subject"], r["includes"], r["note"]) for r in rows("includes"))


def _names(line: Line) -> frozenset[str]:
    return frozenset(
        {
            f"code:{line.entry.code}",
            f"concept:{line.concept.name}",
            f"subject:{line.concept.family}",
        }
    )


def bundle(lines: list[Line]) -> tuple[list[Line], list[ProcedureCandidate]]:
    """Drop what another line of the claim already holds (``includes.csv``)."""
    lines = count_timed(lines)
    kept: list[Line] = []
    dropped: list[ProcedureCandidate] = []
    for line in lines:
        holder = next(
            (
                (other, note)
                for other in lines
                if other is not line
                and (other.entry.code, other.concept) != (line.entry.code, line.concept)
                for outer, inner, note in _includes()
                if outer in _names(other) and inner in _names(line)
            ),
            None,
        )
        if holder is None:
            kept.append(line)
        else:
            reason = f"part of {holder[0].entry.code}" + (f": {holder[1]}" if holder[1] else "")
            dropped.append(set_aside_line(line, Status.PERFORMED, reason))
    return kept, dropped


def set_aside_line(line: Line, status: Status, reason: str) -> ProcedureCandidate:
    """A line that is not proposed, with the reason."""
    return ProcedureCandidate(
        line.entry.system, line.entry.code, line.entry.description, line.concept.family,
        line.concept.name, 0.01, line.evidence, status, sources=("procedures",), suppressed=reason,
    )  # fmt: skip

"""Lines that another line of the claim already holds (``includes.csv``)."""

from __future__ import annotations

from functools import cache

from models.procedures.tables import rows
from models.procedures.timed import count_timed
from models.procedures.types import Line, ProcedureCandidate, Status

SURE = 0.5
"""A line holds another only where it is as likely itself, or likely enough."""


@cache
def _includes() -> dict[str, dict[str, str]]:
    """What a line may be called → what it holds → why."""
    table: dict[str, dict[str, str]] = {}
    for row in rows("includes"):
        table.setdefault(row["code_or_subject"], {}).setdefault(row["includes"], row["note"])
    return table


def _names(line: Line) -> tuple[str, str, str]:
    return (
        f"code:{line.entry.code}",
        f"concept:{line.concept.name}",
        f"subject:{line.concept.family}",
    )


def _holds(outer: Line, inner: Line) -> str | None:
    """Why one line holds another; None where it does not."""
    for name in _names(outer):
        held = _includes().get(name)
        for part in _names(inner) if held else ():
            if held and part in held:
                return held[part]
    return None


def _needed(outer: Line, inner: Line) -> float:
    """The chance from which one line holds another; what is only charted must be sure itself."""
    return SURE if outer.charted and not inner.charted else min(inner.chance, SURE)


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
                and other.chance >= _needed(other, line)
                and (other.entry.code, other.concept) != (line.entry.code, line.concept)
                and (note := _holds(other, line)) is not None
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

"""Two coders on the same notes: what they disagreed on, how it was resolved, how far they agree.

``second_pass/<batch>.csv`` has a row for every code that either pass gave: ``note,
code,first,second,resolved,reason``; ``first`` and ``second`` are the code's place in
that pass's sequence (empty: not coded), ``resolved`` is 1 where the gold holds it, and
``reason`` says why where the passes differ. ``python -m data.authored.agreement``
prints the figures.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from data.authored import BATCHES, FOLDER, AuthoredError, load_notes
from data.schemas import System

COLUMNS = ("note", "code", "first", "second", "resolved", "reason")


@dataclass(frozen=True, slots=True)
class Judged:
    """One code of one note under both passes; a place is ``None`` where it was not coded."""

    note: str
    code: str
    first: int | None
    second: int | None
    resolved: bool
    reason: str


def _place(cell: str) -> int | None:
    return int(cell) if cell else None


def read_second_pass(path: Path) -> Iterator[Judged]:
    """Rows of one file.

    Raises:
        AuthoredError: a column is missing or a cell does not hold; names line and fix.
    """
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise AuthoredError(f"{path.name}: columns must be {','.join(COLUMNS)}")
        for row in reader:
            try:
                judged = Judged(
                    row["note"],
                    row["code"],
                    _place(row["first"]),
                    _place(row["second"]),
                    {"0": False, "1": True}[row["resolved"]],
                    row["reason"],
                )
            except (ValueError, KeyError) as error:
                raise AuthoredError(f"{path.name} line {reader.line_num}: {error}") from error
            if (judged.first is None) != (judged.second is None) and not judged.reason:
                raise AuthoredError(
                    f"{path.name} line {reader.line_num}: {judged.code} was coded by one pass "
                    "only; give the reason of the resolution"
                )
            yield judged


def agreement(rows: Iterable[Judged], cut: Callable[[str], str] = str) -> dict[str, float]:
    """Micro F1 between the passes, share of notes coded alike, and what resolution kept.

    Args:
        cut: what of a code is compared, e.g. its first three characters.
    """
    first: dict[str, set[str]] = {}
    second: dict[str, set[str]] = {}
    kept = {"first": 0, "second": 0}
    differing = 0
    for row in rows:
        first.setdefault(row.note, set())
        second.setdefault(row.note, set())
        if row.first is not None:
            first[row.note].add(cut(row.code))
        if row.second is not None:
            second[row.note].add(cut(row.code))
        if (row.first is None) != (row.second is None):
            differing += 1
            sided_first = row.resolved == (row.first is not None)
            kept["first" if sided_first else "second"] += 1
    both = sum(len(first[n] & second[n]) for n in first)
    total = sum(len(first[n]) + len(second[n]) for n in first)
    return {
        "notes": float(len(first)),
        "micro_f1": 2 * both / total if total else 0.0,
        "notes_coded_alike": sum(first[n] == second[n] for n in first) / max(1, len(first)),
        "codes_differing": float(differing),
        "resolved_for_first": float(kept["first"]),
        "resolved_for_second": float(kept["second"]),
    }


def second_pass_of(batch: str) -> list[Judged]:
    """The judged codes of a batch; empty where it had no second pass."""
    path = FOLDER / "second_pass" / f"{batch}.csv"
    return list(read_second_pass(path)) if path.exists() else []


def unresolved(batch: str) -> list[str]:
    """Where a batch's gold is not what its second pass resolved, as sentences."""
    rows = second_pass_of(batch)
    resolved: dict[str, set[str]] = {}
    for row in rows:
        resolved.setdefault(row.note, set())
        if row.resolved:
            resolved[row.note].add(row.code)
    gold = {g.note.id: set(g.codes_of(System.ICD10CM)) for g in load_notes(batch)}
    out = []
    for note, codes in resolved.items():
        coded = gold.get(note, set())
        out += [f"{note}: {code} is in the gold but was resolved away" for code in coded - codes]
        out += [f"{note}: {code} was resolved in but is not in the gold" for code in codes - coded]
    return sorted(out)


def main() -> None:
    """Print the agreement of every batch that was coded twice."""
    for batch in BATCHES:
        rows = second_pass_of(batch)
        if not rows:
            continue
        exact, category = agreement(rows), agreement(rows, lambda code: code[:3])
        print(
            f"{batch}: {exact['notes']:.0f} notes coded twice; exact micro F1 "
            f"{exact['micro_f1']:.3f}, 3-character {category['micro_f1']:.3f}; "
            f"{exact['notes_coded_alike']:.0%} of notes alike; of {exact['codes_differing']:.0f} "
            f"codes that differed {exact['resolved_for_first']:.0f} resolved for the first "
            f"pass, {exact['resolved_for_second']:.0f} for the second"
        )


if __name__ == "__main__":
    main()

"""What the Tabular List's notes ask of a note's candidates: code first, use additional, Excludes2.

``asked_for_by`` and ``demands_first`` answer for one candidate, as a ranker would ask;
``trace_instructions`` writes beside the selected codes what was asked of them.
"""

from __future__ import annotations

from collections.abc import Collection

from data.schemas import Note
from data.terminology.tabular_notes import Instructions, Links
from models.coding.candidates import Candidates
from models.coding.conventions.patient import counted_directly

PER_KIND = 3  # links of one kind written beside a code


def asserted_codes(candidates: Candidates, note: Note) -> tuple[str, ...]:
    """The candidates that the note asserts now, in their order."""
    return tuple(
        code
        for code, candidate in candidates.items()
        if candidate.dropped_by is None and counted_directly(candidate, note)
    )


def asked_for_by(code: str, asserted: Collection[str], instructions: Instructions) -> str | None:
    """The first asserted code whose Tabular notes ask for ``code`` as an additional code.

    For all candidates of a note at once use ``instructions.links(asserted)`` and
    ``Links.asked_for_by``: one pass over all pairs.
    """
    return instructions.asked_for_by(code, asserted)


def demands_first(code: str, asserted: Collection[str], instructions: Instructions) -> str | None:
    """The asserted code that a "code first" note of ``code`` puts before it; None for none."""
    return instructions.first_of(code, asserted)


def trace_instructions(
    selected: Collection[str], candidates: Candidates, instructions: Instructions
) -> Links:
    """Write beside each selected code what the notes ask of it; returns the links."""
    links = instructions.links(selected)
    for code in selected:
        notes = candidates[code].notes
        for link in links.asked.get(code, ())[:PER_KIND]:
            notes.append(f"additional code that {link.code} asks for ({link.source})")
        for link in links.first.get(code, ())[:PER_KIND]:
            notes.append(f"sequenced after {link.other}: code first ({link.source})")
        for link in links.also.get(code, ())[:PER_KIND]:
            notes.append(f"code also {link.other} ({link.source})")
        for link in links.beside.get(code, ())[:PER_KIND]:
            notes.append(
                f"Excludes2: {link.other} is another condition; both may be coded ({link.source})"
            )
        if instructions.is_manifestation(code) and code not in links.first:
            asking = instructions.demands_first(code)
            source = asking.source if asking else "guideline I.A.13"
            notes.append(
                f"manifestation: never first-listed; no underlying condition is among the "
                f"selected codes ({source}; guideline I.A.13)"
            )
    return links

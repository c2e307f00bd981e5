"""Where a note's codes stand: derived from its suggestions and its decisions.

Nothing here reads or writes a database: the same suggestions and the same
decisions give the same state on every machine, today and in an audit.

A code's standing is that of the *last* decision that speaks of it. A decision
speaks of its own code and, when it replaces, also of the replacement – as long
as it is the last word on the code replaced: whoever replaces A by B and then
accepts A after all has taken B back as well, unless B was decided on by itself
in the meantime. An undo takes back the newest decision that stands, as if neither
had been written; both stay in the log.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from data.schemas import (
    CodeRef,
    CodingResult,
    Decision,
    DecisionEvent,
    Evidence,
    Frozen,
    Suggestion,
    System,
)

Key = tuple[System, str]
Event = TypeVar("Event", bound=DecisionEvent)


class Standing(StrEnum):
    """What is held of a code now."""

    PROPOSED = "proposed"  # selected by the coder engine, not decided on
    ALTERNATIVE = "alternative"  # listed below the proposal, not decided on
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    REPLACED = "replaced"


class Origin(StrEnum):
    SUGGESTED = "suggested"
    ADDED = "added"
    REPLACEMENT = "replacement"


class CodeState(Frozen):
    """One code of a note, with everything a reviewer or a claim needs of it."""

    system: System
    code: str
    description: str = ""
    standing: Standing
    origin: Origin
    rank: int | None = None
    """Place in the list of suggestions, from 1."""
    confidence: float | None = None
    sequence: int | None = None
    units: int | None = None
    modifiers: tuple[str, ...] = ()
    linked_diagnoses: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    replaced_by: CodeRef | None = None

    @property
    def key(self) -> Key:
        return (self.system, self.code)


class NoteState(Frozen):
    """All codes of a note: suggested ones in their order, then those added."""

    codes: tuple[CodeState, ...] = ()
    proposed: int = 0
    accepted: int = 0
    rejected: int = 0
    replaced: int = 0
    undoable: CodeRef | None = None
    """The code of the newest decision that stands: what an undo would take back."""

    def standing(self, standing: Standing) -> tuple[CodeState, ...]:
        """The codes that stand so."""
        return tuple(code for code in self.codes if code.standing is standing)


def effective(events: Iterable[Event]) -> list[Event]:
    """The decisions that stand: without undos and without what they took back."""
    standing: list[Event] = []
    for event in events:
        if event.decision is not Decision.UNDO:
            standing.append(event)
        elif standing:
            standing.pop()
    return standing


def derive(result: CodingResult | None, events: Sequence[DecisionEvent]) -> NoteState:
    """The state after all events.

    Args:
        result: the suggestions under review, or None when there are none.
        events: decisions of this note, oldest first.
    """
    events = effective(events)
    suggestions = result.suggestions if result else ()
    ranked: dict[Key, tuple[int, Suggestion]] = {}
    for rank, suggestion in enumerate(suggestions, start=1):
        ranked.setdefault((suggestion.system, suggestion.code), (rank, suggestion))
    last = _last_words(events)

    keys = list(ranked)
    for event in events:
        keys.append((event.system, event.code))
        if event.replacement:
            keys.append((event.replacement.system, event.replacement.code))
    codes = tuple(
        state
        for key in dict.fromkeys(keys)
        if (state := _state_of(key, ranked.get(key), last, ranked)) is not None
    )
    return NoteState(
        codes=codes,
        proposed=_count(codes, Standing.PROPOSED),
        accepted=_count(codes, Standing.ACCEPTED),
        rejected=_count(codes, Standing.REJECTED),
        replaced=_count(codes, Standing.REPLACED),
        undoable=CodeRef(system=events[-1].system, code=events[-1].code) if events else None,
    )


class _LastWords:
    """For each code: its own last decision and the last one that brings it in."""

    def __init__(self) -> None:
        self.own: dict[Key, tuple[int, DecisionEvent]] = {}
        self.incoming: dict[Key, tuple[int, DecisionEvent]] = {}


def _last_words(events: Sequence[DecisionEvent]) -> _LastWords:
    words = _LastWords()
    for position, event in enumerate(events):
        words.own[(event.system, event.code)] = (position, event)
    for position, event in words.own.values():
        if event.replacement is None:
            continue
        target = (event.replacement.system, event.replacement.code)
        if target not in words.incoming or words.incoming[target][0] < position:
            words.incoming[target] = (position, event)
    return words


def _state_of(
    key: Key,
    listed: tuple[int, Suggestion] | None,
    last: _LastWords,
    ranked: dict[Key, tuple[int, Suggestion]],
) -> CodeState | None:
    own_at, own = last.own.get(key, (-1, None))
    incoming_at, incoming = last.incoming.get(key, (-1, None))
    event = incoming if incoming_at > own_at else own

    origin = Origin.SUGGESTED if listed else Origin.ADDED
    evidence = listed[1].evidence if listed else ()
    replaced_by = None
    if event is None:
        if listed is None:
            return None  # brought in by a replacement that has been taken back
        standing = Standing.PROPOSED if listed[1].selected else Standing.ALTERNATIVE
    elif event is incoming and event is not own:
        standing = Standing.ACCEPTED
        origin = origin if listed else Origin.REPLACEMENT
        evidence = event.evidence or evidence or _evidence_of(event, ranked)
    elif event.decision is Decision.REPLACE:
        standing, replaced_by = Standing.REPLACED, event.replacement
    elif event.decision is Decision.REJECT:
        standing = Standing.REJECTED
        evidence = event.evidence or evidence
    else:
        standing = Standing.ACCEPTED
        evidence = event.evidence or evidence

    system, code = key
    if listed is None:
        return CodeState(
            system=system,
            code=code,
            standing=standing,
            origin=origin,
            evidence=evidence,
            replaced_by=replaced_by,
        )
    rank, suggestion = listed
    return CodeState(
        system=system,
        code=code,
        description=suggestion.description,
        standing=standing,
        origin=origin,
        rank=rank,
        confidence=suggestion.confidence,
        sequence=suggestion.sequence,
        units=suggestion.units,
        modifiers=suggestion.modifiers,
        linked_diagnoses=suggestion.linked_diagnoses,
        evidence=evidence,
        replaced_by=replaced_by,
    )


def _evidence_of(
    event: DecisionEvent, ranked: dict[Key, tuple[int, Suggestion]]
) -> tuple[Evidence, ...]:
    """A replacement stands on the words that the code replaced stood on."""
    listed = ranked.get((event.system, event.code))
    return listed[1].evidence if listed else ()


def _count(codes: Iterable[CodeState], standing: Standing) -> int:
    return sum(code.standing is standing for code in codes)

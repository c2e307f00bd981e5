"""What a stage hands on: a code, and the places of the note that speak for it."""

from __future__ import annotations

from dataclasses import dataclass, field

from data.schemas import Assertion

CHOSEN, PLAIN, ALTERNATIVE = "chosen", "plain", "alternative"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place of the note that speaks for a code.

    Attributes:
        source: how it was found: ``lexicon``, ``retrieval``, ``circumstance``, ``narrative`` (by
            nearness to an example, which is then its fit) and others.
        role: ``chosen`` for the code that the words around support best, ``plain`` for
            the one the wording names by itself, ``alternative`` for a runner-up.
    """

    start: int
    end: int
    sentence: int
    section: str
    assertion: Assertion
    source: str
    words: int
    fit: float
    role: str = CHOSEN


@dataclass(frozen=True, slots=True)
class Coverage:
    """How far a code's words and the note's words cover each other (``coverage.py``).

    Shares of weight, each 0..1, and the weight of what is claimed unsaid.

    Attributes:
        near, beside, note: share of the description said in the sentence of a place of the
            candidate, there or in the ones beside, anywhere in the note.
        unsaid: weight of the description's words that the note never says.
        explained: share of a listed problem's words that the code or the nodes above it have.
    """

    near: float = 0.0
    beside: float = 0.0
    note: float = 0.0
    unsaid: float = 0.0
    explained: float = 0.0


@dataclass
class Candidate:
    """A billable code and what speaks for it; ``notes`` is the trace of the conventions."""

    code: str
    occurrences: list[Occurrence] = field(default_factory=list)
    lexical: float = 0.0
    dense: float = 0.0
    retrieval_rank: int | None = None
    problem_position: int | None = None
    dropped_by: str | None = None
    asked_for_by: str | None = None  # the candidate whose Tabular note asks for this code
    needs_first: bool = False  # the Tabular List wants another code before this one
    coverage: Coverage = Coverage()
    derived_from: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def sources(self) -> tuple[str, ...]:
        found = {o.source for o in self.occurrences}
        return tuple(sorted(found))

    def with_assertion(self, assertion: Assertion) -> list[Occurrence]:
        return [o for o in self.occurrences if o.assertion is assertion]


class Candidates(dict[str, Candidate]):
    """Candidates by code."""

    def at(self, code: str) -> Candidate:
        if code not in self:
            self[code] = Candidate(code)
        return self[code]

"""What this package passes around: mentions, candidates, the visit's level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from data.schemas import System
from data.terminology.procedure_codes import Concept, ProcedureCode

Spans = tuple[tuple[int, int], ...]
"""Half-open offsets into the note's text."""

Diagnoses = Sequence[tuple[str, Sequence[int]]]
"""Codes in sequence, each with the start offsets of its evidence."""


class Status(StrEnum):
    """What the note says happened with a service."""

    PERFORMED = "performed"
    ORDERED = "ordered"
    PLANNED = "planned"
    HISTORICAL = "historical"
    REFUSED = "refused"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Mention:
    """Words of a note that name a service.

    Attributes:
        site: what of ``sites.csv`` the words name, where the concept depends on it.
        told: probability that the words chart the concept; 1 where they name it.
    """

    concept: Concept
    start: int
    end: int
    site: str = ""
    site_start: int = -1
    site_end: int = -1
    told: float = 1.0


@dataclass(frozen=True, slots=True)
class Judged:
    """A mention with its status, the cues of the tables and what was read of it.

    Attributes:
        chance: probability that it is meant, and was done here and now.
        features: of its words and theirs around, as :class:`models.hashing.HashedModel` reads.
    """

    mention: Mention
    status: Status
    chance: float
    cues: tuple[str, ...] = ()
    features: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One code with what is known of it, before confidence, links and modifiers."""

    entry: ProcedureCode
    concept: Concept
    evidence: Spans
    units: int = 1
    slots: dict[str, str | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()

    @property
    def chance(self) -> float:
        """Probability that it was done, by the mention that says it most clearly."""
        return max((item.chance for item in self.judged), default=0.0)

    @property
    def charted(self) -> bool:
        """Whether no words name it: sentences were recognised as charting it."""
        return bool(self.judged) and all(item.mention.told < 1 for item in self.judged)

    @property
    def status(self) -> Status:
        """Its status at the mention that says most clearly that it was done."""
        best = max(self.judged, key=lambda item: item.chance, default=None)
        return Status.PERFORMED if best is None else best.status

    @property
    def cues(self) -> tuple[str, ...]:
        """What the tables read at its mentions."""
        return tuple(dict.fromkeys(cue for item in self.judged for cue in item.cues))


@dataclass(frozen=True, slots=True)
class ProcedureCandidate:
    """One CPT or HCPCS line, proposed or set aside.

    Attributes:
        confidence: probability that the code belongs on the claim.
        selected: whether it is proposed to the coder.
        second: whether it is a problem visit beside a preventive one.
        features: what its confidence was read from.
        suppressed: why it is not proposed; None for a proposed one or an alternative.
    """

    system: System
    code: str
    description: str
    family: str
    concept: str
    confidence: float
    evidence: Spans
    status: Status = Status.PERFORMED
    selected: bool = False
    modifiers: tuple[str, ...] = ()
    units: int = 1
    linked_diagnoses: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    suppressed: str | None = None
    kind: str = "service"
    second: bool = False
    features: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProcedureResult:
    """Everything said of one note: candidates by confidence, and the visit's worksheet."""

    candidates: tuple[ProcedureCandidate, ...] = ()
    em: dict[str, object] | None = None
    warnings: tuple[str, ...] = field(default_factory=tuple)

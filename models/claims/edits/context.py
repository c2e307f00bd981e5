"""What the rule functions see of one claim: the claim, with look-ups done once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from data.schemas import Claim, ClaimLine
from models.claims.edits.code_set import DiagnosisCodeSet
from models.claims.edits.tables import EditTables, family_of


@dataclass(frozen=True, slots=True)
class Hit:
    """A rule that fired: where, and the words for its message's blanks."""

    line: int | None = None
    values: Mapping[str, object] = field(default_factory=dict)


RuleFunction = Callable[["ClaimContext"], Iterator[Hit]]

REGISTRY: dict[str, RuleFunction] = {}
"""Rule id → its function; ``rules.csv`` holds the same ids, one to one."""


def rule(identifier: str) -> Callable[[RuleFunction], RuleFunction]:
    """Register a function for a rule of ``rules.csv``."""

    def register(function: RuleFunction) -> RuleFunction:
        if identifier in REGISTRY:
            raise ValueError(f"rule {identifier} has two functions")
        REGISTRY[identifier] = function
        return function

    return register


@dataclass(frozen=True)
class ClaimContext:
    """One claim under the edits.

    Attributes:
        sent: the claim's submission date, else the day on which it is assessed.
    """

    claim: Claim
    code_set: DiagnosisCodeSet
    tables: EditTables
    sent: date

    @cached_property
    def day(self) -> date | None:
        """The earliest date of service."""
        return self.claim.date_of_service

    @cached_property
    def codes(self) -> tuple[str, ...]:
        return tuple(diagnosis.code for diagnosis in self.claim.diagnoses)

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The family of each line's code, in line order."""
        return tuple(family_of(line.code) for line in self.claim.lines)

    @cached_property
    def age(self) -> int | None:
        """Completed years on the earliest date of service; None where unknown."""
        born, day = self.claim.patient_birth_date, self.day
        if born is None or day is None or born > day:
            return None
        return day.year - born.year - ((day.month, day.day) < (born.month, born.day))

    def place(self, line: ClaimLine) -> str:
        """The line's place of service, else the claim's; "" where neither says."""
        return line.place_of_service or self.claim.place_of_service or ""

    def line_day(self, line: ClaimLine) -> date | None:
        return line.date_of_service or self.day

    def with_families(self) -> Iterator[tuple[ClaimLine, str]]:
        return zip(self.claim.lines, self.families, strict=True)

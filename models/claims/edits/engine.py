"""Runs the dated rules of ``rules.csv`` over a claim and words their findings."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources

from data.schemas import Claim, Finding, Severity
from models.claims.edits import rules_diagnoses, rules_filing, rules_lines, rules_modifiers
from models.claims.edits.code_set import DiagnosisCodeSet, TabularCodeSet
from models.claims.edits.context import REGISTRY, ClaimContext, RuleFunction
from models.claims.edits.tables import EditTableError, EditTables, applies_to, load_tables

RULE_MODULES = (rules_diagnoses, rules_filing, rules_lines, rules_modifiers)
"""The modules whose import fills the registry."""


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule's metadata for a period and a set of payer types.

    ``effective_to`` None means open; both ends are included and are compared
    with the date of service.
    """

    id: str
    severity: Severity
    payer_types: frozenset[str]
    effective_from: date
    effective_to: date | None
    message: str
    fix: str
    source: str

    def holds(self, payer_type: str | None, day: date) -> bool:
        if not applies_to(self.payer_types, payer_type) or day < self.effective_from:
            return False
        return self.effective_to is None or day <= self.effective_to


@cache
def load_rules() -> tuple[RuleRow, ...]:
    """The rows of ``rules.csv``.

    Raises:
        EditTableError: a row with a bad date or severity, or with too few cells.
    """
    text = (resources.files("models.claims.edits") / "rules.csv").read_text("utf-8")
    found = []
    for number, row in enumerate(csv.DictReader(text.splitlines()), start=2):
        try:
            ends = row["effective_to"]
            found.append(
                RuleRow(
                    id=row["id"],
                    severity=Severity(row["severity"]),
                    payer_types=frozenset(row["payer_types"].split()),
                    effective_from=date.fromisoformat(row["effective_from"]),
                    effective_to=date.fromisoformat(ends) if ends else None,
                    message=row["message"],
                    fix=row["fix"],
                    source=row["source"],
                )
            )
        except (ValueError, AttributeError, TypeError) as error:
            raise EditTableError(f"rules.csv: row {number}: {error}") from error
    return tuple(found)


class EditEngine:
    """The edits, ready to run. Without state: safe to share between threads."""

    def __init__(
        self,
        code_set: DiagnosisCodeSet,
        tables: EditTables | None = None,
        rules: Sequence[RuleRow] | None = None,
    ) -> None:
        """
        Raises:
            EditTableError: a rule without a function.
        """
        self._code_set = code_set
        self._tables = tables or load_tables()
        self._rules: list[tuple[RuleRow, RuleFunction]] = []
        for row in rules if rules is not None else load_rules():
            if row.id not in REGISTRY:
                raise EditTableError(f"rule {row.id}: no function of that name")
            self._rules.append((row, REGISTRY[row.id]))

    @classmethod
    def packaged(cls) -> EditEngine:
        """The rules and tables that ship, over the packaged ICD-10-CM release."""
        return cls(TabularCodeSet.packaged())

    @property
    def rule_ids(self) -> tuple[str, ...]:
        """Every rule's id, once, in table order."""
        return tuple(dict.fromkeys(row.id for row, _ in self._rules))

    def run(self, claim: Claim, today: date | None = None) -> tuple[Finding, ...]:
        """Findings in table order, errors first.

        Args:
            today: the day of assessment, where the claim has no submission date.
        """
        sent = claim.submission_date or today or date.today()
        context = ClaimContext(claim, self._code_set, self._tables, sent)
        day = context.day or sent
        findings = [
            Finding(
                rule=row.id,
                severity=row.severity,
                line=hit.line,
                message=_sentence(row.message.format_map(hit.values)),
                fix=row.fix.format_map(hit.values) or None,
                source=row.source,
            )
            for row, function in self._rules
            if row.holds(claim.payer_type, day)
            for hit in function(context)
        ]
        return tuple(sorted(findings, key=lambda f: f.severity is not Severity.ERROR))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]

"""Edits: dated rules that say what is wrong with a draft claim and how to mend it."""

from models.claims.edits.code_set import DiagnosisCodeSet, TabularCodeSet
from models.claims.edits.engine import EditEngine, RuleRow, load_rules
from models.claims.edits.rules_filing import is_npi

__all__ = [
    "DiagnosisCodeSet",
    "EditEngine",
    "RuleRow",
    "TabularCodeSet",
    "is_npi",
    "load_rules",
]

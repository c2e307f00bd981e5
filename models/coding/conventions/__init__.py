"""ICD-10-CM conventions over a note's candidates.

The rules are tables (``data/terminology/conventions``) and the Tabular List's own notes
(``data/terminology/tabular_notes.py``). Each rule that acts leaves its trace on the
candidate it acted on, or its reason beside the code it left out.
"""

from __future__ import annotations

from models.coding.conventions.combining import combine, replaced
from models.coding.conventions.conflicts import Conflict, Standing, conflicts
from models.coding.conventions.instructions import (
    asked_for_by,
    asserted_codes,
    demands_first,
    trace_instructions,
)
from models.coding.conventions.patient import (
    age_conflict,
    barred,
    codes_uncertain,
    is_counted,
    needs_confirmation,
    not_asserted,
    sex_conflict,
    unsupported_drug_use,
)
from models.coding.conventions.specificity import contradictions
from models.coding.conventions.tables import (
    AgeLimit,
    Combination,
    OneOf,
    age_limits,
    combinations,
    confirmed_only,
    integral_symptoms,
    one_of,
)

__all__ = [
    "AgeLimit",
    "Combination",
    "Conflict",
    "OneOf",
    "Standing",
    "age_conflict",
    "age_limits",
    "asked_for_by",
    "asserted_codes",
    "barred",
    "codes_uncertain",
    "combinations",
    "combine",
    "confirmed_only",
    "conflicts",
    "contradictions",
    "demands_first",
    "integral_symptoms",
    "is_counted",
    "needs_confirmation",
    "not_asserted",
    "one_of",
    "replaced",
    "sex_conflict",
    "trace_instructions",
    "unsupported_drug_use",
]

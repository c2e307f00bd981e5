"""(b) A drug is given and no condition that it treats is documented, or only a past one.

A drug never selects a diagnosis; it raises this question. It is not asked where the drug
stands under a problem of a combined assessment and plan (the problem is its reason), where
the note says what it is for, or where it is stopped, considered, declined or not tolerated.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from data.schemas import Assertion, Setting
from models.coding.queries.chart import Chart, Raised, apart
from models.coding.queries.tables import Treatment, treatment_of, vocabulary

MISSING, CONFLICT = "missing_diagnosis", "conflict"
HISTORY_IMPORTANCE = 7
LEAST_OF_A_LIST = 7
"""Outpatient: below this importance a drug that is only listed is not asked about."""

PERSONAL_HISTORY = ("Z85", "Z86", "Z87")
DRUG_USE = "Z79"  # says that the drug is taken, not what it is for
PLANNED = frozenset({"plan", "assessment_plan", "hospital_course"})
_WINDOW = 60  # characters
_GIVEN = re.compile(
    r"^\W*(?:(?:cont(?:inue|inued|inuing)?|refill(?:ed)?|resum\w+|restart\w*|start(?:ed)?|"
    r"increas\w+|decreas\w+|on|renew\w*|takes?|taking|maintain\w*|give|given)\W+)?(?:\w+\W+)?$",
    re.IGNORECASE,
)
_PAST_REACH = 24  # characters
_FOR = re.compile(
    r"\b(?:for|2/2|d/t|due to|because of|given|to (?:treat|prevent|help|control))\s+"
    r"(?!(?:now|refill|\d|the next|another|x\b|at least|weeks|days|months|life|total|a total)\b)"
    r"[a-z]{2,}|\(\s*[a-z][a-z /-]{3,}\)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Given:
    """A drug of the note that is given now."""

    treatment: Treatment
    drug: str
    start: int
    end: int
    planned: bool


def _given(chart: Chart) -> Iterator[_Given]:
    table = treatment_of()
    for token in chart.tokens_of(table.keys()):
        treatment = table[token.text.lower()]
        sentence = chart.sentence_at(token.start)
        if sentence is None:
            continue
        kind = chart.document.section_of(sentence).kind
        if kind != "meds" and kind not in PLANNED:
            continue
        before = chart.text[max(sentence.start, token.start - _WINDOW) : token.start]
        after = chart.text[token.end : min(sentence.end, token.end + _WINDOW)]
        if kind == "assessment_plan" and not _GIVEN.match(chart.text[sentence.start : token.start]):
            continue  # it stands behind the problem it is given for
        clause = before.rsplit(";", 1)[-1] + after.split(";", 1)[0]
        if kind == "meds":  # a list: only the words beside the drug are about it
            clause = re.split(r"[,;\n]", before)[-1] + re.split(r"[,;\n]", after)[0]
        if vocabulary("not_given").search(clause) or _FOR.search(after):
            continue
        if chart.assertion(token.start, token.end) is not Assertion.PRESENT:
            continue
        yield _Given(treatment, token.text, token.start, token.end, kind in PLANNED)


def _wording(drug: str) -> str:
    return drug if drug.isupper() and len(drug) < len("insulin") else drug.lower()


def _is_called_past(chart: Chart, start: int, end: int) -> bool:
    """Whether words beside a mention, on its line and within its item, say that it is past."""
    before = re.split(r"[\n*;,]", chart.text[max(0, start - _PAST_REACH) : end])[-1]
    after = re.split(r"[\n*;,.]", chart.text[end : end + _PAST_REACH])[0]
    return bool(vocabulary("past").search(before) or vocabulary("over").search(after))


def _past_only(chart: Chart, given: _Given) -> list[tuple[int, int]]:
    """Places of a treated condition that the note calls past, where it nowhere says present."""
    conditions = given.treatment.conditions
    counted = [
        (o, o.assertion is Assertion.HISTORICAL or code.startswith(PERSONAL_HISTORY))
        for code, o in chart.spoken(conditions, tuple(Assertion))
        if o.assertion not in (Assertion.NEGATED, Assertion.FAMILY)
        and not code.startswith(DRUG_USE)
    ]
    if not counted or not all(past for _, past in counted):
        return []
    current = (c for c in chart.selected if not c.startswith((*PERSONAL_HISTORY, DRUG_USE)))
    if any(code.startswith(conditions) for code in current):
        return []
    # A list that was carried forward is past by its header alone; that is no statement.
    if not all(_is_called_past(chart, o.start, o.end) for o, _ in counted):
        return []
    return [(o.start, o.end) for o, _ in counted if o.source != "history"]


def _answered(chart: Chart, treatment: Treatment) -> bool:
    """Whether the note names a condition that the drug is given for."""
    selected = (code for code in chart.selected if not code.startswith(DRUG_USE))
    if any(code.startswith(treatment.conditions) for code in selected):
        return True
    said = (
        Assertion.PRESENT,
        Assertion.UNCERTAIN,
        Assertion.HISTORICAL,
        Assertion.HYPOTHETICAL,
    )
    spoken = chart.spoken(treatment.conditions, said)
    if any(not code.startswith(DRUG_USE) for code, _ in spoken):
        return True
    return chart.speaks_of(treatment.words)


def untreated_questions(chart: Chart) -> Iterator[Raised]:
    """Queries for drugs without a documented condition, and with only a past one."""
    places: dict[str, list[_Given]] = {}
    for given in _given(chart):
        places.setdefault(given.treatment.id, []).append(given)
    for drugs in places.values():
        drugs.sort(key=lambda g: not g.planned)
        best = drugs[0]
        treatment = best.treatment
        spans = [(g.start, g.end) for g in drugs[:2]]
        name = _wording(best.drug)
        past = _past_only(chart, best) if treatment.history else []
        if past:
            yield Raised(
                CONFLICT,
                treatment.id,
                HISTORY_IMPORTANCE,
                f"The condition quoted here is described as past, and {name} is being given. "
                "Please clarify the present status of the condition.",
                (
                    "the condition is present and under treatment",
                    "the condition is resolved and the drug is continued as prevention",
                    f"the condition is resolved and {name} is given for another condition "
                    "(please state)",
                ),
                apart([*past[:2], *spans]),
            )
            continue
        inpatient = chart.setting is Setting.INPATIENT
        importance = treatment.planned if best.planned else treatment.listed
        if not best.planned and not inpatient and importance < LEAST_OF_A_LIST:
            continue
        if not importance or _answered(chart, treatment):
            continue
        yield Raised(
            MISSING,
            treatment.id,
            importance,
            f"The note documents treatment with {name} without a condition it is given for. "
            f"What condition is being treated with {name}?",
            treatment.options,
            apart(spans),
        )

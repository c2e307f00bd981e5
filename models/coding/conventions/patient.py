"""Which candidates may be this patient's at all: asserted, of the sex and age, supported."""

from __future__ import annotations

from functools import cache

from data.schemas import Assertion, ClaimType, Note, Setting, Sex
from data.terminology.limits import sex_limit
from models.coding.candidates import CHOSEN, Candidate, Candidates, drug_requirements
from models.coding.conventions.tables import AgeLimit, age_limits, confirmed_only

_ASSERTED = frozenset({Assertion.PRESENT, Assertion.HISTORICAL})


def codes_uncertain(note: Note) -> bool:
    """Whether uncertain diagnoses are coded: facility inpatient claims only (II.H, III.C; IV.H)."""
    return note.setting is Setting.INPATIENT and note.claim_type is not ClaimType.PROFESSIONAL


@cache
def needs_confirmation(code: str) -> str | None:
    """Why an uncertain diagnosis is not coded on any claim; None where the claim type decides."""
    return next(
        (source for prefixes, source in confirmed_only() if code.startswith(prefixes)), None
    )


def _uncertain_counts(candidate: Candidate, note: Note) -> bool:
    return codes_uncertain(note) and needs_confirmation(candidate.code) is None


def is_counted(candidate: Candidate, note: Note) -> bool:
    """Whether some occurrence asserts the condition so that it may be coded."""
    said = {o.assertion for o in candidate.occurrences}
    return not said.isdisjoint(_ASSERTED) or (
        Assertion.UNCERTAIN in said and _uncertain_counts(candidate, note)
    )


def counted_directly(candidate: Candidate, note: Note) -> bool:
    """Whether the note's words say now, and by the code chosen for them, that it is there."""
    said = {
        o.assertion for o in candidate.occurrences if o.role == CHOSEN and o.source != "retrieval"
    }
    return Assertion.PRESENT in said or (
        Assertion.UNCERTAIN in said and _uncertain_counts(candidate, note)
    )


def not_asserted(candidate: Candidate, note: Note) -> str:
    """Why a candidate that is not counted is not coded."""
    said = {o.assertion for o in candidate.occurrences}
    if Assertion.UNCERTAIN in said:
        source = needs_confirmation(candidate.code)
        if source and codes_uncertain(note):
            return f"uncertain: coded only when confirmed, also on inpatient claims ({source})"
        return "uncertain: not coded outside facility inpatient claims (guideline IV.H)"
    words = {
        Assertion.NEGATED: "negated in the note",
        Assertion.FAMILY: "said of the family, not of the patient",
        Assertion.HYPOTHETICAL: "hypothetical: a risk or an instruction, not a finding",
    }
    return next((words[a] for a in words if a in said), "not asserted of the patient now")


def sex_conflict(code: str, sex: Sex | None) -> str | None:
    """Why a code cannot be this patient's by sex; None where it can."""
    if sex not in (Sex.FEMALE, Sex.MALE):
        return None
    limit = sex_limit(code)
    if limit and limit != sex.value:
        return f"the code is for patients of sex {limit}, the note says {sex.value}"
    return None


def age_in_days(note: Note) -> int | None:
    """Age at the date of service; None where either date is missing."""
    if note.birth_date is None or note.date_of_service is None:
        return None
    return (note.date_of_service - note.birth_date).days


@cache
def age_limit(code: str) -> AgeLimit | None:
    """The first row of the table that names the code."""
    return next((limit for limit in age_limits() if code.startswith(limit.prefixes)), None)


def age_conflict(code: str, days: int | None) -> str | None:
    """Why a code cannot be this patient's by age; None where it can."""
    limit = age_limit(code)
    if days is None or limit is None:
        return None
    if limit.youngest is not None and days < limit.youngest:
        return f"the code is for an older patient than this one ({limit.source})"
    if limit.oldest is not None and days > limit.oldest:
        return f"the code is for a younger patient than this one ({limit.source})"
    return None


def unsupported_drug_use(code: str, candidates: Candidates) -> str | None:
    """Why a long-term drug use code may not stand: a drug never selects its diagnosis."""
    requires = drug_requirements().get(code)
    if not requires or any(
        c.startswith(requires) and candidate.with_assertion(Assertion.PRESENT)
        for c, candidate in candidates.items()
    ):
        return None
    return f"drug use without the disease it is given for ({', '.join(requires)}) in the note"


def barred(code: str, note: Note, candidates: Candidates) -> str | None:
    """Why a code may not stand on this patient's claim; None where it may."""
    return (
        sex_conflict(code, note.sex)
        or age_conflict(code, age_in_days(note))
        or unsupported_drug_use(code, candidates)
    )

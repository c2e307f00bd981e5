"""Long-term drug use (Z79), with how surely the note tells of it (guideline I.C.21.c.3).

A drug never selects a disease: codes that need one wait for it. What the words beside
the drug say decides how much it counts: one that is taken speaks for the code, one that
is only planned or stopped is an alternative, and a course of some days is none.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from models.coding.circumstances.reading import PERINATAL, Hit, Reading, age_in_years
from models.coding.circumstances.tables import LONG_TERM, USE, word_set
from models.coding.occurrences import ALTERNATIVE, Occurrence

DRUG_SECTIONS = frozenset(
    {"meds", "plan", "assessment", "assessment_plan", "hpi", "hospital_course", "pmh"}
    | {"discharge_diagnosis", "impression", "problem_list", "preamble", "other"}
    | {"indication", "chief_complaint", "psh"}
)
NOT_TAKEN = frozenset({Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL})
_STOPS_DRUG = re.compile(r"[,;.:|]|\n\s*\n")
# "Suspected culprit: amoxicillin".
_NAMED_AFTER = re.compile(r"\s*[:=]\s*")

# How well a place fits: said to be taken, listed among the drugs, named only, not (yet) taken.
_TAKEN, _LISTED, _NAMED, _NOT_LASTING = 1.0, 0.6, 0.0, -1.0

# Drugs that are mostly given for a while: a course said with its days is no long-term use.
_OFTEN_SHORT = frozenset({"Z79.01", "Z79.1", "Z79.2", "Z79.52", "Z79.891"})
_COURSE = re.compile(
    r"^[^,;\n]{0,40}?(?:\bx\s?\d+\s?(?:d\b|days?|wk|doses?|$|\b)|#\s?\d+|\bfor \d+ (?:more )?days|"
    r"\bprn\b|as needed|\bIV\b|burst|taper|\bonce\b|\bheld\b|stopped|\bppx\b|prophyla|"
    r"while (?:in|inpatient|here|admitted)|\bbridg)",
    re.IGNORECASE,
)
# What is put on or into one place is no systemic drug, nor an inhaled one.
_LOCAL = re.compile(
    r"\b(?:cream|gel|ointment|oint|drops?|gtts?|ophth\w*|nasal|spray|topical\w*|lotion|shampoo|"
    r"enema|eye|otic|foam|injection|injected|pf)\b",
    re.IGNORECASE,
)
_LOCAL_DRUGS = frozenset(
    {"Z79.1", "Z79.51", "Z79.52", "Z79.621", "Z79.622", "Z79.631", "Z79.2", "Z79.623"}
)
_LOCAL_REACH = 30  # characters
# "ASA 3", "ASA class II": the anesthetist's classification.
_ASA_CLASS = re.compile(
    r"^\s*(?:(?:ps|class|physical|status|score)\b|[:=-]?\s*(?:[1-5]|I{1,3}|IV)\b)"
)


def beside(reading: Reading, drug: Hit, cue: Hit) -> bool:
    """Whether a cue stands where its row says, near enough and in the same clause."""
    if cue.rule.columns["place"] in ("before", "named"):
        left, right = cue.last, drug.first
    else:
        left, right = drug.last, cue.first
    if not 0 <= right - left < int(cue.rule.columns["reach"]):
        return False
    if cue.rule.columns["pattern"] in ("from", "off") and cue.first:
        # "Changed from furosemide", "weaned off insulin": what stands before makes it no cause.
        before = reading.document.tokens[cue.first - 1].text.lower()
        if before in word_set("no_cause_before_from"):
            return False
    gap = reading.gap(left - 1, right)
    if cue.rule.columns["place"] == "named" and _NAMED_AFTER.fullmatch(gap):
        return True
    return not _STOPS_DRUG.search(gap)


def long_term_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """(Z79 code, place) of every drug that is taken for long, or may be."""
    age = age_in_years(reading.note)
    if age is not None and age <= PERINATAL:  # the drugs of a newborn's note are the mother's
        return
    cues: dict[int, list[Hit]] = defaultdict(list)
    for hit in reading.hits[USE]:
        cues[hit.sentence].append(hit)
    for hit in reading.hits[LONG_TERM]:
        if reading.kind(hit.sentence) not in DRUG_SECTIONS:
            continue
        requires = tuple(p for p in hit.rule.columns["requires"].split("|") if p)
        if requires and not any(c.startswith(requires) for c in reading.present):
            continue
        if reading.said(hit) in NOT_TAKEN or _is_other(reading, hit):
            continue
        if hit.rule.code in _OFTEN_SHORT and _is_course(reading, hit):
            continue
        fit = _fit(reading, hit, cues[hit.sentence])
        if fit == _NOT_LASTING:
            place = reading.place(hit, Assertion.PRESENT, role=ALTERNATIVE)
        else:
            place = reading.place(hit, Assertion.PRESENT, "drug")
        yield hit.rule.code, replace(place, fit=fit)


def _is_other(reading: Reading, hit: Hit) -> bool:
    """A drug put on one place, or letters that mean something else here."""
    tokens, text = reading.document.tokens, reading.document.text
    end = tokens[hit.last - 1].end
    if hit.rule.code == "Z79.82" and tokens[hit.first].text == "ASA":
        return bool(_ASA_CLASS.match(text[end : end + 12]))
    if hit.rule.code not in _LOCAL_DRUGS:
        return False
    start = tokens[hit.first].start
    before = re.split(r"[,;.\n]", text[max(0, start - 12) : start])[-1]
    behind = re.split(r"[,;\n]", text[end : end + _LOCAL_REACH])[0]
    return bool(_LOCAL.search(before) or _LOCAL.search(behind))


def _is_course(reading: Reading, hit: Hit) -> bool:
    end = reading.document.tokens[hit.last - 1].end
    return bool(_COURSE.search(reading.document.text[end : end + 60]))


def _fit(reading: Reading, hit: Hit, cues: list[Hit]) -> float:
    states = {c.rule.columns["state"] for c in cues if beside(reading, hit, c)}
    if states & {"stopped", "planned"}:
        return _NOT_LASTING
    if "taken" in states:
        return _TAKEN
    return _LISTED if reading.kind(hit.sentence) == "meds" else _NAMED

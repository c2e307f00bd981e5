"""What the examples of narratives tell of a note's accident, and where it says so.

An example proves nothing by itself: here it is held against the note's conditions
(a hot drink burns, a dog's tooth does not), its denials, and what the tables of
patterns and of vehicles have found already.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from data.schemas import Assertion
from models.coding.circumstances.harm import could_cause
from models.coding.circumstances.narratives import Told, narratives
from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.tables import VEHICLE
from models.coding.occurrences import Occurrence

NARRATIVE = "narrative"
STORY = frozenset(
    {"hpi", "preamble", "chief_complaint", "indication", "assessment", "assessment_plan", "other"}
    | {"hospital_course", "discharge_diagnosis", "impression", "admission_diagnosis"}
)
# Where an example may tell it: diagnoses name the harm, in words that tell accidents, too.
_NARRATED = STORY - {"assessment", "impression", "discharge_diagnosis", "admission_diagnosis"}
_NOT_SO = frozenset({Assertion.NEGATED, Assertion.HYPOTHETICAL})
_FAMILY = re.compile(r"\b(?:fhx?|fam(?:ily)? (?:hx|history)|family:|runs in)\b", re.I)
_DENIALS = frozenset(
    {"no", "not", "denies", "denied", "without", "never", "neg", "negative", "w", "nor"}
    | {"isn't", "didn't", "wasn't", "isn", "didn", "wasn"}
)
_REACH = 3  # words before a mechanism in which a denial is of it
_NEAR_BEST = 0.6  # share of the best neighbour's score that another needs
_MOST_CAUSES = 5
# Transport codes that an example gives only where the note names a vehicle or somebody hit by one.
_RIDDEN = (
    "V02", "V03", "V04", "V1", "V2", "V4", "V5", "V6", "V7", "V83", "V84", "V85", "V86", "V89",
)  # fmt: skip
Cause = tuple[Hit, float, str]
"""A mechanism by its words, with how well it fits and its role."""


def is_denied(reading: Reading, sentence: int, first: int, last: int) -> bool:
    """Whether the words are not so; a denial further off is of something else.

    "No wraps, missed and drove his fist into the post" lists what happened, not what did not.
    """
    said = reading.assertion(sentence, first, last)
    if said is Assertion.FAMILY:
        # Who tells the accident, held the child or stood by is kin as often as not.
        return bool(_FAMILY.search(reading.lower(sentence)))
    if said is not Assertion.NEGATED:
        return said in _NOT_SO
    tokens = reading.document.tokens
    begin = max(reading.document.sentences[sentence].first, first - _REACH)
    return any(tokens[i].text.lower() in _DENIALS for i in range(begin, last))


def neighbours(reading: Reading, kind: str) -> list[tuple[int, Told]]:
    """(sentence, what it tells) by the examples, each code at its best, best first."""
    best: dict[str, tuple[int, Told]] = {}
    tokens = reading.document.tokens
    for number, sentence in enumerate(reading.document.sentences):
        if reading.kind(number) not in _NARRATED:
            continue
        words = [t.text for t in tokens[sentence.first : sentence.last]]
        for told in narratives()[kind].read(words):
            if told.code in best and best[told.code][1].score >= told.score:
                continue
            first, last = sentence.first + told.first, sentence.first + told.last
            if not is_denied(reading, number, first, last):
                best[told.code] = number, told
    return sorted(best.values(), key=lambda t: (-t[1].score, t[1].code))


def likely(
    reading: Reading, told: Sequence[tuple[int, Told]], causes: Sequence[Cause]
) -> list[tuple[int, Told]]:
    """The mechanisms by example that the note's conditions allow, those near the best."""
    ridden: set[int] = set()
    if not any(hit.rule.code.startswith(_RIDDEN) for hit, _, _ in causes):
        # The grid knows vehicles better than the examples, where it knows one.
        ridden = {
            h.sentence + step
            for h in reading.hits[VEHICLE]
            if h.rule.columns["part"] == "mode"
            for step in (-1, 0, 1)
        }
    possible = [
        (number, one)
        for number, one in told
        if could_cause(one.code, reading.present)
        and (number in ridden or not one.code.startswith(_RIDDEN))
    ]
    least = possible[0][1].score * _NEAR_BEST if possible else 0.0
    return [t for t in possible if t[1].score >= least][:_MOST_CAUSES]


def told_place(reading: Reading, number: int, told: Told, role: str) -> Occurrence:
    tokens = reading.document.tokens
    first = reading.document.sentences[number].first
    return Occurrence(
        tokens[first + told.first].start,
        tokens[first + told.last - 1].end,
        number,
        reading.kind(number),
        Assertion.PRESENT,
        NARRATIVE,
        told.last - told.first,
        told.score,
        role,
    )

"""Vaccines given at the visit (Z23) or refused (Z28; guidelines I.C.21.c.2, I.C.21.c.3).

A vaccine counts where the note says it was given or tells its dose and site; one that may
be only planned is an alternative, one declined, due or had before is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from models.coding.circumstances.reading import Hit, Reading, age_in_years
from models.coding.circumstances.tables import VACCINE
from models.coding.occurrences import ALTERNATIVE, Occurrence

_GIVEN = re.compile(
    r"\bgiven\b|\badminister|\breceived today|\btoday\b|\bgave\b|\bupdated\b|\bboosted\b|"
    r"\bin (?:clinic|office|the ed|ed)\b|\bdone\b|\bdeltoid\b|\bvis\b|\blot\b|\bthigh\b|"
    r"\b\d?\.\d+ ?(?:ml|cc)?\b|\bim\b|\bsubq?\b|\bsq\b|\bd(?:ose )?#? ?[1-4]\b|#[1-5]\b|"
    r"\bvit(?:amin)? ?k\b|\bees\b|\berythromycin\b|"  # the other two of a newborn's first day
    r"\bgot (?:her|his)\b|\b\d\d?/\d\d?(?:/\d\d)?\b(?!/)"
)
_LATER = re.compile(
    r"\bin (?:a|one|two|\d+(?:-\d+)?) (?:days?|wks?|weeks?|mos?|months?|yrs?|years?)\b|\bwhen\b|"
    r"\bnext\b|\bdue (?:in|at|next)\b|\bat (?:age )?\d\d?\b|\bwill\b|\bplan|\bschedul|\bshould\b|"
    r"\brecommend|\bconsider|\breturn\b|\blater\b|\bafter\b|\bneeds?\b|\bpharmacy\b|\bdiscuss"
)
_NOT = re.compile(
    r"\bdeclin|\brefus|\bdefer|\bnot (?:given|due|indicated|needed)|\bno (?:vaccin|shots)|"
    r"\bup[ -]to[ -]date|\butd\b|\bcurrent\b|\blast\b|\ballerg|\bunvaccinated|\bcontraindicat|"
    r"\bago\b|\b(?:19|20)\d\d\b|\bhistory of|\btiter|\bimmune\b|\bantibod|\bantigen|\bnonimmune"
)
_REFUSING = re.compile(r"\bdeclin(?:ed|es|ing)\b|\brefus(?:ed|es|al)\b")
_ADULT = 18
_NAMED_ONLY = "any"  # the row of general words: they need a plain "given"
_PLAINLY = re.compile(r"\btoday\b|\bgiven\b|\badminister|\bgave\b|\bdone\b|\bupdated\b|\bvis\b")
_CLAUSE_END = re.compile(r"[;\n]|\. ")
_NEAR = 70  # characters around a vaccine in its clause
_REFUSED = (Assertion.NEGATED, Assertion.FAMILY)


def vaccine_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Z23 for each vaccine that was given, Z28 for one that was refused."""
    for hit in reading.hits[VACCINE]:
        if reading.kind(hit.sentence) in ("family", "allergies", "pmh", "labs"):
            continue
        text = _clause(reading, hit)
        if _REFUSING.search(text):
            age = age_in_years(reading.note)
            refused = "Z28.82" if age is not None and age < _ADULT else "Z28.21"
            yield refused, reading.place(hit, Assertion.PRESENT)
        if _NOT.search(text) or reading.said(hit) in _REFUSED:
            continue
        given = _PLAINLY if hit.rule.columns["against"] == _NAMED_ONLY else _GIVEN
        place = reading.place(hit, Assertion.PRESENT)
        own = f"{text.split(' | ')[0].split(',')[-1]} {text.split(' | ')[1].split(',')[0]}"
        if _LATER.search(own):
            if given is _GIVEN and given.search(text):
                yield "Z23", replace(place, role=ALTERNATIVE, fit=-1.0)
        elif given.search(text) or _given_section(reading, hit):
            yield "Z23", replace(place, fit=1.0)


def _clause(reading: Reading, hit: Hit) -> str:
    """What stands around a vaccine between two full stops or semicolons, lower case."""
    document = reading.document
    sentence = document.sentences[hit.sentence]
    start, end = document.tokens[hit.first].start, document.tokens[hit.last - 1].end
    before = document.text[max(sentence.start, start - _NEAR) : start]
    behind = document.text[end : min(sentence.end, end + _NEAR)]
    head, tail = _CLAUSE_END.split(before)[-1], _CLAUSE_END.split(behind)[0]
    return f"{head} | {tail}".lower()


def _given_section(reading: Reading, hit: Hit) -> bool:
    """ "Vaccines today: DTaP, PCV20": the header says that they were given."""
    section = reading.document.section_of(reading.document.sentences[hit.sentence])
    return section.kind == "immunizations" and bool(_PLAINLY.search(section.header.lower()))

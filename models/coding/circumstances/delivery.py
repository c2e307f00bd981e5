"""What comes of a delivery, on the mother's record (Z37) and on the newborn's (Z38).

Guidelines I.C.15.b.5 and I.C.16.a.2: the outcome stands on every record of a delivery,
the liveborn code once on the record of the birth itself, by place and kind of delivery.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion, Setting, Sex
from models.coding.circumstances.reading import (
    PERINATAL,
    SOURCE,
    Hit,
    Reading,
    age_in_years,
    sentence_at,
)
from models.coding.circumstances.tables import (
    NEWBORN,
    PREGNANCY,
    newborn_better,
    newborn_conditions,
)
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence
from models.coding.stage import CHILDBIRTH, DELIVERED, childbearing_stage

_SAID_NEWBORN = re.compile(r"\bnewborn|\bneonat|\bNICU\b|\bDOL\b", re.I)
_NOT_THE_CHILD = frozenset({"family", "instructions", "allergies", "meds", "social"})
_NOT_NOW = re.compile(
    r"\breturn|\bcall\b|\bwatch for|\bmonitor for|\bscreen(?:ed|ing)? for|\bsigns? of|\brisk|"
    r"\bif\b|"
    r"\bprecautions|\bcounsel|\bdiscuss|\beducat|\bmother|\bmom\b|\bMOC\b|\bMOB\b|\bsib|\bbrother|"
    r"\bsister|\bmaternal (?:hx|history|labs)|\bprevent|\bvs\.?\b|\bconsider",
    re.I,
)
_MOTHER_AGE = 10  # years
_FIRST_STAY = 0.75  # years; a newborn of low weight may stay for months
_TWINS = re.compile(r"\btwins?\b|\bdi/di\b|\bmono/di\b|\btwin [AB]\b", re.I)
_TRIPLETS = re.compile(r"\btriplets?\b", re.I)
_STILLBORN = re.compile(
    r"\bstillb(?:orn|irth)\b|\bIUFD\b|\bfetal demise\b|\bintrauterine death", re.I
)
_CESAREAN = re.compile(r"\bc[- ]?sections?\b|\bcesarean|\bC/S\b|\b[PR]?LTCS\b|\bCS\b", re.I)
_VAGINAL = re.compile(
    r"\bN?SVD\b|\bvaginal(?:ly)?\b|\bvacuum\b|\bforceps\b|\bVAVD\b|\bVBAC\b", re.I
)
_BORN_HERE = re.compile(
    r"\binborn\b|\bborn (?:here|at this|in this|to|via|by|at \d\d)|\bnewborn\b|\bnursery\b|"
    r"\bDOL ?#?\d|\bbirth ?(?:history|weight|wt)\b|\bApgars?\b|\bBW\b",
    re.I,
)
_BORN_ELSEWHERE = re.compile(
    r"\boutborn\b|\btransferred (?:in|from)\b|\bborn (?:at home|outside|en route|in the car)|"
    r"\bhome birth\b|\breadmi|\bdischarged home (?:on|at)\b",
    re.I,
)


def delivery_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """(code, place) of the outcome of the delivery that the note records."""
    age, text = age_in_years(reading.note), reading.document.text
    if age is not None and age < _FIRST_STAY:
        yield from _liveborn(reading, text)
        if age <= PERINATAL or _SAID_NEWBORN.search(text):
            yield from _perinatal(reading)
        return
    mother = reading.note.sex is not Sex.MALE and (age is None or age >= _MOTHER_AGE)
    if mother and childbearing_stage(text, reading.note) == CHILDBIRTH and _in_hospital(reading):
        yield from _outcome(reading, text)


def _perinatal(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of chapter 16 for what a newborn has (I.C.16.a.4)."""
    found = [*_perinatal_conditions(reading), *_perinatal_phrases(reading)]
    codes = {code for code, _ in found} | reading.asserted
    for code, place in found:
        better = newborn_better().get(code, ())
        vague = bool(better) and any(c != code and c.startswith(better) for c in codes)
        yield code, replace(place, role=ALTERNATIVE) if vague else place


def _perinatal_conditions(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    for prefixes, made in newborn_conditions():
        for code in sorted(c for c in reading.asserted if c.startswith(prefixes)):
            for o in reading.have[code].occurrences:
                if o.assertion is Assertion.PRESENT and o.words:
                    yield made, replace(o, source=SOURCE)


def _perinatal_phrases(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    for hit in reading.hits[NEWBORN]:
        # The mother's troubles and what to watch for at home are not the child's.
        if reading.kind(hit.sentence) in _NOT_THE_CHILD or _NOT_NOW.search(_before(reading, hit)):
            continue
        if reading.said(hit) is Assertion.PRESENT:
            yield hit.rule.code, reading.place(hit, Assertion.PRESENT)


def _before(reading: Reading, hit: Hit) -> str:
    """What stands before a phrase in its clause."""
    start = reading.document.sentences[hit.sentence].start
    return re.split(
        r"[;\n]", reading.document.text[start : reading.document.tokens[hit.first].start]
    )[-1]


def _in_hospital(reading: Reading) -> bool:
    return reading.note.setting in (Setting.INPATIENT, None)


def _outcome(reading: Reading, text: str) -> Iterator[tuple[str, Occurrence]]:
    told = DELIVERED.search(text)
    named = reading.hits[PREGNANCY] or any(c.startswith("O") for c in reading.asserted)
    if told is None or not named:
        return
    dead, two = _STILLBORN.search(text), _TWINS.search(text)
    if _TRIPLETS.search(text):
        yield "Z37.51", _place(reading, told)
    elif two:
        yield ("Z37.3" if dead else "Z37.2"), _place(reading, told)
        yield "Z37.0", _place(reading, told, ALTERNATIVE)
    else:
        yield ("Z37.1" if dead else "Z37.0"), _place(reading, dead or told)


def _liveborn(reading: Reading, text: str) -> Iterator[tuple[str, Occurrence]]:
    here = _BORN_HERE.search(text)
    if here is None or not _in_hospital(reading) or _BORN_ELSEWHERE.search(text):
        return
    cesarean, vaginal = _CESAREAN.search(text), _VAGINAL.search(text)
    stem = "Z38.6" if _TRIPLETS.search(text) else "Z38.3" if _TWINS.search(text) else "Z38.0"
    if cesarean:
        yield f"{stem}1", _place(reading, cesarean)
    if vaginal or not cesarean:
        role = ALTERNATIVE if cesarean else CHOSEN
        yield f"{stem}0", _place(reading, vaginal or here, role)


def _place(reading: Reading, match: re.Match[str], role: str = CHOSEN) -> Occurrence:
    number = sentence_at(reading.document, match.start())
    return Occurrence(
        match.start(),
        match.end(),
        number,
        reading.kind(number),
        Assertion.PRESENT,
        SOURCE,
        2,
        0.0,
        role,
    )

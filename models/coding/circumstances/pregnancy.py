"""Conditions of a pregnant patient, coded to chapter 15 with their trimester (I.C.15.a).

Only where the note is of a pregnant patient. The trimester comes from the weeks
of gestation said; a delivery told takes the form "complicating childbirth".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion, Sex
from data.terminology.icd10cm import Release
from models.coding.circumstances.reading import SOURCE, Reading, age_in_years
from models.coding.circumstances.tables import PREGNANCY, pregnancy_conditions
from models.coding.measures import Gestation, gestation, trimester
from models.coding.occurrences import CHOSEN, Occurrence
from models.coding.stage import CHILDBIRTH, PUERPERIUM, childbearing_stage

_TRIMESTERS = {"first": "1", "second": "2", "third": "3"}
_PREGNANT = ("O", "Z34", "Z33.1", "Z3A", "Z36")
_OVER = ("O00", "O01", "O02", "O03", "O04", "O08", "Z39", "Z33.2")
_ASSESSED = frozenset(
    {"assessment", "assessment_plan", "impression", "discharge_diagnosis", "chief_complaint"}
    | {"preamble", "other"}
)
_DELIVERY = ("O80", "O82", "Z37")
_AFTER_ONLY = "p"  # of a table's row: in childbirth and the puerperium only
_BLOOD_LOSS, _PUERPERAL_ANEMIA = "D62", "O90.81"
_YOUNGEST = 10  # years; chapter 15 codes are for the mother's record only
# A note of a pregnant patient that no code says yet ("SVT, G2P1 at 24 weeks").
_SAID_PREGNANT = re.compile(
    r"(?<!not )(?<!if )(?<!get )\bpregnant\b|\bgravid\b|\bprenatal|\bantenatal|\bIUP\b|\btrimester|"
    r"\bgestation\b|\bhyperemesis\b|\brhogam\b|\bRhIG\b|\bfetal\b|\bfetus\b|\bEGA\b|\bFHTs?\b|"
    r"\bin labor\b|"
    r"\bG\d{1,2} ?P\d{1,4}\b[^.\n]{0,25}?\b(?:at|@) ?\d{1,2} ?(?:w|\+)",
    re.I,
)
_AT = re.compile(r"[^.;\n]{0,20}\b(?:at|@) ?", re.I)
# Weeks of gestation from and below which a code can hold (Tabular List, chapter 15).
_WEEKS = (
    ("O20", 0, 20), ("O21.0", 0, 20), ("O21.1", 0, 20), ("O21.2", 20, 45), ("O46", 20, 45),
    ("O47.0", 20, 37), ("O47.1", 37, 45), ("O60", 20, 37), ("O48.0", 40, 42), ("O48.1", 42, 45),
    ("O42.01", 20, 37), ("O42.11", 20, 37), ("O42.91", 20, 37),
    ("O42.02", 37, 45), ("O42.12", 37, 45), ("O42.92", 37, 45),
)  # fmt: skip
_OF_PREGNANCY = re.compile(r"trimester|in pregnancy|complicating pregnancy")
_STAGE_WORDS = frozenset(
    {"in", "the", "complicating", "pregnancy", "childbirth", "puerperium", "trimester", "first"}
    | {"second", "third", "unspecified", "of"}
)
_NOT_SO = frozenset({Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL})


def pregnancy_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of chapter 15 for the conditions and phrases of a pregnant patient's note."""
    age = age_in_years(reading.note)
    if reading.note.sex is Sex.MALE or (age is not None and age < _YOUNGEST):
        return
    own = [c for c in reading.asserted if c.startswith(_PREGNANT) and not c.startswith(_OVER)]
    routine = [h for h in reading.hits[PREGNANCY] if h.rule.code.startswith("Z34")]
    stage, said = _stage(reading), _SAID_PREGNANT.search(reading.document.text)
    weeks = gestation(reading.document.text) if own or routine or said else None
    after = any(c.startswith("Z39") for c in reading.asserted)
    after = after or childbearing_stage(reading.document.text, reading.note) == PUERPERIUM
    if not (own or after or stage or (weeks and (routine or said))):
        return
    digit = _TRIMESTERS[trimester(weeks.weeks)] if weeks else ""
    told = set(reading.asserted) | {
        code
        for code in reading.have
        for o in reading.have[code].occurrences
        if o.assertion is Assertion.HISTORICAL and _is_now(reading, o, weeks)
    }
    for prefixes, stem, when in pregnancy_conditions():
        if when == _AFTER_ONLY and not stage:
            continue
        for code in sorted(c for c in told if c.startswith(prefixes)):
            if weeks and not _in_time(stem, weeks.weeks):
                continue
            for made in _specified(reading, stem, digit, stage):
                for o in reading.have[code].occurrences:
                    if o.words and o.role == CHOSEN and _is_now(reading, o, weeks):
                        yield made, replace(o, source=SOURCE, assertion=Assertion.PRESENT)
    if stage and _BLOOD_LOSS in reading.asserted:
        # The Index takes anemia first found after the delivery to the puerperium.
        for o in reading.have[_BLOOD_LOSS].occurrences:
            if o.assertion is Assertion.PRESENT and o.words and o.role == CHOSEN:
                yield _PUERPERAL_ANEMIA, replace(o, source=SOURCE)
    if stage:
        yield from _staged(reading, stage)
    for hit in reading.hits[PREGNANCY]:
        if reading.said(hit) in _NOT_SO or reading.kind(hit.sentence) == "family":
            continue
        if weeks and not _in_time(hit.rule.code, weeks.weeks):
            continue
        for made in _specified(reading, hit.rule.code, digit, stage):
            yield made, reading.place(hit, Assertion.PRESENT)


def _staged(reading: Reading, stage: str) -> Iterator[tuple[str, Occurrence]]:
    """Of codes by trimester, those that say the same of childbirth or the puerperium."""
    for code in sorted(c for c in reading.asserted if c.startswith("O")):
        text = reading.release.description(code)
        if stage in text or not _OF_PREGNANCY.search(text):
            continue
        if made := _at_stage(reading.release, code, stage):
            for o in reading.have[code].occurrences:
                if o.words and o.role == CHOSEN and o.assertion is Assertion.PRESENT:
                    yield made, replace(o, source=SOURCE)


def pregnancy_ended(reading: Reading) -> bool:
    """Whether the note's pregnancy was over before the visit, so that no weeks are reported."""
    if childbearing_stage(reading.document.text, reading.note) == PUERPERIUM:
        return True
    return any(
        o.assertion is Assertion.PRESENT and o.role == CHOSEN and o.section in _ASSESSED
        for code in reading.asserted
        if code.startswith(_OVER)
        for o in reading.have[code].occurrences
    )


def _is_now(reading: Reading, o: Occurrence, weeks: Gestation | None) -> bool:
    """Present, or told with this pregnancy's weeks ("DVT at 33 weeks"), which is no history."""
    if o.assertion is Assertion.HISTORICAL and weeks and o.end <= weeks.start:
        return bool(_AT.fullmatch(reading.document.text[o.end : weeks.start]))
    return o.assertion is Assertion.PRESENT


def _in_time(stem: str, weeks: int) -> bool:
    return all(low <= weeks < high for code, low, high in _WEEKS if stem.startswith(code))


def _stage(reading: Reading) -> str:
    """Childbirth or puerperium, where the note tells of the delivery or of the time after."""
    if any(c.startswith("Z39") for c in reading.asserted):
        return PUERPERIUM
    if any(c.startswith(_DELIVERY) for c in reading.asserted):
        return CHILDBIRTH
    return childbearing_stage(reading.document.text, reading.note)


def _specified(reading: Reading, stem: str, digit: str, stage: str) -> Iterator[str]:
    """The billable code of a stem for the trimester, for childbirth or for the puerperium."""
    release = reading.release
    if stage and stem in release and (staged := _at_stage(release, stem, stage)):
        yield staged
        return
    if release.is_billable(stem):
        yield stem
        return
    made = f"{stem}.{digit}" if len(stem) == 3 else stem + digit
    for code in (made, stem + "0", f"{made.ljust(7, 'X')}0"):
        if digit and release.is_billable(code):
            yield code
            return


def _at_stage(release: Release, stem: str, stage: str) -> str:
    """The code beside a stem that says the same of childbirth or the puerperium, or ``""``."""
    under = [c for c in release.billable_below(stem) if stage in release.description(c)]
    if len(under) == 1:
        return under[0]
    words = _without_stage(release.description(stem))
    above = release.nodes[stem].parent
    # "Gestational diabetes in pregnancy" and "in childbirth" stand under codes of their own.
    for parent in (above, release.nodes[above].parent if above in release.nodes else ""):
        if parent not in release.nodes or not (parent[:1] == "O" and len(parent) >= len("O24")):
            continue
        for code in release.billable_below(parent):
            text = release.description(code)
            if stage in text and _without_stage(text) == words:
                return code
    if above in release.nodes:
        for code in release.billable_below(above):
            text = release.description(code)
            if stage in text and text.split()[:2] == release.description(stem).split()[:2]:
                return code
    return ""


def _without_stage(description: str) -> frozenset[str]:
    return frozenset(w for w in re.findall(r"[\w-]+", description.lower()) if w not in _STAGE_WORDS)

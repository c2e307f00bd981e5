"""Status, history, social and encounter codes of chapter 21, read off their wordings.

Guideline I.C.21.c. A status holds though it is told as past ("s/p CABG"): what is
said historical is reported as present. History codes that follow conditions are
read in ``past.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from models.coding.circumstances.past import family_codes, history_codes
from models.coding.circumstances.reading import SOURCE, Hit, Reading, age_in_years
from models.coding.circumstances.tables import STATUS
from models.coding.circumstances.when import (
    around,
    by_own_rule,
    holds_when,
    own_words,
    told_as_past,
)
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence
from models.coding.shorthand import BOTH, LEFT, RIGHT

# What is to be done later is no reason of this visit.
_FUTURE = re.compile(
    r"\bin (?:a|an|one|two|three|\d+(?:\s?-\s?\d+)?) ?(?:days?|d|weeks?|wks?|w|months?|mos?|years?|"
    r"yrs?)\b|\breturn(?:s|ing)?\b|\bwill (?:be|need|have|return|schedule)\b|\bschedul|\buntil\b|"
    r"\bat (?:her|his|the|your|my)? ?pcp|\bplan(?:ned|s)? (?:for|to)\b|\bto be (?:done|removed)|"
    r"\bdue (?:in|at)\b|\bnext (?:visit|week|month|year)\b|\bconsider|\bif\b|\brefer(?:red|ral)?\b"
)
_PRODUCT = re.compile(
    r"cig|pack|ppd|\bpk\b|chew|dip|snuff|vap|pipe|hookah|juul|zyn|pouch|\bcans?\b"
)
# Words close by that make the wording another thing: a toe's nail, "RT foot".
_TAKEN_BACK = {
    "Z89": re.compile(r"\bnails?\b|callus|\bcorn\b|\bwart|suture|splinter|foreign"),
    "Z92": re.compile(
        r"\brt\.? (?:foot|arm|leg|breast|knee|hip|hand|shoulder|side|eye|ear|ankle|wrist|lung|"
        r"kidney|upper|lower|elbow|thumb|flank)\b|joint injection"
    ),
}
# Status and history that a present condition or the visit's own act rules out (Excludes1).
_BARRED_BY = {
    "Z86.73": ("I69", "I63", "I61", "I60", "G45"),
    "Z95.0": ("Z45.01",),
    "Z95.810": ("Z45.02",),
    "Z93.0": ("Z43.0",),
    "Z93.1": ("Z43.1",),
    "Z93.2": ("Z43.2",),
    "Z93.3": ("Z43.3",),
    "Z93.59": ("Z43.5",),
    "Z93.6": ("Z43.6",),
    "Z97.5": ("Z30.43",),
    "Z94.0": ("T86.1",),
    "Z94.1": ("T86.2",),
    "Z94.2": ("T86.81",),
    "Z94.4": ("T86.4",),
    "Z94.5": ("T86.82",),
    "Z94.7": ("T86.84",),
    "Z94.81": ("T86.0",),
    "Z94.84": ("T86.5",),
    "Z95.818": ("Z45.09",),
    "Z98.2": ("T85.0",),
    "Z86.32": ("O24.4",),
}
# Rows that hold only where the past is told, so that the note tells of it plainly.
_PLAINLY_PAST = frozenset({"told_past", "past_year", "earlier_pregnancy"})
# A word right before that makes it no history.
_CURRENT = frozenset({"acute", "active", "current", "new", "ongoing", "subacute", "evolving"})
_NEVER = frozenset(
    {"never", "none", "no", "denies", "neg", "negative", "non", "nonsmoker", "former"}
)
_ADULT = 18
# Ages in years below which a well-child visit is a newborn's (Tabular List, Z00.11-).
_NEWBORN_VISITS = ((8 / 365.25, "Z00.110"), (29 / 365.25, "Z00.111"))
# Adult and child forms of a routine examination, by the same finding (I.C.21.c.13).
_BY_AGE = {
    "Z00.00": "Z00.129",
    "Z00.01": "Z00.121",
    "Z00.129": "Z00.00",
    "Z00.121": "Z00.01",
}
# What is not done, by why: for money, for another reason that the note tells (I.C.21.c.18).
_FOR_MONEY = {
    "Z91.118": "Z91.110",
    "Z91.119": "Z91.110",
    "Z91.148": "Z91.141",
    "Z91.158": "Z91.151",
    "Z91.198": "Z91.190",
    "Z91.199": "Z91.190",
}
_MONEY = re.compile(
    r"\bmoney\b|afford|\bcosts?\b|expens|copay|co-pay|uninsured|insurance|\bprice|financ|\$"
)
_WITH_FINDINGS = {"Z00.00": "Z00.01", "Z00.129": "Z00.121", "Z01.419": "Z01.411"}


def status_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of the status phrases, the family's conditions and conditions that are over."""
    held = [hit for hit in reading.hits[STATUS] if _holds(reading, hit)]
    dependent = any(h.rule.code.startswith("F17") for h in held)
    # The product that is named stands for tobacco of any kind (F17.20-).
    product = any(
        h.rule.code.startswith(("F17.21", "F17.22", "F17.29"))
        and _PRODUCT.search(own_words(reading, h))
        for h in held
    )
    for hit in held:
        if product and hit.rule.code == "F17.200":
            continue
        # Tobacco use is said of those who do not depend on it (Excludes1 at Z72.0).
        if dependent and hit.rule.code == "Z72.0":
            continue
        fit = _fit(reading, hit, dependent)
        for code, role in _codes(reading, hit):
            # A drug said to be taken for long counts as one read off the drug list.
            source = "drug" if hit.rule.columns["kind"] == "drug" else SOURCE
            role = ALTERNATIVE if fit < 0 else role
            place = reading.place(hit, Assertion.PRESENT, source, role)
            yield code, replace(place, fit=fit)
    yield from family_codes(reading)
    yield from history_codes(reading)
    for code, other in _WITH_FINDINGS.items():
        for o in reading.have[code].occurrences if code in reading.asserted else ():
            if o.assertion is Assertion.PRESENT:
                yield other, replace(o, source="circumstance", role=ALTERNATIVE)


def _fit(reading: Reading, hit: Hit, dependent: bool) -> float:
    """How plainly the note tells of it: above nothing where told as past, below where planned."""
    kind, code = hit.rule.columns["kind"], hit.rule.code
    if kind == "encounter" and _FUTURE.search(around(reading, hit)):
        return -1.0
    if code == "Z87.891" and (dependent or _quits_later(reading, hit)):
        return -1.0  # another product is still used
    if any(c.startswith(_BARRED_BY.get(code, "-")) for c in reading.asserted):
        return -1.0
    if kind == "drug" or hit.rule.columns["when"] in _PLAINLY_PAST:
        return 1.0
    if hit.rule.columns["when"] != "past":
        return 0.0
    told = reading.said(hit) is Assertion.HISTORICAL or told_as_past(reading, hit)
    return 1.0 if told else 0.0


def _quits_later(reading: Reading, hit: Hit) -> bool:
    """ "A quit date of August 15", "wants to quit": not yet."""
    text = around(reading, hit)
    return bool(
        re.search(r"\bquit (?:date(?!:? ?\d)|attempt|plan|line|aid)|\b(?:to|ready to) quit", text)
    )


def _codes(reading: Reading, hit: Hit) -> Iterator[tuple[str, str]]:
    """The codes of a row: by side (``right/left/both/unsaid``), or several (``+``)."""
    cell = hit.rule.code
    if "/" in cell:
        sides = cell.split("/")
        side = reading.context(hit).side
        if side == BOTH and not sides[2]:
            yield from ((code, CHOSEN) for code in sides[:2])
        else:
            yield sides[{RIGHT: 0, LEFT: 1, BOTH: 2}.get(side, 3)], CHOSEN
        return
    age = age_in_years(reading.note)
    if cell in _FOR_MONEY and _MONEY.search(reading.lower(hit.sentence)):
        yield _FOR_MONEY[cell], CHOSEN
        yield cell, ALTERNATIVE
        return
    for i, code in enumerate(cell.split("+")):
        child = code in ("Z00.129", "Z00.121")
        if age is not None and code in _BY_AGE and child != (age < _ADULT):
            code = _BY_AGE[code]
        if age is not None and code.startswith("Z00.12") and age < _NEWBORN_VISITS[-1][0]:
            code = next(own for limit, own in _NEWBORN_VISITS if age < limit)
        yield code, CHOSEN if i == 0 else ALTERNATIVE


def _holds(reading: Reading, hit: Hit) -> bool:
    """Whether what the row asks for is so at this place of the note."""
    row, section = hit.rule.columns, reading.kind(hit.sentence)
    needs = tuple(p for p in row["needs"].split("|") if p)
    if needs and not any(c.startswith(needs) for c in reading.told):
        return False
    said = reading.said(hit)
    when, kind = row["when"], row["kind"]
    own_rule = by_own_rule(reading, hit, said)
    if own_rule is not None:
        return own_rule
    if section == "family" or said in (Assertion.NEGATED, Assertion.FAMILY, Assertion.UNCERTAIN):
        return False
    if said is Assertion.HYPOTHETICAL and not (when == "anywhere" and section == "instructions"):
        return False
    if said is Assertion.HISTORICAL and kind in ("social", "encounter", "noncompliance"):
        return False
    if kind == "social" and _said_never(reading, hit):
        return False
    if kind == "history" and _said_current(reading, hit):
        return False
    if kind == "allergy" and re.search(r"\b(?:without|no|not|denies)\b", own_words(reading, hit)):
        return False
    taken_back = _TAKEN_BACK.get(row["code"][:3])
    if taken_back and taken_back.search(around(reading, hit)):
        return False
    return holds_when(reading, hit, said)


def _said_current(reading: Reading, hit: Hit) -> bool:
    before = reading.document.tokens[max(0, hit.first - 1) : hit.first + 1]
    return any(token.text.lower() in _CURRENT for token in before)


def _said_never(reading: Reading, hit: Hit) -> bool:
    """ "Tobacco: never": the answer stands behind the word."""
    end = min(hit.last + 2, reading.document.sentences[hit.sentence].last)
    behind = reading.document.tokens[hit.last : end]
    return any(token.text.lower() in _NEVER for token in behind)

"""Conditions of a pregnant patient, coded to chapter 15 with their trimester (I.C.15.a).

Only where the note is of a pregnant patient. The trimester comes from the weeks
of gestation said; a delivery told takes the form "complicating childbirth".
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion, Sex
from models.coding.circumstances.reading import SOURCE, Reading, age_in_years
from models.coding.circumstances.tables import PREGNANCY, pregnancy_conditions
from models.coding.measures import gestation, trimester
from models.coding.occurrences import CHOSEN, Occurrence

_TRIMESTERS = {"first": "1", "second": "2", "third": "3"}
_PREGNANT = ("O", "Z34", "Z33.1", "Z3A", "Z36")
_OVER = ("O00", "O01", "O02", "O03", "O04", "O08", "Z39", "Z33.2")
_DELIVERY = ("O80", "O82", "Z37")
_YOUNGEST = 10  # years; chapter 15 codes are for the mother's record only
_NOT_SO = frozenset({Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL})


def pregnancy_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of chapter 15 for the conditions and phrases of a pregnant patient's note."""
    age = age_in_years(reading.note)
    if reading.note.sex is Sex.MALE or (age is not None and age < _YOUNGEST):
        return
    own = [c for c in reading.asserted if c.startswith(_PREGNANT) and not c.startswith(_OVER)]
    weeks = gestation(reading.document.text) if own else None
    if not own:
        return
    digit = _TRIMESTERS[trimester(weeks.weeks)] if weeks else ""
    delivered = any(c.startswith(_DELIVERY) for c in reading.asserted)
    for prefixes, stem in pregnancy_conditions():
        for code in sorted(c for c in reading.asserted if c.startswith(prefixes)):
            for made in _specified(reading, stem, digit, delivered):
                for o in reading.have[code].occurrences:
                    if o.assertion is Assertion.PRESENT and o.words and o.role == CHOSEN:
                        yield made, replace(o, source=SOURCE)
    for hit in reading.hits[PREGNANCY]:
        if reading.said(hit) in _NOT_SO or reading.kind(hit.sentence) == "family":
            continue
        for made in _specified(reading, hit.rule.code, digit, delivered):
            yield made, reading.place(hit, Assertion.PRESENT)


def _specified(reading: Reading, stem: str, digit: str, delivered: bool) -> Iterator[str]:
    """The billable code of a stem for the trimester, or for childbirth."""
    release = reading.release
    if delivered and stem in release:
        above = release.nodes[stem].parent
        words = release.description(stem).split()[:2]
        for code in release.billable_below(above):
            text = release.description(code)
            if "childbirth" in text and text.split()[:2] == words:
                yield code
                return
    if release.is_billable(stem):
        yield stem
        return
    made = stem + digit
    for code in (made, stem + "0", f"{made.ljust(7, 'X')}0"):
        if digit and release.is_billable(code):
            yield code
            return

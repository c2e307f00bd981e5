"""Codes that qualify another code of the note and never stand without it.

Organisms beside an infection, anemia in cancer or kidney disease, the severity of
a dementia in another disease, what a drug's adverse effect makes of a condition
(the Tabular List's notes, guidelines I.B.10, I.C.19.e).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from models.coding.circumstances.reading import SOURCE, Reading, age_in_years
from models.coding.circumstances.tables import ORGANISM, consequences, procedure_causes
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

_NOT_SO = frozenset({Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL})
_ANEMIA = ("D64.9", "D63", "D50.9", "D64.89")
_DEMENTIA_BY_NAME = ("G30", "G31.0", "G31.83", "F02")
_DEMENTIA_IN = (*_DEMENTIA_BY_NAME, "G20", "G10", "G35", "B20")
_DEMENTIA = re.compile(
    r"\b(?:(mild|moderate|severe|advanced|end[- ]stage)[a-z ,'-]{0,20})?"
    r"\b(?:dementia|alzheimer'?s?|lewy|neurocognitive)\b(?:[^.;\n]{0,30}\b(mild|moderate|severe)\b)?"
)
_SEVERITY = {"mild": "A", "moderate": "B", "severe": "C", "advanced": "C", "end": "C"}
_BEHAVIOUR = (
    (re.compile(r"agitat|aggressi|combative|restless|sundown"), "11"),
    (
        re.compile(r"wander|disinhibit|apath|sleep disturb|resist|behavio(?:u)?ral disturbance"),
        "18",
    ),
    (re.compile(r"hallucinat|delusion|paranoi|psychos|psychotic"), "2"),
    (re.compile(r"depress|mood"), "3"),
    (re.compile(r"anxi"), "4"),
)
_NO_BEHAVIOUR = re.compile(r"(?:without|no|w/o)(?: any)? (?:behavio|agitat)")
_NEWBORN = 28 / 365.25
_SEPSIS = ("P36", "A41", "A40")
_ALCOHOL = re.compile(
    r"\b(?:EtOH|ethanol|BAL|BAC|(?:blood|serum) alcohol|alcohol level|alcohol of)\b"
    r"[^0-9\n<]{0,16}(\d{2,3})(?!\d|\.\d)",
    re.I,
)
# "BAC 0.22": grams in 100 ml.
_ALCOHOL_SHARE = re.compile(
    r"\b(?:EtOH|BAL|BAC|blood alcohol|alcohol level)\b[^0-9\n<]{0,16}0?\.(\d{2,3})\b", re.I
)
_INTOXICATED = re.compile(r"\bintox|\bdrunk\b|\binebriat|alcohol on breath", re.I)
_DRUNK = ("F10", "T51", "R78.0", "S")
# Upper bounds in mg/100 ml of the codes of Y90.
_LEVELS = (20, 40, 60, 80, 100, 120, 200, 240)
_GCS = re.compile(r"\bGCS\b[^0-9\n]{0,12}(\d{1,2})\b")
_HEAD = ("S06", "S02", "S09")


def companion_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes that qualify what the note already bears."""
    yield from _organisms(reading)
    yield from _anemia(reading)
    yield from _dementia(reading)
    yield from _newborn_suspicion(reading)
    for prefixes, code, role in procedure_causes():
        for o in _asserted(reading, prefixes):
            yield code, replace(o, source=SOURCE, role=role)


def _asserted(reading: Reading, prefixes: tuple[str, ...]) -> list[Occurrence]:
    return [
        o
        for code in sorted(reading.asserted)
        if code.startswith(prefixes)
        for o in reading.have[code].occurrences
        if o.assertion is Assertion.PRESENT and o.words and o.role == CHOSEN
    ]


def _organisms(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    for hit in reading.hits[ORGANISM]:
        beside = tuple(hit.rule.columns["beside"].split("|"))
        if any(c.startswith(beside) for c in reading.present):
            said = reading.said(hit)
            if said not in _NOT_SO:
                yield hit.rule.code, reading.place(hit, said)


def _anemia(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """The Index presumes the link of anemia with kidney disease; of cancer it takes the note's."""
    anemia = _asserted(reading, _ANEMIA)
    for causes, code in ((("C", "D46"), "D63.0"), (("N18",), "D63.1")):
        if anemia and any(c.startswith(causes) for c in reading.asserted):
            yield from ((code, replace(o, source=SOURCE)) for o in anemia)


def _newborn_suspicion(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """A newborn watched for an infection that was ruled out (guideline I.C.16.b)."""
    age = age_in_years(reading.note)
    if age is None or age > _NEWBORN:
        return
    for code, found in reading.have.items():
        if code.startswith(_SEPSIS):
            for o in found.occurrences:
                if o.assertion is Assertion.NEGATED and o.words:
                    yield "Z05.1", replace(o, source=SOURCE, assertion=Assertion.PRESENT)


def _dementia(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """F02 with its severity and disturbance beside the disease that it stands in."""
    places = _asserted(reading, _DEMENTIA_IN) + _asserted(reading, ("F03",))
    if not any(c.startswith(_DEMENTIA_IN) for c in reading.asserted):
        return
    if not any(c.startswith((*_DEMENTIA_BY_NAME, "F03")) for c in reading.asserted):
        return
    for category in ("F02",):
        text = reading.document.text.lower()
        words = list(_DEMENTIA.finditer(text))
        if not words:
            return
        named = next((m[1] or m[2] for m in words if m[1] or m[2]), "")
        severity = _SEVERITY.get(re.split(r"[- ]", named)[0], "8") if named else "8"
        near = " ".join(reading.lower(n) for n in {o.sentence for o in places})
        disturbed = (
            []
            if _NO_BEHAVIOUR.search(near)
            else [digits for pattern, digits in _BEHAVIOUR if pattern.search(near)]
        )
        place = replace(places[0], source=SOURCE)
        for digits in disturbed or ["0"]:
            yield f"{category}.{severity}{digits}", place
        if disturbed:
            yield f"{category}.{severity}0", replace(place, role=ALTERNATIVE)


def consequence_codes(
    reading: Reading, effects: list[tuple[str, Occurrence]]
) -> Iterator[tuple[str, Occurrence]]:
    """What a condition is called when a drug brought it about, told in the same sentence.

    Args:
        effects: (code, place) of the adverse effects found.
    """
    for effect, place in effects:
        if effect.replace(".", "")[5:6] != "5" or place.role != CHOSEN:
            continue
        for drug, prefixes, code in consequences():
            if not effect.startswith(drug):
                continue
            told = [o for o in _asserted(reading, prefixes) if o.sentence == place.sentence]
            if told:
                span = replace(told[0], source=SOURCE, assertion=place.assertion)
                yield code, span


def coma_scale_codes(reading: Reading) -> Iterator[tuple[str, int, int]]:
    """(code, start, end) of a Glasgow score beside a head injury (guideline I.C.18.e)."""
    if not any(c.startswith(_HEAD) for c in reading.asserted):
        return
    setting = reading.note.setting
    when = "2" if setting is not None and setting.value == "emergency" else "3"
    for match in _GCS.finditer(reading.document.text):
        score = int(match[1])
        if 3 <= score <= 15:
            band = "1" if score >= 13 else "2" if score >= 9 else "3"
            yield f"R40.24{band}{when}", match.start(), match.end()


def alcohol_level_codes(reading: Reading) -> Iterator[tuple[str, int, int]]:
    """(code, start, end) of a blood alcohol level in mg/dL beside drinking or an injury (Y90)."""
    text = reading.document.text
    found = [(m, int(m[1])) for m in _ALCOHOL.finditer(text)]
    found += [(m, round(float("0." + m[1]) * 1000)) for m in _ALCOHOL_SHARE.finditer(text)]
    drunk = any(c.startswith(_DRUNK) for c in reading.asserted) or _INTOXICATED.search(text)
    for match, level in found if drunk else ():
        band = sum(level >= bound for bound in _LEVELS)
        yield f"Y90.{band}", match.start(), match.end()

"""Personal and family history (Z80-Z87), read off kin, wordings and conditions that are over.

Guidelines I.C.21.c.4 and I.C.2.m. How well a place fits says how plainly the note tells
that the condition is over; one that is under treatment in the same note is an alternative.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from data.schemas import Assertion
from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.tables import FAMILY, KIN, history
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

# Sections of one visit's own acts: what is done there is no status yet.
ACTS = frozenset({"procedure", "technique", "operative_meta", "instructions", "plan"})
_FINAL = frozenset({"assessment", "assessment_plan", "impression", "discharge_diagnosis"})
_TREATED = re.compile(
    r"\bs/?p\b|status post|resect|ectomy|\bned\b|no evidence of|no recurrence|without recurrence|"
    r"disease[- ]free|cured|treated|surveillance|excised|mohs|"
    r"\d\s*(?:yrs?|years) (?:ago|out)|\bhx\b|h/o|history of|survivor"
)
# Words right behind a condition that say it is over, and what takes that back.
_OVER = re.compile(
    r"^[^.;\n]{0,45}?\b(?:(?:has |have |now |since |fully |completely )*(?:resolved|healed|cured|"
    r"cleared)|none since|no (?:residual|deficit|recurrence|sequela)|years ago|yrs ago|as a "
    r"(?:child|kid|teen)|in (?:childhood|infancy|grade school)|(?:removed|excised|repaired) in "
    r"|eradicated|treatment complete)"
)
_NOT_OVER = re.compile(
    r"\b(?:not|never|nearly|almost|partially|mostly|until|if|once|when|should|will|yet|slowly)\b"
)
_BY_TELLING = re.compile(r"^[^.;\n]{0,25}\bby (?:history|hx)\b")
_REACH = 90  # characters behind a condition in which it is said to be over
_KIN_REACH = 4  # words between the relative and the condition
# "Glaucoma: father", "breast ca (mother)": the relative stands behind; a relative who speaks
# of the patient does not.
_THEN_KIN = re.compile(
    r"^\s*(?::|\(|-|\u2013|\bin\b)\s*(?:(?:his|her|the|both|maternal|paternal|mat|pat)\b\.?)?\s*$"
)
_SPEAKS = re.compile(
    r"reports?|says?|states?|gives|notes|present|concerned|declined|asks|brings|is|will|at|thinks|"
    r"wants|aware|updated|reported|stated|said|denies|feels|worried|with|agrees|called|and|who"
)
_CLAUSE_END = re.compile(r"[;.\n]")
_NOT_THEIRS = (Assertion.NEGATED, Assertion.HYPOTHETICAL)
# Categories that tell of the same trouble, still there or left behind.
_ALIKE = {
    "Z72": ("Z72", "F17"),
    "F17": ("F17", "Z72"),
    "I63": ("I63", "I69", "G45"),
    "I61": ("I61", "I69"),
    "I60": ("I60", "I69"),
    "G45": ("G45", "I63", "I69"),
}
_FOOT_ULCER = ("L97.4", "L97.5")
_PLAIN, _TOLD, _CURRENT = 1.0, 0.0, -1.0


def family_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Family history by kin and condition ("father CABG 49")."""
    kin: dict[int, list[Hit]] = {}
    for hit in reading.hits[KIN]:
        kin.setdefault(hit.sentence, []).append(hit)
    found: dict[int, list[Hit]] = {}
    for hit in reading.hits[FAMILY]:
        relatives = kin.get(hit.sentence, [])
        if reading.kind(hit.sentence) != "family" and not relatives:
            continue
        said = reading.said(hit)
        near = said not in _NOT_THEIRS and any(_follows(reading, k, hit) for k in relatives)
        if said is Assertion.FAMILY or near:
            found.setdefault(hit.sentence, []).append(hit)
    for hits in found.values():
        named = any(h.rule.code.startswith("Z80") and h.rule.code != "Z80.9" for h in hits)
        for hit in hits:
            if not (named and hit.rule.code == "Z80.9"):
                yield hit.rule.code, reading.place(hit, Assertion.PRESENT, "history")


def _follows(reading: Reading, kin: Hit, condition: Hit) -> bool:
    """ "Mat GM glaucoma": the condition stands right behind the relative."""
    if condition.first <= kin.first < condition.last:  # "sister (breast, 41)"
        return True
    if kin.first >= condition.last:
        tokens = reading.document.tokens
        end = reading.document.sentences[kin.sentence].last
        speaks = kin.last < end and bool(_SPEAKS.fullmatch(tokens[kin.last].text.lower()))
        gap = reading.gap(condition.last - 1, kin.first)
        return not speaks and bool(_THEN_KIN.match(gap.lower()))
    if not 0 <= condition.first - kin.last <= _KIN_REACH:
        return False
    return not _CLAUSE_END.search(reading.gap(kin.last - 1, condition.first))


def history_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """History codes of conditions said to be over or the family's (I.C.21.c.4, I.C.2.m)."""
    for code, candidate in reading.have.items():
        family, personal = history_of(code)
        if not (family or personal):
            continue
        for o in candidate.occurrences:
            if not o.words or o.role != CHOSEN:
                continue
            if o.assertion is Assertion.FAMILY:
                if family and family != code:
                    yield family, replace(o, assertion=Assertion.PRESENT, source="history")
            elif personal and personal != code:
                if code.startswith(_FOOT_ULCER) and _diabetes(reading):
                    personal = "Z86.31"
                fit = _fit(reading, code, o)
                if fit is not None:
                    yield (
                        personal,
                        replace(
                            o,
                            assertion=Assertion.PRESENT,
                            source="history",
                            fit=fit,
                            role=ALTERNATIVE if fit == _CURRENT or _is_broad(code) else CHOSEN,
                        ),
                    )


def _diabetes(reading: Reading) -> frozenset[str]:
    return frozenset(c for c in reading.told if c.startswith(("E08", "E09", "E10", "E11", "E13")))


def _fit(reading: Reading, code: str, o: Occurrence) -> float | None:
    """How plainly a place tells that the condition is over; None where it does not."""
    behind = reading.document.text[o.end : o.end + _REACH].lower()
    if _BY_TELLING.match(behind):
        return None
    over = _OVER.match(behind)
    if over and _NOT_OVER.search(over[0]):
        over = None
    treated = (
        code.startswith(("C", "D0"))
        and o.section not in ACTS
        and bool(_TREATED.search(reading.lower(o.sentence)))
    )
    past = o.assertion is Assertion.HISTORICAL
    if not (past or (o.assertion is Assertion.PRESENT and (over or treated))):
        return None
    if _is_current(reading, code, o):
        return _CURRENT
    return _PLAIN if past or over else _TOLD


def _is_current(reading: Reading, code: str, o: Occurrence) -> bool:
    """Whether the note's assessment bears the condition elsewhere as present."""
    return any(
        other.assertion is Assertion.PRESENT
        and other.role == CHOSEN
        and other.words
        and other.section in _FINAL
        and other.sentence != o.sentence
        for kin in reading.have
        if kin[:3] in _ALIKE.get(code[:3], (code[:3],))
        for other in reading.have[kin].occurrences
    )


@cache
def _is_broad(code: str) -> bool:
    """Whether only the row of a whole chapter knows the condition."""
    personal = _by_prefix()[1]
    return not any(code[:length] in personal for length in range(2, len(code) + 1))


@cache
def _by_prefix() -> tuple[dict[str, str], dict[str, str]]:
    """Prefix of a condition → its family-history code, its personal-history code."""
    family: dict[str, str] = {}
    personal: dict[str, str] = {}
    for prefixes, of_family, own in history():
        for prefix in prefixes:
            if of_family:
                family.setdefault(prefix, of_family)
            if own:
                personal.setdefault(prefix, own)
    return family, personal


def _longest(code: str, table: Mapping[str, str]) -> str:
    lengths = range(len(code), 0, -1)
    return next((table[code[:n]] for n in lengths if code[:n] in table), "")


def history_of(code: str) -> tuple[str, str]:
    """(family-history code, personal-history code) of a condition, by the longest prefixes."""
    family, personal = _by_prefix()
    return _longest(code, family), _longest(code, personal)

"""What stage of childbearing a note is of, and which fetus a sentence speaks of (chapter 15).

Chapter 15 codes go by trimester until the patient delivers in the encounter; then they take
the form "in childbirth", and afterwards "in the puerperium" (guideline I.C.15.a).
"""

from __future__ import annotations

import re

from data.terminology.words import stems

CHILDBIRTH, PUERPERIUM = "childbirth", "puerperium"

# "SVD" by itself is mostly a former delivery ("G2P1, SVD 2022").
DELIVERED = re.compile(
    r"\b(?:N?SVD|VAVD|FAVD|[PR]LTCS|vaginal delivery|vaginal birth|c-section|cesarean)\b"
    r"[^.;\n]{0,30}?\b(?:of an?|viable|live|male|female|infant|today|this admission|"
    r"at \d\d?:?\d\d)\b|"
    r"\bPPD ?#? ?\d|\bApgars?\b|"
    r"\b(?:live|viable|vigorous|stillborn|liveborn)(?: ?born)?,? (?:\w+ )?"
    r"(?:female|male|infant|boy|girl|twins)\b|"
    r"\bdelivered (?:a|by|via|vaginally) (?!in )|\bpregnancy,? delivered\b|"
    r"\bplacenta (?:delivered|spontaneous)",
    re.I,
)
_AFTER = re.compile(
    r"(?:^|\b(?:here|seen|is|now|presents|comes|for|at)\b[^.\n]{0,20}?)\b"
    r"(?:\d+|two|three|four|six|eight|twelve) ?(?:weeks?|wks?|months?|mo|days?)(?: and \w+ days)? "
    r"(?:postpartum|pp\b|after (?:a |her |the )?(?:vaginal|cesarean|birth|c-section))|"
    r"\bpostpartum (?:visit|check|exam|follow)|\bPP visit",
    re.I | re.M,
)
_NEWBORN = re.compile(r"\bDOL\b|\bnewborn (?:nursery|exam|admission)|\bNICU\b", re.I)
_FETUS = re.compile(r"\b(?:twin|fetus|baby|triplet) ?#?([A-E1-5])\b")


def childbearing_stage(text: str) -> str:
    """``childbirth`` where the note tells of the delivery itself, ``puerperium`` after it."""
    if _AFTER.search(text):
        return PUERPERIUM
    if DELIVERED.search(text) and not _NEWBORN.search(text):
        return CHILDBIRTH
    return ""


def stage_of(description: str) -> str:
    """The stage that the words of a chapter 15 code name, or ``""``."""
    return next((s for s in (CHILDBIRTH, PUERPERIUM) if s in description.lower()), "")


def fetus_stems(text: str) -> frozenset[str]:
    """Stems of the fetus that a sentence names ("twin B" is fetus 2)."""
    found = _FETUS.search(text)
    if not found:
        return frozenset()
    number = found[1] if found[1].isdigit() else str(ord(found[1]) - ord("A") + 1)
    return frozenset(stems(f"fetus {number}"))

"""What stage of childbearing a note is of, and which fetus a sentence speaks of (chapter 15).

Chapter 15 codes go by trimester until the patient delivers in the encounter; then they take
the form "in childbirth", and afterwards "in the puerperium" (guideline I.C.15.a).
"""

from __future__ import annotations

import re
from datetime import date

from data.schemas import Note, Setting
from data.terminology.words import stems

CHILDBIRTH, PUERPERIUM = "childbirth", "puerperium"

# "SVD" by itself is mostly a former delivery ("G2P1, SVD 2022").
_KIND = (
    r"(?:N?SVD|VAVD|FAVD|VBAC|[PR]?LTCS|LSCS|vaginal (?:delivery|birth)|c-?section|c/s|cesarean"
    r"(?: (?:section|delivery|birth))?|delivery|birth|childbirth)"
)
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.? \d{1,2}\b(?!,? ?20[01])"
DELIVERED = re.compile(
    rf"\b{_KIND}\b"
    r"[^.;\n]{0,30}?\b(?:of an?|viable|live|male|female|infant|today|this admission|"
    r"at \d\d?:?\d\d)\b|"
    r"\bPPD ?#? ?\d|\bApgars?\b|\bApg \d|"
    r"\b(?:live|viable|vigorous|stillborn|liveborn)(?: ?born)?,? (?:\w+ )?"
    r"(?:female|male|infant|boy|girl|twins)\b|\bliveborn\b|"
    r"\bdelivered (?:an? |by|via|vaginally|at \d\d)(?! ?in )|\bpregnancy,? delivered\b|"
    rf"\bdelivered (?:on )?(?:\d\d? ?w(?:k|eeks)?\b|\d\dw?[0-6+]|{_MONTH}|\d\d?/\d\d?\b(?!/\d\d))|"
    r"\bdel(?:ivery)? (?:date )?\d\d?/\d\d?/\d\d|"
    r"\bplacenta (?:was |came )?(?:delivered|spontaneous|manual|out|intact)|"
    r"\b(?:QBL|EBL|blood loss)\b[^.\n]{0,60}\b(?:placenta|cord|fundus|infant|perine)|"
    r"\bdelivery (?:note|summary|record)\b|\bdischarge summary,? (?:mother|maternal|obstetric)",
    re.I,
)
_AGO = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve)[ -]?"
_SPAN = rf"{_AGO}(?:weeks?|wks?|w|months?|mo|days?|d)"
_AFTER = re.compile(
    r"(?:^|\b(?:here|seen|is|now|presents|comes|for|at)\b[^.\n]{0,20}?)\b"
    rf"{_AGO}(?:weeks?|wks?|months?|mo|days?)(?: and \w+ days)? "
    r"(?:postpartum|pp\b|after (?:a |her |the )?(?:vaginal|cesarean|birth|c-section))|"
    r"\bpostpartum (?:visit|check|exam|follow|readmi|admission|ED\b|emergency|triage|clinic)|"
    r"^\W*(?:pp|postpartum) (?:visit|check|f/?u)|\bPP visit|"
    rf"\b{_SPAN} (?:s/p|status post|post|p|after|from|since|out from|following) "
    rf"(?:\w+[ -]){{0,4}}?{_KIND}\b|"
    rf"(?<!in )(?<!at )(?<!for )(?<!by )\b{_AGO}(?:days?|d) (?:PP|postpartum|post-partum)\b"
    r"(?! (?:visit|check|BP|appt|f/?u|follow))|"
    rf"\b(?:delivered|gave birth|had (?:a|her) (?:baby|c-?section|cesarean)|{_KIND}) "
    rf"(?:\w+ ){{0,3}}?{_SPAN} ago|"
    r"\bPP(?:D|W) ?#? ?(?:[6-9]|[1-5]\d)\b|"
    rf"\bPOD ?#? ?(?:[5-9]|[1-5]\d)\b[^.\n]{{0,40}}\b{_KIND}\b|"
    rf"\b{_KIND}\b[^.\n]{{0,40}}\bPOD ?#? ?(?:[5-9]|[1-5]\d)\b|"
    r"\breadmi\w+[^.\n]{0,30}\b(?:postpartum|after (?:\w+ )?(?:delivery|cesarean|c-section|birth))",
    re.I | re.M,
)
# What an emergency patient who has delivered is called; a clinic's prenatal notes plan by it.
_CALLED_SO = re.compile(
    r"(?<!prior )(?<!h/o )(?<!hx )(?<!of )(?<!previous )\bpost-?partum\b"
    r"(?! (?:depression|blues|contracep|plan|visit|care|hemorrhage with))",
    re.I,
)
_BY_WEEKS = re.compile(
    rf"(?:[,(;]|\bF\b|\bfemale\b|\bwoman\b) ?{_SPAN} (?:postpartum|pp)\b"
    r"(?! (?:visit|check|appt|f/?u|follow))",
    re.I,
)
_NEWBORN = re.compile(r"\bDOL\b|\bnewborn (?:nursery|exam|admission)|\bNICU\b", re.I)
_FETUS = re.compile(r"\b(?:twin|fetus|baby|triplet) ?#?([A-E1-5])\b")
# A delivery told away from the ward is over, unless it happened there.
_HERE = re.compile(
    r"\bprecip|\bcrowning|\bdelivered (?:in|here)|\bplacenta\b|\bcord clamp|\bbirth center", re.I
)
_MOTHER_YEARS = 10
# Without one of these words none of the patterns above can be met: most notes are done with then.
_ANY = re.compile(
    r"partum|deliver|birth|born\b|cesarean|section|c/s\b|\bPP|placenta|\bApg|SVD|VAVD|FAVD|VBAC|"
    r"LTCS|LSCS|\blive\b|viable|vigorous|\b[QE]BL\b|blood loss|\bdel\b|\bbaby\b|\bPOD\b|readmi",
    re.I,
)


def childbearing_stage(text: str, note: Note | None = None) -> str:
    """``childbirth`` where the note tells of the delivery itself, ``puerperium`` after it."""
    if not _ANY.search(text):
        return ""
    setting = note.setting if note is not None else None
    after = _AFTER.search(text) or (setting is Setting.EMERGENCY and _CALLED_SO.search(text))
    elsewhere = setting in (Setting.OUTPATIENT, Setting.EMERGENCY)
    if after or (elsewhere and _BY_WEEKS.search(text)):
        return PUERPERIUM
    if not DELIVERED.search(text) or (_NEWBORN.search(text) and not _of_mother(note)):
        return ""
    return PUERPERIUM if elsewhere and not _HERE.search(text) else CHILDBIRTH


def _of_mother(note: Note | None) -> bool:
    """Whether the patient is too old to be the newborn that the note speaks of."""
    born, seen = (note.birth_date, note.date_of_service) if note else (None, None)
    if not isinstance(born, date) or not isinstance(seen, date):
        return False
    return (seen - born).days > _MOTHER_YEARS * 365


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

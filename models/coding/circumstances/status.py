"""Status, history, social and encounter codes of chapter 21, read off their wordings.

Guideline I.C.21.c. A status holds though it is told as past ("s/p CABG"): what is
said historical is reported as present. History codes that follow conditions are
read in ``past.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from data.schemas import Assertion, Sex
from models.coding.circumstances.past import ACTS, family_codes, history_codes
from models.coding.circumstances.reading import Hit, Reading, age_in_years
from models.coding.circumstances.tables import STATUS
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence
from models.coding.shorthand import BOTH, LEFT, RIGHT

_PAST_SECTIONS = frozenset({"psh", "pmh", "problem_list"})
_SOCIAL_SECTIONS = frozenset(
    {
        "social",
        "hpi",
        "pmh",
        "preamble",
        "chief_complaint",
        "assessment",
        "assessment_plan",
        "other",
    }
)
_PAST = re.compile(
    r"\bs/?p\b|\bpost\b|\bh/o\b|\bhx\b|\bhistory\b|\bprior\b|\bprevious|\bago\b|\bscars?\b|\bremote\b|"
    r"\bknown\b|\bold\b|\bsince\b|\b(?:19|20)\d\d\b|\byrs?\b|\byears\b|\bhad\b|\bunderwent\b|"
    r"\bafter\b|"
    r"\bin '?\d\d\b|\bchildhood\b|\bas a child\b|\bin place\b|\bsurgical(?:ly)?\b|"
    r"\babsent\b|\bhealed\b"
)
_NEAR = 60  # characters around a wording in which the past is looked for
# What is to be done later is no reason of this visit.
_FUTURE = re.compile(
    r"\bin (?:a|an|one|two|three|\d+(?:\s?-\s?\d+)?) ?(?:days?|d|weeks?|wks?|w|months?|mos?|years?|"
    r"yrs?)\b|\breturn(?:s|ing)?\b|\bwill (?:be|need|have|return|schedule)\b|\bschedul|\buntil\b|"
    r"\bat (?:her|his|the|your|my)? ?pcp|\bplan(?:ned|s)? (?:for|to)\b|\bto be (?:done|removed)|"
    r"\bdue (?:in|at)\b|\bnext (?:visit|week|month|year)\b|\bconsider|\bif\b|\brefer(?:red|ral)?\b"
)
_SMOKING = re.compile(r"smok|tobacc?o|\bcigs?\b|cigar|chew|nicotine|\bppd\b")
# Words behind "smokes" that make it another's product, another's habit or none at all.
_NO_CIGARETTE = re.compile(
    r"\b(?:cigars?|cigarillos?|pipes?|hookah|shisha|marijuana|cannabis|weed|pot|thc|joints?|bowls?|"
    r"crack|meth|heroin|cocaine|blunts?|opium|vap\w+|socially|occasionally|rarely|part(?:y|ies)|"
    r"not|never|no|none|denies|outside|detectors?|alarms?|inhalation|ago|if|when)\b"
)
_QUIT_BEFORE = re.compile(
    r"\b(?:quit|quits|quitting|stop\w*|gave up|left off|put down|no|not|never|denies|without|until|"
    r"ex|former|formerly|used to|secondhand|passive|if|mother|father|mom|dad|husband|wife|spouse|"
    r"partner|parents?|roommate|brother|sister|son|daughter)\W+(?:\w+\W+){0,2}$"
)
_PRODUCT = re.compile(
    r"cig|pack|ppd|\bpk\b|chew|dip|snuff|vap|pipe|hookah|juul|zyn|pouch|\bcans?\b"
)
_SMOKES = re.compile(r"\b(?:smokes|smoker|smoking|cig\w*|rolls|rolling|lights up)\b")
# An antibiotic of the operation, the labor or an exposure is no long course.
_SHORT_ANTIBIOTIC = re.compile(
    r"\b(?:surgical|surgery|peri-?op\w*|pre-?op\w*|intra-?op\w*|post-?op\w*|incision|dental|dentist|"
    r"labor|intrapartum|gbs|c-?section|cesarean|bites?|exposures?|exposed|pep|contacts?|sti|"
    r"on call|cystoscopy|biopsy|one dose|single dose|x ?1|24 ?h(?:ours|r)?s?|consider|declin\w+|"
    r"allerg\w+|stop|stopped|completed|finished)\b"
)
# Words that a wording needs beside it, by what its row asks for.
_WITH_WORDS = {
    "spine": re.compile(
        r"lumbar|cervical|thoracic|\bspin|\bback\b|neck|\b[lc]\d|lamin|disc|sciatic"
    ),
    "told_past_or_often": re.compile(_PAST.pattern + r"|\boften\b|frequent|recurr"),
    "heart": re.compile(r"paced|rhythm|block|sinus|cardi|chest|atrial|pacer|pacemaker|brady|ppm"),
    "iud": re.compile(r"\biud\b|mirena|paragard|kyleena|liletta|skyla|string"),
    "shoulder": re.compile(r"shoulder|tsa|rsa"),
    "colon": re.compile(r"colon|polypectomy|cecum|sigmoid|rectum|rectal|\bcecal\b"),
    "contraception": re.compile(r"contracep|birth control|\bpills?\b|\bocps?\b|\bcocs?\b"),
    "vent": re.compile(
        r"trach|respirat|\bals\b|breath|dystroph|quadripl|lung|\bvent\b.*home|home vent"
    ),
}
# Words close by that make the wording another thing: a toe's nail, "RT foot".
_TAKEN_BACK = {
    "Z89": re.compile(r"\bnails?\b|callus|\bcorn\b|\bwart|suture|splinter|foreign"),
    "Z92": re.compile(
        r"\brt\.? (?:foot|arm|leg|breast|knee|hip|hand|shoulder|side|eye|ear|ankle|wrist|lung|"
        r"kidney|upper|lower|elbow|thumb|flank)\b|joint injection"
    ),
}
# What must stand somewhere in the note.
_IN_NOTE = {
    "healed_bone": re.compile(
        r"osteopor|fragility|alendron|fosamax|prolia|denosumab|t-score|zoledron"
    ),
    "dementia": re.compile(r"dementia|alzheimer|cognitive|memory"),
}
_EARLIER = re.compile(
    r"\b(?:first|last|prior|previous\w*|earlier|second|older|hx|history|h/o|ago|before|past|obhx?|"
    r"g\d)\b"
)
# A reaction of this visit is an adverse effect, no allergy status yet.
_REACTS_NOW = re.compile(
    r"\b(?:started|today|yesterday|current|new|this course|day \d+|days? ago|hours?|stop|switch\w*)\b"
)
_SICK_NOW = re.compile(
    r"\b(?:sick|ill|cough|fever|exposed|exposure|contact|contacts|at home|this week|last week|days?|"
    r"yesterday|tested|positive|also|now|swab|test)\b"
)
_OTHER_BYPASS = re.compile(
    r"gastric|stomach|weight|roux|fem|leg|iliac|aort(?:o|ic)|tibial|popliteal|intestin|biliary|"
    r"on bypass|cardiopulmonary|pump|urinary|carotid"
)
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
# A word right before that makes it no history.
_CURRENT = frozenset({"acute", "active", "current", "new", "ongoing", "subacute", "evolving"})
_NEVER = frozenset(
    {"never", "none", "no", "denies", "neg", "negative", "non", "nonsmoker", "former"}
)
_NEWBORN = 60 / 365.25
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
        h.rule.code.startswith(("F17.21", "F17.22", "F17.29")) and _PRODUCT.search(_own(reading, h))
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
            place = reading.place(hit, Assertion.PRESENT, role=ALTERNATIVE if fit < 0 else role)
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
    if kind == "encounter" and _FUTURE.search(_around(reading, hit)):
        return -1.0
    if code == "Z87.891" and (dependent or _quits_later(reading, hit)):
        return -1.0  # another product is still used
    if any(c.startswith(_BARRED_BY.get(code, "-")) for c in reading.asserted):
        return -1.0
    if hit.rule.columns["when"] != "past":
        return 0.0
    told = reading.said(hit) is Assertion.HISTORICAL or _told_as_past(reading, hit)
    return 1.0 if told else 0.0


def _quits_later(reading: Reading, hit: Hit) -> bool:
    """ "A quit date of August 15", "wants to quit": not yet."""
    text = _around(reading, hit)
    return bool(re.search(r"\bquit (?:date|attempt|plan|line|aid)|\b(?:to|ready to) quit", text))


def _around(reading: Reading, hit: Hit) -> str:
    """The sentence's text close around a wording, lower case."""
    tokens, text = reading.document.tokens, reading.document.text
    sentence = reading.document.sentences[hit.sentence]
    begin = max(sentence.start, tokens[hit.first].start - _NEAR)
    end = min(sentence.end, tokens[hit.last - 1].end + _NEAR)
    return text[begin:end].lower()


def _own(reading: Reading, hit: Hit) -> str:
    """The text of a wording itself, lower case."""
    tokens, text = reading.document.tokens, reading.document.text
    return text[tokens[hit.first].start : tokens[hit.last - 1].end].lower()


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
    if when == "smoking":  # "Smokes? No, quit 2016": the question is another sentence
        told = said is not Assertion.FAMILY and section != "family"
        return told and bool(_SMOKING.search(reading.around(hit.sentence)))
    if when == "smoking_now":
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL) and section != "family"
        behind = _around(reading, hit).split(_own(reading, hit))[-1][:24]
        return told and not _NO_CIGARETTE.search(behind)
    if when in ("smokes", "smokes_social"):
        if when == "smokes_social" and section != "social":
            return False
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL) and section != "family"
        return told and _smokes(reading, hit)
    if when == "antibiotic":
        told = said not in (Assertion.NEGATED, Assertion.FAMILY)
        told = told and section not in ACTS - {"plan"} and section != "allergies"
        told = told and not re.search(r"\bnot\b|n't|\bno\b", _own(reading, hit))
        return told and not _SHORT_ANTIBIOTIC.search(_around(reading, hit))
    if when == "contact":  # what is said of kin is the contact
        told = section != "family" and said not in (Assertion.NEGATED, Assertion.HYPOTHETICAL)
        return told and bool(_SICK_NOW.search(reading.around(hit.sentence)))
    if when == "newborn":  # what is said of the mother or of a suspicion is about the child
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL, Assertion.FAMILY)
        told = told or hit.rule.code.startswith("Z05")
        return told and section != "family" and _when(reading, hit, when, section, said)
    if when == "absent":  # "no appendix": the denial of an organ is its absence
        return section in ("exam", "psh", "pmh", "imaging", "results") or _surgical(reading, hit)
    if when == "denial":  # what is refused or lacking is what the row is about
        return section != "family" and said not in (Assertion.FAMILY, Assertion.HYPOTHETICAL)
    if when == "kin_now":  # the household's trouble, not the family's history
        return section in ("social", "hpi", "assessment", "assessment_plan", "preamble")
    if when == "ruled_out":  # the denial is what the row is about
        return section != "family" and said is not Assertion.FAMILY
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
    if kind == "allergy" and re.search(r"\b(?:without|no|not|denies)\b", _own(reading, hit)):
        return False
    taken_back = _TAKEN_BACK.get(row["code"][:3])
    if taken_back and taken_back.search(_around(reading, hit)):
        return False
    return _when(reading, hit, when, section, said)


def _when(reading: Reading, hit: Hit, when: str, section: str, said: Assertion) -> bool:
    if when == "past":
        return (
            section in _PAST_SECTIONS
            or said is Assertion.HISTORICAL
            or (section not in ACTS and _told_as_past(reading, hit))
        )
    if when == "social":
        return section in _SOCIAL_SECTIONS
    if when == "newborn":
        age = age_in_years(reading.note)
        return age is not None and age <= _NEWBORN
    if when == "followup":
        return reading.context(hit).subsequent_visit
    if when == "allergy":
        return section == "allergies" or "allerg" in reading.lower(hit.sentence)
    if when == "told_past":
        return said is Assertion.HISTORICAL or (section not in ACTS and _told_as_past(reading, hit))
    if when in ("child", "foster", "grown"):
        age = age_in_years(reading.note)
        return age is None or (age >= _ADULT) == (when == "grown")
    if when in _WITH_WORDS:
        return bool(_WITH_WORDS[when].search(reading.around(hit.sentence)))
    if when == "past_year":
        return _in_past_year(reading, hit)
    if when == "earlier_pregnancy":
        told = said is Assertion.HISTORICAL or bool(_EARLIER.search(_around(reading, hit)))
        return reading.note.sex is not Sex.MALE and (told or _in_past_year(reading, hit))
    if when == "psh_or_past":
        return (
            section in _PAST_SECTIONS or said is Assertion.HISTORICAL or _told_as_past(reading, hit)
        )
    if when == "female":
        return reading.note.sex is not Sex.MALE
    if when == "male":
        return reading.note.sex is Sex.MALE
    if when == "allergy_told":
        return not _REACTS_NOW.search(_around(reading, hit))
    if when in _IN_NOTE:
        return bool(_IN_NOTE[when].search(reading.document.text.lower()))
    if when == "bypass":  # of the heart, and of the past
        return _told_as_past(reading, hit) and not _OTHER_BYPASS.search(_around(reading, hit))
    if when == "screening":
        return any(c.startswith(("Z00", "Z01.4")) for c in reading.present)
    return True


def _in_past_year(reading: Reading, hit: Hit) -> bool:
    """Whether a year that is over, or "years ago", stands close by."""
    seen = reading.note.date_of_service
    now = seen.year if isinstance(seen, date) else date.max.year
    around = _around(reading, hit)
    years = [int(y) for y in re.findall(r"\b(?:19|20)\d\d\b", around)]
    return any(y < now for y in years) or bool(re.search(r"\b(?:years?|yrs?) ago\b", around))


def _surgical(reading: Reading, hit: Hit) -> bool:
    return bool(re.search(r"surg|operat|removed|\bout\b|scar", _around(reading, hit)))


def _smokes(reading: Reading, hit: Hit) -> bool:
    """Whether the patient smokes now, and cigarettes where the row is about them."""
    tokens, text = reading.document.tokens, reading.document.text
    sentence = reading.document.sentences[hit.sentence]
    begin, end = tokens[hit.first].start, tokens[hit.last - 1].end
    own = text[begin:end].lower()
    before = text[max(sentence.start, begin - _NEAR) : begin].lower()
    behind = re.split(r"[.;\n]", text[end : min(sentence.end, end + 24)].lower())[0]
    if _QUIT_BEFORE.search(before):
        return False
    if hit.rule.code.startswith("F17.29"):
        return not re.search(r"\b(?:ago|never|no|none|denies)\b", own + behind)
    return bool(_SMOKES.search(own)) and not _NO_CIGARETTE.search(own + behind)


def _told_as_past(reading: Reading, hit: Hit) -> bool:
    return bool(_PAST.search(_around(reading, hit)))


def _said_current(reading: Reading, hit: Hit) -> bool:
    before = reading.document.tokens[max(0, hit.first - 1) : hit.first + 1]
    return any(token.text.lower() in _CURRENT for token in before)


def _said_never(reading: Reading, hit: Hit) -> bool:
    """ "Tobacco: never": the answer stands behind the word."""
    end = min(hit.last + 2, reading.document.sentences[hit.sentence].last)
    behind = reading.document.tokens[hit.last : end]
    return any(token.text.lower() in _NEVER for token in behind)

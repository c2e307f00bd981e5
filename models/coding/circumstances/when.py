"""What a row of status phrases asks for beside its words: its ``when``.

Some rows hold whatever is said of them (a denial is what they are about), the others
only where the note says them of the patient; ``status.py`` asks the first before it
looks at what is said, and the second after.
"""

from __future__ import annotations

import re
from datetime import date

from data.schemas import Assertion, Sex
from models.coding.circumstances.past import ACTS
from models.coding.circumstances.reading import Hit, Reading, age_in_years
from models.coding.episodes import AFTER

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
_SMOKING = re.compile(
    r"smok|tobacc?o|\bcigs?\b|cigar|chew|nicotine|\bppd\b|\bpy\b|\bpk\b|pack-y|pack y|vap"
)
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
    r"\b(?:started|today|yesterday|current|new|this course|day \d+|days? ago|hours?|stop|"
    r"switch\w*)\b"
)
_SICK_NOW = re.compile(
    r"\b(?:sick|ill|cough|fever|exposed|exposure|contact|contacts|at home|this week|"
    r"last week|days?|yesterday|tested|positive|also|now|swab|test)\b"
)
_OTHER_BYPASS = re.compile(
    r"gastric|stomach|weight|roux|fem|leg|iliac|aort(?:o|ic)|tibial|popliteal|intestin|biliary|"
    r"on bypass|cardiopulmonary|pump|urinary|carotid"
)
_NEWBORN = 60 / 365.25
_ADULT = 18


def around(reading: Reading, hit: Hit) -> str:
    """The sentence's text close around a wording, lower case."""
    tokens, text = reading.document.tokens, reading.document.text
    sentence = reading.document.sentences[hit.sentence]
    begin = max(sentence.start, tokens[hit.first].start - _NEAR)
    end = min(sentence.end, tokens[hit.last - 1].end + _NEAR)
    return text[begin:end].lower()


def own_words(reading: Reading, hit: Hit) -> str:
    """The text of a wording itself, lower case."""
    tokens, text = reading.document.tokens, reading.document.text
    return text[tokens[hit.first].start : tokens[hit.last - 1].end].lower()


def by_own_rule(reading: Reading, hit: Hit, said: Assertion) -> bool | None:
    """Whether a row that reads denials and kin in its own way holds; None for other rows."""
    when, section = hit.rule.columns["when"], reading.kind(hit.sentence)
    if when == "smoking":  # "Smokes? No, quit 2016": the question is another sentence
        told = said is not Assertion.FAMILY and section != "family"
        return told and bool(_SMOKING.search(reading.around(hit.sentence)))
    if when == "smoking_now":
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL) and section != "family"
        behind = around(reading, hit).split(own_words(reading, hit))[-1][:24]
        return told and not _NO_CIGARETTE.search(behind)
    if when in ("smokes", "smokes_social"):
        if when == "smokes_social" and section != "social":
            return False
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL) and section != "family"
        return told and _smokes(reading, hit)
    if when == "antibiotic":
        told = said not in (Assertion.NEGATED, Assertion.FAMILY)
        told = told and section not in ACTS - {"plan"} and section != "allergies"
        told = told and not re.search(r"\bnot\b|n't|\bno\b", own_words(reading, hit))
        return told and not _SHORT_ANTIBIOTIC.search(around(reading, hit))
    if when == "contact":  # what is said of kin is the contact
        told = section != "family" and said not in (Assertion.NEGATED, Assertion.HYPOTHETICAL)
        return told and bool(_SICK_NOW.search(reading.around(hit.sentence)))
    if when == "newborn":  # what is said of the mother or of a suspicion is about the child
        told = said in (Assertion.PRESENT, Assertion.HISTORICAL, Assertion.FAMILY)
        told = told or hit.rule.code.startswith("Z05")
        return told and section != "family" and holds_when(reading, hit, said)
    if when == "absent":  # "no appendix": the denial of an organ is its absence
        return section in ("exam", "psh", "pmh", "imaging", "results") or _surgical(reading, hit)
    if when == "denial":  # what is refused or lacking is what the row is about
        return section != "family" and said not in (Assertion.FAMILY, Assertion.HYPOTHETICAL)
    if when == "kin_now":  # the household's trouble, not the family's history
        return section in ("social", "hpi", "assessment", "assessment_plan", "preamble")
    if when == "ruled_out":  # the denial is what the row is about
        return section != "family" and said is not Assertion.FAMILY
    return None


def holds_when(reading: Reading, hit: Hit, said: Assertion) -> bool:
    """Whether what a row asks for is so, for one that is said of the patient."""
    when, section = hit.rule.columns["when"], reading.kind(hit.sentence)
    if when == "past":
        return (
            section in _PAST_SECTIONS
            or said is Assertion.HISTORICAL
            or (section not in ACTS and told_as_past(reading, hit))
        )
    if when == "social":
        return section in _SOCIAL_SECTIONS
    if when == "newborn":
        age = age_in_years(reading.note)
        return age is not None and age <= _NEWBORN
    if when == "followup":
        return reading.visit == AFTER
    if when == "allergy":
        return section == "allergies" or "allerg" in reading.lower(hit.sentence)
    if when == "told_past":
        return said is Assertion.HISTORICAL or (section not in ACTS and told_as_past(reading, hit))
    if when in ("child", "foster", "grown"):
        age = age_in_years(reading.note)
        return age is None or (age >= _ADULT) == (when == "grown")
    if when in _WITH_WORDS:
        return bool(_WITH_WORDS[when].search(reading.around(hit.sentence)))
    if when == "past_year":
        return _in_past_year(reading, hit)
    if when == "earlier_pregnancy":
        told = said is Assertion.HISTORICAL or bool(_EARLIER.search(around(reading, hit)))
        return reading.note.sex is not Sex.MALE and (told or _in_past_year(reading, hit))
    if when == "psh_or_past":
        return (
            section in _PAST_SECTIONS or said is Assertion.HISTORICAL or told_as_past(reading, hit)
        )
    if when == "female":
        return reading.note.sex is not Sex.MALE
    if when == "male":
        return reading.note.sex is Sex.MALE
    if when == "allergy_told":
        return not _REACTS_NOW.search(around(reading, hit))
    if when in _IN_NOTE:
        return bool(_IN_NOTE[when].search(reading.document.text.lower()))
    if when == "bypass":  # of the heart, and of the past
        return told_as_past(reading, hit) and not _OTHER_BYPASS.search(around(reading, hit))
    if when == "screening":
        return any(c.startswith(("Z00", "Z01.4")) for c in reading.present)
    return True


def _in_past_year(reading: Reading, hit: Hit) -> bool:
    """Whether a year that is over, or "years ago", stands close by."""
    seen = reading.note.date_of_service
    now = seen.year if isinstance(seen, date) else date.max.year
    near = around(reading, hit)
    years = [int(y) for y in re.findall(r"\b(?:19|20)\d\d\b", near)]
    return any(y < now for y in years) or bool(re.search(r"\b(?:years?|yrs?) ago\b", near))


def _surgical(reading: Reading, hit: Hit) -> bool:
    return bool(re.search(r"surg|operat|removed|\bout\b|scar", around(reading, hit)))


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


def told_as_past(reading: Reading, hit: Hit) -> bool:
    return bool(_PAST.search(around(reading, hit)))

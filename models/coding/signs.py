"""Signs of an assertion that are no cue words: dates, question marks, plus and minus, headings.

Used by :mod:`models.coding.assertion`; every function looks at one sentence only.
"""

from __future__ import annotations

import re
from bisect import bisect_right

from data.schemas import Assertion
from models.coding.cues import cues, lower_words
from models.coding.document import Document, Sentence

_YEAR = re.compile(r"(?<![\d/.])(?:\d{1,2}/)?(?P<year>(?:19|20)\d\d)s?(?![\d/])|'(?P<short>\d\d)\b")
# Where a year says since when, or of which study: not that the condition is over.
_NOT_OVER = re.compile(
    r"\b(?:since|dx'?d?|diagnosed|x\s?\d+|onset|started|on|last|echo|ct|mri|dexa|stage|per|a1c|ef)\b",
    re.IGNORECASE,
)
_CHUNK_END = re.compile(r",(?! in (?:19|20)\d\d)|[;|\n\t]|\. |\) ")
_SIGN = re.compile(r"\(\s*(?P<sign>[-+])\s*\)[^.;\n(]{0,60}$")
# When something was, said behind it: an age, a stage of life, a past season or year.
_PAST_TIME = re.compile(
    r"\b(?:(?:at|age|aged|at age) (?:the age of )?\d{1,2}(?![\d:/%.]"
    r"|\s*(?:pm|am|wk|w\d|mg|cm|mm|h\b|hr))"
    r"|at (?:birth|(?:two|three|four|five|six|seven|eight|nine|ten|eleven|twelve)\b)"
    r"|as an? (?:\w+ )?(?:child|kid|student|teen|teenager|boy|girl|baby|toddler|infant|youth)"
    r"|as (?:child|kid|teen|baby|toddler|infant)\b"
    r"|in (?:college|childhood|infancy|(?:high |grade |middle )?school|adolescence|residency)"
    r"|in (?:the|his|her) (?:service|army|navy|military|teens|\d0s)"
    r"|in (?:his|her) (?:twenties|thirties|forties|fifties)"
    r"|(?:years|yrs|decades|winters|summers|springs) ago"
    r"|last (?:fall|autumn|winter|spring|summer|year))",
    re.IGNORECASE,
)
_STARTS_IN_A_YEAR = re.compile(r"\s*In (?P<year>(?:19|20)\d\d)\b")
_BEFORE_A_QUESTION_MARK = re.compile(r"^[\s\"')\]]{0,2}\?")
_ANSWERED = re.compile(
    r"^[\s\"')\]]{0,2}\?+[\s(>:;,-]*(?:no\b|none\b|never\b|not\b|neg|excluded|ruled out)",
    re.IGNORECASE,
)
_MINUS = re.compile(r"^ ?-(?=\s*[,.;)]|\s*$)")
_REACH = 60  # characters behind a condition in which a time says when it was


def happened_before(text: str, sentence: Sentence, begin: int, end: int, this_year: int) -> bool:
    """Whether a past time says when the words ``text[begin:end]`` were so."""
    opening = _STARTS_IN_A_YEAR.match(text, sentence.start)
    if opening and int(opening["year"]) < this_year and begin - opening.end() < _REACH:
        return True
    stop = _CHUNK_END.search(text, end, sentence.end)
    chunk = text[begin : min(stop.start() if stop else sentence.end, end + _REACH)]
    if _PAST_TIME.search(chunk):
        return True
    year = _YEAR.search(chunk)
    if not year or _NOT_OVER.search(chunk[: year.start()]):
        return False
    return bool(year["short"]) or int(year["year"]) < this_year


def signed(text: str, sentence: Sentence, begin: int) -> Assertion | None:
    """The reading by a "(-)" or "(+)" before a position, in its clause."""
    sign = _SIGN.search(text, max(sentence.start, begin - 70), begin)
    if not sign:
        return None
    return Assertion.NEGATED if sign["sign"] == "-" else Assertion.PRESENT


def questioned(text: str, sentence: Sentence, begin: int, end: int) -> Assertion | None:
    """The reading by a question mark or a minus beside words, or at the end of their sentence."""
    tail = text[end : end + 24]
    if _MINUS.match(tail) or _ANSWERED.match(tail):
        return Assertion.NEGATED
    if _BEFORE_A_QUESTION_MARK.match(tail):
        return Assertion.UNCERTAIN
    head = text[max(0, begin - 4) : begin].rstrip(" \"'(")
    if head.endswith("?") and not head[-2:-1].isalnum():
        return Assertion.UNCERTAIN
    asks = text[sentence.start : sentence.end].rstrip().endswith("?")
    return Assertion.UNCERTAIN if asks else None


def lead_in(document: Document, sentence: Sentence) -> Assertion | None:
    """What the header, or the line ending in a colon above a list, says of its items."""
    section = document.section_of(sentence)
    whole = lower_words(section.header)
    table = cues()
    for cue in table.get(whole[0], ()) if whole else ():
        if cue.words == whole and cue.direction in ("list", "forward") and cue.scope:
            return cue.assertion
    if not sentence.item:
        return None
    index = bisect_right(document.sentences, sentence.first, key=lambda s: s.first) - 1
    for above in reversed(document.sentences[max(0, index - 12) : index]):
        if above.section != sentence.section:
            return None
        if not above.item:
            line = document.text[above.start : above.end].rstrip()
            if not line.endswith(":"):
                return None
            words = [t.text.lower() for t in document.sentence_tokens(above)]
            for start in range(max(0, len(words) - 4), len(words)):
                for cue in table.get(words[start], ()):
                    if cue.words == tuple(words[start:]) and cue.direction in ("list", "forward"):
                        return cue.assertion
            return None
    return None

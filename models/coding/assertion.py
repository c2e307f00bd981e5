"""What the note says of a mention: present, negated, family, historical, hypothetical, uncertain.

Cues with direction and scope, after ConText (Harkema et al., J Biomed Inform
2009): a cue governs the words of its sentence up to its scope in words, a breaker
or a nearer cue of another kind; pseudo-cues ("no increase in") take their words
away from the cues inside them; a section gives the prior. Uncertain are the terms
of guideline II.H and IV.H. The vocabulary is in ``resources/`` (see
:mod:`models.coding.cues`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from data.schemas import Assertion, Setting
from models.coding.cues import (
    Cue,
    breakers,
    cues,
    kin_reporters,
    lasting_conditions,
)
from models.coding.document import Document, Sentence, Token
from models.coding.signs import happened_before, lead_in, questioned, signed

# Sections that tell what was: a year behind a condition there says when it was.
_TELLS_THE_PAST = frozenset(
    {"pmh", "psh", "problem_list", "hpi", "preamble", "other", "social", "chief_complaint"}
    | {"hospital_course", "indication"}
)
_PLANS = frozenset({"plan", "instructions"})
_CONSENTS = frozenset({"procedure", "indication", "operative_meta", "instructions"})
_LISTED_DIAGNOSES = frozenset({"discharge_diagnosis"})
# Notes of a stay, which tells of what was treated and is over.
_STAYED = re.compile(r"discharge|observation|emergency")
_ADULT = 18  # years
_LONGEST_ITEM = 6  # words in one item of a list that a cue governs
_STOPS = re.compile(
    r"(?<!\bincl)(?<!\b[Pp]oss)(?<!\b[Pp]rob)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)(?<!\bDr)\.\s|;|\n\s*\n"
)
# Words behind a dash are told of something else: "Anemia - iron studies neg".
_OTHER_SUBJECT = re.compile(r"\s[-\u2013\u2014]+\s+\w")
# What may stand between a condition and the relative who had it: "stroke in her mother".
_IN_A_RELATIVE = frozenset(
    {"in", "his", "her", "the", "their", "pt", "s", "pts", "patient", "both"}
)
_POSSESSIVES = frozenset({"his", "her", "their", "the", "my", "its", "pt", "s", "pts", "both"})
_AHEAD = frozenset({"forward", "list", "series", "kin", "both"})


@dataclass(frozen=True, slots=True)
class _Hit:
    cue: Cue
    first: int
    last: int


class SentenceScopes:
    """The cues of one sentence and what they govern."""

    def __init__(self, document: Document, sentence: Sentence) -> None:
        self._text = document.text
        self._sentence = sentence
        self._tokens: Sequence[Token] = document.sentence_tokens(sentence)
        self._offset = sentence.first
        section = document.section_of(sentence)
        self._kind = section.kind
        self._prior = section.prior or lead_in(document, sentence)
        day = document.note.date_of_service
        self._inpatient = document.note.setting is Setting.INPATIENT
        kind = (document.note.note_type or "").lower()
        self._office = document.note.setting is Setting.OUTPATIENT and not _STAYED.search(kind)
        born = document.note.birth_date
        self._child = bool(born and day and (day.year - born.year) < _ADULT)
        self._this_year = day.year if day else 9999
        self._lower = [token.text.lower() for token in self._tokens]
        self._hits = self._find()
        self._breaks, self._comma_breaks = self._find_breaks()

    def _find(self) -> list[_Hit]:
        hits, i = [], 0
        table = cues()
        while i < len(self._lower):
            taken = 0  # words of the longest cue here: a shorter one inside it does not count
            looks: set[bool] = set()
            for cue in table.get(self._lower[i], ()):
                size, ahead = len(cue.words), cue.direction in _AHEAD
                if size < taken or tuple(self._lower[i : i + size]) != cue.words:
                    continue
                # The cue bound to a section stands before the general one and replaces it.
                if ahead not in looks and self._applies(cue, i, i + size):
                    hits.append(_Hit(cue, i, i + size))
                    taken = size
                    looks.add(ahead)
            i += max(taken - 1, 0)
            i += 1
        return hits

    def _applies(self, cue: Cue, first: int, last: int) -> bool:
        """Whether the section, and for a relative the words beside, let a cue count."""
        if cue.where == "plan" and self._kind not in _PLANS:
            return False
        if cue.where == "indication" and self._kind != "indication":
            return False
        if cue.where == "consent" and self._kind not in _CONSENTS:
            return False
        if cue.where == "story" and self._kind not in _TELLS_THE_PAST:
            return False
        if cue.where == "before colon":
            tail = self._text[self._tokens[last - 1].end :][:2]
            return tail.lstrip().startswith(":")
        if cue.where == "unless inpatient" and self._inpatient:
            return False
        if cue.where == "office" and not self._office:
            return False
        if cue.where == "unless discharge" and self._kind in _LISTED_DIAGNOSES:
            return False
        if len(cue.words) > 1 and not self._joined(first, last):
            return False
        return cue.direction != "kin" or self._is_relative(first, last)

    def _joined(self, first: int, last: int) -> bool:
        """Whether the words of a cue stand in one clause."""
        inside = self._text[self._tokens[first].end : self._tokens[last - 1].start]
        return not any(c in inside for c in ",;|\n\t") and ". " not in inside

    def _is_relative(self, first: int, last: int) -> bool:
        """Whether a word of kinship names one who had something, not one who reports it."""
        if self._prior is Assertion.FAMILY:
            return True
        before, after = kin_reporters()
        front = first
        while front and self._lower[front - 1] in _POSSESSIVES:
            front -= 1
        if front and self._lower[front - 1] in before and "," not in self._between(front):
            return False
        if last < len(self._lower) and self._lower[last] in after:
            return False
        tail = self._text[self._tokens[last - 1].end :][:3]
        # In a child's note a relative before a colon speaks; in an adult's, has the condition.
        return not (self._child and tail.lstrip(") ").startswith(":"))

    def _between(self, index: int) -> str:
        """The text between a token and the one before it."""
        return self._text[self._tokens[index - 1].end : self._tokens[index].start]

    def _find_breaks(self) -> tuple[dict[str, list[int]], frozenset[int]]:
        table = breakers()
        breaks: dict[str, list[int]] = {"every": [], "most": [], "family": []}
        after = set()
        for i, word in enumerate(self._lower):
            if word not in table.firsts:
                continue
            pair = tuple(self._lower[i : i + 2])
            if (word,) in table.every or pair in table.every:
                breaks["every"].append(i)
            elif (word,) in table.most or pair in table.most:
                breaks["most"].append(i)
            if (word,) in table.family:
                breaks["family"].append(i)
            known = (word,) in table.behind_comma or pair in table.behind_comma
            if known and i and "," in self._between(i):
                after.add(i)
        return breaks, frozenset(after)

    def _open(self, first: int, last: int, assertion: Assertion) -> bool:
        """Whether nothing between two token positions ends a cue's scope."""
        kinds = {Assertion.HYPOTHETICAL: (), Assertion.FAMILY: ("family",)}.get(
            assertion, ("most",)
        )
        for kind in ("every", *kinds):
            if any(first <= b < last for b in self._breaks[kind]):
                return False
        if first < last and first > 0:
            gap = self._text[self._tokens[first - 1].end : self._tokens[last].start]
            if _STOPS.search(gap):
                return False
        return True

    def _list_open(self, hit: _Hit, first: int) -> bool:
        """Whether a list that a cue opens still runs at a position.

        It ends at a new statement behind a comma and at an item too long to be one.
        """
        run = 0
        for i in range(hit.last, first + 1):
            if i in self._comma_breaks:
                return False
            gap = self._between(i)
            if i > hit.last and (
                "," in gap or "/" in gap or self._lower[i] in ("or", "and", "nor")
            ):
                run = 0
            # "Without fever, chills or cough" goes on; "without deficit, cellulitis" does not.
            parted = hit.cue.direction == "series" and i > hit.last and "," in gap
            if parted and not {"or", "nor"} & {*self._lower[i : i + 3 * _LONGEST_ITEM]}:
                return False
            run += 1
            if run > max(_LONGEST_ITEM, 0 if "," in gap else hit.cue.scope):
                return False
        return True

    def _governs_forward(self, hit: _Hit, first: int, last: int) -> bool:
        cue = hit.cue
        if not hit.last <= first or not self._open(hit.last, first, cue.assertion):
            return False
        if cue.direction in ("list", "series"):
            return self._list_open(hit, first)
        if cue.direction in ("forward", "both", "kin"):
            between = self._text[self._tokens[hit.last - 1].end : self._tokens[first].start]
            if cue.assertion is Assertion.HISTORICAL and "," in between:
                return False
            denied = cue.assertion is Assertion.NEGATED
            restarts = denied and self._comma_breaks & {*range(hit.last, first + 1)}
            return first < hit.last + cue.scope and not restarts
        return False

    def _governs_backward(self, hit: _Hit, first: int, last: int) -> bool:
        cue = hit.cue
        if not last <= hit.first < last + max(cue.scope, 1) or not self._open(
            last, hit.first, cue.assertion
        ):
            return False
        if cue.direction == "next":
            return hit.first == last and not self._between(last).strip(" /")
        if cue.direction == "kin":
            between = set(self._lower[last : hit.first])
            named = self._prior is Assertion.FAMILY or between & {"in"}
            bracket = not between and self._between(hit.first).strip() in ("(", "-", "(in")
            return bool(named or bracket) and between <= _IN_A_RELATIVE
        if cue.direction not in ("backward", "end", "both"):
            return False
        if cue.direction == "end" and not self._ends_clause(hit.last):
            return False
        gap = self._text[self._tokens[last - 1].end : self._tokens[hit.first].start]
        if _OTHER_SUBJECT.search(gap):
            return False
        # A comma may stand right before the cue ("asthma, resolved"), not further off.
        return "," not in gap.rstrip(", ") and not any(
            h.first >= last
            and h.last <= hit.first
            and h.cue.direction in ("forward", "list", "series")
            for h in self._hits
        )

    def _ends_clause(self, last: int) -> bool:
        if (
            last >= len(self._lower)
            or last in self._breaks["every"]
            or last in self._breaks["most"]
        ):
            return True
        return any(c in self._between(last) for c in ",;.:()-|\n\t\u2013\u2014>")

    def _forward(self, first: int, last: int) -> Assertion | None:
        """The reading by the cues before a mention: the nearest, as the farther ones qualify it."""
        reading: Assertion | None = None
        near: _Hit | None = None
        for found in reversed(self._hits):
            hit = self._before(found, first)
            if hit is None or not self._governs_forward(hit, first, last):
                continue
            if hit.cue.where == "unless lasting" and self._lasting(first, last):
                continue
            said = hit.cue.assertion
            if near is None:
                reading, near = said, hit
            elif said is Assertion.FAMILY and reading is not Assertion.NEGATED:
                reading = said
            elif said is Assertion.NEGATED and reading in (
                Assertion.HISTORICAL,
                Assertion.UNCERTAIN,
            ):
                # "No history of", "denies prior": the denial holds unless a comma parts them.
                gap = self._text[self._tokens[hit.last - 1].end : self._tokens[near.first].start]
                reading = reading if "," in gap else said
            elif said is Assertion.HYPOTHETICAL and reading is not Assertion.FAMILY:
                reading = said
        return reading

    def _before(self, hit: _Hit, first: int) -> _Hit | None:
        """A cue that stands before a position; of one reaching over it ("no change"), its start."""
        if hit.last <= first:
            return hit
        for cue in cues().get(self._lower[hit.first], ()) if hit.first < first else ():
            same = cue.words == tuple(self._lower[hit.first : first])
            if same and cue.direction in _AHEAD and not cue.where:
                return _Hit(cue, hit.first, first)
        return None

    def _backward(self, first: int, last: int) -> Assertion | None:
        for hit in self._hits:
            if hit.cue.where == "unless lasting" and self._lasting(first, last):
                continue
            if hit.first >= last and self._governs_backward(hit, first, last):
                return hit.cue.assertion
        return None

    def _lasting(self, first: int, last: int) -> bool:
        return not lasting_conditions().isdisjoint(self._lower[first:last])

    def _dated(self, first: int, last: int) -> bool:
        """Whether a past time stands with the condition as when it was."""
        if self._kind not in _TELLS_THE_PAST or self._lasting(first, last):
            return False
        begin, end = self._tokens[first].start, self._tokens[last - 1].end
        return happened_before(self._text, self._sentence, begin, end, self._this_year)

    def is_cue(self, token: int) -> bool:
        """Whether a token, given by its position in the document, belongs to a cue."""
        at = token - self._offset
        return any(hit.first <= at < hit.last for hit in self._hits)

    def assertion(self, first: int, last: int) -> Assertion:
        """The reading of a mention given by token positions in the document, half-open."""
        first, last = first - self._offset, last - self._offset
        before, after = self._forward(first, last), self._backward(first, last)
        begin, end = self._tokens[first].start, self._tokens[last - 1].end
        before = before or signed(self._text, self._sentence, begin)
        if before is Assertion.FAMILY or (before is None and self._prior is Assertion.FAMILY):
            return after if after is Assertion.NEGATED else Assertion.FAMILY
        if after is Assertion.FAMILY and before is not Assertion.NEGATED:
            return after
        if before is Assertion.HYPOTHETICAL or (after is Assertion.HYPOTHETICAL and not before):
            return Assertion.HYPOTHETICAL
        if before is Assertion.NEGATED or after is Assertion.NEGATED:
            return Assertion.NEGATED
        asked = questioned(self._text, self._sentence, begin, end)
        if asked:
            return asked
        for reading in (Assertion.UNCERTAIN, Assertion.HISTORICAL, Assertion.HYPOTHETICAL):
            if reading in (before, after):
                return reading
        if before is Assertion.PRESENT:
            return Assertion.PRESENT
        if self._prior:
            return self._prior
        return Assertion.HISTORICAL if self._dated(first, last) else Assertion.PRESENT


def scopes_of(document: Document, number: int) -> SentenceScopes:
    """The cues of a document's sentence, by its number; read once."""
    key = ("scopes", number)
    if key not in document.readings:
        document.readings[key] = SentenceScopes(document, document.sentences[number])
    scopes: SentenceScopes = document.readings[key]
    return scopes

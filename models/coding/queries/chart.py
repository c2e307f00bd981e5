"""What one note says, laid out for the rules that raise queries. Nothing here judges."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from data.schemas import Assertion, ClaimType, Evidence, Setting
from data.terminology.icd10cm import Release
from models.coding.assertion import scopes_of
from models.coding.candidates import CHOSEN, Candidates, Occurrence
from models.coding.document import Document, Sentence, Token
from models.coding.queries.tables import vocabulary

FINAL = frozenset({"assessment", "assessment_plan", "discharge_diagnosis", "impression"})
ADDRESSED = FINAL | {"hospital_course", "plan"}
ELSEWHERE = frozenset({"family", "allergies", "instructions", "immunizations", "technique"})
"""Sections whose words are not of this patient's present state."""

LOOKED_FOR = frozenset({"exam", "ros", "family", "vitals", "allergies", "labs", "technique"})
"""Sections that name parts of the body and diseases in passing: "thyroid not enlarged"."""

_BESIDE = 40  # characters
LIKELY = 0.05
"""Confidence from which a diagnosis that was not chosen may still leave a question open."""

DAYS_OF_A_YEAR = 365.25


@dataclass(frozen=True)
class Raised:
    """A query before it is worded for sending.

    Attributes:
        about: what it asks about; one question for each.
        spans: (start, end) of the clinical indicators in the note.
    """

    kind: str
    about: str
    importance: int
    question: str
    options: tuple[str, ...]
    spans: tuple[tuple[int, int], ...]


@dataclass
class Chart:
    """A note with its candidates and the diagnoses chosen for it.

    Attributes:
        confidence: of the candidates that no convention left out.
    """

    document: Document
    found: Candidates
    selected: Sequence[str]
    release: Release
    confidence: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return self.document.text

    @cached_property
    def setting(self) -> Setting:
        """As stated, else outpatient, where the fewest questions are asked."""
        return self.document.note.setting or Setting.OUTPATIENT

    @cached_property
    def facility_inpatient(self) -> bool:
        note = self.document.note
        return note.setting is Setting.INPATIENT and note.claim_type is not ClaimType.PROFESSIONAL

    @cached_property
    def age(self) -> float | None:
        """Years at the date of service; None where either date is missing."""
        note = self.document.note
        if note.birth_date is None or note.date_of_service is None:
            return None
        return (note.date_of_service - note.birth_date).days / DAYS_OF_A_YEAR

    @cached_property
    def words(self) -> dict[str, list[Token]]:
        """The note's words, lower case, with where they stand."""
        words: dict[str, list[Token]] = {}
        for token in self.document.tokens:
            words.setdefault(token.text.lower(), []).append(token)
        return words

    def tokens_of(self, wanted: Collection[str]) -> list[Token]:
        """The note's words that are among lower-case ones, in order."""
        found = [token for word in self.words.keys() & wanted for token in self.words[word]]
        return sorted(found, key=lambda token: token.start)

    @cached_property
    def _sentence_starts(self) -> list[int]:
        return [sentence.start for sentence in self.document.sentences]

    @cached_property
    def _token_starts(self) -> list[int]:
        return [token.start for token in self.document.tokens]

    @cached_property
    def has_assessment(self) -> bool:
        return any(section.kind in FINAL for section in self.document.sections)

    def sentence_number(self, offset: int) -> int | None:
        """The sentence that an offset stands in; None outside of all."""
        number = bisect_right(self._sentence_starts, offset) - 1
        if number < 0 or offset >= self.document.sentences[number].end:
            return None
        return number

    def sentence_at(self, offset: int) -> Sentence | None:
        number = self.sentence_number(offset)
        return None if number is None else self.document.sentences[number]

    def section_at(self, offset: int) -> str:
        """Kind of the section at an offset; empty outside of all sentences."""
        sentence = self.sentence_at(offset)
        return self.document.section_of(sentence).kind if sentence else ""

    def assertion(self, start: int, end: int) -> Assertion | None:
        """What the note says of a span; None where it holds no word."""
        number = self.sentence_number(start)
        if number is None:
            return None
        sentence = self.document.sentences[number]
        first = max(bisect_right(self._token_starts, start - 1), sentence.first)
        last = min(bisect_right(self._token_starts, end - 1), sentence.last)
        if last <= first:
            return None
        return scopes_of(self.document, number).assertion(first, last)

    def is_present(self, start: int, end: int) -> bool:
        """Whether a span speaks of this patient now."""
        if self.section_at(start) in ELSEWHERE:
            return False
        return self.assertion(start, end) is Assertion.PRESENT

    @cached_property
    def _spoken(self) -> tuple[tuple[str, tuple[Occurrence, ...]], ...]:
        """Codes with the note's own words for them."""
        spoken = (
            (code, tuple(o for o in candidate.occurrences if o.words and o.role == CHOSEN))
            for code, candidate in self.found.items()
        )
        return tuple((code, places) for code, places in spoken if places)

    def spoken(
        self, prefixes: tuple[str, ...], assertions: Container[Assertion]
    ) -> Iterator[tuple[str, Occurrence]]:
        """(code, occurrence) of the note's own words for codes with one of the prefixes."""
        for code, places in self._spoken:
            if code.startswith(prefixes):
                for o in places:
                    if o.assertion in assertions:
                        yield code, o

    @cached_property
    def documented(self) -> tuple[str, ...]:
        """The diagnoses chosen, and likely ones that the assessment names in so many words.

        An unspecified code is seldom reported where notes are well written, so that the ranker
        holds it unlikely; the question it leaves open stands all the same.
        """
        named = [
            code
            for code, places in self._spoken
            if self.found[code].dropped_by is None
            and self.confidence.get(code, 0.0) >= LIKELY
            and any(
                o.assertion is Assertion.PRESENT
                and o.section in FINAL
                and not o.source.startswith("bag")
                for o in places
            )
        ]
        return tuple(dict.fromkeys((*self.selected, *named)))

    def places(self, code: str) -> list[Occurrence]:
        """Where the note's words assert a chosen code: assessed first, then in order."""
        candidate = self.found.get(code)
        if candidate is None:
            return []
        said = (Assertion.PRESENT, Assertion.UNCERTAIN)
        ours = [o for o in candidate.occurrences if o.words and o.assertion in said]
        if not ours and candidate.derived_from:
            return [o for part in candidate.derived_from for o in self.places(part)]
        return sorted(ours, key=lambda o: (o.section not in FINAL, o.start))

    def _in_passing(self, o: Occurrence) -> bool:
        """Whether words beside a mention, in its sentence, only think of the condition."""
        sentence = self.document.sentences[o.sentence]
        start, end = max(sentence.start, o.start - _BESIDE), min(sentence.end, o.end + _BESIDE)
        return bool(vocabulary("in_passing").search(self.text[start:end]))

    def addressed(self, code: str) -> list[Occurrence]:
        """The places of a code where it is assessed or treated; all where nothing is assessed."""
        places = [o for o in self.places(code) if not self._in_passing(o)]
        if not self.has_assessment:
            return places
        return [o for o in places if o.section in ADDRESSED]

    def matches(self, pattern: re.Pattern[str] | None, limit: int) -> list[tuple[int, int]]:
        """The first places of a pattern that speak of this patient now, trimmed."""
        out: list[tuple[int, int]] = []
        if pattern is None:
            return out
        for match in pattern.finditer(self.text):
            start, end = trimmed(self.text, *match.span())
            if start < end and self.is_present(start, end):
                out.append((start, end))
                if len(out) == limit:
                    break
        return out

    def speaks_of(self, pattern: re.Pattern[str] | None) -> bool:
        """Whether the note uses the words of the patient, outside of examinations and reviews."""
        if pattern is None:
            return False
        for match in pattern.finditer(self.text):
            if self.section_at(match.start()) in LOOKED_FOR:
                continue
            said = self.assertion(*match.span())
            if said not in (Assertion.NEGATED, Assertion.FAMILY):
                return True
        return False

    def evidence(self, spans: Iterable[tuple[int, int]]) -> tuple[Evidence, ...]:
        return tuple(Evidence.of(self.text, a, b) for a, b in spans)


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A span without a word cut off at its end, and without blanks and stops at both ends."""
    if 0 < end < len(text) and text[end - 1].isalnum() and text[end].isalnum():
        whole = end
        while whole > start and text[whole - 1].isalnum():
            whole -= 1
        end = whole if text[start:whole].strip() else end
    while start < end and text[start] in " \t\r\n,;:(":
        start += 1
    while start < end and text[end - 1] in " \t\r\n,;:(-":
        end -= 1
    return start, end


def apart(spans: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    """Spans in the order given, without those that overlap an earlier one."""
    kept: list[tuple[int, int]] = []
    for start, end in spans:
        if start < end and all(end <= a or b <= start for a, b in kept):
            kept.append((start, end))
    return tuple(kept)

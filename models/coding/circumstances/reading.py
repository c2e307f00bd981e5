"""A note read once for the phrases of all tables, with what is asserted of each place."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date

from data.schemas import Assertion, Note
from data.terminology.icd10cm import Release
from models.coding.assertion import scopes_of
from models.coding.circumstances.phrases import PhraseTable, plain
from models.coding.circumstances.tables import Rule
from models.coding.context import Context, ContextReader
from models.coding.document import Document
from models.coding.occurrences import CHOSEN, Candidates, Occurrence

SOURCE = "circumstance"
PERINATAL = 29 / 365.25  # years; chapter 16 holds through the 28th day (I.C.16.a)


@dataclass(frozen=True, slots=True)
class Hit:
    """A phrase found: ``tokens[first:last]`` of the document."""

    rule: Rule
    sentence: int
    first: int
    last: int


class Reading:
    """What the readers of circumstances share: the hits, the candidates so far, the release."""

    def __init__(
        self,
        document: Document,
        release: Release,
        have: Candidates,
        contexts: ContextReader,
        table: PhraseTable[Rule],
    ) -> None:
        self.document, self.release, self.have = document, release, have
        self._contexts = contexts
        self.hits: dict[str, list[Hit]] = defaultdict(list)
        for number, sentence in enumerate(document.sentences):
            words = [plain(token.text) for token in document.sentence_tokens(sentence)]
            for first, last, rule in table.find(words):
                hit = Hit(rule, number, sentence.first + first, sentence.first + last)
                self.hits[rule.kind].append(hit)
        self.present = frozenset(
            code
            for code, found in have.items()
            if any(o.words and o.assertion is Assertion.PRESENT for o in found.occurrences)
        )
        # What the note tells the patient has or had.
        self.told = frozenset(
            code
            for code, found in have.items()
            if any(
                o.words and o.assertion in (Assertion.PRESENT, Assertion.HISTORICAL)
                for o in found.occurrences
            )
        )
        self.asserted = frozenset(
            code
            for code, found in have.items()
            if any(
                o.assertion is Assertion.PRESENT and o.role == CHOSEN and o.words
                for o in found.occurrences
            )
        )

    @property
    def note(self) -> Note:
        return self.document.note

    @property
    def visit(self) -> str:
        """The stage of care that the visit is of, as ``episodes.stage_of_visit`` says."""
        return self._contexts.visit

    def kind(self, sentence: int) -> str:
        """The kind of the section that a sentence stands in."""
        return self.document.section_of(self.document.sentences[sentence]).kind

    def assertion(self, sentence: int, first: int, last: int) -> Assertion:
        return scopes_of(self.document, sentence).assertion(first, last)

    def said(self, hit: Hit) -> Assertion:
        return self.assertion(hit.sentence, hit.first, hit.last)

    def context(self, hit: Hit) -> Context:
        return self._contexts.at(hit.sentence, hit.first, hit.last)

    def gap(self, left: int, right: int) -> str:
        """The text between two tokens."""
        tokens = self.document.tokens
        return self.document.text[tokens[left].end : tokens[right].start]

    def lower(self, sentence: int) -> str:
        """A sentence's text in lower case."""
        s = self.document.sentences[sentence]
        return self.document.text[s.start : s.end].lower()

    def around(self, sentence: int) -> str:
        """The sentence and its neighbours of the same section, lower case."""
        sentences = self.document.sentences
        own = sentences[sentence].section
        near = [
            self.lower(i)
            for i in (sentence - 1, sentence, sentence + 1)
            if 0 <= i < len(sentences) and sentences[i].section == own
        ]
        return " ".join(near)

    def place(
        self,
        hit: Hit,
        assertion: Assertion,
        source: str = SOURCE,
        role: str = CHOSEN,
        fit: float = 0.0,
    ) -> Occurrence:
        tokens = self.document.tokens
        return Occurrence(
            tokens[hit.first].start,
            tokens[hit.last - 1].end,
            hit.sentence,
            self.kind(hit.sentence),
            assertion,
            source,
            hit.last - hit.first,
            fit,
            role,
        )


def age_in_years(note: Note) -> float | None:
    """The patient's age at the visit, in years; None where a date is lacking."""
    born, seen = note.birth_date, note.date_of_service
    if not isinstance(born, date) or not isinstance(seen, date):
        return None
    return (seen - born).days / 365.25


def sentence_at(document: Document, offset: int) -> int:
    """The sentence that an offset stands in, or the last that begins before it."""
    low, high = 0, len(document.sentences) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if document.sentences[middle].start <= offset:
            low = middle
        else:
            high = middle - 1
    return low

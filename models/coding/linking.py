"""Linking: from a document to every code it could bear, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from data.bulk import uncollected
from data.schemas import Assertion, Note
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_terms
from data.terminology.tabular_notes import Instructions
from data.terminology.words import content_stems
from models.coding.assertion import scopes_of
from models.coding.candidates import Candidates, gather
from models.coding.circumstances.tables import official_drugs, phrase_table
from models.coding.code_facts import CodeFacts
from models.coding.context import ContextReader
from models.coding.conventions import asked_for_by, asserted_codes, combine, demands_first
from models.coding.coverage import Wordings
from models.coding.dense import DenseRetriever, indexed_texts
from models.coding.document import Document
from models.coding.governing import govern
from models.coding.mentions import Mention, find_mentions
from models.coding.plurals import count
from models.coding.retrieval import (
    LexicalRetriever,
    Problem,
    Retrieved,
    Retriever,
    find_problems,
)
from models.coding.specify import Specifier
from models.coding.spelling import Speller
from models.coding.terms import TermIndex

RETRIEVED_PER_PROBLEM = 8


class Linker:
    """Everything that hangs on one release: vocabulary, retrieval, slots, exclusions."""

    def __init__(
        self, release: Release, dense: DenseRetriever | None, extra: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.release = release
        with uncollected():
            # Index and retrieval cut the same texts: what one has cut, the other takes over.
            stems_of = cache(content_stems)
            self.terms = TermIndex(release, extra, stems_of)
            lexical = LexicalRetriever.of(release, extra, stems_of)
            self.retriever = Retriever(lexical, dense, release)
            self.wordings = Wordings(release, lexical.weight)
            self.speller = _speller(release, dense)
        self.phrases = phrase_table(official_drugs(extra))
        self.specifier = Specifier(release)
        self.excludes = Excludes1(release)
        self.instructions = Instructions(release)
        self.facts = CodeFacts(release)

    def mentions(self, document: Document) -> list[Mention]:
        """Where the document names a condition, by the words of the vocabulary."""
        found = count(document, self.release, find_mentions(document, self.terms))
        return govern(document, self.release, found)

    def retrieved(self, queries: Sequence[str]) -> list[list[Retrieved]]:
        """Nodes near each problem, by words and by meaning."""
        return self.retriever.search(queries, RETRIEVED_PER_PROBLEM)

    def candidates(self, document: Document) -> Candidates:
        """Stages up to the combinations: every code the note could bear."""
        document = self.speller.corrected(document) if self.speller else document
        contexts = ContextReader(document)
        mentions = self.mentions(document)
        problems = find_problems(document)
        retrieved = self.retrieved([document.text[p.start : p.end] for p in problems])
        readings = [_assertion_of(document, p) for p in problems]
        found = gather(
            document,
            self.release,
            self.specifier,
            mentions,
            problems,
            retrieved,
            readings,
            self.phrases,
            contexts,
        )
        combine(found, document.note, self.release)
        self._ask(found, document.note)
        self.wordings.cover(document, found, contexts)
        return found

    def _ask(self, found: Candidates, note: Note) -> None:
        """Say of each candidate what asserted codes ask for it, and whether one goes first."""
        asserted = asserted_codes(found, note)
        for code, candidate in found.items():
            candidate.asked_for_by = asked_for_by(code, asserted, self.instructions)
            candidate.needs_first = demands_first(code, asserted, self.instructions) is not None


def _speller(release: Release, dense: DenseRetriever | None) -> Speller | None:
    """Without a list of English words every name would be a misspelling: then there is none."""
    if dense is None:
        return None
    texts, _ = indexed_texts(release)
    return Speller([*texts, *(term.surface for term in load_terms())], dense.english_words())


def _assertion_of(document: Document, problem: Problem) -> Assertion:
    """The reading of the head's first word that is no cue ("possible" in "possible OSA")."""
    scopes = scopes_of(document, problem.sentence)
    first = next(
        (i for i in range(problem.first, problem.last) if not scopes.is_cue(i)), problem.last - 1
    )
    return scopes.assertion(first, first + 1)

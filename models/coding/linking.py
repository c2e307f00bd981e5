"""Linking: from a document to every code it could bear, before anything is judged."""

from __future__ import annotations

from collections.abc import Sequence

from data.bulk import uncollected
from data.schemas import Assertion
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from models.coding.assertion import SentenceScopes
from models.coding.candidates import Candidates, gather
from models.coding.conventions import combine
from models.coding.dense import DenseRetriever
from models.coding.document import Document
from models.coding.mentions import find_mentions
from models.coding.features import RankerFacts
from models.coding.retrieval import LexicalRetriever, Problem, Retriever, find_problems
from models.coding.specify import Specifier
from models.coding.terms import TermIndex

RETRIEVED_PER_PROBLEM = 8


class Linker:
    """Everything that hangs on one release: vocabulary, retrieval, slots, exclusions."""

    def __init__(
        self, release: Release, dense: DenseRetriever | None, extra: Sequence[tuple[str, str]] = ()
    ) -> None:
        self.release = release
        with uncollected():
            self.terms = TermIndex(release, extra)
            self.retriever = Retriever(LexicalRetriever.of(release, extra), dense, release)
        self.specifier = Specifier(release)
        self.excludes = Excludes1(release)
        self.facts = RankerFacts.of(release)

    def candidates(self, document: Document) -> Candidates:
        """Stages up to the combinations: every code the note could bear."""
        mentions = find_mentions(document, self.terms)
        problems = find_problems(document)
        queries = [document.text[p.start : p.end] for p in problems]
        retrieved = self.retriever.search(queries, RETRIEVED_PER_PROBLEM)
        readings = [_assertion_of(document, p) for p in problems]
        found = gather(
            document, self.release, self.specifier, mentions, problems, retrieved, readings
        )
        combine(found, document.note, self.release)
        return found


def _assertion_of(document: Document, problem: Problem) -> Assertion:
    # The head's last word: a cue inside the head ("possible OSA") must stand before it.
    scopes = SentenceScopes(document, document.sentences[problem.sentence])
    return scopes.assertion(problem.last - 1, problem.last)

"""Candidates: every billable code the note could bear, with all that speaks for it.

Gathers the mentions, the codes retrieved for listed problems, and the codes of
circumstances (drug use and effects, status, history, external causes, measured
values), which stand beside a diagnosis and never select one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.circumstances import NARRATIVE, circumstance_codes, is_incidental
from models.coding.circumstances.phrases import PhraseTable
from models.coding.circumstances.tables import CONVENTIONS, Rule, drug_requirements
from models.coding.context import Context, ContextReader
from models.coding.document import Document
from models.coding.mentions import Mention
from models.coding.occurrences import (
    ALTERNATIVE,
    CHOSEN,
    PLAIN,
    Candidate,
    Candidates,
    Occurrence,
)
from models.coding.retrieval import Problem, Retrieved
from models.coding.specify import Specifier

__all__ = [
    "ALTERNATIVE",
    "CHOSEN",
    "CONVENTIONS",
    "PLAIN",
    "Candidate",
    "Candidates",
    "Occurrence",
    "drug_requirements",
    "gather",
]


def _specified(
    specifier: Specifier, code: str, context: Context, place: Occurrence
) -> Iterator[tuple[str, Occurrence]]:
    """The billable codes that a node stands for at one place, best first."""
    choice = specifier.choose(code, context)
    for chosen in choice.codes:
        yield chosen, replace(place, fit=choice.fit)
    for other, fit in choice.others:
        yield other, replace(place, fit=fit, role=PLAIN if other == code else ALTERNATIVE)


def gather(
    document: Document,
    release: Release,
    specifier: Specifier,
    mentions: Sequence[Mention],
    problems: Sequence[Problem],
    retrieved: Sequence[Sequence[Retrieved]],
    mention_assertions: Sequence[Assertion],
    phrases: PhraseTable[Rule] | None = None,
) -> Candidates:
    """All candidates of a note.

    Args:
        mention_assertions: the reading of each problem's span, in their order.
        phrases: the table of circumstances, where it is more than the packaged one.
    """
    contexts = ContextReader(document)
    out = Candidates()
    for m in mentions:
        kind = document.section_of(document.sentences[m.sentence]).kind
        place = Occurrence(m.start, m.end, m.sentence, kind, m.assertion, m.source, m.words, 0.0)
        context = contexts.at(m.sentence, m.first, m.last)
        named = dict(_specified(specifier, m.code, context, place))
        for code, occurrence in named.items():
            out.at(code).occurrences.append(occurrence)
        if m.code not in named and release.is_billable(m.code):
            # The plain code stays a candidate: the words beside may belong to something else.
            out.at(m.code).occurrences.append(replace(place, role=PLAIN))
    positions: dict[int, int] = {}
    for problem, found, assertion in zip(problems, retrieved, mention_assertions, strict=True):
        positions[problem.sentence] = problem.position
        kind = document.section_of(document.sentences[problem.sentence]).kind
        place = Occurrence(
            problem.start, problem.end, problem.sentence, kind, assertion, "retrieval", 0, 0.0
        )
        context = contexts.at(problem.sentence, problem.first, problem.last)
        for r in found:
            for code, occurrence in _specified(specifier, r.code, context, place):
                if occurrence.role != CHOSEN:
                    continue
                candidate = out.at(code)
                if (r.lexical, r.dense) > (candidate.lexical, candidate.dense):
                    candidate.lexical, candidate.dense = r.lexical, r.dense
                if candidate.retrieval_rank is None or r.rank < candidate.retrieval_rank:
                    candidate.retrieval_rank = r.rank
                candidate.occurrences.append(occurrence)
    told = list(circumstance_codes(document, release, out, contexts, phrases))
    for code in [c for c in out if is_incidental(c, told)]:
        del out[code]
    for code, place in told:
        candidate = out.at(code)
        candidate.occurrences.append(place)
        if place.source == NARRATIVE:
            candidate.lexical = max(candidate.lexical, place.fit)
    for candidate in out.values():
        places = [positions[o.sentence] for o in candidate.occurrences if o.sentence in positions]
        candidate.problem_position = min(places, default=None)
    return out

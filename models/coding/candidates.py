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
from models.coding.injuries.gathering import (
    VAGUE,
    injury_candidates,
    located,
    settle_consciousness,
)
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


# A runner-up of a composed injury that fits this much worse says another side or part.
_FAR_BEHIND = 0.9


def _add_injuries(
    out: Candidates,
    specifier: Specifier,
    release: Release,
    injuries: Sequence[tuple[str, Context, Occurrence]],
) -> None:
    for node, context, place in injuries:
        if node not in release:
            continue
        said = list(_specified(specifier, node, context, replace(place, role=CHOSEN)))
        for code, occurrence in said:
            if place.role != CHOSEN:
                # What the words do not say outright has no runners-up of its own.
                if occurrence.role == CHOSEN:
                    out.at(code).occurrences.append(replace(occurrence, role=place.role))
            elif occurrence.fit > said[0][1].fit - _FAR_BEHIND:
                out.at(code).occurrences.append(occurrence)


def _said_inside(candidate: Candidate, problem: Problem) -> Assertion | None:
    """What a problem's words say of a code where they name it, and it is not present.

    "Hgb steady, no acute blood loss anemia" begins with nothing that is denied.
    """
    said = {
        o.assertion
        for o in candidate.occurrences
        if o.words and problem.start <= o.start and o.end <= problem.end
    }
    return next(iter(said)) if len(said) == 1 and Assertion.PRESENT not in said else None


def gather(
    document: Document,
    release: Release,
    specifier: Specifier,
    mentions: Sequence[Mention],
    problems: Sequence[Problem],
    retrieved: Sequence[Sequence[Retrieved]],
    mention_assertions: Sequence[Assertion],
    phrases: PhraseTable[Rule] | None = None,
    contexts: ContextReader | None = None,
) -> Candidates:
    """All candidates of a note.

    Args:
        mention_assertions: the reading of each problem's span, in their order.
        phrases: the table of circumstances, where it is more than the packaged one.
        contexts: the document's, where they are read already.
    """
    contexts = contexts or ContextReader(document)
    out = Candidates()
    injuries = list(injury_candidates(document, contexts))
    somewhere = located(injuries)
    _add_injuries(out, specifier, release, injuries)
    for m in mentions:
        kind = document.section_of(document.sentences[m.sentence]).kind
        place = Occurrence(m.start, m.end, m.sentence, kind, m.assertion, m.source, m.words, 0.0)
        vague = somewhere and m.code.startswith(VAGUE)
        context = contexts.at(m.sentence, m.first, m.last)
        named = dict(_specified(specifier, m.code, context, place))
        for code, occurrence in named.items():
            if vague and occurrence.role == CHOSEN:
                occurrence = replace(occurrence, role=ALTERNATIVE)
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
                said = _said_inside(candidate, problem)
                if said is not None:
                    occurrence = replace(occurrence, assertion=said)
                if (r.lexical, r.dense) > (candidate.lexical, candidate.dense):
                    candidate.lexical, candidate.dense = r.lexical, r.dense
                if candidate.retrieval_rank is None or r.rank < candidate.retrieval_rank:
                    candidate.retrieval_rank = r.rank
                candidate.occurrences.append(occurrence)
    settle_consciousness(out, release, document.text)
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

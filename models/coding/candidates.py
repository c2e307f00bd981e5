"""Candidates: every billable code the note could bear, with all that speaks for it.

Gathers the mentions, the codes retrieved for listed problems, and status codes
read off the medication list and measured values (long-term drug use, body mass
index), which need a diagnosis beside them and never select one.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import data.terminology
from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.context import Context, ContextReader
from models.coding.document import Document
from models.coding.measures import measured_codes
from models.coding.mentions import Mention
from models.coding.retrieval import Problem, Retrieved
from models.coding.specify import Specifier

CONVENTIONS = Path(data.terminology.__file__).parent / "conventions"

_WORD = re.compile(r"[A-Za-z]+")
DRUG_SECTIONS = frozenset(
    {"meds", "plan", "assessment_plan", "assessment", "hpi", "hospital_course", "pmh"}
)


CHOSEN, PLAIN, ALTERNATIVE = "chosen", "plain", "alternative"


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One place of the note that speaks for a code.

    Attributes:
        role: ``chosen`` for the code that the words around support best, ``plain`` for
            the one the wording names by itself, ``alternative`` for a runner-up.
    """

    start: int
    end: int
    sentence: int
    section: str
    assertion: Assertion
    source: str
    words: int
    fit: float
    role: str = CHOSEN


@dataclass
class Candidate:
    """A billable code and what speaks for it; ``notes`` is the trace of the conventions."""

    code: str
    occurrences: list[Occurrence] = field(default_factory=list)
    lexical: float = 0.0
    dense: float = 0.0
    retrieval_rank: int | None = None
    problem_position: int | None = None
    dropped_by: str | None = None
    asked_for_by: str | None = None  # the candidate whose Tabular note asks for this code
    needs_first: bool = False  # the Tabular List wants another code before this one
    derived_from: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)

    @property
    def sources(self) -> tuple[str, ...]:
        found = {o.source for o in self.occurrences}
        return tuple(sorted(found))

    def with_assertion(self, assertion: Assertion) -> list[Occurrence]:
        return [o for o in self.occurrences if o.assertion is assertion]


class Candidates(dict[str, Candidate]):
    """Candidates by code."""

    def at(self, code: str) -> Candidate:
        if code not in self:
            self[code] = Candidate(code)
        return self[code]


@cache
def _drugs() -> dict[str, tuple[str, tuple[str, ...]]]:
    """Drug name → (long-term use code, diagnoses of which one must stand beside it)."""
    table: dict[str, tuple[str, tuple[str, ...]]] = {}
    with (CONVENTIONS / "drug_status.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            requires = tuple(p for p in row["requires"].split("|") if p)
            for name in row["drugs"].split("|"):
                table[name] = (row["code"], requires)
    return table


@cache
def drug_requirements() -> dict[str, tuple[str, ...]]:
    """Long-term use code → diagnoses of which one must stand beside it, where any must."""
    return {code: requires for code, requires in _drugs().values() if requires}


@cache
def _history() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """(condition prefixes, family-history code, personal-history code)."""
    with (CONVENTIONS / "history.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (tuple(row["condition"].split("|")), row["family"], row["personal"])
            for row in csv.DictReader(handle)
        )


def _history_codes(have: Candidates) -> Iterator[tuple[str, Occurrence]]:
    """Family and personal history codes of conditions said to be so (guideline I.C.21.c.4)."""
    for code, candidate in have.items():
        for prefixes, family, personal in _history():
            if not code.startswith(prefixes):
                continue
            for o in candidate.occurrences:
                if not o.words or o.role != CHOSEN:
                    continue
                target = {Assertion.FAMILY: family, Assertion.HISTORICAL: personal}.get(
                    o.assertion, ""
                )
                if target and target != code:
                    yield target, replace(o, assertion=Assertion.PRESENT, source="history")


def _status_codes(document: Document, have: Candidates) -> Iterator[tuple[str, Occurrence]]:
    present = {c for c, cand in have.items() if cand.with_assertion(Assertion.PRESENT)}
    drugs = _drugs()
    for number, sentence in enumerate(document.sentences):
        kind = document.section_of(sentence).kind
        if kind not in DRUG_SECTIONS:
            continue
        for word in _WORD.finditer(document.text, sentence.start, sentence.end):
            found = drugs.get(word.group().lower())
            if not found:
                continue
            code, requires = found
            if requires and not any(c.startswith(requires) for c in present):
                continue
            place = Occurrence(
                word.start(), word.end(), number, kind, Assertion.PRESENT, "drug", 1, 0.0
            )
            yield code, place
    for code, start, end in measured_codes(document.text, document.note, present):
        number = _sentence_at(document, start)
        kind = document.section_of(document.sentences[number]).kind
        yield code, Occurrence(start, end, number, kind, Assertion.PRESENT, "measure", 2, 0.0)


def _sentence_at(document: Document, offset: int) -> int:
    low, high = 0, len(document.sentences) - 1
    while low < high:
        middle = (low + high + 1) // 2
        if document.sentences[middle].start <= offset:
            low = middle
        else:
            high = middle - 1
    return low


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
) -> Candidates:
    """All candidates of a note.

    Args:
        mention_assertions: the reading of each problem's span, in their order.
    """
    contexts = ContextReader(document)
    out = Candidates()
    for m in mentions:
        kind = document.section_of(document.sentences[m.sentence]).kind
        place = Occurrence(m.start, m.end, m.sentence, kind, m.assertion, m.source, m.words, 0.0)
        context = contexts.at(m.sentence, m.first, m.last)
        for code, occurrence in _specified(specifier, m.code, context, place):
            out.at(code).occurrences.append(occurrence)
        if release.is_billable(m.code) and all(
            o.start != m.start or o.end != m.end for o in out.at(m.code).occurrences
        ):
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
    for code, place in [*_history_codes(out), *_status_codes(document, out)]:
        if code in release:
            out.at(code).occurrences.append(place)
    for candidate in out.values():
        places = [positions[o.sentence] for o in candidate.occurrences if o.sentence in positions]
        candidate.problem_position = min(places, default=None)
    return out

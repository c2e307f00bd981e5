"""What may be billed for one note: every line that its words and the tables can make.

A draft holds each line with what speaks for it; the learned part then says how likely each is
billed (:mod:`models.procedures.suggest`). Training reads the same drafts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.hashing import HashedModel
from models.procedures.addons import add_ons
from models.procedures.administration import administration_lines, drug_lines
from models.procedures.bundling import bundle, set_aside_line
from models.procedures.coding import code_service
from models.procedures.em import LevelledVisit, level_visit
from models.procedures.lines import LineFeatures, VisitFeatures
from models.procedures.linking import link_service, link_visit
from models.procedures.mentions import Finder, Layout
from models.procedures.recognizer import Recognised, recognised_mentions
from models.procedures.reviewed import find_tests
from models.procedures.slots import is_facility_place
from models.procedures.statuses import judge
from models.procedures.tables import rows, split
from models.procedures.types import (
    Diagnoses,
    Judged,
    Line,
    Mention,
    ProcedureCandidate,
    Status,
)
from models.procedures.vaccines import vaccine_lines
from models.procedures.visits import Visit

LIKELY = 0.5
"""A service is taken as done from this probability: its drugs, bundles and modifiers follow."""
POSSIBLE = 0.05
"""Below this a service is set aside at once; above it the learned part weighs its line."""
VISIT, RUNNER_UP, ADD_ON = "visit", "runner-up", "add-on"
"""Kinds of the lines of a visit: its worksheet's level, the likeliest after it, what it adds."""
MOST_MENTIONS = 40
"""Mentions of one service that are looked at: a note that names it more often says no more."""

REASONS = {
    Status.ORDERED: "ordered, not done at this encounter",
    Status.PLANNED: "planned or considered, not done at this encounter",
    Status.HISTORICAL: "done before this encounter",
    Status.REFUSED: "declined or not done",
    Status.ELSEWHERE: "done or billed elsewhere",
}
_NOT_MENTIONED = ("visit:", "psychiatric_evaluation")
"""Concepts chosen from the encounter, never from a mention."""
_GIVEN = frozenset({"drug", "immune_globulin", "contrast"})


@cache
def _kind_families() -> dict[str, frozenset[str]]:
    return {row["kind"]: frozenset(split(row["families"])) for row in rows("kind_families")}


@cache
def _place_rules() -> dict[str, str]:
    return {row["subject"]: row["reason"] for row in rows("place_rules")}


_finders: dict[int, tuple[ProcedureCodes, Finder]] = {}


def finder_of(codes: ProcedureCodes) -> Finder:
    """One compiled finder per code table (kept with the table, so that its id stays its own)."""
    known = _finders.get(id(codes))
    if known is None or known[0] is not codes:
        _finders.clear()
        known = _finders.setdefault(id(codes), (codes, Finder(codes)))
    return known[1]


@dataclass(frozen=True)
class Draft:
    """Every line that may be billed, what speaks for each, and what was set aside.

    Attributes:
        lines: without confidence and modifiers; those of ``services`` first, in their order.
        visits: the levelled visits that some of the lines come from.
    """

    lines: tuple[ProcedureCandidate, ...]
    services: tuple[Line, ...]
    set_aside: tuple[ProcedureCandidate, ...]
    visits: tuple[LevelledVisit, ...]
    visit: Visit
    layout: Layout


def draft(
    document: Document,
    diagnoses: Diagnoses,
    codes: ProcedureCodes,
    status: HashedModel,
    elements: Mapping[str, HashedModel],
    recognised: Sequence[Recognised] = (),
) -> Draft:
    """Lines of one note with their features; see :func:`analyse`."""
    layout = Layout(document)
    visit = layout.visit
    every = finder_of(codes).find(document, layout)
    mentions = of_kind([*every, *recognised_mentions(recognised, every, codes)], visit)
    tests = find_tests(layout, every)
    # a test is often a service too: each place is judged once
    wanted = {id(m): m for m in [*mentions, *(t.mention for t in tests)]}
    each = judge(document, layout, visit, list(wanted.values()), status)
    by_place = dict(zip(wanted, each, strict=True))
    judged = [by_place[id(m)] for m in mentions]
    ordered = [(t.name, by_place[id(t.mention)]) for t in tests]
    lines, set_aside = _services(document, layout, codes, visit, judged)
    lines, bundled = bundle(lines)
    performed = [line for line in lines if line.chance >= LIKELY]
    visits = level_visit(document, layout, codes, visit, diagnoses, performed, elements, ordered)
    features = LineFeatures(document.note, visit, lines, recognised)
    found = [_candidate(document, line, diagnoses, features) for line in lines]
    for levelled in visits:
        found += _visit_candidates(document, codes, levelled, performed, visit, diagnoses)
    put_aside = (*set_aside, *bundled)
    return Draft(tuple(found), tuple(lines), put_aside, tuple(visits), visit, layout)


def of_kind(mentions: Sequence[Mention], visit: Visit) -> list[Mention]:
    """Mentions of the services that a document of this kind may bill."""
    allowed = _kind_families().get(visit.kind)
    found: list[Mention] = []
    times: Counter[str] = Counter()
    for mention in mentions:
        concept = mention.concept
        if concept.name.startswith(_NOT_MENTIONED) or concept.name == visit.concept:
            continue
        if allowed is not None and concept.family not in allowed:
            continue
        times[concept.name] += 1
        if times[concept.name] <= MOST_MENTIONS:
            found.append(mention)
    return found


def _services(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    visit: Visit,
    judged: Sequence[Judged],
) -> tuple[list[Line], list[ProcedureCandidate]]:
    """Lines of what was or may have been done, and what was only spoken of with the reason."""
    by_concept: dict[str, list[Judged]] = {}
    for item in judged:
        by_concept.setdefault(item.mention.concept.name, []).append(item)
    facility = is_facility_place(document.note)
    possible: list[Line] = []
    set_aside: list[ProcedureCandidate] = []
    for name, items in by_concept.items():
        named = [item for item in items if item.mention.told == 1]
        if any(item.chance >= LIKELY for item in named):
            items = named  # words that name it say more of it than a sentence that may chart it
        best = max(items, key=lambda item: item.chance)
        done = [item for item in items if item.chance >= LIKELY] or [best]
        reason = None
        if visit.kind == "facility":
            reason = visit.note
        elif facility:
            reason = _place_rules().get(name) or _place_rules().get(best.mention.concept.family)
        lines = code_service(document, layout, codes, visit, done)
        if best.chance >= POSSIBLE and reason is None:
            possible += lines
            continue
        if best.status is not Status.PERFORMED:
            reason = REASONS[best.status]
        set_aside += [
            set_aside_line(line, best.status, reason or REASONS[Status.HISTORICAL])
            for line in lines
        ]
    given: list[Line] = []
    others: list[Line] = []
    for line in possible:
        (given if line.concept.family in _GIVEN else others).append(line)
    drugs = [
        line
        for drug in given
        for line in drug_lines(document, layout, drug, visit.kind == "procedure")
    ]
    likely = [drug for drug in drugs if drug.chance >= LIKELY]
    families = frozenset(line.concept.family for line in others if line.chance >= LIKELY)
    vaccines = [v for v in others if v.concept.family == "vaccine" and v.chance >= LIKELY]
    made = administration_lines(document, layout, codes, likely, families)
    made += vaccine_lines(document, codes, vaccines)
    return others + drugs + made, set_aside


def _candidate(
    document: Document,
    line: Line,
    diagnoses: Diagnoses,
    features: LineFeatures,
) -> ProcedureCandidate:
    linked = link_service(document, line, diagnoses)
    way = "recognised" if line.charted else "procedures"
    return ProcedureCandidate(
        line.entry.system, line.entry.code, line.entry.description, line.concept.family,
        line.concept.name, 0.0, line.evidence, line.status, False, (), line.units,
        linked, (way, *line.cues[:4]), line.notes, None,
        features=tuple(features.of(line)),
    )  # fmt: skip


def _visit_candidates(
    document: Document,
    codes: ProcedureCodes,
    levelled: LevelledVisit,
    performed: Sequence[Line],
    visit: Visit,
    diagnoses: Diagnoses,
) -> list[ProcedureCandidate]:
    preventive = "problems" not in levelled.worksheet
    linked = link_visit(diagnoses, preventive, levelled.second)
    features = VisitFeatures(document.note, visit, performed, diagnoses)
    entry = levelled.entry
    chosen = ProcedureCandidate(
        entry.system, entry.code, entry.description, entry.family, entry.concept, 0.0,
        levelled.evidence, linked_diagnoses=linked, sources=("visit level",), kind=VISIT,
        second=levelled.second,
        features=tuple(features.of(levelled, entry, levelled.chance)),
    )  # fmt: skip
    beside = [
        replace(
            chosen, system=extra.entry.system, code=extra.entry.code,
            description=extra.entry.description, family=extra.entry.family,
            concept=extra.entry.concept, evidence=extra.evidence, units=extra.units,
            notes=(extra.why,), kind=ADD_ON,
            features=tuple(features.of(levelled, extra.entry, levelled.chance)),
        )
        for extra in add_ons(document, codes, entry.code)
    ]  # fmt: skip
    other = levelled.runner_up
    if other is None:
        return [chosen, *beside]
    return [
        chosen,
        *beside,
        replace(
            chosen, code=other.code, description=other.description, kind=RUNNER_UP,
            notes=(f"the level next to {entry.code}",),
            features=tuple(features.of(levelled, other, levelled.runner_chance)),
        ),
    ]  # fmt: skip

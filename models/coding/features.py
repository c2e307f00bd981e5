"""What a coder would look at in a candidate, as numbers.

Each feature says one thing of one candidate of one note: where it stands, what is said
of it, how it was found, what kind of code it is, what stands beside it. The ranker
(``ranking.py``) weighs them.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from data.schemas import Assertion
from models.coding.candidates import ALTERNATIVE, CHOSEN, PLAIN, Candidate, Candidates, Occurrence
from models.coding.code_facts import CodeFacts
from models.coding.document import Document
from models.coding.note_facts import GROUP_OF, SECTION_GROUPS, NoteFacts, note_facts

SOURCE_GROUPS = (
    "lexicon", "description", "inclusion", "index", "sense", "retrieval", "drug", "measure",
    "history", "circumstance", "narrative",
)  # fmt: skip
ASSERTIONS = tuple(Assertion)
ASSERTED_GROUPS = ("final", "discharge", "admission", "story", "past", "found", "plan", "social")

FEATURES: tuple[str, ...] = (
    *(f"source_{s}" for s in SOURCE_GROUPS),
    "source_bag", "only_bag", "only_plain", "only_alternative", "only_retrieval", "any_words",
    "chosen_with_words", "longest_wording", "best_fit", "fit_negative", "fit_lead", "lexical",
    "dense", "retrieval_first", "retrieval_rank",
    "described_near", "described_beside", "described_in_note", "described_unsaid", "explained",
    *(f"said_{a.value}" for a in ASSERTIONS),
    "only_not_asserted", "share_asserted", "last_said_absent",
    *(f"in_{g}" for g in SECTION_GROUPS),
    *(f"asserted_in_{g}" for g in ASSERTED_GROUPS),
    "only_past", "only_story", "only_found", "only_review",
    "listed_problem", "problem_first", "problem_late", "occurrences", "category_occurrences",
    "managed", "managed_in_final",
    "combined", "yields", "asked_for", "needs_other_first",
    "is_symptom", "symptom_not_final", "symptom_beside_disease", "is_status", "is_history",
    "is_family_history", "is_drug_status", "is_external_cause", "is_injury", "is_pregnancy",
    "is_neoplasm", "is_unspecified", "is_other", "is_sided_open",
    "sibling_more_specific", "sibling_count", "sibling_chosen", "overlapped", "knownness",
    "common", "common_category",
    "inpatient", "emergency", "facility", "uncertain_counts", "symptom_in_emergency",
    "history_in_past", "status_in_facility", "history_in_facility", "external_in_emergency",
    "note_has_final", "story_without_final", "final_crowded", "radiology", "found_in_radiology",
    "operative", "history_in_operative", "past_in_facility",
)  # fmt: skip
# Made once: a note has a hundred candidates.
_SOURCE_NAMES = tuple((s, f"source_{s}") for s in SOURCE_GROUPS)
_SAID_NAMES = tuple((a, f"said_{a.value}") for a in ASSERTIONS)
_IN_NAMES = tuple((g, f"in_{g}") for g in SECTION_GROUPS)
_ASSERTED_NAMES = tuple((g, f"asserted_in_{g}") for g in ASSERTED_GROUPS)
LONGEST_WORDING = 300  # characters: how far before a wording one that holds it may begin


def features(
    document: Document, candidates: Candidates, codes: Sequence[str], facts: CodeFacts
) -> NDArray[np.float64]:
    """Feature rows, shape [len(codes), len(FEATURES)]."""
    around = note_facts(document, candidates, facts)
    rows = np.empty((len(codes), len(FEATURES)))
    for row, code in zip(rows, codes, strict=True):
        values = _said(candidates[code], around)
        values.update(_kind(candidates[code], facts, around, values))
        row[:] = [values[name] for name in FEATURES]
    return rows


def _said(candidate: Candidate, around: NoteFacts) -> dict[str, float]:
    """Where the candidate stands, what is said of it, and how it was found."""
    seen = candidate.occurrences
    told = wordings = bags = plain = alternatives = chosen = asserted = longest = 0
    fit, last = -math.inf, None
    groups, asserted_groups, sources, starts = set(), set(), set(), set()
    counts = dict.fromkeys(ASSERTIONS, 0)
    managed = managed_in_final = False
    named: list[Occurrence] = []
    for o in seen:  # one pass: a note has a hundred candidates, each with several places
        group = GROUP_OF.get(o.section)
        groups.add(group)
        starts.add(o.start)
        fit = max(fit, o.fit)
        source = o.source
        if source != "retrieval":
            told += 1
            plain += o.role == PLAIN
            alternatives += o.role == ALTERNATIVE
            if source.startswith("bag:"):
                bags += 1
                source = source[4:]
        sources.add(source)
        if o.words:
            wordings += 1
            chosen += o.role == CHOSEN
            longest = max(longest, o.words)
            named.append(o)
            if last is None or o.start > last.start:
                last = o
        if o.words or source == "retrieval":
            counts[o.assertion] += 1
        if o.assertion in around.wanted:
            asserted += 1
            asserted_groups.add(group)
            if o.sentence in around.managed:
                managed = True
                managed_in_final = managed_in_final or group == "final"
    groups.discard(None)
    position, rank, covered = (
        candidate.problem_position,
        candidate.retrieval_rank,
        candidate.coverage,
    )
    values: dict[str, float] = {
        "source_bag": bags > 0,
        "only_bag": told > 0 and bags == told,
        "only_plain": told > 0 and plain == told,
        "only_alternative": told > 0 and alternatives == told,
        "only_retrieval": not told and bool(seen),
        "any_words": wordings > 0,
        "chosen_with_words": chosen > 0,
        "longest_wording": min(longest, 6) / 6,
        "best_fit": max(-2.0, min(2.0, fit)) if seen else 0.0,
        "fit_negative": bool(seen) and fit < -0.4,
        "fit_lead": _fit_lead(candidate.code, named, around),
        "lexical": candidate.lexical,
        "dense": max(0.0, candidate.dense),
        "retrieval_first": rank == 0,
        "retrieval_rank": 0.0 if rank is None else 1 / (1 + rank),
        "described_near": covered.near,
        "described_beside": covered.beside,
        "described_in_note": covered.note,
        "described_unsaid": math.log1p(covered.unsaid),
        "explained": covered.explained,
        "only_not_asserted": not asserted,
        "share_asserted": asserted / len(seen) if seen else 0.0,
        "last_said_absent": last is not None and last.assertion is Assertion.NEGATED,
        "only_past": groups == {"past"},
        "only_story": groups == {"story"},
        "only_found": groups == {"found"},
        "only_review": groups == {"review"},
        "listed_problem": position is not None,
        "problem_first": position == 0,
        "problem_late": min(position or 0, 10) / 10,
        "occurrences": math.log1p(len(starts)),
        "managed": managed,
        "managed_in_final": managed_in_final,
        "combined": bool(candidate.derived_from),
        "yields": candidate.dropped_by is not None,
        "overlapped": _overlapped(named, around.spans),
    }
    values.update((name, s in sources) for s, name in _SOURCE_NAMES)
    values.update((name, min(counts[a], 3) / 3) for a, name in _SAID_NAMES)
    values.update((name, g in groups) for g, name in _IN_NAMES)
    values.update((name, g in asserted_groups) for g, name in _ASSERTED_NAMES)
    return values


def _kind(
    candidate: Candidate, facts: CodeFacts, around: NoteFacts, said: Mapping[str, float]
) -> dict[str, float]:
    """What kind of code it is, what stands beside it, and both against the kind of note."""
    code, note, kind = candidate.code, around.values, facts.kind(candidate.code)
    symptom, status = kind["is_symptom"], kind["is_status"]
    personal, external = kind["is_history"], kind["is_external_cause"]
    siblings = [c for c in around.by_category.get(code[:3], ()) if c.code != code]
    final = max(said["in_final"], said["in_discharge"])
    return {
        **kind,
        "category_occurrences": math.log1p(
            len({o.start for c in siblings for o in c.occurrences if o.words})
        ),
        "asked_for": candidate.asked_for_by is not None,
        "needs_other_first": candidate.needs_first,
        "symptom_not_final": symptom * (1.0 - final),
        "symptom_beside_disease": symptom * around.disease_in_final,
        "sibling_more_specific": bool(
            kind["is_unspecified"]
            and any(not facts.kind(c.code)["is_unspecified"] for c in siblings)
        ),
        "sibling_count": math.log1p(len(siblings)),
        "sibling_chosen": any(
            o.role == CHOSEN and o.words for c in siblings for o in c.occurrences
        ),
        "inpatient": note["inpatient"],
        "emergency": note["emergency"],
        "facility": note["facility"],
        "uncertain_counts": note["uncertain"] * (said["said_uncertain"] > 0),
        "symptom_in_emergency": symptom * note["emergency"],
        "history_in_past": personal * said["in_past"],
        "status_in_facility": status * note["facility"],
        "history_in_facility": personal * note["facility"],
        "external_in_emergency": external * note["emergency"],
        "note_has_final": note["note_has_final"],
        "story_without_final": (1 - note["note_has_final"]) * said["in_story"],
        "final_crowded": note["final_crowded"],
        "radiology": note["radiology"],
        "found_in_radiology": note["radiology"] * said["in_found"],
        "operative": note["operative"],
        "history_in_operative": personal * note["operative"],
        "past_in_facility": said["only_past"] * note["facility"],
    }


def _fit_lead(code: str, wordings: Sequence[Occurrence], around: NoteFacts) -> float:
    """How far the candidate's fit leads the best other candidate of the same words, best place."""
    best = -2.0
    for o in wordings:
        others = [fit for fit, other in around.best_at[o.start, o.end] if other != code]
        best = max(best, o.fit - max(others) if others else 1.0)
    return min(2.0, best) if wordings else 0.0


def _overlapped(wordings: Sequence[Occurrence], spans: Sequence[tuple[int, int, int]]) -> bool:
    """Whether every wording of the candidate lies inside a longer one of another candidate.

    Args:
        spans: (start, end, words) in order.
    """

    def inside(o: Occurrence) -> bool:
        near = spans[
            bisect_left(spans, (o.start - LONGEST_WORDING,)) : bisect_left(spans, (o.start + 1,))
        ]
        return any(o.end <= e and w > o.words for _, e, w in near)

    return bool(wordings) and all(inside(o) for o in wordings)

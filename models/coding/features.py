"""What a coder would look at in a candidate, as numbers.

Each feature says one thing of one candidate of one note: where it stands, what is said
of it, how it was found, what kind of code it is, what stands beside it. The ranker
(``ranking.py``) weighs them.
"""

from __future__ import annotations

import csv
import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from data.schemas import Assertion, ClaimType, Setting
from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_common, load_terms
from models.coding.candidates import ALTERNATIVE, CHOSEN, PLAIN, Candidate, Candidates, Occurrence
from models.coding.conventions import codes_uncertain
from models.coding.document import RESOURCES, Document

SECTION_GROUPS = {
    "final": {"assessment", "assessment_plan", "impression"},
    "discharge": {"discharge_diagnosis"},
    "admission": {"admission_diagnosis", "indication", "chief_complaint"},
    "story": {"hpi", "hospital_course", "preamble", "other"},
    "past": {"pmh", "problem_list", "psh"},
    "family": {"family"},
    "social": {"social"},
    "review": {"ros"},
    "found": {"exam", "findings", "labs", "imaging", "vitals"},
    "drugs": {"meds"},
    "plan": {"plan", "procedure"},
    "advice": {"instructions", "allergies"},
}
_GROUP_OF = {kind: group for group, kinds in SECTION_GROUPS.items() for kind in kinds}
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
_PERSONAL = ("Z85", "Z86", "Z87")
_FAMILY = ("Z80", "Z81", "Z82", "Z83", "Z84")
_LATE_SYMPTOMS = ("M25.5", "M79.6", "M54.2", "M54.5", "M54.6", "M54.9", "G89", "N64.4", "H57.1")
LONGEST_WORDING = 300  # characters: how far before a wording one that holds it may begin
COMMON_TIERS = 5  # weight of a code is this less its tier of common_conditions.csv


@cache
def management_stems() -> frozenset[str]:
    """Stems that say a problem is looked after today, from ``management_words.csv``."""
    from data.terminology.words import stem

    with (RESOURCES / "management_words.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(stem(row["word"]) for row in csv.DictReader(handle))


class RankerFacts:
    """What the features need of the code set; of each code made when first asked for."""

    def __init__(self, release: Release) -> None:
        self.release = release
        forms = Counter(term.code for term in load_terms())
        self._forms = {code: math.log1p(n) for code, n in forms.items()}
        self._common = {code: (COMMON_TIERS - tier) / 4 for code, tier in load_common().items()}
        self._common_category: dict[str, float] = {}
        for code, weight in self._common.items():
            self._common_category[code[:3]] = max(weight, self._common_category.get(code[:3], 0.0))
        self._kinds: dict[str, dict[str, float]] = {}

    def _known(self, code: str) -> float:
        """How many forms the lexicon has for the code or the nodes above it (log)."""
        above = (self._forms.get(node.code, 0.0) for node in self.release.ancestors(code))
        return max(self._forms.get(code, 0.0), *above, 0.0)

    def kind(self, code: str) -> dict[str, float]:
        """The features that hold of a code in every note."""
        if code not in self._kinds:
            node = self.release.nodes[code]
            text = node.description.lower()
            unspecified = "unspecified" in text
            self._kinds[code] = {
                "is_symptom": float(_is_symptom(code, self.release)),
                "is_status": float(node.chapter == 21),
                "is_history": float(code.startswith(_PERSONAL)),
                "is_family_history": float(code.startswith(_FAMILY)),
                "is_drug_status": float(code.startswith("Z79")),
                "is_external_cause": float(code[0] in "VWXY"),
                "is_injury": float(code[0] in "ST"),
                "is_pregnancy": float(code[0] == "O"),
                "is_neoplasm": float(node.chapter == 2),
                "is_unspecified": float(unspecified),
                "is_other": float(text.startswith("other") or " other " in text),
                "is_sided_open": float(unspecified and ("side" in text or "eye" in text)),
                "knownness": self._known(code),
                "common": self._common.get(code, 0.0),
                "common_category": self._common_category.get(code[:3], 0.0),
            }
        return self._kinds[code]


@dataclass(frozen=True)
class _NoteFacts:
    """What holds for every candidate of a note."""

    wanted: frozenset[Assertion]
    spans: tuple[tuple[int, int, int], ...]
    by_category: Mapping[str, list[Candidate]]
    best_at: Mapping[tuple[int, int], list[tuple[float, str]]]
    managed: frozenset[int]
    disease_in_final: bool
    values: Mapping[str, float]


def _managed_sentences(document: Document) -> frozenset[int]:
    """Sentences that, with the one after in the same section, speak of management."""
    words = management_stems()
    speaks = [any(t.stem in words for t in document.sentence_tokens(s)) for s in document.sentences]
    out = set()
    for i, sentence in enumerate(document.sentences):
        after = i + 1 < len(speaks) and document.sentences[i + 1].section == sentence.section
        if speaks[i] or (after and speaks[i + 1] and not document.sentences[i + 1].item):
            out.add(i)
    return frozenset(out)


def _is_symptom(code: str, release: Release) -> bool:
    return release.nodes[code].chapter == 18 or code.startswith(_LATE_SYMPTOMS)


def _note_facts(document: Document, candidates: Candidates, facts: RankerFacts) -> _NoteFacts:
    note = document.note
    uncertain = codes_uncertain(note)
    wanted = frozenset({Assertion.PRESENT} | ({Assertion.UNCERTAIN} if uncertain else set()))
    kinds = {document.section_of(s).kind for s in document.sentences}
    by_category: dict[str, list[Candidate]] = {}
    best_at: dict[tuple[int, int], list[tuple[float, str]]] = {}
    spans: set[tuple[int, int, int]] = set()
    final: set[str] = set()
    for candidate in candidates.values():
        asserted = False
        for o in candidate.occurrences:
            if o.words:
                spans.add((o.start, o.end, o.words))
                best_at.setdefault((o.start, o.end), []).append((o.fit, candidate.code))
            if o.assertion in wanted:
                asserted = True
                if (
                    o.words
                    and o.role == CHOSEN
                    and _GROUP_OF.get(o.section)
                    in (
                        "final",
                        "discharge",
                    )
                ):
                    final.add(candidate.code)
        if asserted:
            by_category.setdefault(candidate.code[:3], []).append(candidate)
    kind = (note.note_type or "").lower()
    facility = note.claim_type is ClaimType.FACILITY
    has_final = bool(kinds & (SECTION_GROUPS["final"] | SECTION_GROUPS["discharge"]))
    values = {
        "inpatient": float(note.setting is Setting.INPATIENT),
        "emergency": float(note.setting is Setting.EMERGENCY),
        "facility": float(facility),
        "uncertain": float(uncertain),
        "note_has_final": float(has_final),
        "final_crowded": math.log1p(len(final)) / 3,
        "radiology": float("radiolog" in kind or "patholog" in kind),
        "operative": float("operative" in kind or "procedure" in kind),
    }
    return _NoteFacts(
        wanted,
        tuple(sorted(spans)),
        by_category,
        best_at,
        _managed_sentences(document),
        any(not _is_symptom(c, facts.release) and c[0] not in "ZVWXY" for c in final),
        values,
    )


def features(
    document: Document, candidates: Candidates, codes: Sequence[str], facts: RankerFacts
) -> NDArray[np.float64]:
    """Feature rows, shape [len(codes), len(FEATURES)]."""
    around = _note_facts(document, candidates, facts)
    rows = np.empty((len(codes), len(FEATURES)))
    for row, code in zip(rows, codes, strict=True):
        values = _said(candidates[code], around)
        values.update(_kind(candidates[code], facts, around, values))
        row[:] = [values[name] for name in FEATURES]
    return rows


def _said(candidate: Candidate, around: _NoteFacts) -> dict[str, float]:
    """Where the candidate stands, what is said of it, and how it was found."""
    seen = candidate.occurrences
    told = wordings = bags = plain = alternatives = chosen = asserted = longest = 0
    fit, last = -math.inf, None
    groups, asserted_groups, sources, starts = set(), set(), set(), set()
    counts = dict.fromkeys(ASSERTIONS, 0)
    managed = managed_in_final = False
    named: list[Occurrence] = []
    for o in seen:  # one pass: a note has a hundred candidates, each with several places
        group = _GROUP_OF.get(o.section)
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
    candidate: Candidate, facts: RankerFacts, around: _NoteFacts, said: Mapping[str, float]
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


def _fit_lead(code: str, wordings: Sequence[Occurrence], around: _NoteFacts) -> float:
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

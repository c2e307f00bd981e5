"""What holds for every candidate of a note: who stands where, what is managed, its kind."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion, ClaimType, Setting
from models.coding.candidates import CHOSEN, Candidate, Candidates
from models.coding.code_facts import CodeFacts, is_symptom
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
GROUP_OF = {kind: group for group, kinds in SECTION_GROUPS.items() for kind in kinds}


@cache
def management_stems() -> frozenset[str]:
    """Stems that say a problem is looked after today, from ``management_words.csv``."""
    from data.terminology.words import stem

    with (RESOURCES / "management_words.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(stem(row["word"]) for row in csv.DictReader(handle))


@dataclass(frozen=True)
class NoteFacts:
    """Read once a note.

    Attributes:
        wanted: what must be asserted of a place for it to count.
        spans: (start, end, words) of every wording, in order.
        by_category: category → asserted candidates.
        best_at: place → (fit, code) of the candidates with words there.
        managed: sentences that speak of management.
    """

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


def note_facts(document: Document, candidates: Candidates, facts: CodeFacts) -> NoteFacts:
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
                    and GROUP_OF.get(o.section)
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
    return NoteFacts(
        wanted,
        tuple(sorted(spans)),
        by_category,
        best_at,
        _managed_sentences(document),
        any(not is_symptom(c, facts.release) and c[0] not in "ZVWXY" for c in final),
        values,
    )

"""The ranker: would a coder report this candidate? Features a coder would recognise.

A logistic regression over :data:`FEATURES`, kept as JSON and evaluated with
numpy; trained by ``training/coder.py``.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.schemas import Assertion, ClaimType, Setting
from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_terms
from models.coding.candidates import ALTERNATIVE, PLAIN, Candidate, Candidates, Occurrence
from models.coding.conventions import codes_uncertain
from models.coding.document import Document

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
SOURCE_GROUPS = (
    "lexicon",
    "description",
    "inclusion",
    "index",
    "sense",
    "retrieval",
    "drug",
    "measure",
    "history",
)
ASSERTIONS = tuple(Assertion)

FEATURES: tuple[str, ...] = (
    *(f"source_{s}" for s in SOURCE_GROUPS),
    "source_bag",
    "only_bag",
    "only_plain",
    "only_alternative",
    "only_retrieval",
    "any_words",
    "longest_wording",
    "best_fit",
    "fit_negative",
    "lexical",
    "dense",
    "retrieval_first",
    *(f"said_{a.value}" for a in ASSERTIONS),
    "only_not_asserted",
    "share_asserted",
    *(f"in_{g}" for g in SECTION_GROUPS),
    *(f"asserted_in_{g}" for g in ("final", "discharge", "admission", "story", "past", "found")),
    "only_past",
    "only_story",
    "listed_problem",
    "problem_first",
    "problem_late",
    "occurrences",
    "combined",
    "yields",
    "is_symptom",
    "symptom_not_final",
    "is_status",
    "is_history",
    "is_drug_status",
    "is_external_cause",
    "is_injury",
    "is_pregnancy",
    "is_neoplasm",
    "is_unspecified",
    "is_other",
    "sibling_more_specific",
    "sibling_count",
    "overlapped",
    "knownness",
    "inpatient",
    "emergency",
    "facility",
    "uncertain_counts",
    "symptom_in_emergency",
    "history_in_past",
    "note_has_final",
    "story_without_final",
    "radiology",
    "found_in_radiology",
    "operative",
)


@dataclass(frozen=True)
class RankerFacts:
    """What the features need of the code set, made once a release."""

    release: Release
    knownness: dict[str, float]

    @classmethod
    def of(cls, release: Release) -> RankerFacts:
        forms = Counter(term.code for term in load_terms())
        return cls(release, {code: math.log1p(n) for code, n in forms.items()})

    def known(self, code: str) -> float:
        """How many forms the lexicon has for the code or the nodes above it (log)."""
        best = self.knownness.get(code, 0.0)
        for node in self.release.ancestors(code):
            best = max(best, self.knownness.get(node.code, 0.0))
        return best


def _group(section: str) -> str | None:
    return next((g for g, kinds in SECTION_GROUPS.items() if section in kinds), None)


def features(
    document: Document, candidates: Candidates, codes: Sequence[str], facts: RankerFacts
) -> NDArray[np.float64]:
    """Feature rows, shape [len(codes), len(FEATURES)]."""
    note = document.note
    uncertain_counts = codes_uncertain(note)
    wanted = {Assertion.PRESENT} | ({Assertion.UNCERTAIN} if uncertain_counts else set())
    kinds = {document.section_of(s).kind for s in document.sentences}
    has_final = bool(kinds & (SECTION_GROUPS["final"] | SECTION_GROUPS["discharge"]))
    radiology = "radiology" in (note.note_type or "").lower()
    operative = "operative" in (note.note_type or "").lower()
    # Where wordings stand and how wide they are: one inside a wider one yields.
    spans = sorted(
        {(o.start, o.end, o.words) for c in candidates.values() for o in c.occurrences if o.words}
    )
    by_category: dict[str, list[Candidate]] = {}
    for c in candidates.values():
        if any(o.assertion in wanted for o in c.occurrences):
            by_category.setdefault(c.code[:3], []).append(c)
    rows = np.zeros((len(codes), len(FEATURES)))
    place = {name: i for i, name in enumerate(FEATURES)}
    for row, code in zip(rows, codes, strict=True):
        _fill(row, place, candidates[code], facts, wanted, spans, by_category)

        def put(name: str, value: float, row: NDArray[np.float64] = row) -> None:
            row[place[name]] = value

        put("inpatient", note.setting is Setting.INPATIENT)
        put("emergency", note.setting is Setting.EMERGENCY)
        put("facility", note.claim_type is ClaimType.FACILITY)
        put("uncertain_counts", uncertain_counts and row[place["said_uncertain"]] > 0)
        put("symptom_in_emergency", row[place["is_symptom"]] * (note.setting is Setting.EMERGENCY))
        put("note_has_final", has_final)
        put("story_without_final", (not has_final) * row[place["in_story"]])
        put("radiology", radiology)
        put("found_in_radiology", radiology * row[place["in_found"]])
        put("operative", operative)
    return rows


def _fill(
    row: NDArray[np.float64],
    place: dict[str, int],
    candidate: Candidate,
    facts: RankerFacts,
    wanted: set[Assertion],
    spans: list[tuple[int, int, int]],
    by_category: dict[str, list[Candidate]],
) -> None:
    def put(name: str, value: float) -> None:
        row[place[name]] = value

    code, seen = candidate.code, candidate.occurrences
    node = facts.release.nodes[code]
    sources = {o.source.removeprefix("bag:") for o in seen}
    for source in SOURCE_GROUPS:
        put(f"source_{source}", source in sources)
    bags = [o.source.startswith("bag:") for o in seen if o.source != "retrieval"]
    put("source_bag", any(bags))
    put("only_bag", bool(bags) and all(bags))
    put(
        "only_plain",
        bool(seen) and all(o.role == PLAIN or o.source == "retrieval" for o in seen),
    )
    put(
        "only_alternative",
        bool(seen) and all(o.role == ALTERNATIVE or o.source == "retrieval" for o in seen),
    )
    put("only_retrieval", bool(seen) and all(o.source == "retrieval" for o in seen))
    put("any_words", any(o.words for o in seen))
    put("longest_wording", min(max((o.words for o in seen), default=0), 6) / 6)
    fit = max((o.fit for o in seen), default=0.0)
    put("best_fit", max(-2.0, min(2.0, fit)))
    put("fit_negative", fit < -0.4)
    put("lexical", candidate.lexical)
    put("dense", max(0.0, candidate.dense))
    put("retrieval_first", candidate.retrieval_rank == 0)
    counts = Counter(o.assertion for o in seen if o.words or o.source == "retrieval")
    for assertion in ASSERTIONS:
        put(f"said_{assertion.value}", min(counts[assertion], 3) / 3)
    asserted = [o for o in seen if o.assertion in wanted]
    put("only_not_asserted", not asserted)
    put("share_asserted", len(asserted) / len(seen) if seen else 0.0)
    groups = {g for o in seen if (g := _group(o.section))}
    asserted_groups = {g for o in asserted if (g := _group(o.section))}
    for group in SECTION_GROUPS:
        put(f"in_{group}", group in groups)
        name = f"asserted_in_{group}"
        if name in place:
            put(name, group in asserted_groups)
    put("only_past", groups == {"past"})
    put("only_story", groups == {"story"})
    put("listed_problem", candidate.problem_position is not None)
    put("problem_first", candidate.problem_position == 0)
    put("problem_late", min(candidate.problem_position or 0, 10) / 10)
    put("occurrences", math.log1p(len({o.start for o in seen})))
    put("combined", bool(candidate.derived_from))
    put("yields", candidate.dropped_by is not None)
    symptom = node.chapter == 18 or code.startswith(
        ("M25.5", "M79.6", "M54.2", "M54.5", "M54.6", "M54.9")
    )
    put("is_symptom", symptom)
    put("symptom_not_final", symptom and not groups & {"final", "discharge"})
    put("is_status", node.chapter == 21)
    put("is_history", code.startswith(("Z85", "Z86", "Z87", "Z80", "Z82", "Z83", "Z84")))
    put("is_drug_status", code.startswith("Z79"))
    put("is_external_cause", code[0] in "VWXY")
    put("is_injury", code[0] in "ST")
    put("is_pregnancy", code[0] == "O")
    put("is_neoplasm", node.chapter == 2)
    text = node.description.lower()
    put("is_unspecified", "unspecified" in text)
    put("is_other", text.startswith("other") or " other " in text)
    siblings = [c for c in by_category.get(code[:3], ()) if c.code != code]
    put(
        "sibling_more_specific",
        "unspecified" in text
        and any(
            "unspecified" not in facts.release.nodes[c.code].description.lower() for c in siblings
        ),
    )
    put("sibling_count", math.log1p(len(siblings)))
    put("overlapped", _overlapped(seen, spans))
    put("knownness", facts.known(code))
    put("history_in_past", code.startswith(("Z85", "Z86", "Z87")) and "past" in groups)


def _overlapped(seen: Sequence[Occurrence], spans: list[tuple[int, int, int]]) -> bool:
    """Whether every wording of the candidate lies inside a longer one of another candidate."""
    own = [o for o in seen if o.words]
    if not own:
        return False
    return all(any(s <= o.start and o.end <= e and w > o.words for s, e, w in spans) for o in own)


class Ranker:
    """Logistic regression: P(a coder reports the candidate), before calibration."""

    def __init__(
        self, weights: NDArray[np.float64], intercept: float, scale: NDArray[np.float64]
    ) -> None:
        if weights.shape != (len(FEATURES),) or scale.shape != (len(FEATURES),):
            raise ValueError(
                f"ranker: {weights.shape[0]} weights for {len(FEATURES)} features; "
                "the bundle was made by another version: retrain it"
            )
        self.weights, self.intercept, self.scale = weights, intercept, scale

    def scores(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log-odds, shape [n]."""
        return np.asarray((rows / self.scale) @ self.weights + self.intercept, dtype=np.float64)

    def save(self, path: Path) -> None:
        weights = {
            n: [float(w), float(s)]
            for n, w, s in zip(FEATURES, self.weights, self.scale, strict=True)
        }
        path.write_text(
            json.dumps({"intercept": self.intercept, "features": weights}, indent=1) + "\n", "utf-8"
        )

    @classmethod
    def load(cls, path: Path) -> Ranker:
        raw = json.loads(path.read_text("utf-8"))
        missing = set(FEATURES) ^ set(raw["features"])
        if missing:
            raise ValueError(
                f"ranker: features {sorted(missing)[:4]} are not this version's; retrain the bundle"
            )
        pairs = np.array([raw["features"][n] for n in FEATURES], dtype=np.float64)
        return cls(pairs[:, 0], float(raw["intercept"]), pairs[:, 1])

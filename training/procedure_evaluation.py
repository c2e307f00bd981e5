"""What ``superbill evaluate procedures`` measures: lines, visits, modifiers and statuses.

Lines are judged over (note, code), a code once a note however often it is billed, at the
default operating point. A *family* is the concept of the starter tables that a code belongs
to ("x-ray of the ankle", "established office visit"); a code outside the tables is its own.
Notes on facility claims carry no gold lines and are left out; every other note counts, also
one on which nothing is billed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.authored import SPLITS, AuthoredError
from data.authored.procedures import Done, Level, Status, Visit
from data.schemas import ClaimType, CodingResult, GoldNote, Suggestion, System
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import BundleError, BundleStore
from models.coding.coder import Coder
from models.coding.document import Document, read_document
from models.hashing import HashedModel
from models.metrics import brier_skill, expected_calibration_error, f1
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.model import ProcedureModel
from models.procedures.statuses import judge, mentions_at
from training.coder_evaluation import by_row
from training.errors import TrainingError
from training.evaluation import table
from training.procedure_notes import coded_notes

LEVELLED = ("office", "emergency", "hospital", "consultation", "nursing facility", "home")
"""Families of visits whose codes are levels."""
MODERATE = 4
RESAMPLES = 1000
SEED = 20260501


@dataclass(frozen=True)
class Judged:
    """One note: what was done, what is suggested, and the status read at each gold service."""

    gold: GoldNote
    done: Done
    lines: tuple[Suggestion, ...]
    worksheet: Mapping[str, object]
    statuses: tuple[Status, ...]

    @property
    def selected(self) -> tuple[Suggestion, ...]:
        return tuple(s for s in self.lines if s.selected)


def is_visit(code: str) -> bool:
    """Whether a code is of the section of CPT that holds visits."""
    return len(code) == 5 and code.isdigit() and code[:3] in {"992", "993"}


def level_of(code: str, codes: ProcedureCodes) -> tuple[str, float] | None:
    """(concept, level) of a visit's code by the starter tables; None for other codes.

    Numbers do not tell: 99306 and 99307 are two families, 99309 and 99310 one, and 99343 is gone.
    """
    entry = codes.find(code) if is_visit(code) else None
    levels = [float(c.value) for c in entry.when if c.slot == "level"] if entry else []
    return (entry.concept, levels[0]) if entry and levels else None


def judge_note(
    gold: GoldNote,
    done: Done,
    result: CodingResult,
    codes: ProcedureCodes,
    model: ProcedureModel,
) -> Judged:
    """One note's gold beside the coder's result."""
    return Judged(
        gold=gold,
        done=done,
        lines=tuple(s for s in result.suggestions if s.system is not System.ICD10CM),
        worksheet=result.em or {},
        statuses=status_at(read_document(gold.note), done, codes, model.status),
    )


def status_at(
    document: Document, done: Done, codes: ProcedureCodes, model: HashedModel
) -> tuple[Status, ...]:
    """The status read at each gold service, in order."""
    layout = Layout(document)
    spans = [(s.evidence.start, s.evidence.end) for s in done.services]
    mentions = mentions_at(document, layout, finder_of(codes), spans)
    read = judge(document, layout, layout.visit, mentions, model)
    return tuple(Status(each.status.value) for each in read)


Counts = dict[str, tuple[float, float, float]]
"""Measure → (right, proposed, gold); F1 comes from their sums over notes."""


def counts_of(note: Judged, codes: ProcedureCodes) -> Counts:
    """What one note adds to each measure."""

    def family(code: str) -> str:
        entry = codes.find(code)
        return entry.concept if entry else code

    out: Counts = {}
    if note.gold.note.claim_type is not ClaimType.FACILITY:
        ours = {s.code for s in note.selected}
        golds = {line.code for line in note.done.lines}
        out["lines exact"] = (len(ours & golds), len(ours), len(golds))
        a, b = {family(c) for c in ours}, {family(c) for c in golds}
        out["lines family"] = (len(a & b), len(a), len(b))
        plain, gold_plain = ({c for c in some if not is_visit(c)} for some in (ours, golds))
        out["lines exact, visits apart"] = (
            len(plain & gold_plain), len(plain), len(gold_plain),
        )  # fmt: skip
        out |= _visit_counts(note.done.visit, ours, codes)
        out |= _details(note)
    for status in Status:
        wanted = [s.status is status for s in note.done.services]
        got = [s is status for s in note.statuses]
        both = sum(w and g for w, g in zip(wanted, got, strict=True))
        out[f"status {status.value}"] = (both, sum(got), sum(wanted))
    return out


def _visit_counts(visit: Visit | None, ours: set[str], codes: ProcedureCodes) -> Counts:
    if visit is None:
        return {}
    out: Counts = {"visit code": (float(visit.code in ours), 1.0, 1.0)}
    if visit.family in LEVELLED and (wanted := level_of(visit.code, codes)):
        levels = [level for code in ours if (level := level_of(code, codes))]
        found = [level for level in levels if level[0] == wanted[0]]
        out["level exact"] = (float(wanted in found), 1.0, 1.0)
        near = any(abs(level - wanted[1]) <= 1 for _, level in found)
        out["level within one"] = (float(near), 1.0, 1.0)
        # what a reader should hold the two above against
        out["level if always moderate"] = (float(wanted[1] == MODERATE), 1.0, 1.0)
    return out


def _details(note: Judged) -> Counts:
    """Modifiers over all lines; units and pointers over the lines that both have."""
    ours = {(s.code, m) for s in note.selected for m in s.modifiers}
    golds = {(line.code, m) for line in note.done.lines for m in line.modifiers}
    by_code = {s.code: s for s in note.selected}
    shared = [(line, by_code[line.code]) for line in note.done.lines if line.code in by_code]
    units = sum(line.units == s.units for line, s in shared)
    pointed = {(line.code, d) for line, _ in shared for d in line.linked_diagnoses}
    pointing = {(s.code, d) for _, s in shared for d in s.linked_diagnoses}
    return {
        "modifiers": (len(ours & golds), len(ours), len(golds)),
        "units of shared lines": (units, len(shared), len(shared)),
        "pointers of shared lines": (len(pointed & pointing), len(pointing), len(pointed)),
    }


def element_counts(note: Judged) -> Counts:
    """Whether each element of decision making has the gold level, where both have one."""
    visit, sheet = note.done.visit, note.worksheet
    out: Counts = {}
    for name in ("problems", "data", "risk"):
        wanted: Level | None = getattr(visit, name) if visit else None
        found = sheet.get(name)
        if wanted is not None and isinstance(found, dict):
            right = float(found["name"] == wanted.value)
            out[f"element {name}"] = (right, 1.0, 1.0)
    return out


def figures(notes: Sequence[Judged], codes: ProcedureCodes) -> dict[str, dict[str, float]]:
    """Measure → precision, recall, F1 (for a visit: share right) with its 95 % interval."""
    each = [counts_of(note, codes) | element_counts(note) for note in notes]
    names = list(dict.fromkeys(name for row in each for name in row))
    draws = np.random.default_rng(SEED).integers(0, len(each), (RESAMPLES, len(each)))
    out = {}
    for name in names:
        rows = np.array([row.get(name, (0.0, 0.0, 0.0)) for row in each], dtype=np.float64)
        p, r, f = f1(*rows.sum(axis=0))
        sums = rows[draws].sum(axis=1)
        spread = [f1(*row)[2] for row in sums]
        low, high = np.quantile(spread, [0.025, 0.975])
        out[name] = {
            "precision": p, "recall": r, "f1": f,
            "low": float(low), "high": float(high), "gold": float(rows[:, 2].sum()),
        }  # fmt: skip
    return out


def calibration(notes: Sequence[Judged]) -> dict[str, float]:
    """ECE and Brier skill of the lines listed, and of those selected."""
    out = {}
    for title, chosen in (("listed", False), ("selected", True)):
        rows = [
            (s.confidence, s.code in {line.code for line in note.done.lines})
            for note in notes
            if note.gold.note.claim_type is not ClaimType.FACILITY
            for s in (note.selected if chosen else note.lines)
        ]
        confidence = np.array([c for c, _ in rows], dtype=np.float64)
        right = np.array([r for _, r in rows], dtype=np.bool_)
        out[f"ece {title}"] = expected_calibration_error(confidence, right)
        out[f"brier skill {title}"] = brier_skill(confidence, right)
    return out


def run_evaluate_procedures(
    ref: str | None,
    split: str,
    json_output: Path | None,
    var: Path,
    log: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """All figures of a split, printed and returned.

    Raises:
        TrainingError: no such bundle or split, or no note of it has its procedures coded.
    """
    try:
        bundle = BundleStore(var / "bundles").resolve(ref)
        coder = Coder.load(bundle, var / "terminology")
        model = ProcedureModel.load(bundle.part("procedures"))
        if split not in SPLITS:
            raise AuthoredError(f"no split {split!r}; there are {', '.join(SPLITS)}")
        notes = [pair for batch in SPLITS[split] for pair in coded_notes(batch)]
    except (BundleError, AuthoredError) as error:
        raise TrainingError(str(error)) from error
    if not notes:
        raise TrainingError(f"no note of {split} has its procedures coded")
    codes = coder.procedures
    judged = [
        judge_note(gold, done, coder.suggest(gold.note), codes, model) for gold, done in notes
    ]
    found = figures(judged, codes)
    title = split if split == "test" else f"{split} (tuned on these)"
    log(f"== {title}: {len(judged)} notes, authored\n{by_row(found)}")
    checked = calibration(judged)
    log(table({"confidence": checked}))
    out = {**found, "confidence": checked}
    if json_output is not None:
        json_output.write_text(json.dumps({"bundle": bundle.id, **out}, indent=1) + "\n", "utf-8")
    return out

"""Procedure confidence: counted on gold notes, and judged by cross-validation.

``python -m training.procedures`` prints the development figures and writes the
confidence table that ``models.procedures`` ships. The rules and tables were
written with these notes in sight, so their F1 here is a development figure, not
a result; the folds keep only the confidences from being tuned on themselves.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from data.authored import load_notes
from data.schemas import GoldNote, System
from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import read_document
from models.procedures.confidence import MODEL, ConfidenceModel
from models.procedures.suggest import analyse
from models.procedures.types import ProcedureCandidate

FOLDS = 5
SEED = 20260501


@dataclass(frozen=True)
class Scores:
    """Micro figures over selected lines; a code given twice counts twice."""

    precision: float
    recall: float
    f1: float
    modifier_f1: float
    units_exact: float
    visit_level_exact: float
    visit_level_within_one: float
    brier: float
    base_rate_brier: float
    notes: int
    gold_lines: int


def gold_candidates(
    notes: Sequence[GoldNote], codes: ProcedureCodes
) -> list[tuple[GoldNote, list[ProcedureCandidate]]]:
    """Candidates of each note, with its gold diagnoses as the encounter's."""
    empty = ConfidenceModel({})
    found = []
    for gold in notes:
        diagnoses = [
            (c.code, [e.start for e in c.evidence])
            for c in gold.codes
            if c.system is System.ICD10CM
        ]
        result = analyse(read_document(gold.note), diagnoses, codes, empty)
        found.append((gold, [c for c in result.candidates if c.suppressed is None]))
    return found


def _gold_counts(gold: GoldNote) -> Counter[str]:
    return Counter(c.code for c in gold.codes if c.system is not System.ICD10CM)


def fit_confidence(
    found: Sequence[tuple[GoldNote, list[ProcedureCandidate]]],
) -> ConfidenceModel:
    """Count, per bucket, how often its proposals stand in the gold."""
    right: Counter[str] = Counter()
    proposed: Counter[str] = Counter()
    for gold, candidates in found:
        open_codes = _gold_counts(gold)
        for candidate in candidates:
            proposed[candidate.bucket] += 1
            if open_codes[candidate.code] > 0:
                open_codes[candidate.code] -= 1
                right[candidate.bucket] += 1
    return ConfidenceModel({bucket: (right[bucket], n) for bucket, n in proposed.items()})


def _level(code: str) -> tuple[str, int] | None:
    """(family, level) of a levelled visit code."""
    if len(code) == 5 and code[:3] in {"992", "993"} and code.isdigit():
        return code[:4], int(code[4])
    return None


def cross_validate(notes: Sequence[GoldNote], codes: ProcedureCodes) -> Scores:
    """Figures with each fold's confidences fitted on the other folds (by note, seeded)."""
    found = gold_candidates(notes, codes)
    order = list(range(len(found)))
    random.Random(SEED).shuffle(order)
    tally: Counter[str] = Counter()
    squared = 0.0
    outcomes: list[int] = []
    for fold in range(FOLDS):
        held = set(order[fold::FOLDS])
        model = fit_confidence([found[i] for i in range(len(found)) if i not in held])
        for index in sorted(held):
            gold, candidates = found[index]
            squared += _score_note(gold, candidates, model, tally, outcomes)
    precision = tally["hit"] / max(tally["selected"], 1)
    recall = tally["hit"] / max(tally["gold"], 1)
    base = sum(outcomes) / max(len(outcomes), 1)
    modifier_total = tally["modifier_selected"] + tally["modifier_gold"]
    return Scores(
        precision=precision,
        recall=recall,
        f1=2 * precision * recall / max(precision + recall, 1e-9),
        modifier_f1=2 * tally["modifier_hit"] / max(modifier_total, 1),
        units_exact=tally["units"] / max(tally["hit"], 1),
        visit_level_exact=tally["level"] / max(tally["levelled"], 1),
        visit_level_within_one=tally["near"] / max(tally["levelled"], 1),
        brier=squared / max(len(outcomes), 1),
        base_rate_brier=base * (1 - base),
        notes=len(notes),
        gold_lines=tally["gold"],
    )


def _score_note(
    gold: GoldNote,
    candidates: list[ProcedureCandidate],
    model: ConfidenceModel,
    tally: Counter[str],
    outcomes: list[int],
) -> float:
    """Add one note to the tally; returns the squared errors of its confidences."""
    open_rows = [c for c in gold.codes if c.system is not System.ICD10CM]
    tally["gold"] += len(open_rows)
    tally["modifier_gold"] += sum(len(row.modifiers) for row in open_rows)
    levels = {level[0]: level[1] for row in open_rows if (level := _level(row.code))}
    squared = 0.0
    for candidate in candidates:
        confidence = model.confidence(candidate.bucket)
        selected = confidence >= model.threshold
        row = next((r for r in open_rows if r.code == candidate.code), None)
        outcomes.append(int(row is not None))
        squared += (confidence - (row is not None)) ** 2
        if not selected:
            continue
        tally["selected"] += 1
        tally["modifier_selected"] += len(candidate.modifiers)
        level = _level(candidate.code)
        if level and level[0] in levels:
            tally["levelled"] += 1
            tally["level"] += level[1] == levels[level[0]]
            tally["near"] += abs(level[1] - levels[level[0]]) <= 1
        if row is not None:
            open_rows.remove(row)
            tally["hit"] += 1
            tally["units"] += candidate.units == row.units
            tally["modifier_hit"] += len(set(candidate.modifiers) & set(row.modifiers))
    return squared


def main(arguments: Sequence[str] | None = None) -> int:
    """Print development figures as JSON; write the confidence table with ``--output``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, default=MODEL)
    options = parser.parse_args(arguments)
    notes = load_notes("samples")
    codes = ProcedureCodes.load()
    scores = cross_validate(notes, codes)
    print(json.dumps({"development figures": asdict(scores)}, indent=1))
    fit_confidence(gold_candidates(notes, codes)).save(options.output)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

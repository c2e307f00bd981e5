"""Every measure of EVALUATION.md that the project states, defined once.

Selected codes are judged at the default operating point; rankings by the
confidence of everything listed. Intervals are bootstraps over notes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15


@dataclass(frozen=True)
class CodedNote:
    """What is needed to judge one note under one code system.

    Attributes:
        ranking: (code, confidence), best first.
        selected: the codes proposed.
        evidence: character spans per selected code; ``gold_evidence`` likewise.
        automatic: the selected codes marked to be accepted unseen.
    """

    gold: frozenset[str]
    selected: frozenset[str]
    ranking: tuple[tuple[str, float], ...]
    evidence: Mapping[str, Sequence[tuple[int, int]]]
    gold_evidence: Mapping[str, Sequence[tuple[int, int]]]
    automatic: frozenset[str] = frozenset()


def f1(true_positives: float, predicted: float, gold: float) -> tuple[float, float, float]:
    """Precision, recall and their harmonic mean; 0 where undefined."""
    p = true_positives / predicted if predicted else 0.0
    r = true_positives / gold if gold else 0.0
    return p, r, 2 * p * r / (p + r) if p + r else 0.0


def micro(
    notes: Iterable[CodedNote], cut: Callable[[str], str] = str
) -> tuple[float, float, float]:
    """Micro precision, recall, F1 over selected codes, each code first passed through ``cut``."""
    tp = predicted = gold = 0
    for note in notes:
        p, g = {cut(c) for c in note.selected}, {cut(c) for c in note.gold}
        tp, predicted, gold = tp + len(p & g), predicted + len(p), gold + len(g)
    return f1(tp, predicted, gold)


def category(code: str) -> str:
    """The 3-character category of an ICD-10-CM code."""
    return code[:3]


def macro(notes: Sequence[CodedNote]) -> tuple[float, float]:
    """(mean of per-code F1 over gold ∪ predicted, harmonic mean of macro P and macro R)."""
    counts: dict[str, list[int]] = {}
    for note in notes:
        for code in note.selected | note.gold:
            row = counts.setdefault(code, [0, 0, 0])
            row[0] += code in note.selected and code in note.gold
            row[1] += code in note.selected
            row[2] += code in note.gold
    if not counts:
        return 0.0, 0.0
    each = [f1(*row) for row in counts.values()]
    p, r = float(np.mean([e[0] for e in each])), float(np.mean([e[1] for e in each]))
    return float(np.mean([e[2] for e in each])), 2 * p * r / (p + r) if p + r else 0.0


def average_precision(ranking: Sequence[str], gold: frozenset[str]) -> float:
    """Mean of the precisions at each gold code's rank; codes not ranked count as 0."""
    hits, total = 0, 0.0
    for rank, code in enumerate(ranking, start=1):
        if code in gold:
            hits += 1
            total += hits / rank
    return total / len(gold) if gold else 0.0


def mean_average_precision(notes: Sequence[CodedNote]) -> float:
    judged = [average_precision([c for c, _ in n.ranking], n.gold) for n in notes if n.gold]
    return float(np.mean(judged)) if judged else 0.0


def recall_at(notes: Sequence[CodedNote], k: int) -> float:
    """Share of all gold codes among each note's first k."""
    gold = sum(len(n.gold) for n in notes)
    found = sum(len(n.gold & {c for c, _ in n.ranking[:k]}) for n in notes)
    return found / gold if gold else 0.0


def precision_at(notes: Sequence[CodedNote], k: int) -> float:
    judged = [len(n.gold & {c for c, _ in n.ranking[:k]}) / k for n in notes if n.gold]
    return float(np.mean(judged)) if judged else 0.0


def exact_match_ratio(notes: Sequence[CodedNote]) -> float:
    return float(np.mean([n.selected == n.gold for n in notes])) if notes else 0.0


def _characters(spans: Iterable[tuple[int, int]]) -> set[int]:
    return {i for start, end in spans for i in range(start, end)}


def evidence_f1(notes: Iterable[CodedNote]) -> float:
    """Mean over correct codes of character-overlap F1; the best gold span of the code counts."""
    scores = []
    for note in notes:
        for code in note.selected & note.gold:
            golds, ours = note.gold_evidence.get(code, ()), note.evidence.get(code, ())
            if not golds:
                continue
            best = 0.0
            for span in golds:
                wanted = _characters([span])
                for own in ours:
                    got = _characters([own])
                    best = max(best, f1(len(wanted & got), len(got), len(wanted))[2])
            scores.append(best)
    return float(np.mean(scores)) if scores else 0.0


def expected_calibration_error(
    confidence: NDArray[np.float64], correct: NDArray[np.bool_], bins: int = ECE_BINS
) -> float:
    """Mean |accuracy − confidence| over equal-mass bins, weighted by their size."""
    n = len(confidence)
    if n == 0:
        return 0.0
    order = np.argsort(confidence, kind="stable")
    parts = np.array_split(order, min(bins, n))
    return float(
        sum(len(p) / n * abs(float(correct[p].mean()) - float(confidence[p].mean())) for p in parts)
    )


def brier_skill(confidence: NDArray[np.float64], correct: NDArray[np.bool_]) -> float:
    """1 − Brier / Brier of the base rate; above 0 is better than a constant."""
    if len(confidence) == 0:
        return 0.0
    outcome = correct.astype(np.float64)
    reference = float(np.mean((outcome - outcome.mean()) ** 2))
    if reference == 0:
        return 0.0
    return 1.0 - float(np.mean((confidence - outcome) ** 2)) / reference


def confidences(
    notes: Iterable[CodedNote], selected_only: bool, floor: float = 0.1
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Confidences and whether each code was right: of selected codes, or of all from ``floor``."""
    pairs = [
        (value, code in note.gold)
        for note in notes
        for code, value in note.ranking
        if (code in note.selected if selected_only else value >= floor)
    ]
    return (
        np.array([p[0] for p in pairs], dtype=np.float64),
        np.array([p[1] for p in pairs], dtype=np.bool_),
    )


def share_at_precision(notes: Sequence[CodedNote], target: float) -> float:
    """Largest share of the selected codes, surest first, that is right at least ``target``.

    Selective prediction: what could be accepted unseen at that precision.
    """
    confidence, right = confidences(notes, selected_only=True)
    if not len(right):
        return 0.0
    order = np.argsort(-confidence, kind="stable")
    precision = np.cumsum(right[order]) / np.arange(1, len(order) + 1)
    reached = np.flatnonzero(precision >= target)
    return float(reached[-1] + 1) / len(order) if len(reached) else 0.0


def auto_accepted(notes: Sequence[CodedNote]) -> tuple[float, float]:
    """(share of the selected codes marked to be accepted unseen, their precision)."""
    marked = sum(len(n.automatic) for n in notes)
    selected = sum(len(n.selected) for n in notes)
    right = sum(len(n.automatic & n.gold) for n in notes)
    return marked / selected if selected else 0.0, right / marked if marked else 0.0


def bootstrap(
    notes: Sequence[CodedNote],
    measure: Callable[[Sequence[CodedNote]], float],
    rounds: int = 400,
    seed: int = 1,
) -> tuple[float, float]:
    """95 % interval of a measure, resampling notes."""
    if not notes:
        return 0.0, 0.0
    rng = np.random.default_rng(seed)
    draws = [
        measure([notes[i] for i in rng.integers(0, len(notes), len(notes))]) for _ in range(rounds)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def report(notes: Sequence[CodedNote], intervals: bool = True) -> dict[str, float]:
    """All coding measures of one system, by name; ``*_low`` and ``*_high`` bound the main ones."""
    p, r, f = micro(notes)
    p3, r3, f3 = micro(notes, category)
    macro_mean, macro_harmonic = macro(notes)
    selected, right = confidences(notes, selected_only=True)
    listed, listed_right = confidences(notes, selected_only=False)
    out = {
        "notes": float(len(notes)),
        "gold_codes": float(sum(len(n.gold) for n in notes)),
        "selected_codes": float(sum(len(n.selected) for n in notes)),
        "micro_precision": p,
        "micro_recall": r,
        "micro_f1": f,
        "category_precision": p3,
        "category_recall": r3,
        "category_f1": f3,
        "macro_f1_mean": macro_mean,
        "macro_f1_harmonic": macro_harmonic,
        "map": mean_average_precision(notes),
        "recall_at_5": recall_at(notes, 5),
        "recall_at_10": recall_at(notes, 10),
        "recall_at_25": recall_at(notes, 25),
        "precision_at_8": precision_at(notes, 8),
        "exact_match": exact_match_ratio(notes),
        "evidence_f1": evidence_f1(notes),
        "ece_selected": expected_calibration_error(selected, right),
        "ece_listed": expected_calibration_error(listed, listed_right),
        "brier_skill_selected": brier_skill(selected, right),
        "brier_skill_listed": brier_skill(listed, listed_right),
        "share_at_95_precision": share_at_precision(notes, 0.95),
        "share_at_98_precision": share_at_precision(notes, 0.98),
    }
    out["auto_accept_share"], out["auto_accept_precision"] = auto_accepted(notes)
    if intervals:
        measures: dict[str, Callable[[Sequence[CodedNote]], float]] = {
            "micro_f1": lambda ns: micro(ns)[2],
            "category_f1": lambda ns: micro(ns, category)[2],
            "recall_at_25": lambda ns: recall_at(ns, 25),
            "map": mean_average_precision,
            "evidence_f1": evidence_f1,
            "ece_selected": lambda ns: expected_calibration_error(*confidences(ns, True)),
            "brier_skill_selected": lambda ns: brier_skill(*confidences(ns, True)),
            "share_at_95_precision": lambda ns: share_at_precision(ns, 0.95),
            "auto_accept_precision": lambda ns: auto_accepted(ns)[1],
        }
        for name, measure in measures.items():
            out[f"{name}_low"], out[f"{name}_high"] = bootstrap(notes, measure)
    return out

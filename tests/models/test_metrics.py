"""Every measure on examples small enough to compute by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.metrics import (
    CodedNote,
    average_precision,
    bootstrap,
    brier_skill,
    category,
    confidences,
    evidence_f1,
    exact_match_ratio,
    expected_calibration_error,
    f1,
    macro,
    mean_average_precision,
    micro,
    precision_at,
    recall_at,
    report,
)

Spans = Mapping[str, Sequence[tuple[int, int]]]


def _note(
    gold: str, selected: str, ranking: str = "", evidence: Spans | None = None,
    gold_evidence: Spans | None = None,
) -> CodedNote:  # fmt: skip
    """A note from codes parted by spaces; ``ranking`` as ``code:confidence``."""
    pairs = [part.split(":") for part in ranking.split()]
    return CodedNote(
        frozenset(gold.split()),
        frozenset(selected.split()),
        tuple((code, float(value)) for code, value in pairs),
        evidence or {},
        gold_evidence or {},
    )


A = _note("E11.22 I10 N18.3", "E11.22 I10 Z79.4", "E11.22:0.9 Z79.4:0.6 I10:0.5 N18.3:0.05")
B = _note("J02.9", "J02.0", "J02.0:0.8 J02.9:0.3")


def test_f1() -> None:
    assert f1(2, 4, 3) == pytest.approx((0.5, 2 / 3, 4 / 7))
    assert f1(0, 0, 0) == (0, 0, 0)
    assert f1(0, 3, 0) == (0, 0, 0)


def test_micro() -> None:
    # 2 of the 4 selected are right, 2 of the 4 gold are found.
    assert micro([A, B]) == pytest.approx((0.5, 0.5, 0.5))
    # By category J02.0 is J02.9's: 3 of 4.
    assert micro([A, B], category) == pytest.approx((0.75, 0.75, 0.75))
    assert micro([]) == (0, 0, 0)


def test_categories_are_counted_once_a_note() -> None:
    note = _note("S93.401A S93.402A", "S93.409A")
    assert micro([note], category) == (1, 1, 1)


def test_macro() -> None:
    # E11.22 and I10 at 1; N18.3, Z79.4, J02.9, J02.0 at 0: six codes.
    mean, harmonic = macro([A, B])
    assert mean == pytest.approx(2 / 6)
    assert harmonic == pytest.approx(2 / 6)
    # One code right in one of two notes, another right once and predicted twice.
    mean, harmonic = macro([_note("X1 Y1", "X1 Y1"), _note("X1", "Y1")])
    assert mean == pytest.approx(2 / 3)  # X1: P 1, R 1/2; Y1: P 1/2, R 1
    assert harmonic == pytest.approx(0.75)  # P 3/4, R 3/4
    assert macro([]) == (0, 0)


def test_average_precision() -> None:
    assert average_precision(["a", "x", "b"], frozenset("ab")) == pytest.approx((1 + 2 / 3) / 2)
    assert average_precision(["a"], frozenset("ab")) == 0.5
    assert average_precision(["x", "y"], frozenset("ab")) == 0
    assert average_precision([], frozenset()) == 0


def test_mean_average_precision() -> None:
    # A: E11.22 at 1, I10 at 3, N18.3 at 4 → (1 + 2/3 + 3/4)/3; B: J02.9 at 2 → 1/2.
    expected = ((1 + 2 / 3 + 3 / 4) / 3 + 1 / 2) / 2
    assert mean_average_precision([A, B]) == pytest.approx(expected)
    assert mean_average_precision([A, B, _note("", "")]) == pytest.approx(expected)
    assert mean_average_precision([]) == 0


def test_recall_and_precision_at() -> None:
    assert recall_at([A, B], 1) == pytest.approx(1 / 4)
    assert recall_at([A, B], 3) == pytest.approx(3 / 4)
    assert recall_at([A, B], 25) == 1
    assert precision_at([A, B], 2) == pytest.approx((1 / 2 + 1 / 2) / 2)
    assert precision_at([A], 8) == pytest.approx(3 / 8)
    assert (recall_at([], 5), precision_at([], 5)) == (0, 0)


def test_exact_match() -> None:
    assert exact_match_ratio([A, _note("I10", "I10")]) == 0.5
    assert exact_match_ratio([]) == 0


def test_evidence() -> None:
    # The best of our spans against the best gold span: [0,10) against [5,15) shares 5 of 10 each.
    overlap = _note("I10", "I10", "", {"I10": [(0, 10), (90, 95)]}, {"I10": [(5, 15), (200, 203)]})
    assert evidence_f1([overlap]) == pytest.approx(0.5)
    same = _note("I10", "I10", "", {"I10": [(5, 15)]}, {"I10": [(5, 15)]})
    none = _note("I10", "I10", "", {}, {"I10": [(5, 15)]})
    assert evidence_f1([overlap, same, none]) == pytest.approx((0.5 + 1 + 0) / 3)
    # Wrong codes and codes whose gold has no evidence are not judged.
    wrong = _note("I10", "I11.9", "", {"I11.9": [(0, 1)]}, {"I10": [(0, 1)]})
    assert evidence_f1([same, wrong, _note("I10", "I10", "", {"I10": [(0, 1)]})]) == 1
    assert evidence_f1([]) == 0


def test_calibration_error() -> None:
    confidence = np.array([0.9, 0.1, 0.9, 0.1])
    # Two bins of two: |0 − 0.1| and |1/2 − 0.9|, half the weight each.
    assert expected_calibration_error(
        confidence, np.array([True, False, False, False]), bins=2
    ) == pytest.approx(0.25)
    assert expected_calibration_error(np.full(10, 0.5), np.arange(10) % 2 == 0, 1) == 0
    assert expected_calibration_error(np.array([0.7]), np.array([True])) == pytest.approx(0.3)
    assert expected_calibration_error(np.empty(0), np.empty(0, bool)) == 0


def test_bins_are_of_equal_mass() -> None:
    # Equal widths would put all four into one bin and find no error.
    confidence = np.array([0.50, 0.51, 0.52, 0.53])
    correct = np.array([False, False, True, True])
    expected = (0.505 + (1 - 0.525)) / 2
    assert expected_calibration_error(confidence, correct, bins=2) == pytest.approx(expected)


def test_brier_skill() -> None:
    correct = np.array([True, False, False, False])  # base rate 1/4: Brier 3/16
    assert brier_skill(np.full(4, 0.25), correct) == pytest.approx(0)
    assert brier_skill(correct.astype(float), correct) == 1
    confidence = np.array([0.5, 0.5, 0.0, 0.0])  # Brier (1/4 + 1/4)/4
    assert brier_skill(confidence, correct) == pytest.approx(1 - 0.125 / (3 / 16))
    assert brier_skill(np.full(4, 0.9), correct) < 0
    assert brier_skill(np.empty(0), np.empty(0, bool)) == 0
    assert brier_skill(np.full(2, 0.9), np.ones(2, bool)) == 0


def test_confidences() -> None:
    values, right = confidences([A, B], selected_only=True)
    assert values.tolist() == [0.9, 0.6, 0.5, 0.8]
    assert right.tolist() == [True, False, True, False]
    values, right = confidences([A, B], selected_only=False)
    assert values.tolist() == [0.9, 0.6, 0.5, 0.8, 0.3]  # N18.3 lies below the floor
    assert right.tolist() == [True, False, True, False, True]


def test_bootstrap() -> None:
    notes = [_note("I10", "I10")] * 30 + [_note("I10", "I11.9")] * 30

    def measure(ns: Sequence[CodedNote]) -> float:
        return micro(ns)[2]

    low, high = bootstrap(notes, measure)
    # 60 draws of one half: 0.5 ± 1.96·√(0.25/60) = 0.37 … 0.63.
    assert low == pytest.approx(0.37, abs=0.05)
    assert high == pytest.approx(0.63, abs=0.05)
    assert bootstrap(notes, measure) == (low, high)
    assert bootstrap(notes, measure, rounds=7) != (low, high)
    assert bootstrap(notes[:10], measure) == (1, 1)
    assert bootstrap([], measure) == (0, 0)


def test_report() -> None:
    figures = report([A, B])
    assert figures["notes"] == 2
    assert figures["gold_codes"] == figures["selected_codes"] == 4
    assert figures["micro_f1"] == pytest.approx(0.5)
    assert figures["category_f1"] == pytest.approx(0.75)
    assert figures["recall_at_25"] == 1
    assert figures["micro_f1_low"] <= figures["micro_f1"] <= figures["micro_f1_high"]
    assert not any(name.endswith("_low") for name in report([A, B], intervals=False))
    assert all(np.isfinite(value) for value in report([]).values())


codes = st.frozensets(st.sampled_from(["I10", "I11.9", "E11.9", "E11.22", "J02.9"]))


@given(st.lists(st.tuples(codes, codes), max_size=6))
def test_measures_lie_between_0_and_1(pairs: list[tuple[frozenset[str], frozenset[str]]]) -> None:
    notes = [
        CodedNote(gold, ours, tuple((c, 0.5) for c in sorted(ours)), {}, {}) for gold, ours in pairs
    ]
    figures = report(notes, intervals=False)
    skip = {"notes", "gold_codes", "selected_codes", "brier_skill_selected", "brier_skill_listed"}
    for name, value in figures.items():
        assert name in skip or 0 <= value <= 1, name
    assert figures["category_f1"] >= 0
    if notes and all(gold == ours for gold, ours in pairs):
        assert figures["exact_match"] == 1

"""Training the ranker: folds that keep patients apart, calibration, operating points."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest

import training.coder
from data.authored import load_notes
from data.schemas import Convention, GoldNote
from data.terminology.icd10cm import Release
from models.calibration import GroupedCalibration
from models.coding.code_groups import group_of
from models.coding.coder import Coder
from models.coding.features import FEATURES
from models.coding.linking import Linker
from models.coding.rivals import RIVAL_FEATURES
from training.calibrating import fit_calibration, platt
from training.coder import best_threshold, out_of_fold, train_selection
from training.coder_examples import Examples, as_gold, make_examples
from training.coder_fit import CoderConfig, fit_linear

CONFIG = CoderConfig(folds=4, trees=30, seeds=1)


def silent(_message: str) -> None:
    pass


def as_patient(gold: GoldNote, patient: str, name: str) -> GoldNote:
    note = gold.note.model_copy(update={"patient_id": patient, "id": name})
    return gold.model_copy(update={"note": note})


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


@pytest.fixture(scope="module")
def notes() -> list[GoldNote]:
    """Eight patients; the first two have each note twice, under two ids."""
    golds = load_notes("samples")[:8]
    own = [as_patient(g, f"p{i}", f"n{i}") for i, g in enumerate(golds)]
    return own + [as_patient(golds[i], f"p{i}", f"again{i}") for i in (0, 1)]


@pytest.fixture(scope="module")
def examples(linker: Linker, notes: list[GoldNote]) -> Examples:
    return make_examples(linker, notes, Convention.BILLING, silent)


def test_examples_stand_side_by_side(examples: Examples, notes: list[GoldNote]) -> None:
    n = len(examples.labels)
    assert examples.rows.shape == (n, len(FEATURES))
    for column in (examples.weights, examples.notes, examples.groups, examples.selectable):
        assert column.shape == (n,)
    assert len(examples.codes) == n
    assert len(examples.gold) == len(notes)
    for code, label, owner in zip(examples.codes, examples.labels, examples.notes, strict=True):
        gold = {c.code for c in notes[owner].codes}
        assert label == (code in gold)
    assert 0 < examples.labels.sum() < n
    assert set(examples.weights) == {1.0}


def test_notes_of_one_patient_share_a_group(examples: Examples) -> None:
    group_of = dict(zip(examples.notes.tolist(), examples.groups.tolist(), strict=True))
    assert group_of[8] == group_of[0]
    assert group_of[9] == group_of[1]
    assert len(set(group_of.values())) == 8


def test_no_note_is_scored_by_a_ranker_that_saw_its_patient(
    examples: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[np.ndarray] = []
    fit = training.coder.fit_linear

    def watched(given: Examples, keep: np.ndarray, config: CoderConfig) -> object:
        seen.append(keep.copy())
        return fit(given, keep, config)

    monkeypatch.setattr(training.coder, "fit_linear", watched)
    scores = out_of_fold(examples, CONFIG)
    assert len(seen) == CONFIG.folds
    for keep in seen:
        assert not set(examples.groups[keep]) & set(examples.groups[~keep])
    assert (sum((~keep).astype(int) for keep in seen) == 1).all()
    # A duplicate under the same patient gets the scores of its twin (to rounding: a matrix
    # product may sum a row in another order by where it stands).
    for twin, first in ((8, 0), (9, 1)):
        mine, its = scores[examples.notes == twin], scores[examples.notes == first]
        np.testing.assert_allclose(mine, its, rtol=0, atol=1e-9)


def test_labels_that_only_the_patient_tells_cannot_be_learned(examples: Examples) -> None:
    groups = examples.groups.copy()
    rows = np.zeros_like(examples.rows)
    rows[np.arange(len(rows)), groups % len(FEATURES)] = 1.0  # the patient is all there is to see
    labels = groups % 2 == 0
    codes = tuple(f"X{i}" for i in range(len(rows)))  # and no code tells either
    blind = dataclasses.replace(examples, rows=rows, labels=labels, codes=codes)
    scores = out_of_fold(blind, CoderConfig(folds=8, strength=1.0))
    assert len(np.unique(np.round(scores, 9))) <= 8  # one base rate a fold, nothing else
    fitted = fit_linear(blind, np.ones(len(labels), np.bool_), CoderConfig(strength=1.0))
    inside = fitted.scores(rows, codes)
    assert inside[labels].min() > inside[~labels].max()  # a ranker that saw them would know


def test_weights_of_notes_reach_the_ranker(linker: Linker, notes: list[GoldNote]) -> None:
    few = notes[:3]
    plain = make_examples(linker, few, Convention.BILLING, silent)
    heavy = make_examples(linker, few, Convention.BILLING, silent, [1.0, 1.0, 50.0])
    assert set(heavy.weights[heavy.notes == 2]) == {50.0}
    everything = np.ones(len(plain.labels), np.bool_)
    one, two = (fit_linear(e, everything, CONFIG) for e in (plain, heavy))
    assert not np.allclose(one.weights, two.weights)


def test_every_mention_bars_nothing(linker: Linker, notes: list[GoldNote]) -> None:
    billing = make_examples(linker, notes[:3], Convention.BILLING, silent)
    every = make_examples(linker, notes[:3], Convention.EVERY_MENTION, silent)
    assert every.selectable.all()
    assert not billing.selectable.all()


def test_no_notes_make_no_examples(linker: Linker) -> None:
    assert make_examples(linker, [], Convention.BILLING, silent).rows.shape == (0, len(FEATURES))


def test_calibration_turns_scores_into_shares() -> None:
    rng = np.random.default_rng(7)
    scores = rng.normal(size=4000) * 2
    labels = rng.random(4000) < 1 / (1 + np.exp(-(0.5 * scores - 1)))
    calibration = platt(scores, labels)
    confidence = calibration(scores)
    assert confidence.mean() == pytest.approx(labels.mean(), abs=0.01)
    high = confidence > 0.5
    assert confidence[high].mean() == pytest.approx(labels[high].mean(), abs=0.05)
    assert np.all(np.diff(calibration(np.sort(scores))) >= 0)


def test_a_group_goes_its_own_way_as_far_as_its_outcomes_carry() -> None:
    rng = np.random.default_rng(7)
    scores = rng.normal(size=2840)
    codes = ["I10"] * 1400 + ["R05.9"] * 1400 + ["O80"] * 40
    chance = 1 / (1 + np.exp(-(scores + np.repeat([1.0, -1.0, 0.0], [1400, 1400, 40]))))
    labels = rng.random(2840) < chance
    labels[2800:] = False
    calibration = fit_calibration(scores, labels, codes)
    assert set(calibration.groups) == {"disease", "symptom", "pregnancy"}
    kinds = ["disease"] * 1400 + ["symptom"] * 1400 + ["pregnancy"] * 40
    confidence = calibration(scores, kinds)
    for at in (slice(0, 1400), slice(1400, 2800)):
        assert confidence[at].mean() == pytest.approx(labels[at].mean(), abs=0.02)
    # Forty candidates without one right: less sure than the others, far from certain.
    assert 0.01 < confidence[2800:].mean() < 0.5 * calibration.pooled(scores[2800:]).mean()
    again = GroupedCalibration.from_json(json.loads(json.dumps(calibration.to_json())))
    np.testing.assert_allclose(again(scores, kinds), confidence)


def test_calibration_never_turns_the_order_round() -> None:
    calibration = platt(np.array([0.0, 1, 2, 3]), np.array([True, True, False, False]))
    assert np.all(np.diff(calibration(np.array([0.0, 1, 2, 3]))) >= 0)


def test_best_threshold_is_the_best_and_skips_what_is_barred(examples: Examples) -> None:
    labels = np.array([True, True, False, True, False])
    toy = dataclasses.replace(
        examples, labels=labels, selectable=np.array([True, True, True, True, False]),
        gold=np.array([4]), unread=np.array([False]), notes=np.zeros(5, np.intp),
    )  # fmt: skip
    confidence = np.array([0.9, 0.8, 0.4, 0.3, 0.95])
    assert best_threshold(confidence, toy) == (0.3, pytest.approx(2 * 3 / (4 + 4)))


def test_operating_points_come_from_unread_notes_where_there_are_such(examples: Examples) -> None:
    toy = dataclasses.replace(
        examples, labels=np.array([True, False, True, True]), selectable=np.ones(4, np.bool_),
        gold=np.array([2, 2]), unread=np.array([True, False]), notes=np.array([0, 0, 1, 1]),
    )  # fmt: skip
    confidence = np.array([0.9, 0.8, 0.2, 0.1])
    assert best_threshold(confidence, toy) == (0.9, pytest.approx(2 / 3))
    everywhere = dataclasses.replace(toy, unread=np.array([False, False]))
    assert best_threshold(confidence, everywhere) == (0.1, pytest.approx(6 / 8))


def test_unread_notes_are_known_by_their_ids(linker: Linker, notes: list[GoldNote]) -> None:
    made = make_examples(linker, notes[:3], Convention.BILLING, silent, unread={"n1"})
    assert made.unread.tolist() == [False, True, False]
    assert made.judging.tolist() == [False, True, False]
    nobody = make_examples(linker, notes[:3], Convention.BILLING, silent)
    assert nobody.judging.all()


def test_second_look_sees_each_notes_own_rivals(examples: Examples) -> None:
    first = np.arange(len(examples.labels), dtype=np.float64)
    rows = examples.second_rows(first, -first)
    assert rows.shape == (len(first), len(FEATURES) + len(RIVAL_FEATURES) + 1)
    np.testing.assert_array_equal(rows[:, -1], -first)
    last = examples.notes == examples.notes[-1]
    meetings = examples.meetings[examples.notes[-1]]
    np.testing.assert_array_equal(rows[last, len(FEATURES) : -1], meetings.features(first[last]))


def test_training_on_the_samples_gives_figures_in_range(examples: Examples) -> None:
    selection, figures = train_selection(examples, CONFIG)
    again, same = train_selection(examples, CONFIG)
    assert figures == same
    assert np.array_equal(selection.ranker.first.weights, again.ranker.first.weights)
    rows = np.random.default_rng(2).random((5, again.ranker.second.width))
    assert np.array_equal(selection.ranker.second(rows), again.ranker.second(rows))
    assert figures["candidates"] == len(examples.labels)
    assert 0.5 < figures["candidate_recall"] <= 1
    assert 0.2 < figures["oof_micro_f1"] <= 1
    assert 0 <= figures["auto_accept_share"] <= 1
    assert 0 < selection.select < 1
    assert selection.auto_accept >= selection.select
    groups = [group_of(code) for code in examples.codes]
    first = selection.ranker.first.scores(examples.rows, examples.codes)
    words = selection.ranker.words.scores(examples.words)
    second = selection.ranker.second(examples.second_rows(first, words))
    scores = selection.calibration(second, groups)
    assert scores[examples.labels].mean() > 2 * scores[~examples.labels].mean()


def test_only_notes_with_diagnoses_teach(notes: list[GoldNote]) -> None:
    bare = notes[0].model_copy(update={"codes": ()})
    assert as_gold([bare, notes[1]]) == [notes[1]]

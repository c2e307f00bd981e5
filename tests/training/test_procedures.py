"""Fitting what is learned of procedures, on a few gold notes with their gold diagnoses."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import training.procedure_tables
import training.procedures
from data.authored import AuthoredError
from data.authored.snippets import TRAINING_BATCHES
from data.schemas import ClaimType
from data.terminology.procedure_codes import ProcedureCodes
from models.coding.coder import Coder
from models.coding.document import read_document
from models.hashing import HashedModel, places
from models.procedures.drafting import RUNNER_UP, Draft, draft
from models.procedures.model import ELEMENTS, LEVELS, ProcedureModel
from models.procedures.suggest import analyse
from training.errors import TrainingError
from training.procedure_notes import CodedNote, coded_notes, gold_diagnoses
from training.procedure_tables import (
    STATUSES,
    Lines,
    Table,
    best_threshold,
    fit_hashed,
    line_table,
    status_table,
)
from training.procedures import Fitted, ProcedureConfig, fit_procedures, run_train_procedures

NARROW = 1 << 9
"""Hashed features enough for a few notes: fits are 128 times as quick."""
CONFIG = ProcedureConfig(folds=2)
Kept = list[Any]


def silent(_message: str) -> None:
    pass


@pytest.fixture(scope="module", autouse=True)
def narrow() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.procedure_tables, "WIDTH", NARROW)
        yield


@pytest.fixture(scope="module")
def codes() -> ProcedureCodes:
    return ProcedureCodes.load()


@pytest.fixture(scope="module")
def notes() -> list[CodedNote]:
    return [
        CodedNote(gold, done, read_document(gold.note), gold_diagnoses(gold))
        for gold, done in coded_notes("samples")[::5]
    ]


@pytest.fixture(scope="module")
def kept() -> Kept:
    """Which notes each fit saw, in order."""
    return []


@pytest.fixture(scope="module")
def fitted(notes: list[CodedNote], codes: ProcedureCodes, kept: Kept) -> Fitted:
    fit = Table.fit

    def watched(self: Table, keep: Any, names: Sequence[str], strength: float) -> HashedModel:
        kept.append(keep.copy())
        return fit(self, keep, names, strength)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "fit", watched)
        return fit_procedures(notes, codes, CONFIG, silent)


@pytest.fixture(scope="module")
def drafts(notes: list[CodedNote], codes: ProcedureCodes, fitted: Fitted) -> list[Draft]:
    model = fitted.model
    return [draft(n.document, n.diagnoses, codes, model.status, model.elements) for n in notes]


def test_figures_are_sane(fitted: Fitted, notes: list[CodedNote]) -> None:
    assert 0.4 < fitted.figures["out_of_fold_f1"] <= 1
    assert fitted.figures["services"] == sum(len(n.done.services) for n in notes)
    assert 0 < fitted.model.select < 1
    assert fitted.model.status.labels == STATUSES
    assert fitted.model.lines.labels == ("billed",)
    assert set(fitted.model.elements) == set(ELEMENTS)
    assert {model.labels for model in fitted.model.elements.values()} == {LEVELS}
    kinds = {"service", "visit", "runner-up", "add-on"}
    assert set(fitted.model.calibration.groups) <= kinds


def test_the_model_is_saved_and_loaded_and_proposes_the_same(
    fitted: Fitted, notes: list[CodedNote], codes: ProcedureCodes, tmp_path: Path
) -> None:
    fitted.model.save(tmp_path)
    again = ProcedureModel.load(tmp_path)
    again.save(tmp_path / "twice")
    twice = ProcedureModel.load(tmp_path / "twice")
    for note in notes[:4]:
        first = analyse(note.document, note.diagnoses, codes, again)
        assert first == analyse(note.document, note.diagnoses, codes, twice)
        made = analyse(note.document, note.diagnoses, codes, fitted.model)
        assert [c.code for c in made.candidates] == [c.code for c in first.candidates]
        for one, two in zip(made.candidates, first.candidates, strict=True):
            assert one.confidence == pytest.approx(two.confidence, abs=0.01)  # half precision


def test_what_is_billed_scores_above_what_is_not(
    fitted: Fitted, notes: list[CodedNote], drafts: list[Draft]
) -> None:
    lines = line_table(notes, drafts)
    model = fitted.model
    raw = np.array([model.lines.weights[0, row].sum() for row in lines.table.rows])
    chances = model.calibration(raw + model.lines.intercept[0], lines.kinds)
    right = lines.table.labels == 1
    assert 0 < right.sum() < len(right)
    assert chances[right].mean() > 2 * chances[~right].mean()


def test_each_note_is_scored_by_models_that_did_not_see_it(fitted: Fitted, kept: Kept) -> None:
    assert fitted
    folds, whole = [k for k in kept if not k.all()], [k for k in kept if k.all()]
    assert len(whole) == 5  # status, three elements, lines: once on everything
    assert len(folds) == 5 * CONFIG.folds
    for at in (folds[: CONFIG.folds], folds[-CONFIG.folds :]):  # statuses first, lines last
        assert (sum((~k).astype(int) for k in at) == 1).all()


def test_rows_are_the_gold_services_and_the_drafted_lines(
    notes: list[CodedNote], codes: ProcedureCodes, drafts: list[Draft]
) -> None:
    statuses = status_table(notes[:3], codes)
    wanted = [s.status.value for n in notes[:3] for s in n.done.services]
    assert [STATUSES[label] for label in statuses.labels] == wanted
    assert all(row.max() < NARROW for row in statuses.rows)
    lines = line_table(notes, drafts)
    paid = [i for i, n in enumerate(notes) if n.gold.note.claim_type is not ClaimType.FACILITY]
    assert 0 < len(paid) < len(notes)
    assert len(lines.keys) == len(lines.kinds) == sum(len(drafts[i].lines) for i in paid)
    assert lines.gold == sum(len({x.code for x in notes[i].done.lines}) for i in paid)
    for (number, code), label in zip(lines.keys, lines.table.labels, strict=True):
        assert label == (code in {x.code for x in notes[number].done.lines})


ROWS = [places([word], NARROW) for word in ("a", "b", "c", "a", "b", "c")]


def test_a_label_no_row_has_stays_out_of_reach() -> None:
    for labels in ([0, 1, 3, 0, 1, 3], [1, 3, 1, 1, 3, 1]):  # three of four, two of four
        made = fit_hashed(ROWS, np.array(labels, np.intp), ("p", "q", "r", "s"), 10.0)
        chances = made.probabilities([["a"], ["b"], ["c"], ["never seen"]])
        missing = sorted(set(range(4)) - set(labels))
        assert chances[:, missing].max() < 1e-6
        assert chances[:3].argmax(axis=1).tolist() == labels[:3]


@pytest.mark.parametrize(("label", "rows"), [(2, ROWS), (0, ROWS), (2, ROWS[:1])])
def test_where_nothing_is_told_apart_the_only_label_stands(label: int, rows: list[Any]) -> None:
    made = fit_hashed(rows, np.full(len(rows), label, np.intp), ("p", "q", "r"), 1.0)
    assert made.probabilities([["a"], ["z"]])[:, label].min() > 0.999
    one = fit_hashed(rows, np.full(len(rows), label > 0, np.intp), ("billed",), 1.0)
    assert (one.probabilities([["a"]]) > 0.5).all() == (label > 0)
    none = fit_hashed([], np.array([], np.intp), ("p", "q"), 1.0)
    np.testing.assert_allclose(none.probabilities([["a"]]), 0.5)
    assert fit_hashed([], np.array([], np.intp), ("billed",), 1.0).probabilities([["a"]]) < 0.001


def test_one_name_is_against_its_absence() -> None:
    made = fit_hashed(ROWS, np.array([1, 0, 0, 1, 0, 0], np.intp), ("billed",), 10.0)
    a, b = made.probabilities([["a"], ["b"]])[:, 0]
    assert b < 0.3 < 0.7 < a


LINE = st.tuples(
    st.integers(0, 2), st.sampled_from("ABC"), st.sampled_from(["visit", "service", RUNNER_UP]),
    st.sampled_from([0.1, 0.25, 0.5, 0.75, 0.9]),
)  # fmt: skip


@given(
    drafted=st.lists(LINE, max_size=12),
    billed=st.frozensets(st.tuples(st.integers(0, 2), st.sampled_from("ABCD"))),
)
def test_best_threshold_is_the_best_of_all(
    drafted: list[tuple[int, str, str, float]], billed: frozenset[tuple[int, str]]
) -> None:
    assume(drafted)
    keys = tuple((note, code) for note, code, _, _ in drafted)
    labels = np.array([key in billed for key in keys], np.intp)
    table = Table([], labels, np.array([note for note, *_ in drafted], np.intp))
    lines = Lines(table, tuple(kind for *_, kind, _ in drafted), keys, len(billed))
    chances = np.array([chance for *_, chance in drafted])

    def f1(threshold: float) -> float:
        taken = {
            key
            for key, kind, chance in zip(keys, lines.kinds, chances, strict=True)
            if chance >= threshold and kind != RUNNER_UP
        }
        return 2 * len(taken & billed) / max(1, len(taken) + len(billed))

    threshold, found = best_threshold(chances, lines)
    assert found == pytest.approx(max(f1(t) for t in (*chances, 2.0)))
    if found:
        assert f1(threshold) == pytest.approx(found)


@pytest.mark.parametrize("batch", ["test", "nothing"])
def test_a_batch_that_may_not_train_is_refused(tmp_path: Path, batch: str) -> None:
    assert "test" not in TRAINING_BATCHES
    with pytest.raises(TrainingError, match=f"--authored {batch}: choose among samples"):
        run_train_procedures("x", None, tmp_path, silent, ("samples", batch))
    assert not (tmp_path / "bundles").exists()


def test_no_such_base_and_no_coded_note_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingError, match="no bundle 'nothing'"):
        run_train_procedures("x", "nothing", tmp_path, silent, ("samples",))
    with pytest.raises(AuthoredError, match="no batch 'nothing'"):
        coded_notes("nothing")
    monkeypatch.setattr(Coder, "load", lambda *_: None)
    monkeypatch.setattr(training.procedures, "coded_notes", lambda _batch: [])
    with pytest.raises(TrainingError, match="no note of these batches"):
        run_train_procedures("x", None, tmp_path, silent, ("samples",))


def test_only_diagnoses_make_gold_diagnoses(notes: list[CodedNote]) -> None:
    gold = notes[0].gold
    found = gold_diagnoses(gold)
    assert [code for code, _ in found] == [
        c.code for c in gold.codes if c.system.value == "ICD-10-CM"
    ]
    assert all(0 <= at < len(gold.note.text) for _, starts in found for at in starts)
    bare = dataclasses.replace(notes[0], gold=gold.model_copy(update={"codes": ()}))
    assert gold_diagnoses(bare.gold) == []

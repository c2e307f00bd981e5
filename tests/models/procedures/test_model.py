"""The learned part of procedures in a bundle: saved, loaded, refused."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.calibration import Calibration, GroupedCalibration
from models.hashing import HashedModel
from models.procedures.leveler import NAMES
from models.procedures.model import ELEMENTS, LEVELS, ProcedureModel
from models.procedures.types import Status

STATUSES = tuple(status.value for status in Status)


def hashed(labels: tuple[str, ...]) -> HashedModel:
    weights = np.random.default_rng(3).normal(size=(len(labels), 32))
    return HashedModel(labels, weights.astype(np.float16).astype(np.float32), np.ones(len(labels)))


@pytest.fixture
def model() -> ProcedureModel:
    curves = {"visit": Calibration.logistic(2.0, 0.0), "service": Calibration.logistic(1.0, -1.0)}
    return ProcedureModel(
        hashed(STATUSES), {name: hashed(LEVELS) for name in ELEMENTS}, hashed(("billed",)),
        GroupedCalibration(Calibration.logistic(1.0, 0.0), curves), 0.37,
    )  # fmt: skip


def test_levels_are_the_levelers_in_order() -> None:
    assert tuple(NAMES[level] for level in sorted(NAMES)) == LEVELS


def test_what_is_saved_is_loaded(model: ProcedureModel, tmp_path: Path) -> None:
    model.save(tmp_path / "new" / "procedures")
    again = ProcedureModel.load(tmp_path / "new" / "procedures")
    rows = [["a", "b"], ["c"], []]
    for one, two in (
        (model.status, again.status), (model.lines, again.lines),
        *((model.elements[name], again.elements[name]) for name in ELEMENTS),
    ):  # fmt: skip
        assert one.labels == two.labels
        np.testing.assert_array_equal(one.logits(rows), two.logits(rows))
    scores, kinds = np.array([-1.0, 0.5, 2.0]), ["visit", "service", "other"]
    np.testing.assert_allclose(again.calibration(scores, kinds), model.calibration(scores, kinds))
    assert again.select == model.select


def test_other_statuses_or_levels_are_refused(model: ProcedureModel) -> None:
    with pytest.raises(ValueError, match="other statuses"):
        replace(model, status=hashed(STATUSES[::-1]))
    with pytest.raises(ValueError, match="other levels"):
        replace(model, elements={**model.elements, "risk": hashed(LEVELS[1:])})


@pytest.mark.parametrize("name", ["status.npz", "risk.npz", "lines.npz", "selection.json"])
def test_a_missing_file_is_told(model: ProcedureModel, tmp_path: Path, name: str) -> None:
    model.save(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(OSError, match=name):
        ProcedureModel.load(tmp_path)

"""Counting and judging procedure confidence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from data.authored import load_notes
from data.terminology.procedure_codes import ProcedureCodes
from models.procedures.confidence import PRIORS, ConfidenceModel
from training.procedures import cross_validate, fit_confidence, gold_candidates, main


def test_fit_counts_what_stands_in_the_gold() -> None:
    notes = load_notes("samples")[:8]
    codes = ProcedureCodes.load()
    found = gold_candidates(notes, codes)
    model = fit_confidence(found)
    assert sum(n for _, n in model.counts.values()) == sum(len(c) for _, c in found)
    assert all(0 <= right <= proposed for right, proposed in model.counts.values())
    bucket = "em_office/strong"
    right, proposed = model.counts[bucket]
    low, high = sorted((PRIORS["strong"], right / proposed))
    assert low <= model.confidence(bucket) <= high


def test_unseen_bucket_takes_its_prior() -> None:
    model = ConfidenceModel({})
    assert model.confidence("new_family/weak") == PRIORS["weak"]


def test_cross_validated_figures_hold_together() -> None:
    scores = cross_validate(load_notes("samples")[::3], ProcedureCodes.load())
    assert 0.5 < scores.f1 <= 1
    assert scores.brier < scores.base_rate_brier
    assert scores.visit_level_exact <= scores.visit_level_within_one <= 1


def test_command_writes_a_table_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "confidence.json"
    assert main(["--output", str(path)]) == 0
    assert "development figures" in json.loads(capsys.readouterr().out)
    assert ConfidenceModel.load(path).counts


def test_a_file_that_is_no_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "confidence.json"
    path.write_text('{"counts": 3}', encoding="utf-8")
    with pytest.raises(ValueError, match="not a confidence table"):
        ConfidenceModel.load(path)

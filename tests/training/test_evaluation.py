"""Judging a coder's results beside gold codes."""

from __future__ import annotations

import pytest

from data.authored import load_notes
from data.schemas import (
    CodingResult,
    Convention,
    Evidence,
    GoldCode,
    GoldNote,
    Note,
    Suggestion,
    System,
)
from models.coding.coder import Coder
from models.metrics import micro
from training.evaluation import judged, run_coder, table

TEXT = "gout and asthma"
GOUT, ASTHMA = Evidence.of(TEXT, 0, 4), Evidence.of(TEXT, 9, 15)


def suggestion(code: str, confidence: float, system: System = System.ICD10CM) -> Suggestion:
    return Suggestion(
        system=system, code=code, description="d", confidence=confidence,
        selected=confidence > 0.5, auto_accept=False, evidence=(GOUT,),
    )  # fmt: skip


def test_judged_keeps_to_the_systems_asked_for() -> None:
    gold = GoldNote(
        note=Note(id="n", text=TEXT),
        codes=(
            GoldCode(system=System.ICD10CM, code="M10.9", evidence=(GOUT,)),
            GoldCode(system=System.ICD10CM, code="J45.909", evidence=(ASTHMA,)),
            GoldCode(system=System.CPT, code="99213"),
        ),
    )
    rows = (
        suggestion("J45.909", 0.4), suggestion("M10.9", 0.9),
        suggestion("99213", 0.8, System.CPT), suggestion("99213", 0.3, System.CPT),
    )  # fmt: skip
    result = CodingResult(id="n", bundle="b", release="r", suggestions=rows)
    diagnoses = judged(gold, result, [System.ICD10CM])
    assert diagnoses.gold == {"M10.9", "J45.909"}
    assert diagnoses.selected == {"M10.9"}
    assert diagnoses.ranking == (("M10.9", 0.9), ("J45.909", 0.4))
    assert diagnoses.evidence["M10.9"] == [(0, 4)]
    assert diagnoses.gold_evidence["J45.909"] == [(9, 15)]
    procedures = judged(gold, result, [System.CPT])
    assert procedures.ranking == (("99213", 0.8),)  # one line a code, the surer one
    assert judged(gold, result, System).gold == {"M10.9", "J45.909", "99213"}


def test_coder_runs_over_gold_notes_and_finds_most(shipped_coder: Coder) -> None:
    notes = load_notes("samples")[:4]
    pairs = run_coder(shipped_coder, notes, Convention.BILLING)
    assert [gold.note.id for gold, _ in pairs] == [result.id for _, result in pairs]
    coded = [judged(gold, result, [System.ICD10CM]) for gold, result in pairs]
    assert micro(coded)[2] > 0.4  # it was trained on these: far below is a broken bundle


def test_table_puts_figures_side_by_side() -> None:
    lines = table({"coder": {"f1": 0.5, "map": 0.25}, "baseline": {"f1": 0.125}}).splitlines()
    assert lines[0].split() == ["coder", "baseline"]
    assert lines[1].split() == ["f1", "0.5000", "0.1250"]
    assert lines[2].split() == ["map", "0.2500"]
    assert len({len(line) for line in lines}) == 1


@pytest.mark.parametrize("figures", [{"f1": 1.0}, {"a_long_name": 0.0, "b": 1.0}])
def test_table_has_a_row_a_measure(figures: dict[str, float]) -> None:
    assert len(table({"x": figures}).splitlines()) == 1 + len(figures)

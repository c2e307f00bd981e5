"""What the coder's evaluation measures beside the plain figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.authored import load_notes
from data.schemas import Convention, GoldNote
from data.terminology.icd10cm import Release
from models.coding.coder import Coder
from models.coding.document import read_document
from models.coding.linking import Linker
from models.metrics import CodedNote
from training import ablation as stages
from training import coder_evaluation
from training.ablation import Stage, ablation
from training.coder_evaluation import (
    by_group,
    by_row,
    known_to_lexicon,
    outside_lexicon,
    reliability,
    run_evaluate_coder,
)
from training.errors import TrainingError

# What MLflow's own packages warn of when it is first imported.
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def notes() -> list[GoldNote]:
    return load_notes("samples")[:3]


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


def coded(gold: str, selected: str, **confidence: float) -> CodedNote:
    ranking = tuple((k.replace("_", "."), v) for k, v in confidence.items())
    return CodedNote(frozenset(gold.split()), frozenset(selected.split()), ranking, {}, {})


def test_codes_that_the_lexicon_yields_are_left_out(linker: Linker, notes: list[GoldNote]) -> None:
    gold = notes[0]
    known = known_to_lexicon(linker, gold)
    held = next(code for code in gold.codes_of(gold.codes[0].system) if code in known)
    other = "S99.929A"
    assert other not in known
    note = CodedNote(frozenset({held, other}), frozenset({held, other}), (), {}, {})
    figures = outside_lexicon(linker, [gold], [note])
    assert figures["gold_codes_outside_lexicon"] == 1
    assert figures["micro_f1_outside_lexicon"] == 1
    missed = CodedNote(frozenset({held, other}), frozenset({held}), (), {}, {})
    assert outside_lexicon(linker, [gold], [missed])["micro_f1_outside_lexicon"] == 0


def test_groups_part_the_codes() -> None:
    groups = by_group([coded("I10 R05.9 Z79.4", "I10 Z79.4 W19.XXXA", I10=0.9, Z79_4=0.8)])
    assert groups["disease"]["micro_f1"] == 1
    assert groups["symptom"]["micro_f1"] == 0
    assert groups["status"]["gold_codes"] == 1
    assert groups["external cause"]["selected_codes"] == 1
    assert sum(g["gold_codes"] for g in groups.values()) == 3


def test_reliability_bins_hold_everything() -> None:
    note = coded("I10", "I10", I10=0.9, E11_9=0.2, R05_9=0.05)
    bins = reliability([note])
    assert sum(n for *_, n in bins) == 2
    assert bins[-1][:2] == (0.9, 1.0)


def test_every_source_can_be_left_out(linker: Linker, notes: list[GoldNote]) -> None:
    document = read_document(notes[0].note)
    whole = linker.candidates(document)
    for stage in stages.STAGES[1:]:
        part = stages._Ablated(linker, stage).candidates(document)
        sources = {o.source for c in part.values() for o in c.occurrences}
        assert not sources & stage.mentions, stage.name
        if stage.lexical and stage.dense:
            assert "retrieval" not in sources
        if stage.dense:
            assert all(c.dense == 0 for c in part.values())
        if stage.lexical:
            assert all(c.lexical == 0 for c in part.values())
    again = linker.candidates(document)
    assert set(again) == set(whole)  # the linker itself is as before


def test_ablation_measures_each_stage(
    shipped_coder: Coder, linker: Linker, notes: list[GoldNote], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        stages, "STAGES", (stages.STAGES[0], Stage("without retrieval", lexical=True, dense=True))
    )
    said: list[str] = []
    figures = ablation(linker, shipped_coder.selection(Convention.BILLING), notes, said.append)
    whole, part = figures["everything"], figures["without retrieval"]
    assert 0 < whole["recall_at_10"] <= whole["recall_at_25"] <= whole["candidate_recall"] <= 1
    assert part["candidates_a_note"] < whole["candidates_a_note"]
    assert len(said) == 2
    assert by_row(figures).count("\n") == 2


def test_evaluation_prints_logs_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, notes: list[GoldNote]
) -> None:
    monkeypatch.setattr(coder_evaluation, "load_split", lambda _split: notes)
    said: list[str] = []
    path = tmp_path / "figures.json"
    out = run_evaluate_coder(None, ["dev"], None, path, False, tmp_path, said.append)
    assert out["dev (tuned on these) / superbill ICD-10-CM"]["notes"] == len(notes)
    assert "micro_f1_outside_lexicon" in "\n".join(said)
    assert path.exists()


def test_no_such_split(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="train, dev, test"):
        run_evaluate_coder(None, ["blind"], None, None, False, tmp_path, print)

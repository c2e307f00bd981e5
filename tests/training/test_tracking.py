"""Runs and registered bundles in a real MLflow store of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.authored import load_notes
from data.schemas import Convention
from models.bundle import SHIPPED, Bundle
from models.coding.coder import Coder
from training.evaluation import judged, run_coder
from training.tracking import EXPERIMENT, REGISTERED_MODEL, client, tracked

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


@pytest.fixture(autouse=True)
def _own_store(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)


def test_run_holds_figures_and_not_a_word_of_a_note(
    var: Path, tmp_path: Path, shipped_coder: Coder
) -> None:
    notes = load_notes("samples")[:2]
    coded = [
        judged(gold, result, ["ICD-10-CM"])
        for gold, result in run_coder(shipped_coder, notes, Convention.BILLING)
    ]
    kept = tmp_path / "figures.json"
    kept.write_text('{"notes": 2}', "utf-8")
    with tracked("evaluate coder", var) as run:
        run.params({"bundle": shipped_coder.bundle_id, "notes": len(coded)})
        run.metrics({"micro_f1": 0.5}, prefix="samples_")
        run.artifact(kept)
    stored = client(var).get_run(run.id)
    assert stored.info.status == "FINISHED"
    assert stored.data.params == {"bundle": shipped_coder.bundle_id, "notes": "2"}
    assert stored.data.metrics == {"samples_micro_f1": 0.5}
    assert [f.path for f in client(var).list_artifacts(run.id)] == ["figures.json"]
    everything = [p.read_bytes() for p in var.rglob("*") if p.is_file()]
    assert (var / "mlflow.db").exists()
    for gold in notes:
        lines = [line.strip() for line in gold.note.text.splitlines() if len(line) > 40]
        assert lines
        assert not [ln for ln in lines if any(ln.encode() in blob for blob in everything)]


def test_long_parameter_is_cut(var: Path) -> None:
    with tracked("long", var) as run:
        run.params({"codes": "E11.9 " * 500})
    assert len(client(var).get_run(run.id).data.params["codes"]) == 500


def test_run_that_breaks_is_marked_failed(var: Path) -> None:
    def broken() -> None:
        with tracked("broken", var) as run:
            ids.append(run.id)
            raise RuntimeError("no")

    ids: list[str] = []
    with pytest.raises(RuntimeError, match="no"):
        broken()
    assert client(var).get_run(ids[0]).info.status == "FAILED"


def test_bundle_is_registered_as_the_next_version(var: Path) -> None:
    bundle = Bundle.open(SHIPPED)
    versions = []
    for _ in range(2):
        with tracked("register", var) as run:
            versions.append(run.register(bundle))
    assert [int(v) for v in versions] == [1, 2]
    stored = client(var).get_model_version(REGISTERED_MODEL, versions[0])
    assert stored.tags["bundle"] == bundle.id
    assert stored.source == SHIPPED.resolve().as_uri()
    assert client(var).get_experiment_by_name(EXPERIMENT) is not None

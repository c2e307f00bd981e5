"""Every notebook runs from top to bottom and ends in figures; none shows a note's words."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from data.authored import load_notes

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.py"))
PNG = b"\x89PNG\r\n\x1a\n"


def test_there_is_a_notebook() -> None:
    assert NOTEBOOKS


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_and_shows_figures(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import jupytext
    from nbclient import NotebookClient

    for name in ("SUPERBILL_VAR_DIR", "MLFLOW_TRACKING_URI", "MPLBACKEND"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SUPERBILL_NOTEBOOK_DIR", str(tmp_path))
    monkeypatch.setenv("SUPERBILL_NOTEBOOK_NOTES", "12")  # the whole takes minutes
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    notebook = jupytext.read(path)
    client = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(ROOT)}}
    )
    client.execute()

    outputs = [out for cell in notebook.cells for out in cell.get("outputs", [])]
    figures = [base64.b64decode(png) for out in outputs if (png := _png(out))]
    assert len(figures) >= 2
    assert all(figure.startswith(PNG) and len(figure) > 8_000 for figure in figures)
    shown = "\n".join(out["text"] for out in outputs if out["output_type"] == "stream")
    assert not [out for out in outputs if out["output_type"] == "error"]
    for gold in load_notes("samples"):
        for line in gold.note.text.splitlines():
            assert len(line.strip()) < 25 or line.strip() not in shown


def _png(output: dict[str, Any]) -> str | None:
    return output.get("data", {}).get("image/png")

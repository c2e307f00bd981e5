"""The bench measures what it says it measures; how fast is no test's business."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.authored import load_notes
from data.schemas import Note
from models.bundle import SHIPPED, Bundle
from models.coding.coder import Coder
from training.bench import Config, Timed, first_words, of_words, run, timed
from training.bench_medspacy import medspacy_speed
from training.bench_report import lines, plot_lengths
from training.context_comparison import ENVIRONMENT, EnvironmentMissing, python_of

needs_medspacy = pytest.mark.skipif(
    not python_of(ENVIRONMENT).exists(),
    reason="medspaCy's environment is absent; python -m training.context_comparison makes it",
)


@given(st.text(alphabet="ab \n\t.", max_size=60), st.integers(0, 20))
def test_first_words_are_a_prefix_with_that_many_words(text: str, count: int) -> None:
    cut = first_words(text, count)
    assert text.startswith(cut)
    assert cut.split() == text.split()[:count]


@pytest.mark.parametrize("words", [1, 400, 3_000])
def test_notes_are_stretched_or_cut_to_the_word(words: int) -> None:
    notes = [gold.note for gold in load_notes("samples")]
    made = of_words(notes, len(notes) - 1, words)
    assert len(made.text.split()) == words
    assert made.text.startswith(first_words(notes[-1].text, min(words, 50)))
    assert made.date_of_service == notes[-1].date_of_service


def test_each_operation_runs_once_with_its_baseline_behind_it() -> None:
    ran: list[str] = []
    out = timed([(lambda n=n: ran.append(n), lambda: ran.append("-")) for n in "ab"])  # type: ignore[misc]
    assert ran == ["a", "-", "b", "-"]
    assert len(out.seconds) == len(out.baseline) == 2


def test_figures_of_known_seconds() -> None:
    figures = Timed([0.1, 0.2, 0.3], [0.01, 0.02, 0.03]).figures()
    assert figures["per_second"] == pytest.approx(5)
    assert figures["p50_ms"] == pytest.approx(200)
    assert figures["ratio"] == pytest.approx(10)
    assert "ratio" not in Timed([0.1]).figures()


def test_a_small_bench_measures_everything(shipped_coder: Coder, tmp_path: Path) -> None:
    config = Config(rounds=1, notes=2, lengths=(100, 200), queries=5, claims=3, cold_starts=1)
    said: list[str] = []
    figures = run(Bundle.open(SHIPPED), config, said.append, shipped_coder)
    assert figures == json.loads(json.dumps(figures))
    assert figures["suggest"]["n"] == 2
    assert list(figures["by_length"]) == ["100", "200"]
    assert figures["search"]["n"] == 5
    assert figures["claims"]["assess"]["n"] == figures["claims"]["edits"]["n"] == 3
    assert figures["cold_start"]["peak_rss_mb"] > 50
    assert figures["bundle"] == Bundle.open(SHIPPED).id
    assert f"{figures['machine']['cores']} cores" in said[0]
    table = "\n".join(lines(figures))
    assert "cold start" in table
    assert "200 words" in table
    plot_lengths(figures, tmp_path / "lengths.png")
    assert (tmp_path / "lengths.png").read_bytes().startswith(b"\x89PNG")


@needs_medspacy
def test_medspacy_times_every_note() -> None:
    notes = [gold.note for gold in load_notes("samples")[:2]]
    assert medspacy_speed(python_of(ENVIRONMENT), notes)["n"] == 2


def test_failing_medspacy_says_so_without_the_notes_words(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\ncat >/dev/null\necho 'ValueError: secret words' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(EnvironmentMissing, match="ValueError") as raised:
        medspacy_speed(broken, [Note(id="n", text="secret words")])
    assert "secret" not in str(raised.value)

"""Side by side with ConText: the mapping, the refusals, and both systems on one note."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from data.authored import load_notes
from data.schemas import Assertion, Note
from training import context_comparison
from training.context_comparison import (
    ENVIRONMENT,
    EnvironmentMissing,
    compare,
    main,
    python_of,
    reading_of,
    run_context,
)

here = pytest.mark.skipif(
    not python_of(ENVIRONMENT).exists(),
    reason="medspaCy's environment is absent; python -m training.context_comparison makes it",
)


@pytest.mark.parametrize(
    ("categories", "expected"),
    [
        (["NEGATED_EXISTENCE"], Assertion.NEGATED),
        (["HISTORICAL", "FAMILY"], Assertion.FAMILY),
        (["POSSIBLE_EXISTENCE", "NEGATED_EXISTENCE"], Assertion.NEGATED),
        (["PSEUDO"], Assertion.PRESENT),
        ([], Assertion.PRESENT),
    ],
)
def test_categories_are_readings(categories: list[str], expected: Assertion) -> None:
    assert reading_of(categories) is expected


def test_failing_worker_says_so_without_the_notes_words(tmp_path: Path) -> None:
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho 'ValueError: secret words' >&2\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(EnvironmentMissing, match="ValueError") as raised:
        run_context(broken, [(Note(id="n", text="secret words"), [(0, 6)])])
    assert "secret" not in str(raised.value)


def test_environment_that_cannot_be_made_ends_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    failed = subprocess.CompletedProcess([], 1, "", "no such package\n")
    monkeypatch.setattr(context_comparison.venv, "create", lambda *a, **k: None)
    monkeypatch.setattr(context_comparison.subprocess, "run", lambda *a, **k: failed)
    monkeypatch.setattr(
        context_comparison, "make_environment",
        lambda: _make(tmp_path / "absent"),
    )  # fmt: skip
    monkeypatch.setattr(context_comparison, "load_split", lambda split: load_notes("samples")[:1])
    assert main(["--split", "dev"]) == 1
    assert "no such package" in capsys.readouterr().err


_make = context_comparison.make_environment


@here
def test_both_systems_read_the_same_spans() -> None:
    results = compare(load_notes("samples")[:3], python_of(ENVIRONMENT))
    (ours, our_speed), (theirs, their_speed) = results.values()
    assert {name: row["n"] for name, row in ours.items()} == {
        name: row["n"] for name, row in theirs.items()
    }
    assert theirs["negated"]["f1"] > 0.5  # it is really read, not left at its default
    assert min(our_speed, their_speed) > 0


@here
def test_overlapping_spans_are_all_read() -> None:
    note = Note(id="n", text="There is no acute pneumonia.")
    readings, _ = run_context(python_of(ENVIRONMENT), [(note, [(12, 27), (18, 27)])])
    assert readings == [[Assertion.NEGATED, Assertion.NEGATED]]

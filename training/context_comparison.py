"""Side by side with medspaCy's ConText: ``python -m training.context_comparison``.

The engine never imports medspaCy. This command makes a separate environment under
``var/``, hands both programs the same notes and the same gold spans (JSON lines over a
pipe), and prints F1 by reading and notes per second. medspaCy runs its ConText component
with its own default rules over a blank English pipeline, the spans set as entities, and
its sentence splitter PyRuSH, as its documentation has it. Each side's time is its own
whole reading of a note: tokens, sentences and, in the engine, sections.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
import venv
from collections.abc import Sequence
from pathlib import Path

from data.authored import load_split
from data.schemas import Assertion, GoldNote, Note
from training.assertion_evaluation import (
    ReadNote,
    assertion_report,
    engine_reader,
    report_table,
    trimmed_spans,
)

ROOT = Path(__file__).parents[1]
ENVIRONMENT = ROOT / "var" / "context-venv"
REQUIREMENT = "medspacy==1.3.1"
WORKER = Path(__file__).with_name("context_worker.py")

# ConText's categories as readings; where several hold, the first named here counts.
CATEGORIES = {
    "FAMILY": Assertion.FAMILY,
    "NEGATED_EXISTENCE": Assertion.NEGATED,
    "HYPOTHETICAL": Assertion.HYPOTHETICAL,
    "POSSIBLE_EXISTENCE": Assertion.UNCERTAIN,
    "HISTORICAL": Assertion.HISTORICAL,
}


class EnvironmentMissing(RuntimeError):
    """medspaCy's environment is not there and could not be made; the message says why."""


def python_of(environment: Path) -> Path:
    """The environment's interpreter."""
    return environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def make_environment(environment: Path = ENVIRONMENT) -> Path:
    """Make the separate environment where it is missing; its interpreter.

    Raises:
        EnvironmentMissing: the package could not be installed (a network is needed once).
    """
    python = python_of(environment)
    if python.exists() and _imports(python):
        return python
    venv.create(environment, with_pip=True)
    done = subprocess.run(
        [str(python), "-m", "pip", "install", "--quiet", REQUIREMENT],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip failed"])[-1]
        raise EnvironmentMissing(f"{REQUIREMENT} could not be installed: {reason}")
    return python


def _imports(python: Path) -> bool:
    return (
        subprocess.run([str(python), "-c", "import medspacy"], capture_output=True).returncode == 0
    )


def reading_of(categories: Sequence[str]) -> Assertion:
    """The reading that ConText's categories of one span stand for."""
    held = set(categories)
    return next((a for name, a in CATEGORIES.items() if name in held), Assertion.PRESENT)


def run_context(
    python: Path, notes: Sequence[tuple[Note, list[tuple[int, int]]]]
) -> tuple[list[list[Assertion]], float]:
    """ConText's readings of each note's spans, and its seconds for all notes together.

    Raises:
        EnvironmentMissing: the worker failed.
    """
    lines = "".join(json.dumps({"text": note.text, "spans": spans}) + "\n" for note, spans in notes)
    done = subprocess.run([str(python), str(WORKER)], input=lines, capture_output=True, text=True)
    if done.returncode:
        # The worker's traceback could quote a note; its last line names the error only.
        kind = (done.stderr.strip().splitlines() or [""])[-1].split(":")[0]
        raise EnvironmentMissing(f"the ConText worker failed: {kind}")
    *rows, last = (json.loads(line) for line in done.stdout.splitlines())
    return [[reading_of(found) for found in row] for row in rows], float(last["seconds"])


def compare(
    notes: Sequence[GoldNote], python: Path
) -> dict[str, tuple[dict[str, dict[str, float]], float]]:
    """By system: its figures by reading, and notes per second."""
    gold = [trimmed_spans(note) for note in notes]
    given = [
        (note.note, [(s.start, s.end) for s in spans])
        for note, spans in zip(notes, gold, strict=True)
    ]
    engine_reader(*given[0])  # what is made at the first use
    begin = time.perf_counter()
    ours = [engine_reader(note, spans) for note, spans in given]
    seconds = time.perf_counter() - begin
    theirs, their_seconds = run_context(python, given)
    out = {}
    for name, readings, spent in (
        ("superbill", ours, seconds),
        (f"ConText ({REQUIREMENT})", theirs, their_seconds),
    ):
        read = [
            ReadNote(tuple(s.assertion for s in spans), tuple(found))
            for spans, found in zip(gold, readings, strict=True)
        ]
        out[name] = (assertion_report(read), len(notes) / spent)
    return out


def main(arguments: Sequence[str] | None = None) -> int:
    """Print both systems' tables; 1 where the environment cannot be made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--split", default="dev", choices=("train", "dev", "test"))
    parser.add_argument("--json", type=Path, default=None, help="Also write the figures here.")
    options = parser.parse_args(arguments)
    try:
        results = compare(load_split(options.split), make_environment())
    except EnvironmentMissing as error:
        print(f"superbill: {error}", file=sys.stderr)
        return 1
    for name, (figures, speed) in results.items():
        print(f"\n== {name}: {speed:.0f} notes/s\n{report_table(figures)}")
    if options.json is not None:
        written = {
            name: {**figures, "speed": {"notes_per_second": speed}}
            for name, (figures, speed) in results.items()
        }
        text = json.dumps({"split": options.split, **written}, indent=1)
        options.json.write_text(text + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

"""How fast, how much memory: ``python -m training.bench``, under three minutes.

Seconds are those of one machine on one day; so beside each stands its ratio to a
plain operation timed in between, on the same words: spaCy's blank English
tokenizer. Inputs are the authored sample notes, stretched or cut to a length,
and simulated claims.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from data.authored import load_notes
from data.bulk import settled
from data.schemas import Claim, Note, System
from models.bundle import Bundle, BundleStore
from training.bench_medspacy import medspacy_speed
from training.bench_parallel import notes_per_second
from training.bench_process import first_line, machine, peak_rss_mb
from training.bench_report import lines, plot_lengths
from training.context_comparison import make_environment

if TYPE_CHECKING:
    from models.coding.coder import Coder

ROOT = Path(__file__).parents[1]
NOTE_WORDS = 400
LENGTHS = (1_000, 5_000, 20_000, 50_000)
SEED = 20260401

Action = Callable[[], object]


@dataclass(frozen=True)
class Config:
    """How much is measured."""

    rounds: int = 2  # over the sample notes
    notes: int | None = None  # of the samples and of those before them; all without it
    lengths: Sequence[int] = LENGTHS
    queries: int = 400
    claims: int = 400
    cold_starts: int = 3
    parallel: bool = True  # also with a process on each core
    medspacy: Path | None = None  # interpreter of medspaCy's environment, to run beside


@dataclass
class Timed:
    """Seconds of an operation and of the baseline beside it, one pair a turn."""

    seconds: list[float] = field(default_factory=list)
    baseline: list[float] = field(default_factory=list)

    def figures(self) -> dict[str, float]:
        """Milliseconds, turns per second, and the ratio of the medians to the baseline's."""
        p50, p95 = np.percentile(self.seconds, [50, 95])
        out = {
            "n": float(len(self.seconds)),
            "per_second": len(self.seconds) / sum(self.seconds),
            "p50_ms": float(p50) * 1000,
            "p95_ms": float(p95) * 1000,
        }
        if self.baseline:
            out["ratio"] = float(p50 / np.median(self.baseline))
        return out


def timed(pairs: Iterable[tuple[Action, Action | None]]) -> Timed:
    """Run each operation and, right after it, its baseline."""
    out = Timed()
    for action, baseline in pairs:
        out.seconds.append(_seconds(action))
        if baseline is not None:
            out.baseline.append(_seconds(baseline))
    return out


def _seconds(action: Action) -> float:
    begin = time.perf_counter()
    action()
    return time.perf_counter() - begin


def of_words(notes: Sequence[Note], first: int, words: int) -> Note:
    """Note ``first``, stretched by the notes behind it or cut, to exactly ``words`` words."""
    parts: list[str] = []
    missing = words
    for note in itertools.islice(itertools.cycle(notes), first, None):
        text = first_words(note.text, missing)
        parts.append(text)
        missing -= len(text.split())
        if not missing:
            break
    return notes[first].model_copy(update={"text": "\n\n".join(parts)})


def first_words(text: str, count: int) -> str:
    """The text up to the end of its ``count``-th word, its lines kept."""
    end, seen = 0, 0
    while seen < count:
        while end < len(text) and text[end].isspace():
            end += 1
        if end == len(text):
            break
        while end < len(text) and not text[end].isspace():
            end += 1
        seen += 1
    return text[:end]


class Bench:
    """One bundle on this machine."""

    def __init__(self, bundle: Bundle, config: Config, coder: Coder | None = None) -> None:
        import spacy

        from models.coding.coder import Coder

        self.bundle, self.config = bundle, config
        self.tokenizer = spacy.blank("en").tokenizer
        self.samples = [gold.note for gold in load_notes("samples")][: config.notes]
        # A server has read notes before; what it made for them (families of codes, stems) stands.
        self.before = [gold.note for gold in load_notes("dev")][: config.notes]
        self.coder = coder or Coder.load(bundle)
        settled()

    def pair(self, note: Note) -> tuple[Action, Action]:
        """Suggesting on a note, and tokenizing the same words."""
        return lambda: self.coder.suggest(note), lambda: self.tokenizer(note.text)

    def first_notes(self) -> dict[str, float]:
        """The first notes after a start, which fill what a server keeps."""
        notes = [of_words(self.before, i, NOTE_WORDS) for i in range(len(self.before))]
        return timed(map(self.pair, notes)).figures()

    def suggest(self) -> dict[str, float]:
        """Other notes of about 400 words, one after the other in one thread."""
        notes = [of_words(self.samples, i, NOTE_WORDS) for i in range(len(self.samples))]
        return timed(map(self.pair, notes * self.config.rounds)).figures()

    def on_every_core(self) -> dict[str, float]:
        """The same notes, a process on each core."""
        notes = [of_words(self.samples, i, NOTE_WORDS) for i in range(len(self.samples))]
        rate = notes_per_second(self.bundle.path, notes * self.config.rounds, self.before)
        return {"per_second": rate, "processes": float(os.cpu_count() or 1)}

    def medspacy(self, python: Path) -> dict[str, float]:
        """The same notes in medspaCy's default pipeline."""
        notes = [of_words(self.samples, i, NOTE_WORDS) for i in range(len(self.samples))]
        return medspacy_speed(python, notes)

    def by_length(self) -> dict[str, dict[str, float]]:
        """Milliseconds for each 1,000 words, by note length: level where cost is linear."""
        out = {}
        for words in self.config.lengths:
            turn = timed([self.pair(of_words(self.samples, 0, words))])
            per_thousand = turn.seconds[0] / words * 1e6
            out[str(words)] = {
                "seconds": turn.seconds[0],
                "ms_per_1000_words": per_thousand,
                "ratio": turn.seconds[0] / turn.baseline[0],
            }
        return out

    def search(self) -> dict[str, float]:
        """Type-ahead over every code, one query for each key pressed."""
        from data.terminology.catalog import Catalog

        catalog = Catalog.load()
        catalog.warm()
        keys = itertools.islice(self._typed(), self.config.queries)
        return timed((lambda q=q: catalog.search(q), None) for q in keys).figures()  # type: ignore[misc]

    def _typed(self) -> Iterator[str]:
        from data.terminology.tabular import load_releases

        release = load_releases()[-1]
        for gold in load_notes("samples"):
            for code in gold.codes_of(System.ICD10CM):
                text = release.description(code)
                yield from (text[:end] for end in range(1, min(len(text), 24)))

    def claims(self) -> dict[str, dict[str, float]]:
        """Edits alone, and edits with the denial model, on simulated claims."""
        from data.simulation.simulate import Simulation
        from models.claims.assessor import Assessor

        assessor = Assessor.load(self.bundle)
        made: list[Claim] = [s.claim for s in Simulation(self.config.claims, SEED, 24).run()]
        assessor.assess(made[0])
        return {
            "edits": timed((lambda c=c: assessor.edits.run(c), None) for c in made).figures(),  # type: ignore[misc]
            "assess": timed((lambda c=c: assessor.assess(c), None) for c in made).figures(),  # type: ignore[misc]
        }

    def cold_start(self) -> dict[str, float]:
        """A new process until it has written the first note's suggestions; and its memory."""
        out = Timed()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "note.txt"
            path.write_text(of_words(self.samples, 0, NOTE_WORDS).text, "utf-8")
            command = ["suggest", "--input", str(path), "--bundle", str(self.bundle.path)]
            for _ in range(self.config.cold_starts):
                out.seconds.append(first_line([sys.executable, "superbill.py", *command]))
                out.baseline.append(
                    first_line([sys.executable, "-c", "import spacy; print(spacy.blank('en'))"])
                )
        return {
            "seconds": float(np.median(out.seconds)),
            "ratio": float(np.median(out.seconds) / np.median(out.baseline)),
            "peak_rss_mb": peak_rss_mb(resource.RUSAGE_CHILDREN),
        }


def run(
    bundle: Bundle, config: Config, log: Callable[[str], None], coder: Coder | None = None
) -> dict[str, Any]:
    """Measure everything; the figures by name, as ``var/bench.json`` holds them.

    Args:
        coder: the bundle's, where it is loaded already.
    """
    out: dict[str, Any] = {"machine": machine(), "bundle": bundle.id, "note_words": NOTE_WORDS}
    log(
        "{processor}, {cores} cores, one process with one thread, "
        "load {load_before} before, Python {python}".format(**out["machine"])
    )
    bench = Bench(bundle, config, coder)
    out["first_notes"] = bench.first_notes()
    out["suggest"] = bench.suggest()
    out["suggest"]["peak_rss_mb"] = peak_rss_mb(resource.RUSAGE_SELF)
    if config.parallel:
        out["every_core"] = bench.on_every_core()
    if config.medspacy is not None:
        out["medspacy"] = bench.medspacy(config.medspacy)
    out["by_length"] = bench.by_length()
    out["peak_rss_mb"] = peak_rss_mb(resource.RUSAGE_SELF)
    out["search"] = bench.search()
    out["claims"] = bench.claims()
    if config.cold_starts:
        out["cold_start"] = bench.cold_start()
    return out


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure the served bundle, print the table, write the JSON."""
    parser = argparse.ArgumentParser(prog="python -m training.bench", description=__doc__)
    parser.add_argument("--bundle", help="folder or alias; the champion, else the shipped one")
    parser.add_argument("--var", type=Path, default=Path("var"), help="folder of run-time state")
    parser.add_argument("--plot", type=Path, help="draw cost against note length here (PNG)")
    parser.add_argument(
        "--medspacy", action="store_true", help="also time medspaCy in an environment of its own"
    )
    options = parser.parse_args(arguments)
    bundle = BundleStore(options.var / "bundles").resolve(options.bundle)
    python = make_environment() if options.medspacy else None
    figures = run(bundle, Config(medspacy=python), print)
    for line in lines(figures):
        print(line)
    if options.plot:
        plot_lengths(figures, options.plot)
    options.var.mkdir(parents=True, exist_ok=True)
    (options.var / "bench.json").write_text(json.dumps(figures, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()

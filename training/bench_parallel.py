"""Notes a second with one process on every core, as a worker pool would serve them."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from data.bulk import settled
from data.schemas import Note
from models.bundle import Bundle
from models.coding.coder import Coder

_coder: Coder | None = None


def _start(bundle: Path, before: Sequence[Note]) -> None:
    global _coder
    _coder = Coder.load(Bundle.open(bundle))
    settled()
    for note in before:
        _coder.suggest(note)


def _suggest(note: Note) -> float:
    assert _coder is not None
    begin = time.perf_counter()
    _coder.suggest(note)
    return time.perf_counter() - begin


def notes_per_second(
    bundle: Path, notes: Sequence[Note], before: Sequence[Note] = (), processes: int | None = None
) -> float:
    """Throughput over ``notes``, loading and the notes ``before`` of each process left out."""
    workers = processes or os.cpu_count() or 1
    with ProcessPoolExecutor(workers, get_context("spawn"), _start, (bundle, before)) as pool:
        list(pool.map(_suggest, notes[: 4 * workers]))  # every worker is loaded
        begin = time.perf_counter()
        list(pool.map(_suggest, notes, chunksize=4))
        return len(notes) / (time.perf_counter() - begin)

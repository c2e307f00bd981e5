"""Building large tables quickly."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection inside: of a code set's 100,000 objects none is garbage,
    and looking for some takes four times as long as making them."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def settled() -> None:
    """Take all that stands now out of garbage collection, for as long as the process runs.

    A process that holds a code set would else search a million objects that never die in the
    middle of somebody's note. What was taken out before is looked at once more: a bundle that
    another replaced is given back.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()

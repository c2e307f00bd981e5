"""Writing files so that a reader sees the old one or the new one, never half of it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def replace_file(source: Path, target: Path) -> None:
    """Copy ``source`` over ``target`` in one step."""
    with _replacing(target) as temporary:
        shutil.copyfile(source, temporary)


def replace_text(text: str, target: Path) -> None:
    """Write ``text`` as UTF-8 over ``target`` in one step."""
    with _replacing(target) as temporary:
        temporary.write_bytes(text.encode("utf-8"))


@contextmanager
def _replacing(target: Path) -> Iterator[Path]:
    """A file beside ``target`` that takes its place at the end, unless an error comes first."""
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    os.close(handle)
    try:
        yield Path(name)
        os.replace(name, target)
    finally:
        Path(name).unlink(missing_ok=True)

"""The ICD-10-CM releases of this installation, read once a process."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from data.terminology.icd10cm import Release, load_packaged
from data.terminology.releases import load_extra_releases


@lru_cache(maxsize=4)
def load_releases(folder: Path | None = None) -> tuple[Release, ...]:
    """The packaged release and those kept under ``folder``, oldest first."""
    extra = load_extra_releases(folder) if folder else []
    by_name = {release.name: release for release in (load_packaged(), *extra)}
    return tuple(sorted(by_name.values(), key=lambda r: r.effective_from))

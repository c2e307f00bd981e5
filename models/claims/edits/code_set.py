"""What the edits ask of the diagnosis code set, and the official releases' answer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import lru_cache
from typing import Protocol

from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release, choose_release, load_packaged


class DiagnosisCodeSet(Protocol):
    """Answers about ICD-10-CM codes on a date of service (None: the newest release)."""

    def exists(self, code: str, on: date | None) -> bool: ...
    def is_billable(self, code: str, on: date | None) -> bool: ...
    def needs_seventh_character(self, code: str, on: date | None) -> bool: ...
    def description(self, code: str, on: date | None) -> str: ...
    def excludes1(self, code: str, other: str, on: date | None) -> bool: ...


class TabularCodeSet:
    """The answers of loaded Tabular List releases, chosen by date of service."""

    def __init__(self, releases: Iterable[Release]) -> None:
        self._releases = tuple(releases)
        self._release_on = lru_cache(maxsize=4096)(self._choose)
        self._excludes1 = {release.name: Excludes1(release) for release in self._releases}

    @classmethod
    def packaged(cls) -> TabularCodeSet:
        """The release inside the installed terminology package; takes about 2 s."""
        return cls((load_packaged(),))

    def exists(self, code: str, on: date | None) -> bool:
        return code in self._release_on(on)

    def is_billable(self, code: str, on: date | None) -> bool:
        return self._release_on(on).is_billable(code)

    def needs_seventh_character(self, code: str, on: date | None) -> bool:
        """Whether the code is complete but for the 7th character that it must bear."""
        release = self._release_on(on)
        node = release.nodes.get(code)
        if node is None or node.billable or not node.seventh:
            return False
        below = release.children.get(code, ())
        return bool(below) and all(release.nodes[child].billable for child in below)

    def description(self, code: str, on: date | None) -> str:
        """The code's full description; "" for an unknown code."""
        node = self._release_on(on).nodes.get(code)
        return node.description if node else ""

    def excludes1(self, code: str, other: str, on: date | None) -> bool:
        """Whether an Excludes1 note on either code, or above it, names the other."""
        release = self._release_on(on)
        return self._excludes1[release.name].between(code, other) is not None

    def _choose(self, on: date | None) -> Release:
        return choose_release(self._releases, on).release

"""Denial rates per group of claims, shrunken towards a wider group, recent first.

A *view* (a row of ``views.csv``) counts claims and denials of some categories by
a key such as payer × code. Its rate is shrunken towards its parent view's:

    rate = (denials + weight * parent_rate) / (claims + weight)

so that a key never seen has its parent's rate. Counts decay with a half-life, so
that a payer's change of policy shows. No key holds anything of a patient.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np
from numpy.typing import NDArray

HALF_LIFE_DAYS = 240.0
SEPARATOR = "|"
_SMOOTHED_ROOT = 0.01  # rate of a root view before any claim: about 1 % a category


@dataclass(frozen=True, slots=True)
class View:
    """One way of grouping claims.

    Attributes:
        categories: denial categories that count as a denial here; empty: all.
        level: ``claim`` (one key a claim) or ``line`` (one key a line).
        key: names of the facts that form the key.
        weight: claims that the parent's rate counts for.
    """

    name: str
    categories: frozenset[str]
    level: str
    key: tuple[str, ...]
    parent: str | None
    weight: float

    def counts(self, denied: bool, category: str | None) -> bool:
        return denied and (not self.categories or (category or "other") in self.categories)


@cache
def load_views() -> tuple[View, ...]:
    """The views of ``views.csv``; a parent stands before its children."""
    text = (resources.files("models.claims") / "views.csv").read_text("utf-8")
    return tuple(
        View(
            r["view"],
            frozenset() if r["categories"] == "*" else frozenset(r["categories"].split()),
            r["level"],
            tuple(r["key"].split()),
            r["parent"] or None,
            float(r["weight"]),
        )
        for r in csv.DictReader(text.splitlines())
    )


Facts = Mapping[str, str]
"""Fact name → value, for a claim or for one of its lines."""


def key_of(view: View, facts: Facts) -> str:
    """The view's key for the facts; "" for a view without a key."""
    return SEPARATOR.join(facts[name] for name in view.key)


class Rates:
    """Decayed counts of every view, with shrunken look-ups."""

    def __init__(self, views: Sequence[View] | None = None) -> None:
        self.views = {view.name: view for view in (views or load_views())}
        self._counts: dict[str, dict[str, list[float]]] = {name: {} for name in self.views}
        self._origin: int | None = None
        self._now = 0

    def add(
        self, facts_by_line: Sequence[Facts], day: int, denied: bool, category: str | None
    ) -> None:
        """Count one claim's outcome.

        Args:
            facts_by_line: facts of each line; the first line's serve the claim-level views.
            day: ordinal day on which the outcome was posted.
        """
        if self._origin is None:
            self._origin = day
        self._now = max(self._now, day)
        # Growing weights instead of decaying counts: only ratios matter, and nothing
        # stored has to be touched again.
        weight = math.exp2((day - self._origin) / HALF_LIFE_DAYS)
        for view in self.views.values():
            hit = weight if view.counts(denied, category) else 0.0
            table = self._counts[view.name]
            lines = facts_by_line if view.level == "line" else facts_by_line[:1]
            for key in {key_of(view, facts) for facts in lines}:
                entry = table.setdefault(key, [0.0, 0.0])
                entry[0] += weight
                entry[1] += hit

    def rate(self, name: str, facts: Facts) -> float:
        """The shrunken rate, in (0, 1)."""
        view = self.views[name]
        parent = self.rate(view.parent, facts) if view.parent else _SMOOTHED_ROOT
        entry = self._counts[name].get(key_of(view, facts))
        if entry is None:
            return parent
        scale = self._scale()
        return (entry[1] / scale + view.weight * parent) / (entry[0] / scale + view.weight)

    def seen(self, name: str, facts: Facts) -> tuple[float, float]:
        """Decayed number of claims under the key, and their unshrunken rate (0 if none)."""
        entry = self._counts[name].get(key_of(self.views[name], facts))
        if entry is None or entry[0] <= 0:
            return 0.0, 0.0
        return entry[0] / self._scale(), entry[1] / entry[0]

    def _scale(self) -> float:
        if self._origin is None:
            return 1.0
        return math.exp2((self._now - self._origin) / HALF_LIFE_DAYS)

    def to_arrays(self) -> dict[str, NDArray[np.generic]]:
        """Keys (unicode) and counts (n, 2; claims and denials, decayed) by view."""
        scale = self._scale()
        arrays: dict[str, NDArray[np.generic]] = {}
        for name, table in self._counts.items():
            keys = sorted(table)
            arrays[f"{name}.keys"] = np.array(keys, dtype=np.str_)
            arrays[f"{name}.counts"] = np.array(
                [[table[k][0] / scale, table[k][1] / scale] for k in keys], dtype=np.float64
            ).reshape(-1, 2)
        return arrays

    @classmethod
    def from_arrays(
        cls, arrays: Mapping[str, NDArray[np.generic]], views: Iterable[View] | None = None
    ) -> Rates:
        """The inverse of :meth:`to_arrays`.

        Raises:
            ValueError: a view is missing or its arrays do not fit together.
        """
        rates = cls(tuple(views) if views is not None else None)
        for name in rates.views:
            keys, counts = arrays.get(f"{name}.keys"), arrays.get(f"{name}.counts")
            if keys is None or counts is None or counts.shape != (keys.size, 2):
                raise ValueError(f"rates: view {name} is missing or damaged; train the model again")
            pairs = np.asarray(counts, dtype=np.float64).tolist()
            rates._counts[name] = dict(zip(keys.tolist(), pairs, strict=True))
        return rates

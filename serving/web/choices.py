"""Codes to choose from: what a search finds, or what stands near a code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any

from data.schemas import System
from serving.deps import CatalogLike

SEARCH_LIMIT = 30
NEAR_LIMIT = 40
NEARBY_NUMBERS = 4
"""Leading characters that neighbouring CPT and HCPCS codes share."""


@dataclass(frozen=True, slots=True)
class Choice:
    system: System
    code: str
    description: str
    billable: bool


@dataclass(frozen=True, slots=True)
class ChoiceGroup:
    title: str
    choices: tuple[Choice, ...]


def found(catalog: CatalogLike, query: str, on: date | None) -> list[ChoiceGroup]:
    """What a search finds in every code system."""
    hits = catalog.search(query, None, SEARCH_LIMIT, on)
    choices = tuple(Choice(h.system, h.code, h.description, h.billable) for h in hits)
    return [ChoiceGroup("Found", choices)] if choices else []


def near(catalog: CatalogLike, system: System, code: str, on: date | None) -> list[ChoiceGroup]:
    """Codes near ``code``: its children, its siblings, then the rest of its category."""
    if system is not System.ICD10CM:
        hits = catalog.search(code[:NEARBY_NUMBERS], system, NEAR_LIMIT, on)
        others = tuple(
            Choice(h.system, h.code, h.description, h.billable) for h in hits if h.code != code
        )
        return [ChoiceGroup("Nearby codes", others)] if others else []
    groups: list[ChoiceGroup] = []
    seen = {code}
    entry = catalog.lookup(system, code, on)
    title = "Children of"
    while entry is not None:
        fresh = tuple(c for c in _below(catalog, entry, on) if c.code not in seen)
        seen |= {entry.code, *(choice.code for choice in fresh)}
        if fresh:
            groups.append(ChoiceGroup(f"{title} {entry.code} {entry.description}", fresh))
        # A category has three characters; above it stand blocks and chapters.
        if len(entry.code) <= 3 or not entry.parent:
            break
        title = "Under"
        entry = catalog.lookup(system, entry.parent, on)
    return groups


def _below(catalog: CatalogLike, entry: Any, on: date | None) -> list[Choice]:
    """All billable codes below ``entry``; where they are many, its children to open one by one."""
    billable = list(islice(_billable(catalog, entry, on), NEAR_LIMIT + 1))
    if len(billable) <= NEAR_LIMIT:
        return billable
    return [
        Choice(child.system, child.code, child.description, child.billable)
        for child in _children(catalog, entry, on)
    ]


def _billable(catalog: CatalogLike, entry: Any, on: date | None) -> Iterator[Choice]:
    """All billable codes below ``entry``, in the order of the Tabular List."""
    for child in _children(catalog, entry, on):
        if child.billable:
            yield Choice(child.system, child.code, child.description, True)
        yield from _billable(catalog, child, on)


def _children(catalog: CatalogLike, entry: Any, on: date | None) -> Iterable[Any]:
    for code in entry.children:
        child = catalog.lookup(entry.system, code, on)
        if child is not None:
            yield child

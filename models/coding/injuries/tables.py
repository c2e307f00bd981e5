"""Kinds of injury, sites, and the node of the Tabular List that each pair stands for.

The tables stand in ``data/terminology/injuries``. ``kinds.csv`` and ``sites.csv``
give the wordings (patterns as in ``circumstances.phrases``) and ``means``, the words
of the descriptions. A site that has no row of its own with a kind is read as the one
it is ``of``; one that ``joins`` ("PIP joint", "flexor tendon") says which part of the
site beside it. ``nodes.csv``: chapter 19 of the Tabular List, FY2026; the first node
is what the pair says by itself, the others what more words would make of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import data.terminology
from data.terminology.words import stems
from models.coding.circumstances.phrases import PhraseTable
from models.coding.circumstances.tables import rows

FOLDER = Path(data.terminology.__file__).parent / "injuries"


@dataclass(frozen=True, slots=True)
class Term:
    """A row of ``kinds.csv`` or ``sites.csv``.

    Attributes:
        plural: ``site`` where only the plural of the word is meant, ``any`` where that of
            the kind beside it will do ("rib fractures").
    """

    name: str
    is_site: bool
    means: frozenset[str]
    of: str = ""
    joins: bool = False
    plural: str = ""


@cache
def terms() -> PhraseTable[Term]:
    """The wordings of kinds and sites in one table, so that a note is read once."""

    def read() -> Iterator[tuple[str, Term]]:
        for row in rows(FOLDER, "kinds"):
            yield row["pattern"], Term(row["kind"], False, frozenset(stems(row["means"])))
        for row in rows(FOLDER, "sites"):
            means = frozenset(stems(row["means"]))
            yield (
                row["pattern"],
                Term(row["site"], True, means, row["of"], bool(row["joins"]), row["plural"]),
            )

    return PhraseTable(read(), {})


@cache
def nodes() -> Mapping[tuple[str, str], tuple[str, ...]]:
    """(kind, site) → nodes, best first; ``""`` for a kind that needs no site."""
    return {(r["kind"], r["site"]): tuple(r["nodes"].split("|")) for r in rows(FOLDER, "nodes")}


@cache
def wider() -> Mapping[str, str]:
    """A site → the one it is part of."""
    return {row["site"]: row["of"] for row in rows(FOLDER, "sites") if row["of"]}


def chain(site: str) -> Iterator[str]:
    """A site and those it is part of, narrowest first."""
    while site:
        yield site
        site = wider().get(site, "")


@cache
def _meanings() -> Mapping[str, frozenset[str]]:
    return {row["site"]: frozenset(stems(row["means"])) for row in rows(FOLDER, "sites")}


@cache
def meaning(site: str) -> frozenset[str]:
    """Stems of a site and of those it is part of: codes of chapter 13 name the wider ones."""
    return frozenset().union(*(_meanings()[s] for s in chain(site)))


@cache
def nodes_at(kind: str, site: str, detail: str = "") -> tuple[str, ...]:
    """The nodes of a kind at the narrowest site that has them, a part of it first."""
    places = [f"{detail}+{s}" for s in chain(site)] + [detail] if detail else []
    return next((f for s in (*places, *chain(site)) if (f := nodes().get((kind, s)))), ())

"""What the Tabular List's notes ask: code first, use additional code, code also, Excludes2.

Notes are not repeated below the node they stand at: a code is bound by its own and by
those of every node above it (guidelines I.A.7, I.A.12, I.A.13, I.A.17). Notes of chapters
and sections, which the nodes do not hold, are a table (``chapter_notes.csv``).
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

from data.terminology.icd10cm import Release
from data.terminology.references import Reference, references

CONVENTIONS = Path(__file__).parent / "conventions"


class Kind(StrEnum):
    """What a note asks of the code it names."""

    CODE_FIRST = "code first"
    USE_ADDITIONAL = "use additional code"
    CODE_ALSO = "code also"
    EXCLUDES2 = "Excludes2"


_FIELDS = {
    Kind.CODE_FIRST: "code_first",
    Kind.USE_ADDITIONAL: "use_additional",
    Kind.CODE_ALSO: "code_also",
    Kind.EXCLUDES2: "excludes2",
}


@dataclass(frozen=True, slots=True)
class Asking:
    """One node's notes of one kind that bear on a code.

    Attributes:
        at: where the note stands: a node, or "chapter 15".
    """

    kind: Kind
    at: str
    references: tuple[Reference, ...]
    source: str

    def covers(self, code: str) -> bool:
        return any(r.covers(code) for r in self.references)


@dataclass(frozen=True, slots=True)
class Link:
    """``code`` has a note of this kind that names ``other``."""

    kind: Kind
    code: str
    other: str
    source: str


@dataclass(frozen=True, slots=True)
class Links:
    """What the notes of some codes ask of one another.

    Attributes:
        asked: code → the links by which another asks for it as an additional code.
        first: code → the links that put another before it ("code first").
        also, beside: "code also" and Excludes2 links by the code whose note it is.
    """

    asked: dict[str, list[Link]] = field(default_factory=dict)
    first: dict[str, list[Link]] = field(default_factory=dict)
    also: dict[str, list[Link]] = field(default_factory=dict)
    beside: dict[str, list[Link]] = field(default_factory=dict)

    def asked_for_by(self, code: str) -> str | None:
        """The first code whose notes ask for this one as an additional code; None for none."""
        links = self.asked.get(code)
        return links[0].code if links else None

    def first_before(self, code: str) -> str | None:
        """The code that this one's notes put before it; None where there is none."""
        links = self.first.get(code)
        return links[0].other if links else None


@cache
def _above_categories() -> tuple[tuple[tuple[str, ...], Kind, tuple[Reference, ...], str], ...]:
    """Notes of chapters and sections, which the nodes do not hold."""
    with (CONVENTIONS / "chapter_notes.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (tuple(row["codes"].split("|")), Kind(row["kind"]), references(row["note"]),
             row["source"])
            for row in csv.DictReader(handle)
        )  # fmt: skip


# "in diseases classified elsewhere", "associated with disorders or diseases classified
# elsewhere"; not "as the cause of diseases classified elsewhere", which are organisms.
_MANIFESTATION = re.compile(r"\b(?:in|with)\b(?:(?! as )[^,])*? classified elsewhere", re.I)


class Instructions:
    """The notes of one release, looked up by code; each code is read once, when first asked."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._categories = sorted({code[:3] for code in release.nodes})
        self._above = tuple(
            (prefixes, self._with_categories(Asking(kind, prefixes[0], refs, source)))
            for prefixes, kind, refs, source in _above_categories()
        )
        self._by_node: dict[str, tuple[tuple[Asking, frozenset[str]], ...]] = {}
        self._by_kind: dict[tuple[Kind, str], tuple[frozenset[str], tuple[Asking, ...]]] = {}
        self._by_code: dict[str, tuple[tuple[Asking, frozenset[str]], ...]] = {}

    def _with_categories(self, asking: Asking) -> tuple[Asking, frozenset[str]]:
        """An asking and the categories its references reach, by which pairs are found fast."""
        inside: set[str] = set()
        for r in asking.references:
            low = bisect_left(self._categories, r.first[:3])
            inside.update(self._categories[low : bisect_right(self._categories, r.last[:3])])
        return asking, frozenset(inside)

    def _of_node(self, code: str) -> tuple[tuple[Asking, frozenset[str]], ...]:
        if code not in self._by_node:
            node = self._release.nodes[code]
            made = []
            for kind, name in _FIELDS.items():
                texts: tuple[str, ...] = getattr(node, name)
                found = tuple(r for text in texts for r in references(text))
                if found:
                    source = f"Tabular note at {code}"
                    made.append(self._with_categories(Asking(kind, code, found, source)))
            self._by_node[code] = tuple(made)
        return self._by_node[code]

    def _of(self, code: str) -> tuple[tuple[Asking, frozenset[str]], ...]:
        if code not in self._by_code:
            node = self._release.nodes.get(code)
            if node is None:
                return ()
            chain = [code, *(n.code for n in self._release.ancestors(code))]
            own = [asking for at in chain for asking in self._of_node(at)]
            own += [made for prefixes, made in self._above if code.startswith(prefixes)]
            self._by_code[code] = tuple(own)
        return self._by_code[code]

    def of(self, code: str) -> tuple[Asking, ...]:
        """The notes that bear on a code, its own first; none for an unknown code."""
        return tuple(asking for asking, _ in self._of(code))

    def links(self, codes: Collection[str]) -> Links:
        """What the notes of these codes ask of one another: one pass, in the order given."""
        by_category: dict[str, list[str]] = {}
        for code in codes:
            by_category.setdefault(code[:3], []).append(code)
        present = frozenset(by_category)
        out = Links()
        seen: set[tuple[Kind, str, str]] = set()
        place = {
            Kind.CODE_FIRST: out.first,
            Kind.CODE_ALSO: out.also,
            Kind.EXCLUDES2: out.beside,
        }
        for code in codes:
            for asking, reached in self._of(code):
                for category in sorted(present & reached):
                    for other in by_category[category]:
                        known = (asking.kind, code, other)
                        if other == code or known in seen or not asking.covers(other):
                            continue
                        seen.add(known)
                        link = Link(asking.kind, code, other, asking.source)
                        if asking.kind is Kind.USE_ADDITIONAL:
                            out.asked.setdefault(other, []).append(link)
                        else:
                            place[asking.kind].setdefault(code, []).append(link)
        return out

    def _asking(self, code: str, kind: Kind) -> tuple[frozenset[str], tuple[Asking, ...]]:
        """The notes of one kind that bear on a code, and all categories that they reach."""
        key = (kind, code)
        if key not in self._by_kind:
            own = [(asking, reached) for asking, reached in self._of(code) if asking.kind is kind]
            reach = frozenset(c for _, reached in own for c in reached)
            self._by_kind[key] = reach, tuple(asking for asking, _ in own)
        return self._by_kind[key]

    def asked_for_by(self, code: str, codes: Iterable[str]) -> str | None:
        """The first of ``codes`` whose notes ask for ``code`` as an additional code."""
        category = code[:3]
        for other in codes:
            reach, askings = self._asking(other, Kind.USE_ADDITIONAL)
            if category in reach and other != code and any(a.covers(code) for a in askings):
                return other
        return None

    def first_of(self, code: str, codes: Iterable[str]) -> str | None:
        """The first of ``codes`` that a "code first" note of ``code`` puts before it."""
        reach, askings = self._asking(code, Kind.CODE_FIRST)
        if not reach:
            return None
        for other in codes:
            if other[:3] in reach and other != code and any(a.covers(other) for a in askings):
                return other
        return None

    def demands_first(self, code: str) -> Asking | None:
        """The "code first" note that names what must stand before a code, if one does."""
        return next((a for a, _ in self._of(code) if a.kind is Kind.CODE_FIRST), None)

    def is_manifestation(self, code: str) -> bool:
        """Whether a code is one "in diseases classified elsewhere": never first (I.A.13)."""
        node = self._release.nodes.get(code)
        if node is None:
            return False
        chain = (node, *self._release.ancestors(code))
        return any(_MANIFESTATION.search(n.description) for n in chain)

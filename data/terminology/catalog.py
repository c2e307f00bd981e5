"""Look-up and type-ahead over every code system, by date of service."""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.bulk import uncollected
from data.schemas import System
from data.terminology.icd10cm import Release, ReleaseChoice, choose_release
from data.terminology.lexicon import load_senses, load_terms
from data.terminology.official.loaded import OfficialCodes, load_official, load_procedures
from data.terminology.procedure_codes import ProcedureCodes
from data.terminology.tabular import load_releases
from data.terminology.words import WORD

MODIFIER_LENGTH = 2
"""Characters of what stands among the HCPCS codes and is none."""
RERANKED = 250
"""Rows whose wording is compared with the query word by word."""


@dataclass(frozen=True, slots=True)
class CodeEntry:
    """One code as a reader sees it."""

    system: System
    code: str
    description: str
    billable: bool
    effective_from: date | None
    effective_to: date | None
    parent: str | None = None
    children: tuple[str, ...] = ()
    inclusion_terms: tuple[str, ...] = ()
    excludes1: tuple[str, ...] = ()
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A search result: the entry's key facts and what matched."""

    system: System
    code: str
    description: str
    billable: bool
    matched: str


@dataclass
class _Row:
    system: System
    code: str
    description: str
    billable: bool
    texts: list[str] = field(default_factory=list)
    first: date = date.min
    last: date = date.max


def _later_episode(code: str) -> bool:
    """Whether a 7th character says something other than the initial encounter."""
    return len(code) == 8 and code[-1] != "A"


class _PrefixIndex:
    """Rows by word prefix: sorted vocabulary, postings as arrays."""

    def __init__(self, rows: Sequence[_Row]) -> None:
        self.rows = rows
        postings: dict[str, list[int]] = {}
        for i, row in enumerate(rows):
            seen: set[str] = set()
            for text in (row.code, row.code.replace(".", ""), row.description, *row.texts):
                seen.update(word.lower() for word in WORD.findall(text))
            seen.update((row.code.lower(), row.code.replace(".", "").lower()))
            for word in seen:
                postings.setdefault(word, []).append(i)
        self._vocabulary = sorted(postings)
        self._postings = [np.array(postings[w], dtype=np.int32) for w in self._vocabulary]
        # Shorter wording and billable first: the plain form before its specialisations.
        self._cost = np.array(
            [
                len(r.description) + 15 * (not r.billable) + 20 * _later_episode(r.code)
                for r in rows
            ],
            dtype=np.float32,
        )

    def _matching(self, prefix: str) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """(rows with a word of this prefix, rows with exactly this word)."""
        begin = bisect_left(self._vocabulary, prefix)
        end = bisect_left(self._vocabulary, prefix + "\U0010ffff")
        none = np.empty(0, np.int32)
        if begin == end:
            return none, none
        exact = self._postings[begin] if self._vocabulary[begin] == prefix else none
        return np.unique(np.concatenate(self._postings[begin:end])), exact

    def search(self, query: str, keep: NDArray[np.bool_] | None, limit: int) -> list[int]:
        parts = [p.lower() for p in query.split() if p.strip()]
        parts = [p if "." in p else w for p in parts for w in ([p] if "." in p else _words(p))]
        if not parts:
            return []
        found: NDArray[np.int32] | None = None
        bonus = np.zeros(len(self.rows), dtype=np.float32)
        for part in parts:
            rows, exact = self._matching(part)
            bonus[exact] += 40
            found = rows if found is None else np.intersect1d(found, rows, assume_unique=True)
            if not len(found):
                return []
        assert found is not None
        if keep is not None:
            found = found[keep[found]]
        score = self._cost[found] - bonus[found]
        few = min(RERANKED, len(found))
        order = np.argpartition(score, few - 1)[:few]
        ranked = sorted(
            ((int(found[i]), float(score[i])) for i in order),
            key=lambda pair: (self._wording_rank(self.rows[pair[0]], parts), pair[1], pair[0]),
        )
        return [row for row, _ in ranked[:limit]]

    @staticmethod
    def _wording_rank(row: _Row, parts: Sequence[str]) -> int:
        """How the query stands in the row: 0 its code or a whole wording, 1 a wording that
        begins with it, 2 in one wording in order, 3 in one wording, 4 across several."""
        if len(parts) == 1 and row.code.lower().startswith(parts[0]):
            return 0
        best = 4
        for text in (row.description, *row.texts):
            words = _words(text)
            if words == list(parts):
                return 0
            if len(words) >= len(parts) and all(
                w.startswith(p) for w, p in zip(words, parts, strict=False)
            ):
                return 1
            if best > 2:
                rest = iter(words)
                if all(any(w.startswith(p) for w in rest) for p in parts):
                    best = 2
                elif best > 3 and all(any(w.startswith(p) for w in words) for p in parts):
                    best = 3
        return best


def _words(part: str) -> list[str]:
    return [w.lower() for w in WORD.findall(part)]


@dataclass(frozen=True)
class _Index:
    """The rows of one release by word, by system, and by the days they are valid."""

    words: _PrefixIndex
    systems: dict[System, NDArray[np.bool_]]
    first: NDArray[np.int32]
    last: NDArray[np.int32]

    @classmethod
    def of(cls, rows: Sequence[_Row]) -> _Index:
        return cls(
            _PrefixIndex(rows),
            {s: np.array([r.system is s for r in rows]) for s in System},
            np.array([r.first.toordinal() for r in rows], dtype=np.int32),
            np.array([r.last.toordinal() for r in rows], dtype=np.int32),
        )

    def keep(self, system: System | None, on: date | None) -> NDArray[np.bool_] | None:
        """Which rows may be found; None: all."""
        keep = self.systems[system] if system else None
        if on is None:
            return keep
        day = on.toordinal()
        valid = (self.first <= day) & (day <= self.last)
        return valid if keep is None else valid & keep


class Catalog:
    """Every code of every loaded system."""

    def __init__(
        self,
        releases: Sequence[Release],
        procedures: ProcedureCodes,
        official: OfficialCodes | None = None,
    ) -> None:
        self.releases = tuple(releases)
        self.procedures = procedures
        self.official = OfficialCodes() if official is None else official
        self._indexes: dict[str, _Index] = {}
        self._building = threading.Lock()
        self._synonyms: dict[str, list[str]] = {}
        for term in load_terms():
            self._synonyms.setdefault(term.code, []).append(term.surface)
        for senses in load_senses().values():
            for sense in senses:
                if sense.code:
                    self._synonyms.setdefault(sense.code, []).append(sense.surface)

    @classmethod
    def load(cls, folder: Path | None = None) -> Catalog:
        """The packaged release, what is loaded under ``folder``, and the procedure tables."""
        return cls(load_releases(folder), load_procedures(folder), load_official(folder))

    def release_on(self, day: date | None) -> ReleaseChoice:
        return choose_release(self.releases, day)

    def lookup(self, system: System, code: str, on: date | None = None) -> CodeEntry | None:
        """One code of a system; None where it does not exist."""
        if system is System.ICD10CM:
            release = self.release_on(on).release
            node = release.nodes.get(code.upper())
            if node is None:
                return None
            return CodeEntry(
                system,
                node.code,
                node.description,
                node.billable,
                release.effective_from,
                release.effective_to,
                node.parent or None,
                release.children.get(node.code, ()),
                node.inclusion_terms,
                node.excludes1,
                tuple(self._synonyms.get(node.code, ())),
            )
        entry = self.procedures.lookup(system, code.upper())
        if entry is None:
            return self._official_entry(system, code.upper())
        return CodeEntry(
            system,
            entry.code,
            entry.description,
            True,
            entry.effective_from,
            entry.effective_to,
            synonyms=tuple(entry.synonyms),
        )

    def _official_entry(self, system: System, code: str) -> CodeEntry | None:
        found = self.official.lookup(system, code) if len(code) > MODIFIER_LENGTH else None
        if found is None:
            return None
        return CodeEntry(
            system, found.code, found.description, True, found.first, found.last,
            synonyms=found.words,
        )  # fmt: skip

    def _rows(self, release: Release) -> Iterable[_Row]:
        for node in release.nodes.values():
            texts = [*node.inclusion_terms, *self._synonyms.get(node.code, ())]
            yield _Row(System.ICD10CM, node.code, node.description, node.billable, texts)
        known = set()
        for entry in self.procedures:
            known.add((entry.system, entry.code))
            found = self.official.lookup(entry.system, entry.code)
            texts = [*entry.synonyms, *(found.words if found else ())]
            days = (entry.effective_from or date.min, entry.effective_to or date.max)
            yield _Row(entry.system, entry.code, entry.description, True, texts, *days)
        for code in self.official:
            if (code.system, code.code) not in known and len(code.code) > MODIFIER_LENGTH:
                days = (code.first or date.min, code.last or date.max)
                yield _Row(code.system, code.code, code.description, True, [*code.words], *days)

    def _index(self, release: Release) -> _Index:
        # A search that comes while the index is being built waits for it.
        with self._building:
            if release.name not in self._indexes:
                with uncollected():
                    rows = list(self._rows(release))
                    self._indexes[release.name] = _Index.of(rows)
        return self._indexes[release.name]

    def warm(self) -> None:
        """Build the newest release's search index now rather than at the first key."""
        self.search("a")

    def search(
        self,
        query: str,
        system: System | None = None,
        limit: int = 20,
        on: date | None = None,
    ) -> list[Hit]:
        """Type-ahead: every word of ``query`` is a prefix of a word of the row, or of its code.

        With a day, codes that are known not to be valid then are left out.
        """
        index = self._index(self.release_on(on).release)
        hits = []
        for i in index.words.search(query, index.keep(system, on), limit):
            row = index.words.rows[i]
            hits.append(Hit(row.system, row.code, row.description, row.billable, row.code))
        return hits

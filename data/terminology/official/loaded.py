"""The codes of the files that a user has loaded: their descriptors and the days they are valid.

The AMA's medium descriptor takes the place of our own words, which stay as words to search by.
A code is valid while the releases have it; HCPCS says the days itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property, lru_cache
from pathlib import Path

from data.bulk import uncollected
from data.schemas import System
from data.terminology.official.fee_schedule import FeeSchedule
from data.terminology.official.store import ENDING, Kept, kept_in_use, read_rows
from data.terminology.procedure_codes import (
    CODE_FORMS,
    ProcedureCode,
    ProcedureCodes,
    cpt_is_on,
)

DESCRIPTORS = ("cpt-medium", "cpt-long", "cpt-short", "hcpcs")
"""Kinds whose text stands for a code, the preferred first; they hold the whole code set."""
OTHER_WORDS = ("cpt-consumer", "cpt-clinician", "hcpcs-short", "fees")
"""Texts to search by; they describe a code only where nothing else does."""
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OfficialCode:
    """One code of the loaded files.

    Attributes:
        official: whether the description is a licensed descriptor, to stand for our own words.
        first, last: the days the code is valid; None where the files do not bound them.
    """

    system: System
    code: str
    description: str
    words: tuple[str, ...] = ()
    official: bool = False
    first: date | None = None
    last: date | None = None

    def valid_on(self, day: date) -> bool:
        """Whether nothing in the files forbids the code on ``day``."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)


class OfficialCodes:
    """Every code of the files under a folder; read when first asked for.

    Attributes:
        files: what is read, the AMA's not among it where CPT is switched off.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self.files: list[Kept] = kept_in_use(folder)

    def lookup(self, system: System | str, code: str) -> OfficialCode | None:
        """A code of the loaded files; None where they do not have it."""
        return self._codes.get((System(system), code))

    def __iter__(self) -> Iterator[OfficialCode]:
        return iter(self._codes.values())

    def __len__(self) -> int:
        return len(self._codes)

    def modifier(self, modifier: str) -> OfficialCode | None:
        """A HCPCS modifier, as the Level II file describes it."""
        return self.lookup(System.HCPCS, modifier)

    def valid(self, system: System | str, code: str, day: date | None) -> bool | None:
        """Whether a code is valid on ``day`` (None: in the newest release).

        Returns:
            None where no loaded file can tell: none holds the system's code set, or the day
            lies outside the releases and the code's own dates do not decide.
        """
        sets = self.code_sets.get(System(system), [])
        if not sets:
            return None
        day = day or sets[-1].last
        entry = self.lookup(system, code)
        if entry is not None and entry.official:
            unbounded = entry.first is None and day < sets[0].first
            return None if unbounded else entry.valid_on(day)
        return False if sets[0].first <= day <= sets[-1].last else None

    @cached_property
    def code_sets(self) -> dict[System, list[Kept]]:
        """The releases with whole code sets of each system, oldest first, one a day."""
        found: dict[System, dict[date, Kept]] = {}
        for kept in self.files:
            if kept.kind in DESCRIPTORS:
                system = System.CPT if kept.is_ama else System.HCPCS
                found.setdefault(system, {})[kept.first] = kept
        return {system: list(by_day.values()) for system, by_day in found.items()}

    @cached_property
    def _codes(self) -> Mapping[tuple[System, str], OfficialCode]:
        with uncollected():
            return _Gathering(self._folder, self.files, self.code_sets).codes()


class _Gathering:
    """The rows of the kept files, brought together by code."""

    def __init__(
        self, folder: Path | None, files: list[Kept], sets: Mapping[System, list[Kept]]
    ) -> None:
        self._sets = sets
        self._texts: dict[tuple[System, str], dict[str, list[str]]] = {}
        self._in: dict[tuple[System, str], set[date]] = {}
        self._own_days: dict[str, tuple[date | None, date | None]] = {}
        for kept in files:
            if kept.kind != "fees" and folder is not None:
                self._read(kept, read_rows(kept, folder))
        if any(kept.kind == "fees" for kept in files):
            for code, text in FeeSchedule.load(folder).descriptions().items():
                system = System.CPT if CODE_FORMS[System.CPT].match(code) else System.HCPCS
                self._texts.setdefault((system, code), {})["fees"] = [text]

    def _read(self, kept: Kept, rows: list[str]) -> None:
        system = System.CPT if kept.is_ama else System.HCPCS
        fresh: set[tuple[System, str]] = set()
        for row in rows:
            code, text, *more = row.split("\t")
            texts = self._texts.setdefault((system, code), {})
            if (system, code) not in fresh:  # a newer release's words replace an older one's
                texts[kept.kind] = []
                fresh.add((system, code))
            texts[kept.kind].append(text)
            if kept.kind == "hcpcs":
                short, added, _, ended, _ = more
                texts["hcpcs-short"] = [short] if short else []
                self._own_days[code] = (_day(added), _day(ended))
        if kept.kind in DESCRIPTORS:
            for key in fresh:
                self._in.setdefault(key, set()).add(kept.first)

    def codes(self) -> dict[tuple[System, str], OfficialCode]:
        return {key: self._code(key, texts) for key, texts in self._texts.items()}

    def _code(self, key: tuple[System, str], texts: Mapping[str, list[str]]) -> OfficialCode:
        order = [kind for kind in (*DESCRIPTORS, *OTHER_WORDS) if texts.get(kind)]
        words = dict.fromkeys(text for kind in order for text in texts[kind])
        description, *others = words
        official = order[0] in DESCRIPTORS
        first, last = self._days(key) if official else (None, None)
        return OfficialCode(*key, description, tuple(others), official, first, last)

    def _days(self, key: tuple[System, str]) -> tuple[date | None, date | None]:
        begins = [kept.first for kept in self._sets[key[0]]]
        held = self._in[key]
        first = None if begins[0] in held else min(held)
        later = [day for day in begins if day > max(held)]
        last = later[0] - _ONE_DAY if later else None
        added, ended = self._own_days.get(key[1], (None, None))
        return added or first, ended or last


def _day(cell: str) -> date | None:
    return date.fromisoformat(cell) if cell else None


def load_official(folder: Path | None) -> OfficialCodes:
    """The codes of the files under ``folder``, read once for as long as the files are the same.

    Raises:
        OfficialFileError: a kept file is damaged.
    """
    paths = sorted(folder.glob(f"*{ENDING}")) if folder and folder.is_dir() else []
    stamp = tuple((path.name, path.stat().st_mtime_ns) for path in paths)
    return _load_official(folder, stamp, cpt_is_on())


@lru_cache(maxsize=2)
def _load_official(folder: Path | None, stamp: object, cpt: bool) -> OfficialCodes:
    # The files' times and the switch are not used here: where they change, it is called anew.
    return OfficialCodes(folder)


def load_procedures(folder: Path | None = None) -> ProcedureCodes:
    """The starter tables, with the descriptors and dates of the user's own files.

    Raises:
        ProcedureTableError: a row of the tables does not hold.
        OfficialFileError: a kept file is damaged.
    """
    codes, official = ProcedureCodes.from_environment(), load_official(folder)
    if not official.files:
        return codes
    return replace(codes, entries=tuple(_described(entry, official) for entry in codes))


def _described(entry: ProcedureCode, official: OfficialCodes) -> ProcedureCode:
    found = official.lookup(entry.system, entry.code)
    if found is not None and found.official:
        return replace(
            entry,
            description=found.description,
            synonyms=(*entry.synonyms, entry.description),
            effective_from=found.first or entry.effective_from,
            effective_to=found.last or entry.effective_to,
        )
    sets = official.code_sets.get(entry.system)
    if not sets or (entry.effective_from and entry.effective_from > sets[0].first):
        return entry  # newer than the files, which then say nothing of it
    ended = sets[0].first - _ONE_DAY
    return replace(entry, effective_to=min(entry.effective_to or ended, ended))

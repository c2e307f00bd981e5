"""CPT and HCPCS Level II codes: a starter table with descriptions in our own words.

Two folders, ``cpt/`` and ``hcpcs/``, with a folder for each area of care that holds
``concepts.csv`` (what is done, and the words clinicians write for it) and ``codes.csv``
(the codes of each concept, with the conditions that pick one). CPT belongs to the AMA; its folder
holds numbers and our own words only, and can be switched off.
"""

from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path

from data.schemas import System

FOLDERS = {
    System.CPT: Path(__file__).parent / "cpt",
    System.HCPCS: Path(__file__).parent / "hcpcs",
}
SWITCH = "SUPERBILL_CPT"
"""Environment variable that turns the CPT folder off (``off``, ``0``, ``no``, ``false``)."""

_CONDITION = re.compile(r"^([a-z_]+)(<=|>=|!=|=|<|>)(.+)$")
CODE_FORMS = {
    System.CPT: re.compile(r"^\d{4}[0-9A-Z]\Z", re.ASCII),
    System.HCPCS: re.compile(r"^[A-V]\d{4}\Z", re.ASCII),
}

Slots = Mapping[str, str | float]
"""What the note says of a service: ``{"views": 3, "contrast": "with"}``."""


def cpt_is_on() -> bool:
    """Whether CPT is in use: unless :data:`SWITCH` is set to off."""
    return os.environ.get(SWITCH, "on").strip().lower() not in {"off", "0", "no", "false"}


class ProcedureTableError(ValueError):
    """A table row that does not hold; the message names file, line and fix."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on a slot: ``views>=4``."""

    slot: str
    operator: str
    value: str

    @classmethod
    def parse(cls, text: str) -> Condition:
        """Read ``slot operator value``.

        Raises:
            ValueError: the text has another form, or compares a word with ``<``.
        """
        match = _CONDITION.match(text.strip())
        if not match:
            raise ValueError(f"condition {text!r}: write slot, one of = != < <= > >=, value")
        condition = cls(match[1], match[2], match[3])
        if condition.operator not in ("=", "!="):
            float(condition.value)
        return condition

    def holds(self, slots: Slots) -> bool | None:
        """True or False; None where the note does not say (``!=`` then holds)."""
        given = slots.get(self.slot)
        if given is None:
            return True if self.operator == "!=" else None
        if self.operator in ("=", "!="):
            same = _same(given, self.value)
            return same if self.operator == "=" else not same
        try:
            number = float(given)
        except ValueError:
            return None
        bound = float(self.value)
        return {
            "<": number < bound,
            "<=": number <= bound,
            ">": number > bound,
            ">=": number >= bound,
        }[self.operator]


def _same(given: str | float, value: str) -> bool:
    if isinstance(given, str):
        return given == value
    try:
        return float(value) == float(given)
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class Concept:
    """A service as clinicians speak of it, whatever code it takes.

    Attributes:
        sides: ``paired`` (RT, LT, 50), ``digit`` (FA–F9, TA–T9), ``toe_digit``,
            ``lid`` (E1–E4) or empty.
        attributes: marks such as ``qw`` (waived test) or ``pctc`` (has a professional part).
        synonyms: phrases, as the phrase language of ``models/procedures`` reads them.
    """

    name: str
    family: str
    system: System
    sides: str
    attributes: Mapping[str, str]
    synonyms: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProcedureCode:
    """One code of the starter table.

    Attributes:
        when: conditions on slots that pick this code of its concept.
        fallback: whether it is taken when no code's conditions are known to hold.
    """

    system: System
    code: str
    description: str
    family: str
    concept: str
    when: tuple[Condition, ...] = ()
    fallback: bool = False
    effective_from: date | None = None
    effective_to: date | None = None
    synonyms: tuple[str, ...] = ()

    def valid_on(self, day: date | None) -> bool:
        """Whether the code may be billed for a service on ``day`` (None: today's table)."""
        if day is None:
            return self.effective_to is None
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_to is None or day <= self.effective_to
        )

    def matches(self, slots: Slots) -> bool:
        """Whether every condition is known to hold."""
        return all(condition.holds(slots) is True for condition in self.when)

    def contradicts(self, slots: Slots) -> bool:
        """Whether some condition is known to fail."""
        return any(condition.holds(slots) is False for condition in self.when)


@dataclass(frozen=True)
class ProcedureCodes:
    """The loaded code table; iterate it, look codes up, search words."""

    entries: tuple[ProcedureCode, ...]
    concepts: Mapping[str, Concept] = field(default_factory=dict)

    @classmethod
    def load(cls, cpt: bool = True) -> ProcedureCodes:
        """Read the shipped tables; ``cpt=False`` leaves the AMA's numbers out.

        Raises:
            ProcedureTableError: a row does not hold.
        """
        systems = (System.CPT, System.HCPCS) if cpt else (System.HCPCS,)
        return cls.read({s: FOLDERS[s] for s in systems if FOLDERS[s].is_dir()})

    @classmethod
    def from_environment(cls) -> ProcedureCodes:
        """Read the tables, CPT unless :data:`SWITCH` is set to off."""
        return cls.load(cpt_is_on())

    @classmethod
    def read(cls, folders: Mapping[System, Path]) -> ProcedureCodes:
        """Read ``concepts.csv`` and ``codes.csv`` of each area's folder.

        Raises:
            ProcedureTableError: a row does not hold.
        """
        concepts: dict[str, Concept] = {}
        entries: list[ProcedureCode] = []
        for system, folder in folders.items():
            for where, row in _rows(folder, "concepts.csv"):
                name = row["concept"]
                if name in concepts:
                    raise ProcedureTableError(f"{where}: {name!r} stands twice")
                concepts[name] = Concept(
                    name, row["family"], system, row["sides"], _attributes(row["attributes"]),
                    split_phrases(row["synonyms"]),
                )  # fmt: skip
            for where, row in _rows(folder, "codes.csv"):
                entries.append(_code(system, row, concepts, where))
        return cls(tuple(entries), concepts)

    def __iter__(self) -> Iterator[ProcedureCode]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    @cached_property
    def _by_code(self) -> dict[tuple[System, str], ProcedureCode]:
        table: dict[tuple[System, str], ProcedureCode] = {}
        for entry in self.entries:
            table.setdefault((entry.system, entry.code), entry)
        return table

    @cached_property
    def _by_concept(self) -> dict[str, tuple[ProcedureCode, ...]]:
        table: dict[str, list[ProcedureCode]] = {}
        for entry in self.entries:
            table.setdefault(entry.concept, []).append(entry)
        return {name: tuple(rows) for name, rows in table.items()}

    def lookup(self, system: System | str, code: str) -> ProcedureCode | None:
        """The entry of a code, or None."""
        return self._by_code.get((System(system), code))

    def find(self, code: str) -> ProcedureCode | None:
        """The entry of a code whatever its system; CPT and HCPCS numbers never meet."""
        return next((e for s in FOLDERS if (e := self.lookup(s, code)) is not None), None)

    @cached_property
    def _slots_by_concept(self) -> dict[str, frozenset[str]]:
        return {
            name: frozenset(c.slot for entry in entries for c in entry.when)
            for name, entries in self._by_concept.items()
        }

    def slots_of(self, concept: str) -> frozenset[str]:
        """Slots that the conditions of a concept's codes ask for."""
        return self._slots_by_concept.get(concept, frozenset())

    def of_concept(self, concept: str, day: date | None = None) -> tuple[ProcedureCode, ...]:
        """Codes of a concept valid on ``day``, in table order."""
        return tuple(e for e in self._by_concept.get(concept, ()) if e.valid_on(day))

    def pick(self, concept: str, slots: Slots, day: date | None = None) -> ProcedureCode | None:
        """The code of a concept that the slots select.

        Of the codes whose conditions are all known to hold, the one with most
        conditions; else the fallback, unless it is known to be wrong; else None.
        """
        rows = self.of_concept(concept, day)
        fits = [row for row in rows if row.when and row.matches(slots)]
        if fits:
            return max(fits, key=lambda row: len(row.when))
        open_rows = [row for row in rows if row.fallback and not row.contradicts(slots)]
        return open_rows[0] if open_rows else None

    @cached_property
    def _words(self) -> tuple[tuple[ProcedureCode, str], ...]:
        seen = self._by_code.values()
        return tuple((e, f"{e.code} {e.description} {' '.join(e.synonyms)}".lower()) for e in seen)

    def search(self, query: str, limit: int = 20) -> list[ProcedureCode]:
        """Type-ahead: codes whose number, description or synonyms hold every word of ``query``."""
        words = query.lower().split()
        if not words:
            return []
        found = [
            (
                not entry.code.lower().startswith(words[0]),
                _misses_word_start(text, words),
                len(text),
                entry,
            )
            for entry, text in self._words
            if all(word in text for word in words)
        ]
        found.sort(key=lambda row: (row[0], row[1], row[2], row[3].code))
        return [row[3] for row in found[:limit]]


def _misses_word_start(text: str, words: Iterable[str]) -> int:
    return sum(re.search(rf"\b{re.escape(word)}", text) is None for word in words)


def _rows(folder: Path, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """(file and line, row) of every area's table of that name."""
    for path in sorted(folder.glob(f"*/{name}")):
        with path.open(encoding="utf-8", newline="") as handle:
            for line, row in enumerate(csv.DictReader(handle), start=2):
                where = f"{folder.name}/{path.parent.name}/{name}:{line}"
                if None in row or None in row.values():
                    raise ProcedureTableError(f"{where}: wrong number of columns")
                yield where, row


def split_phrases(cell: str) -> tuple[str, ...]:
    """The parts of a cell divided by ``|`` outside brackets; a regular expression keeps its own."""
    parts, depth = [""], 0
    for character in cell:
        depth += (character in "([") - (character in ")]")
        if character == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return tuple(part.strip() for part in parts if part.strip())


def _attributes(cell: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in cell.split(";") if part.strip())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _day(cell: str, where: str) -> date | None:
    try:
        return date.fromisoformat(cell) if cell else None
    except ValueError as error:
        raise ProcedureTableError(f"{where}: {cell!r} is no date; write YYYY-MM-DD") from error


def _code(
    system: System, row: dict[str, str], concepts: Mapping[str, Concept], where: str
) -> ProcedureCode:
    if not CODE_FORMS[system].match(row["code"]):
        raise ProcedureTableError(f"{where}: {row['code']!r} is not a {system.value} code")
    concept = concepts.get(row["concept"])
    if concept is None:
        raise ProcedureTableError(f"{where}: concept {row['concept']!r} is not in concepts.csv")
    try:
        when = tuple(Condition.parse(part) for part in row["when"].split("&") if part)
    except ValueError as error:
        raise ProcedureTableError(f"{where}: {error}") from error
    return ProcedureCode(
        system, row["code"], row["description"], row["family"], row["concept"], when,
        row["fallback"] == "1",
        _day(row["effective_from"], where), _day(row["effective_to"], where),
        tuple(s for s in concept.synonyms if not s.startswith("re:") and "..." not in s),
    )  # fmt: skip

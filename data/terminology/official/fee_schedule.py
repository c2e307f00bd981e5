"""Looking up the physician fee schedule: status, indicators and relative values of a code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from data.schemas import System
from data.terminology.official.fees import FIELDS
from data.terminology.official.store import Kept, kept_files, read_rows
from data.terminology.procedure_codes import CODE_FORMS, cpt_is_on

COMPONENTS = frozenset({"26", "TC", "53"})
"""Modifiers that have rows of their own: professional and technical component, discontinued."""


@dataclass(frozen=True, slots=True)
class FeeRow:
    """One row of the fee schedule; indicators as CMS writes them, an empty one is ``""``.

    Attributes:
        modifier: ``26``, ``TC``, ``53`` or empty.
        status: ``A`` active, ``B`` bundled, ``C`` priced by the contractor, ``N`` not covered …
        work, nonfacility_expense, facility_expense, malpractice: relative value units.
        nonfacility_na, facility_na: the service is rarely or never done there.
        pc_tc: 0 physician service, 1 has components, 2 professional only, 3 technical only …
        global_days: ``000``, ``010``, ``090``, ``MMM``, ``XXX``, ``YYY`` or ``ZZZ``.
        multiple_procedure, bilateral, assistant, co_surgeon, team: payment adjustments.
        endoscopic_base: the base endoscopy's code.
        release: the release the row is of, ``2026-04``.
    """

    code: str
    modifier: str
    description: str
    status: str
    work: Decimal | None
    nonfacility_expense: Decimal | None
    nonfacility_na: bool
    facility_expense: Decimal | None
    facility_na: bool
    malpractice: Decimal | None
    nonfacility_total: Decimal | None
    facility_total: Decimal | None
    pc_tc: str
    global_days: str
    pre_operative: Decimal | None
    intra_operative: Decimal | None
    post_operative: Decimal | None
    multiple_procedure: str
    bilateral: str
    assistant: str
    co_surgeon: str
    team: str
    endoscopic_base: str
    conversion_factor: Decimal | None
    supervision: str
    imaging_family: str
    release: str

    @classmethod
    def read(cls, line: str, release: str) -> FeeRow:
        """A row of a kept file."""
        cells = dict(zip(FIELDS, line.split("\t"), strict=True))

        def number(field: str) -> Decimal | None:
            return Decimal(cells[field]) if cells[field] else None

        return cls(
            cells["code"], cells["modifier"], cells["description"], cells["status"],
            number("work"), number("nonfacility_expense"), cells["nonfacility_na"] == "NA",
            number("facility_expense"), cells["facility_na"] == "NA", number("malpractice"),
            number("nonfacility_total"), number("facility_total"), cells["pc_tc"],
            cells["global_days"], number("pre_operative"), number("intra_operative"),
            number("post_operative"), cells["multiple_procedure"], cells["bilateral"],
            cells["assistant"], cells["co_surgeon"], cells["team"], cells["endoscopic_base"],
            number("conversion_factor"), cells["supervision"], cells["imaging_family"], release,
        )  # fmt: skip


class FeeSchedule:
    """The fee schedules a user has loaded; nothing is read before a row is asked for.

    A row stays one line of text until it is asked for: a release takes some 5 MB.
    """

    def __init__(self, folder: Path | None, kept: Sequence[Kept], cpt: bool = True) -> None:
        self._folder = folder
        self.releases = tuple(kept)
        self._cpt = cpt
        self._lines: dict[str, dict[str, str]] = {}

    @classmethod
    def load(cls, folder: Path | None) -> FeeSchedule:
        """Those under ``folder``; without CPT's numbers where CPT is switched off.

        Raises:
            OfficialFileError: a kept file is damaged.
        """
        return cls(folder, kept_files(folder, ("fees",)), cpt_is_on())

    def release_on(self, day: date | None) -> Kept | None:
        """The release for a date of service: the newest that had begun then.

        None means the newest. A day after the newest ends has the newest; a day before the
        oldest begins has none.
        """
        begun = [kept for kept in self.releases if day is None or kept.first <= day]
        return begun[-1] if begun else None

    def _of(self, kept: Kept) -> dict[str, str]:
        if kept.release not in self._lines:
            assert self._folder is not None
            table: dict[str, str] = {}
            for line in read_rows(kept, self._folder):
                code, modifier, _ = line.split("\t", 2)
                if self._cpt or not CODE_FORMS[System.CPT].match(code):
                    table[code + modifier] = line
            self._lines[kept.release] = table
        return self._lines[kept.release]

    def row(self, code: str, modifier: str | None, day: date | None) -> FeeRow | None:
        """The row of a code on a day.

        Args:
            modifier: 26, TC and 53 have rows of their own, and None is returned where the code
                has no such row; every other modifier has the row without modifier.
            day: the date of service; None for the newest release.

        Raises:
            OfficialFileError: the kept file is damaged.
        """
        kept = self.release_on(day)
        if kept is None:
            return None
        own = modifier if modifier in COMPONENTS else ""
        line = self._of(kept).get(code + (own or ""))
        return None if line is None else FeeRow.read(line, kept.release)

    def descriptions(self) -> dict[str, str]:
        """Code → the newest release's short description."""
        kept = self.release_on(None)
        if kept is None:
            return {}
        rows = (line.split("\t", 3) for line in self._of(kept).values())
        return {row[0]: row[2] for row in reversed([*rows])}

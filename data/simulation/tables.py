"""The simulation's small tables: payers, specialties, services, diagnoses.

Payers are invented; base rates are the published first-pass denial rates by
payer type (Medicare 8.4 %, commercial 13.9, managed Medicaid 15.1, Medicare
Advantage 15.7, Medicaid 16.7); every other number is this project's own.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources


@dataclass(frozen=True, slots=True)
class Payer:
    payer_id: str
    payer_type: str
    share: float  # of adults
    child_share: float
    name: str


@dataclass(frozen=True, slots=True)
class BaseRate:
    """How one payer type behaves on average."""

    denied: float
    lapse: float  # share of claims whose coverage has lapsed
    coordination: float  # share for which another payer comes first
    days_to_post: float
    allowed_share: float  # of charges


@dataclass(frozen=True, slots=True)
class Specialty:
    name: str
    share: float
    bands: tuple[float, float, float]  # children, adults under 65, older
    female_only: bool
    visit_probability: float
    extra_mean: float


@dataclass(frozen=True, slots=True)
class Service:
    code: str
    role: str  # visit, test, procedure, drug
    weight: float
    place: str
    modifiers: tuple[str, ...]
    with_visit: str  # free, modifier-25, alone
    units_maximum: int


@dataclass(frozen=True, slots=True)
class DiagnosisRow:
    code: str
    weight: float
    sex: str  # F, M or "" for both
    minimum_age: int
    maximum_age: int


@dataclass(frozen=True)
class SimulationTables:
    payers: tuple[Payer, ...]
    base_rates: dict[str, BaseRate]
    specialties: tuple[Specialty, ...]
    services: dict[str, tuple[Service, ...]]  # by specialty
    diagnoses: dict[str, tuple[DiagnosisRow, ...]]  # by specialty

    @property
    def service_codes(self) -> tuple[str, ...]:
        """Every code, once, in order."""
        return tuple(sorted({s.code for rows in self.services.values() for s in rows}))

    @property
    def diagnosis_groups(self) -> tuple[str, ...]:
        """Every three-character category, once, in order."""
        return tuple(sorted({d.code[:3] for rows in self.diagnoses.values() for d in rows}))


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files("data.simulation") / f"{name}.csv").read_text("utf-8")
    yield from csv.DictReader(text.splitlines())


@cache
def load_simulation_tables() -> SimulationTables:
    """The tables that ship."""
    services: dict[str, list[Service]] = {}
    for r in _rows("services"):
        services.setdefault(r["specialty"], []).append(
            Service(
                r["code"],
                r["role"],
                float(r["weight"]),
                r["place"],
                tuple(r["modifiers"].split()),
                r["with_visit"],
                int(r["units_maximum"]),
            )
        )
    diagnoses: dict[str, list[DiagnosisRow]] = {}
    for r in _rows("diagnoses"):
        diagnoses.setdefault(r["specialty"], []).append(
            DiagnosisRow(
                r["code"],
                float(r["weight"]),
                r["sex"],
                int(r["minimum_age"]),
                int(r["maximum_age"]),
            )
        )
    return SimulationTables(
        payers=tuple(
            Payer(
                r["payer_id"],
                r["payer_type"],
                float(r["share"]),
                float(r["child_share"]),
                r["name"],
            )
            for r in _rows("payers")
        ),
        base_rates={
            r["payer_type"]: BaseRate(
                float(r["denied"]),
                float(r["lapse"]),
                float(r["coordination"]),
                float(r["days_to_post"]),
                float(r["allowed_share"]),
            )
            for r in _rows("base_rates")
        },
        specialties=tuple(
            Specialty(
                r["specialty"],
                float(r["share"]),
                (float(r["child"]), float(r["adult"]), float(r["older"])),
                r["female_only"] == "yes",
                float(r["visit_probability"]),
                float(r["extra_mean"]),
            )
            for r in _rows("specialties")
        ),
        services={name: tuple(rows) for name, rows in services.items()},
        diagnoses={name: tuple(rows) for name, rows in diagnoses.items()},
    )

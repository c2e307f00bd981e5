"""What does not change from claim to claim: patients, practices, payers' policies.

Everything here is hidden from the model except through the claims it leaves
behind: how careful a front desk is, how well a provider documents, which codes
a payer wants authorized, does not cover, or reviews strictly.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from data.claims.fees import starter_fees
from data.simulation.tables import SimulationTables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PRACTICES = 10
PROVIDERS_PER_SHARE = 90  # a specialty with 10 % of the claims has 9 providers
_AUTHORIZED_SHARE = {
    "medicare": 0.02,
    "commercial": 0.58,
    "medicare_advantage": 0.62,
    "medicaid": 0.50,
    "managed_medicaid": 0.62,
}
_EXPENSIVE = 300.0  # dollars a unit from which a payer may want authorization
_NO_VISIT_ROLES = ("test", "procedure", "drug")


@dataclass(frozen=True)
class PolicyChange:
    """From ``share`` of the simulated time on, a payer asks for more.

    Attributes:
        payer: index into the payers table.
        codes: how many codes its authorization list gains.
        strictness: factor on its medical-necessity review.
    """

    payer: int = 0
    share: float = 0.55
    codes: int = 14
    strictness: float = 1.8


@dataclass(frozen=True)
class Policies:
    """Hidden payer policies; P payers, C service codes, G diagnosis groups.

    Attributes:
        authorization: (periods, P, C) whether the payer wants authorization.
        non_covered: (P, C) share of the payer's plans that exclude the code.
        strictness: (periods, P, C) severity of medical-necessity review.
        pairing: (P, C, G) how badly the code fits the diagnosis, around 1.
        rejects_visit: (P,) how strictly modifier 25 is enforced.
        rejects_unspecified: (P,) how strictly unspecified codes are refused.
        wants_records: (P,) how often records are asked for on dear claims.
        filing_limit: (P,) days.
        allowed: (P, C) share of the charge that the payer allows.
        starts: (periods,) share of simulated time at which each period begins.
    """

    authorization: Bools
    non_covered: Floats
    strictness: Floats
    pairing: Floats
    rejects_visit: Floats
    rejects_unspecified: Floats
    wants_records: Floats
    filing_limit: Ints
    allowed: Floats
    starts: Floats


@dataclass(frozen=True)
class World:
    """Practices, providers and patients, with the traits that no claim states."""

    policies: Policies
    payer_types: tuple[str, ...]  # (P,)
    codes: tuple[str, ...]  # (C,)
    groups: tuple[str, ...]  # (G,)
    unit_charge: Floats  # (C,) dollars
    desk_skill: Floats  # (practices,) 0..1
    billing_npi: tuple[str, ...]
    provider_practice: Ints  # (providers,)
    provider_quality: Floats  # (providers,) 0..1
    provider_npi: tuple[str, ...]
    providers_of: tuple[Ints, ...]  # by specialty
    patient_sex: NDArray[np.str_]
    patient_born: Ints  # ordinal days
    patient_payer: Ints
    pools: dict[tuple[int, bool], Ints]  # (age band, female only) → patients


def npi_with_check_digit(first_nine: str) -> str:
    """A ten-digit NPI: nine digits and their Luhn check digit under prefix 80840."""
    total = 24
    for place, character in enumerate(reversed(first_nine)):
        digit = int(character)
        if place % 2 == 0:
            digit = digit * 2 - 9 if digit > 4 else digit * 2
        total += digit
    return first_nine + str(-total % 10)


def _npis(rng: np.random.Generator, count: int) -> tuple[str, ...]:
    numbers = rng.choice(90_000_000, size=count, replace=False)
    return tuple(npi_with_check_digit(f"1{int(n) + 10_000_000:08d}") for n in numbers)


def draw_policies(
    tables: SimulationTables, rng: np.random.Generator, changes: tuple[PolicyChange, ...]
) -> Policies:
    """Hidden policies of every payer, and what each change makes of them."""
    codes, groups = tables.service_codes, tables.diagnosis_groups
    roles = {s.code: s.role for rows in tables.services.values() for s in rows}
    charge = _charges(codes)
    payers, count = len(tables.payers), len(codes)
    may_authorize = np.array(
        [
            roles[c] in _NO_VISIT_ROLES and d >= _EXPENSIVE
            for c, d in zip(codes, charge, strict=True)
        ]
    ) | np.isin(codes, ("J1745", "J7325", "J2426", "J0178", "73221", "95810"))
    shares = np.array([_AUTHORIZED_SHARE[p.payer_type] for p in tables.payers])
    authorization = (rng.random((payers, count)) < shares[:, None]) & may_authorize[None, :]
    non_covered = np.where(
        rng.random((payers, count)) < 0.05, rng.beta(1.6, 4.0, (payers, count)), 0.0
    )
    strictness = rng.lognormal(-0.2, 1.0, (payers, count)) * np.array(
        [0.35 if roles[c] == "visit" else 1.0 for c in codes]
    )
    pairing = rng.lognormal(-0.35, 0.9, (payers, count, len(groups)))
    periods_a, periods_s, starts = [authorization], [strictness], [0.0]
    for change in sorted(changes, key=lambda c: c.share):
        later_a, later_s = periods_a[-1].copy(), periods_s[-1].copy()
        open_codes = np.flatnonzero(~later_a[change.payer] & (charge >= 80))
        added = rng.choice(open_codes, size=min(change.codes, open_codes.size), replace=False)
        later_a[change.payer, added] = True
        later_s[change.payer] *= change.strictness
        periods_a.append(later_a)
        periods_s.append(later_s)
        starts.append(change.share)
    return Policies(
        authorization=np.stack(periods_a),
        non_covered=non_covered,
        strictness=np.stack(periods_s),
        pairing=pairing,
        rejects_visit=rng.beta(2.0, 2.0, payers),
        rejects_unspecified=rng.beta(1.5, 3.0, payers),
        wants_records=rng.beta(1.5, 4.0, payers),
        filing_limit=rng.choice([90, 120, 180, 365], size=payers, p=[0.15, 0.2, 0.35, 0.3]),
        allowed=np.exp(rng.normal(0.0, 0.15, (payers, count)))
        * np.array([tables.base_rates[p.payer_type].allowed_share for p in tables.payers])[:, None],
        starts=np.array(starts),
    )


def draw_world(
    tables: SimulationTables,
    seed: np.random.SeedSequence,
    *,
    patients: int,
    first_day: date,
    changes: tuple[PolicyChange, ...],
) -> World:
    """A practice group with its patients and payers.

    Policies and practices depend on the seed alone, not on the number of patients.
    """
    policy_seed, practice_seed, patient_seed = seed.spawn(3)
    policies = draw_policies(tables, np.random.default_rng(policy_seed), changes)
    rng = np.random.default_rng(practice_seed)
    counts = [max(3, round(s.share * PROVIDERS_PER_SHARE)) for s in tables.specialties]
    providers = sum(counts)
    npis = _npis(rng, PRACTICES + providers)
    ends = np.cumsum([0, *counts])
    band, sex, born, payer = _draw_patients(
        tables, np.random.default_rng(patient_seed), patients, first_day
    )
    pools = {
        (b, female): np.flatnonzero((band == b) & ((sex == "F") if female else True))
        for b in range(3)
        for female in (False, True)
    }
    return World(
        policies=policies,
        payer_types=tuple(p.payer_type for p in tables.payers),
        codes=tables.service_codes,
        groups=tables.diagnosis_groups,
        unit_charge=_charges(tables.service_codes),
        desk_skill=rng.beta(5.0, 2.2, PRACTICES),
        billing_npi=npis[:PRACTICES],
        provider_practice=rng.integers(0, PRACTICES, providers),
        provider_quality=rng.beta(4.0, 2.0, providers),
        provider_npi=npis[PRACTICES:],
        providers_of=tuple(np.arange(a, b) for a, b in pairwise(ends)),
        patient_sex=sex,
        patient_born=born,
        patient_payer=payer,
        pools=pools,
    )


def _charges(codes: tuple[str, ...]) -> Floats:
    fees = starter_fees()
    return np.array([float(fees.charge(code)) for code in codes])


def _draw_patients(
    tables: SimulationTables, rng: np.random.Generator, count: int, first_day: date
) -> tuple[Ints, NDArray[np.str_], Ints, Ints]:
    shares = np.array([[s.share * b for b in s.bands] for s in tables.specialties]).sum(axis=0)
    band = rng.choice(3, size=count, p=shares / shares.sum())
    # No pool may be empty, however small the simulation.
    band[:6] = [0, 0, 1, 1, 2, 2]
    sex = np.where(rng.random(count) < 0.54, "F", "M")
    sex[:6] = ["F", "M"] * 3
    low, high = np.array([1, 19, 65])[band], np.array([17, 64, 92])[band]
    age_days = rng.uniform(low * 365.25, high * 365.25).astype(np.int64)
    born = first_day.toordinal() - age_days
    senior = np.array([p.payer_type in ("medicare", "medicare_advantage") for p in tables.payers])
    adult = np.array([p.share for p in tables.payers])
    child = np.array([p.child_share for p in tables.payers])
    older = np.where(senior, adult, adult * 0.18)
    younger = np.where(senior, adult * 0.08, adult)
    payer = np.empty(count, dtype=np.int64)
    for index, weights in enumerate((child, younger, older)):
        chosen = band == index
        payer[chosen] = rng.choice(
            len(tables.payers), size=int(chosen.sum()), p=weights / weights.sum()
        )
    return band, sex, born, payer

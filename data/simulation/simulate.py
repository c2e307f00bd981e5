"""Simulated claims and what the payers did with them.

The label is drawn from hazards that the claim does not show in full: payers'
policies, coverage that lapsed, what the chart supports, a front desk's care,
and chance. Every figure learned from these claims is a figure about a
simulation and is labelled so wherever it appears.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import numpy as np

from data.claims.codes import procedure_system
from data.claims.fees import starter_fees
from data.schemas import Claim, ClaimDiagnosis, ClaimLine, Outcome, Sex
from data.simulation.drafts import MAX_LINES, UNIFORMS, Draft, Drafter
from data.simulation.hazards import (
    CATEGORIES,
    Hidden,
    Visible,
    draw_hidden,
    fit_scale,
    hazards,
    line_hazards,
    see,
)
from data.simulation.tables import SimulationTables, load_simulation_tables
from data.simulation.world import Bools, Floats, Ints, PolicyChange, World, draw_world

FIRST_DAY = date(2024, 10, 1)
BLOCK = 4096
PILOT = 12_000
DAYS_PER_MONTH = 30.4375
DEFAULT_CHANGES = (PolicyChange(),)
UNSPECIFIED_CODES = frozenset(
    {"M25.569", "M17.9", "M25.519", "S93.409A", "N83.209", "H66.90", "C34.90"}
)
_LINE_CATEGORIES = frozenset({"authorization", "medical_necessity", "non_covered"})


@dataclass(frozen=True, slots=True)
class Simulated:
    """A claim, its outcome, and what could be known about it.

    Attributes:
        oracle: P(denied | everything, hidden state included).
        observable: P(denied | claim, its history, the true policies), the
            claim-level hidden state integrated out; None unless asked for.
    """

    claim: Claim
    outcome: Outcome
    oracle: float
    observable: float | None


class Simulation:
    """A seeded simulation; iterate :meth:`run` as often as you like."""

    def __init__(
        self,
        n_claims: int,
        seed: int,
        months: int = 24,
        *,
        world_seed: int | None = None,
        changes: tuple[PolicyChange, ...] = DEFAULT_CHANGES,
        tables: SimulationTables | None = None,
    ) -> None:
        """
        Args:
            world_seed: seed of what lasts: policies, providers, practices; ``seed``
                by default. Claims of one world and another ``seed`` are fresh claims
                for a model that learned in that world.

        Raises:
            ValueError: no claims or no months to simulate.
        """
        if n_claims < 1 or months < 1:
            raise ValueError("simulate at least one claim over at least one month")
        self.n_claims, self.seed, self.months = n_claims, seed, months
        self._tables = tables or load_simulation_tables()
        self._days = max(1, round(months * DAYS_PER_MONTH))
        self.world_seed = seed if world_seed is None else world_seed
        lasting, pilot_seed, _ = np.random.SeedSequence(self.world_seed).spawn(3)
        self._run_seed = np.random.SeedSequence(seed).spawn(3)[2]
        self.world: World = draw_world(
            self._tables,
            lasting,
            patients=max(2000, n_claims // 5),
            first_day=FIRST_DAY,
            changes=changes,
        )
        self._scale = self._fit(np.random.default_rng(pilot_seed))

    def run(self, observable_draws: int = 0) -> Iterator[Simulated]:
        """Claims in order of submission.

        Args:
            observable_draws: how often to redraw the hidden state for the
                observable probability; 0 leaves it out.
        """
        drafter = Drafter(self._tables, self.world)
        starts = range(0, self.n_claims, BLOCK)
        # Spawning changes a SeedSequence; a fresh one makes every run the same.
        own = np.random.SeedSequence(self._run_seed.entropy, spawn_key=self._run_seed.spawn_key)
        for start, seed in zip(starts, own.spawn(len(starts)), strict=True):
            # A stream of its own for the bounds, or asking for them would change the labels.
            draw_seed, bound_seed = seed.spawn(2)
            rng = np.random.default_rng(draw_seed)
            count = min(BLOCK, self.n_claims - start)
            drafts, visible = self._block(drafter, rng, start, count, self.n_claims)
            hidden = draw_hidden(visible, self.world, self._tables, rng)
            scale = self._scale[visible.payer_type][:, None]
            found = scale * hazards(visible, hidden, self.world)
            oracle = 1 - np.exp(-found.sum(axis=1))
            bound = self._observable(visible, np.random.default_rng(bound_seed), observable_draws)
            denied = rng.random(count) < oracle
            ends = found.cumsum(axis=1)
            chosen = (ends < rng.random((count, 1)) * ends[:, -1:]).sum(axis=1)
            paid = self._paid(visible, hidden, denied, chosen, rng)
            posted = self._days_to_post(visible, rng)
            for i, draft in enumerate(drafts):
                claim = self._claim(draft, start + i)
                category = CATEGORIES[int(chosen[i])] if denied[i] else None
                yield Simulated(
                    claim,
                    Outcome(
                        claim_id=claim.claim_id,
                        denied=bool(denied[i]),
                        category=category,
                        paid=Decimal(round(paid[i] * 100)) / 100,
                        posted=date.fromordinal(draft.submission_day + int(posted[i])),
                    ),
                    float(oracle[i]),
                    float(bound[i]) if bound is not None else None,
                )

    def _fit(self, rng: np.random.Generator) -> Floats:
        drafter = Drafter(self._tables, self.world)
        _, visible = self._block(drafter, rng, 0, PILOT, PILOT)
        hidden = draw_hidden(visible, self.world, self._tables, rng)
        totals = hazards(visible, hidden, self.world).sum(axis=1)
        targets = [self._tables.base_rates[t].denied for t in dict.fromkeys(self.world.payer_types)]
        return fit_scale(totals, visible.payer_type, targets)

    def _block(
        self, drafter: Drafter, rng: np.random.Generator, start: int, count: int, total: int
    ) -> tuple[list[Draft], Visible]:
        uniforms = rng.random((count, UNIFORMS)).tolist()
        days = ((start + np.arange(count)) / total * self._days).astype(int)
        changes = self.world.policies.starts
        periods = (np.searchsorted(changes, days / self._days, side="right") - 1).tolist()
        first = FIRST_DAY.toordinal()
        drafts = [
            drafter.draw(row, first + int(day), period)
            for row, day, period in zip(uniforms, days, periods, strict=True)
        ]
        return drafts, see(drafts, periods, self.world, UNSPECIFIED_CODES)

    def _observable(self, visible: Visible, rng: np.random.Generator, draws: int) -> Floats | None:
        if draws < 1:
            return None
        scale = self._scale[visible.payer_type]
        total = np.zeros(visible.payer.size)
        for _ in range(draws):
            hidden = draw_hidden(visible, self.world, self._tables, rng)
            total += 1 - np.exp(-scale * hazards(visible, hidden, self.world).sum(axis=1))
        return total / draws

    def _paid(
        self,
        visible: Visible,
        hidden: Hidden,
        denied: Bools,
        chosen: Ints,
        rng: np.random.Generator,
    ) -> Floats:
        """Dollars paid; a denial of one line leaves the others paid."""
        policies, code = self.world.policies, visible.line_code
        charge = np.where(code >= 0, self.world.unit_charge[code], 0.0)
        share = visible.charge / np.maximum(charge.sum(axis=1), 0.01)  # for units above one
        allowed = charge * policies.allowed[visible.payer[:, None], code] * share[:, None]
        by_line = line_hazards(visible, hidden, self.world)
        keep = np.ones((code.shape[0], MAX_LINES))
        for index, category in enumerate(CATEGORIES):
            mine = denied & (chosen == index)
            if category in _LINE_CATEGORIES:
                keep[mine, by_line[category][mine].argmax(axis=1)] = 0.0
            else:
                keep[mine] = 0.0
        patient_share = rng.beta(1.2, 5.0, code.shape[0])
        paid: Floats = (allowed * keep).sum(axis=1) * (1 - patient_share)
        return paid

    def _days_to_post(self, visible: Visible, rng: np.random.Generator) -> Ints:
        types = list(dict.fromkeys(self.world.payer_types))
        mean = np.array([self._tables.base_rates[t].days_to_post for t in types])
        days = mean[visible.payer_type] * np.exp(rng.normal(0.0, 0.35, visible.payer.size))
        lag: Ints = np.maximum(5, days).astype(np.int64)
        return lag

    def _claim(self, draft: Draft, number: int) -> Claim:
        world, fees = self.world, starter_fees()
        payer = self._tables.payers[int(world.patient_payer[draft.patient])]
        day = date.fromordinal(draft.service_day)
        pointers = () if draft.pointer_missing else tuple(range(1, len(draft.diagnoses) + 1))
        lines = []
        for index, line in enumerate(draft.lines, start=1):
            code = world.codes[line.code]
            lines.append(
                ClaimLine(
                    number=index,
                    system=procedure_system(code),
                    code=code,
                    modifiers=line.modifiers,
                    units=Decimal(line.units),
                    charge=fees.charge(code, Decimal(line.units)),
                    diagnosis_pointers=pointers[:4],
                    date_of_service=day,
                )
            )
        total = sum((line.charge for line in lines), Decimal(0))
        npi = world.provider_npi[draft.provider]
        if draft.npi_wrong:
            npi = npi[:8] + npi[9] + npi[8] if npi[8] != npi[9] else npi[:9]
        member = f"{payer.payer_id[3:6]}{draft.patient:08d}"
        return Claim(
            claim_id=f"SIM{number:08d}",
            patient_id=f"SIMPAT{draft.patient:08d}",
            patient_sex=Sex(str(world.patient_sex[draft.patient])),
            patient_birth_date=None
            if draft.birth_missing
            else date.fromordinal(int(world.patient_born[draft.patient])),
            payer_id=payer.payer_id,
            payer_type=payer.payer_type,
            member_id=None if draft.member_missing else member,
            billing_npi=world.billing_npi[int(world.provider_practice[draft.provider])],
            rendering_npi=None if draft.rendering_missing else npi,
            taxonomy="207Q00000X",
            specialty=draft.specialty,
            place_of_service=draft.lines[0].place,
            frequency_code="7" if draft.corrected else "1",
            original_reference=f"REF{number:07d}" if draft.reference else None,
            prior_authorization=f"AUTH{number:07d}" if draft.authorized else None,
            submission_date=date.fromordinal(draft.submission_day),
            total_charge=total + 10 if draft.total_wrong else total,
            diagnoses=tuple(ClaimDiagnosis(code=code) for code in draft.diagnoses),
            lines=tuple(lines),
        )


def simulate(n_claims: int, seed: int, months: int = 24) -> Iterator[tuple[Claim, Outcome]]:
    """Simulated claims with their outcomes, in order of submission."""
    for item in Simulation(n_claims, seed, months).run():
        yield item.claim, item.outcome

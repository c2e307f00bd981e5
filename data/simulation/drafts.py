"""Draws what a claim shows: who, what, when, and the slips of the front desk."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from math import cos, exp, log, pi, sqrt

from data.simulation.tables import DiagnosisRow, Service, SimulationTables
from data.simulation.world import World

UNIFORMS = 40  # random numbers that one claim may use
MAX_LINES = 4
_EXTRA_ROLES = ("test", "procedure", "drug")
_TELEHEALTH = {"psychiatry": 0.35}
_TELEHEALTH_ELSEWHERE = 0.05
_NEEDS_VISIT = frozenset({"G2211"})
_USUAL_SLIP = 0.3  # one minus the skill of a middling front desk


@dataclass(slots=True)
class DraftLine:
    code: int  # index into World.codes
    units: int
    modifiers: tuple[str, ...]
    place: str


@dataclass(slots=True)
class Draft:
    """What a simulated claim shows; days are ordinals, indices point into World."""

    specialty: str
    patient: int
    provider: int
    service_day: int
    submission_day: int
    diagnoses: list[str]
    lines: list[DraftLine]
    authorized: bool
    member_missing: bool = False
    birth_missing: bool = False
    npi_wrong: bool = False
    rendering_missing: bool = False
    pointer_missing: bool = False
    truncated: bool = False
    visit_unmarked: bool = False
    wrong_place: bool = False
    total_wrong: bool = False
    units_high: bool = False
    corrected: bool = False
    reference: bool = False
    resent: bool = False


class Drafter:
    """Draws drafts in order of submission; keeps the recent ones, to resend some."""

    def __init__(self, tables: SimulationTables, world: World) -> None:
        self._tables = tables
        self._world = world
        self._index = {code: i for i, code in enumerate(world.codes)}
        self._specialty_ends = list(accumulate(s.share for s in tables.specialties))
        self._visits = {n: [s for s in r if s.role == "visit"] for n, r in tables.services.items()}
        self._extras = {
            n: [s for s in r if s.role in _EXTRA_ROLES] for n, r in tables.services.items()
        }
        self._visit_ends = {n: _ends([s.weight for s in r]) for n, r in self._visits.items()}
        self._extra_ends = {n: _ends([s.weight for s in r]) for n, r in self._extras.items()}
        self._extra_mean = {s.name: s.extra_mean for s in tables.specialties}
        self._recent: deque[Draft] = deque(maxlen=600)
        self._fitting = lru_cache(maxsize=8192)(self._fitting_diagnoses)

    def draw(self, uniforms: Sequence[float], submission_day: int, period: int) -> Draft:
        """One draft.

        Args:
            uniforms: UNIFORMS numbers in [0, 1).
            period: index of the payers' policy period in force.
        """
        take = iter(uniforms).__next__
        if self._recent and take() < 0.005:
            sent = self._recent[int(take() * len(self._recent))]
            return replace(sent, submission_day=submission_day, resent=True)
        position = bisect_right(self._specialty_ends, take() * self._specialty_ends[-1])
        specialty = self._tables.specialties[min(position, len(self._tables.specialties) - 1)]
        band = bisect_right(list(accumulate(specialty.bands)), take() * sum(specialty.bands))
        pool = self._world.pools[min(band, 2), specialty.female_only]
        patient = int(pool[int(take() * len(pool))])
        providers = self._world.providers_of[min(position, len(self._tables.specialties) - 1)]
        provider = int(providers[int(take() * len(providers))])
        slip = (1 - self._world.desk_skill[self._world.provider_practice[provider]]) / _USUAL_SLIP
        lag = int(exp(1.6 + 0.8 * _normal(take(), take())))
        if take() < 0.010 * slip:
            lag += 60 + int(take() * 380)
        service_day = submission_day - max(1, lag)
        lines, unmarked = self._lines(specialty.name, specialty.visit_probability, take, slip)
        draft = Draft(
            specialty=specialty.name,
            patient=patient,
            provider=provider,
            service_day=service_day,
            submission_day=submission_day,
            diagnoses=self._diagnoses(specialty.name, patient, service_day, take),
            lines=lines,
            authorized=self._authorized(patient, lines, period, take(), slip),
            visit_unmarked=unmarked,
            member_missing=take() < 0.008 * slip,
            birth_missing=take() < 0.005 * slip,
            npi_wrong=take() < 0.006 * slip,
            rendering_missing=take() < 0.006 * slip,
            pointer_missing=take() < 0.006 * slip,
            total_wrong=take() < 0.003 * slip,
        )
        self._slips(draft, take(), take(), take(), slip)
        self._recent.append(draft)
        return draft

    def _lines(
        self, specialty: str, visit_probability: float, take: Callable[[], float], slip: float
    ) -> tuple[list[DraftLine], bool]:
        chosen: list[Service] = []
        visits, extras = self._visits[specialty], self._extras[specialty]
        if visits and take() < visit_probability:
            chosen.append(_pick(visits, self._visit_ends[specialty], take()))
        count = _poisson(self._extra_mean[specialty], take())
        if not chosen:
            count = max(1, count)
        for _ in range(min(count, MAX_LINES - len(chosen))):
            extra = _pick(extras, self._extra_ends[specialty], take())
            if extra.code in _NEEDS_VISIT and not (chosen and chosen[0].code.startswith("992")):
                continue
            if extra.with_visit == "alone":
                chosen = [extra]
                break
            if all(extra.code != s.code and extra.place == s.place for s in chosen):
                chosen.append(extra)
        if not chosen:
            chosen.append(extras[0])
        lines = [
            DraftLine(
                self._index[s.code],
                1 + int(take() * s.units_maximum) if s.units_maximum > 1 else 1,
                s.modifiers,
                s.place,
            )
            for s in chosen
        ]
        unmarked = False
        if chosen[0].role == "visit" and any(s.with_visit == "modifier-25" for s in chosen):
            unmarked = take() < 0.16 * slip
            if not unmarked:
                lines[0].modifiers = ("25",)
        remote = _TELEHEALTH.get(specialty, _TELEHEALTH_ELSEWHERE)
        first = chosen[0]
        if len(lines) == 1 and first.role == "visit" and first.place == "11" and take() < remote:
            lines[0].place = "10"
            lines[0].modifiers = ("95",)
        return lines, unmarked

    def _authorized(
        self, patient: int, lines: list[DraftLine], period: int, draw: float, slip: float
    ) -> bool:
        payer = int(self._world.patient_payer[patient])
        wanted = self._world.policies.authorization[period, payer]
        if any(wanted[line.code] for line in lines):
            # After a change of policy, a front desk learns only slowly what is now wanted.
            known = self._world.policies.authorization[0, payer]
            habit = 0.80 if any(known[line.code] for line in lines) else 0.45
            return draw < habit - 0.16 * (slip - 1)
        dear = any(self._world.unit_charge[line.code] > 400 for line in lines)
        return draw < (0.15 if dear else 0.01)

    def _slips(self, draft: Draft, first: float, second: float, third: float, slip: float) -> None:
        world = self._world
        if first < 0.010 * slip and len(draft.diagnoses[0]) > 4:
            draft.truncated = True
            draft.diagnoses[0] = draft.diagnoses[0][:-1].rstrip(".")
        elif first > 1 - 0.012:
            draft.corrected = True
            draft.reference = second > 0.15 * slip
        code = world.codes[draft.lines[0].code]
        if third < 0.006 * slip and code.startswith("9921"):
            draft.wrong_place = True
            for line in draft.lines:
                line.place = "21"
        elif third > 1 - 0.006 * slip and code.startswith("992"):
            draft.units_high = True
            draft.lines[0].units = 2

    def _diagnoses(
        self, specialty: str, patient: int, day: int, take: Callable[[], float]
    ) -> list[str]:
        age = max(0, int((day - self._world.patient_born[patient]) / 365.25))
        codes, ends = self._fitting(specialty, str(self._world.patient_sex[patient]), age)
        found: list[str] = []
        for _ in range(1 + _poisson(0.9, take(), limit=3)):
            code = codes[min(bisect_right(ends, take() * ends[-1]), len(codes) - 1)]
            if all(code[:3] != other[:3] for other in found):
                found.append(code)
        return found

    def _fitting_diagnoses(
        self, specialty: str, sex: str, age: int
    ) -> tuple[tuple[str, ...], list[float]]:
        rows: list[DiagnosisRow] = [
            row
            for row in self._tables.diagnoses[specialty]
            if row.sex in ("", sex) and row.minimum_age <= age <= row.maximum_age
        ]
        if not rows:  # an age that no row fits: the widest one
            rows = [min(self._tables.diagnoses[specialty], key=lambda r: r.minimum_age)]
        return tuple(r.code for r in rows), _ends([r.weight for r in rows])


def _ends(weights: Sequence[float]) -> list[float]:
    return list(accumulate(weights))


def _pick(services: Sequence[Service], ends: Sequence[float], uniform: float) -> Service:
    return services[min(bisect_right(ends, uniform * ends[-1]), len(services) - 1)]


def _poisson(mean: float, uniform: float, limit: int = 3) -> int:
    term = total = exp(-mean)
    count = 0
    while uniform > total and count < limit:
        count += 1
        term *= mean / count
        total += term
    return count


def _normal(first: float, second: float) -> float:
    return sqrt(-2 * log(1 - first)) * cos(2 * pi * second)

"""Why a payer denies: competing hazards, one a category, from visible and hidden state.

For claim i with category hazards h_ik >= 0, P(denied) = 1 - exp(-s * sum_k h_ik)
and, given a denial, category k has probability h_ik / sum_k h_ik. The scale s is
one number a payer type, fitted so that the mean meets the published base rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.claims.codes import denial_categories
from data.simulation.drafts import MAX_LINES, Draft
from data.simulation.tables import SimulationTables
from data.simulation.world import Bools, Floats, Ints, World

CATEGORIES = tuple(denial_categories())
_COLUMN = {name: i for i, name in enumerate(CATEGORIES)}

# Strength of each cause before scaling; chosen so that the causes' shares come out near
# the published ones (registration and eligibility 27 %, missing data 17 %, authorization 12 %).
LAPSED, NO_MEMBER, NO_BIRTH_DATE = 3.2, 2.2, 0.8
OTHER_PAYER = 1.5
WRONG_DATA, BAD_NPI, NO_RENDERING, NO_POINTER = 1.6, 2.4, 1.0, 1.8
NOT_BILLABLE, WRONG_TOTAL, NO_REFERENCE, WRONG_PLACE = 2.4, 0.8, 1.8, 1.8
NO_AUTHORIZATION, FLAWED_AUTHORIZATION = 2.6, 0.07
NECESSITY = 0.13
EXCLUDED = 1.5
UNMARKED_VISIT, UNSPECIFIED, HIGH_UNITS = 1.1, 0.30, 1.4
RESENT = 1.3
LATE = 2.4
RECORDS = 0.5
ANYTHING = 0.014
NOISE = 0.5  # standard deviation of the log of the claim's overall factor
NECESSITY_CAP = 3.0


@dataclass(frozen=True)
class Visible:
    """A block of n drafts as arrays; L line slots, -1 where empty."""

    payer: Ints  # (n,)
    payer_type: Ints  # (n,)
    provider: Ints  # (n,)
    practice: Ints  # (n,)
    period: Ints  # (n,)
    january: Bools  # (n,)
    lag: Ints  # (n,) days from service to submission
    line_code: Ints  # (n, L)
    first_group: Ints  # (n,) diagnosis group of the first-listed
    charge: Floats  # (n,) dollars
    authorized: Bools  # (n,)
    unspecified: Bools  # (n,)
    slips: dict[str, Bools]  # name of a Draft flag → (n,)


@dataclass(frozen=True)
class Hidden:
    """One draw of the state that belongs to a claim and that nothing shows."""

    lapsed: Bools
    other_payer: Bools
    wrong_data: Bools
    documentation: Floats  # (n,) 0..1
    excluded: Bools  # (n, L)
    noise: Floats  # (n,)


_SLIPS = (
    "member_missing",
    "birth_missing",
    "npi_wrong",
    "rendering_missing",
    "pointer_missing",
    "truncated",
    "visit_unmarked",
    "wrong_place",
    "total_wrong",
    "units_high",
    "resent",
)


def see(
    drafts: Sequence[Draft], periods: Sequence[int], world: World, unspecified: frozenset[str]
) -> Visible:
    """The arrays of a block of drafts."""
    groups = {name: i for i, name in enumerate(world.groups)}
    types = {name: i for i, name in enumerate(dict.fromkeys(world.payer_types))}
    payer = world.patient_payer[[d.patient for d in drafts]]
    provider = np.array([d.provider for d in drafts])
    line_code = np.full((len(drafts), MAX_LINES), -1)
    for i, draft in enumerate(drafts):
        for j, line in enumerate(draft.lines[:MAX_LINES]):
            line_code[i, j] = line.code
    units = np.array(
        [[ln.units for ln in d.lines] + [0] * (MAX_LINES - len(d.lines)) for d in drafts]
    )
    slips = {name: np.array([getattr(d, name) for d in drafts]) for name in _SLIPS}
    slips["no_reference"] = np.array([d.corrected and not d.reference for d in drafts])
    return Visible(
        payer=payer,
        payer_type=np.array([types[world.payer_types[p]] for p in payer]),
        provider=provider,
        practice=world.provider_practice[provider],
        period=np.array(periods),
        # Coverage changes hands with the year.
        january=np.array([_is_january(d.service_day) for d in drafts]),
        lag=np.array([d.submission_day - d.service_day for d in drafts]),
        line_code=line_code,
        first_group=np.array([groups.get(d.diagnoses[0][:3], 0) for d in drafts]),
        charge=(world.unit_charge[line_code] * units).sum(axis=1),
        authorized=np.array([d.authorized for d in drafts]),
        unspecified=np.array([any(c in unspecified for c in d.diagnoses) for d in drafts]),
        slips=slips,
    )


def _is_january(ordinal: int) -> bool:
    return (ordinal - 1) % 365.2425 < 31  # ordinal 1 is 1 January of year 1


def draw_hidden(
    visible: Visible, world: World, tables: SimulationTables, rng: np.random.Generator
) -> Hidden:
    """Fresh claim-level hidden state for every claim of a block."""
    n = visible.payer.size
    rates = [tables.base_rates[t] for t in dict.fromkeys(world.payer_types)]
    carelessness = 1 - world.desk_skill[visible.practice]
    lapse = np.array([r.lapse for r in rates])[visible.payer_type]
    lapse = lapse * (0.4 + 2.0 * carelessness) * np.where(visible.january, 1.8, 1.0)
    other = np.array([r.coordination for r in rates])[visible.payer_type]
    quality = world.provider_quality[visible.provider]
    share = world.policies.non_covered[visible.payer[:, None], visible.line_code]
    return Hidden(
        lapsed=rng.random(n) < lapse,
        other_payer=rng.random(n) < other,
        wrong_data=rng.random(n) < 0.004 + 0.06 * carelessness,
        documentation=rng.beta(5 * quality, 5 * (1 - quality)),
        excluded=(rng.random((n, MAX_LINES)) < share) & (visible.line_code >= 0),
        noise=np.exp(rng.normal(0.0, NOISE, n)),
    )


def line_hazards(visible: Visible, hidden: Hidden, world: World) -> dict[str, Floats]:
    """Hazards that belong to a line, (n, L) a category."""
    policies = world.policies
    payer, period = visible.payer[:, None], visible.period[:, None]
    code, present = visible.line_code, visible.line_code >= 0
    wanted = policies.authorization[period, payer, code]
    strength = np.where(visible.authorized[:, None], FLAWED_AUTHORIZATION, NO_AUTHORIZATION)
    strict = policies.strictness[period, payer, code]
    strict = strict * policies.pairing[payer, code, visible.first_group[:, None]]
    poor = (1 - hidden.documentation[:, None]) ** 1.5
    return {
        "authorization": np.where(present & wanted, strength, 0.0),
        "medical_necessity": np.where(
            present, NECESSITY * poor * np.minimum(strict, NECESSITY_CAP * 2), 0.0
        ),
        "non_covered": np.where(hidden.excluded, EXCLUDED, 0.0),
    }


def hazards(visible: Visible, hidden: Hidden, world: World) -> Floats:
    """Hazards before scaling, (n, categories in the order of CATEGORIES)."""
    policies, slips, payer = world.policies, visible.slips, visible.payer
    found = np.zeros((payer.size, len(CATEGORIES)))

    def add(category: str, value: NDArray[np.floating]) -> None:
        found[:, _COLUMN[category]] += value

    add("eligibility", LAPSED * hidden.lapsed + NO_MEMBER * slips["member_missing"])
    add("eligibility", NO_BIRTH_DATE * slips["birth_missing"])
    add("coordination", OTHER_PAYER * hidden.other_payer)
    add(
        "missing_information",
        WRONG_DATA * hidden.wrong_data
        + BAD_NPI * slips["npi_wrong"]
        + NO_RENDERING * slips["rendering_missing"]
        + NO_POINTER * slips["pointer_missing"]
        + NOT_BILLABLE * slips["truncated"]
        + WRONG_TOTAL * slips["total_wrong"]
        + NO_REFERENCE * slips["no_reference"],
    )
    for category, values in line_hazards(visible, hidden, world).items():
        add(category, values.sum(axis=1))
    add("coding", UNMARKED_VISIT * slips["visit_unmarked"] * policies.rejects_visit[payer])
    add("coding", UNSPECIFIED * visible.unspecified * policies.rejects_unspecified[payer])
    add("coding", HIGH_UNITS * slips["units_high"] + WRONG_PLACE * slips["wrong_place"])
    add("duplicate", RESENT * slips["resent"])
    add("timely_filing", LATE * (visible.lag > policies.filing_limit[payer]))
    dear = visible.charge > 700
    add("attachments", RECORDS * dear * policies.wants_records[payer] * (1 - hidden.documentation))
    add("other", np.full(payer.size, ANYTHING))
    return found * hidden.noise[:, None]


def fit_scale(totals: Floats, payer_type: Ints, targets: Sequence[float]) -> Floats:
    """One factor a payer type with which mean(1 - exp(-s * total)) meets its target.

    Args:
        totals: (n,) summed hazards of a pilot.
        targets: denial rate by payer type.
    """
    scales = np.ones(len(targets))
    for index, target in enumerate(targets):
        mine = totals[payer_type == index]
        low, high = 0.0, 50.0
        for _ in range(60):
            middle = (low + high) / 2
            if mine.size and float(np.mean(1 - np.exp(-middle * mine))) < target:
                low = middle
            else:
                high = middle
        scales[index] = (low + high) / 2 if mine.size else 1.0
    return scales

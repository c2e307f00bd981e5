"""The simulator: honest labels, published base rates, the same claims for the same seed."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import numpy as np
import pytest

from data.claims.codes import denial_categories
from data.claims.fees import starter_fees
from data.claims.readers import read_claims
from data.schemas import Outcome
from data.simulation import Simulated, Simulation, simulate, write_simulation
from data.simulation.hazards import draw_hidden, hazards
from data.simulation.tables import load_simulation_tables
from data.simulation.world import PolicyChange, npi_with_check_digit
from models.claims.edits import TabularCodeSet, is_npi
from models.claims.metrics import auroc

CLAIMS = 9_000


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return Simulation(CLAIMS, seed=3)


@pytest.fixture(scope="module")
def run(simulation: Simulation) -> list[Simulated]:
    return list(simulation.run(observable_draws=12))


def test_the_same_seed_gives_the_same_claims() -> None:
    assert list(simulate(300, seed=5)) == list(simulate(300, seed=5))
    assert list(simulate(300, seed=5)) != list(simulate(300, seed=6))


def test_a_run_can_be_repeated_and_bounds_do_not_change_labels(
    simulation: Simulation, run: list[Simulated]
) -> None:
    again = simulation.run()
    for item, _ in zip(run, range(2000), strict=False):
        other = next(again)
        assert (item.claim, item.outcome, item.oracle) == (other.claim, other.outcome, other.oracle)
        assert other.observable is None


def test_denial_rates_are_the_published_ones(run: list[Simulated]) -> None:
    rates = load_simulation_tables().base_rates
    denied: dict[str, list[bool]] = defaultdict(list)
    for item in run:
        denied[str(item.claim.payer_type)].append(item.outcome.denied)
    assert set(denied) == set(rates)
    for payer_type, labels in denied.items():
        error = 4 * np.sqrt(0.14 / len(labels)) + 0.01  # four standard errors and the scale's own
        assert abs(np.mean(labels) - rates[payer_type].denied) < error, payer_type


def test_every_cause_occurs_and_none_has_it_all(run: list[Simulated]) -> None:
    causes = [item.outcome.category for item in run if item.outcome.denied]
    assert {c for c in causes if c} <= set(denial_categories())
    shares = {c: causes.count(c) / len(causes) for c in set(causes)}
    assert len(shares) >= 10
    assert max(shares.values()) < 0.35


def test_the_label_is_no_function_of_the_claim(simulation: Simulation) -> None:
    """The same visible claims, with their hidden state drawn again, are judged differently."""
    from data.simulation.drafts import Drafter

    rng = np.random.default_rng(1)
    drafter = Drafter(simulation._tables, simulation.world)
    _, visible = simulation._block(drafter, rng, 0, 4000, 4000)
    labels = []
    for _ in range(2):
        hidden = draw_hidden(visible, simulation.world, simulation._tables, rng)
        risk = 1 - np.exp(-hazards(visible, hidden, simulation.world).sum(axis=1))
        labels.append(rng.random(4000) < risk)
    first, second = labels
    assert 0.02 < np.mean(first & ~second) < 0.5
    assert np.mean(second[first]) < 0.7  # a denied claim is mostly not fated to be denied


def test_what_can_be_known_is_less_than_what_is(run: list[Simulated]) -> None:
    denied = np.array([item.outcome.denied for item in run])
    observable = auroc(np.array([item.observable for item in run], dtype=float), denied)
    oracle = auroc(np.array([item.oracle for item in run]), denied)
    assert 0.65 < observable < 0.85 < oracle < 1.0


def test_the_policy_change_raises_that_payers_denials() -> None:
    change = PolicyChange(payer=0, share=0.5, codes=30, strictness=3.0)
    items = list(Simulation(12_000, seed=2, changes=(change,)).run())
    payer = load_simulation_tables().payers[0].payer_id
    half = len(items) // 2
    rate = [
        np.mean([i.outcome.denied for i in part if i.claim.payer_id == payer])
        for part in (items[:half], items[half:])
    ]
    assert rate[1] > rate[0] + 0.05
    other = [
        np.mean([i.outcome.denied for i in part if i.claim.payer_id != payer])
        for part in (items[:half], items[half:])
    ]
    assert abs(other[1] - other[0]) < 0.03


def test_claims_come_in_order_and_outcomes_after_them(run: list[Simulated]) -> None:
    sent = [item.claim.submission_date for item in run]
    assert sent == sorted(sent, key=str)
    for item in run:
        assert item.claim.submission_date is not None
        assert item.outcome.posted is not None
        assert item.outcome.posted > item.claim.submission_date
        assert item.claim.claim_id == item.outcome.claim_id
        assert 0 <= item.outcome.paid <= item.claim.charge * 2
        assert item.outcome.denied == (item.outcome.category is not None)


def test_the_claim_does_not_tell_its_outcome(run: list[Simulated]) -> None:
    names = set(type(run[0].claim).model_fields)
    assert names.isdisjoint({"denied", "category", "paid", "posted"})


def test_tables_hold_valid_codes_with_fees() -> None:
    tables, code_set = load_simulation_tables(), TabularCodeSet.packaged()
    for rows in tables.diagnoses.values():
        for row in rows:
            assert code_set.is_billable(row.code, None), row.code
    for code in tables.service_codes:
        assert code in starter_fees(), code
    assert set(tables.services) == set(tables.diagnoses) == {s.name for s in tables.specialties}
    assert {p.payer_type for p in tables.payers} == set(tables.base_rates)


def test_providers_have_real_check_digits(simulation: Simulation) -> None:
    assert all(map(is_npi, simulation.world.provider_npi + simulation.world.billing_npi))
    assert npi_with_check_digit("123456789") == "1234567893"


@pytest.mark.parametrize(("claims", "months"), [(0, 24), (10, 0), (-1, 3)])
def test_nothing_to_simulate_is_refused(claims: int, months: int) -> None:
    with pytest.raises(ValueError, match="at least one"):
        Simulation(claims, 1, months)


def test_files_with_their_card(tmp_path: Path) -> None:
    done: list[int] = []
    card = write_simulation(tmp_path, n_claims=1500, seed=4, months=6, progress=done.append)
    assert sorted(p.name for p in tmp_path.iterdir()) == [
        "claims.jsonl",
        "data_card.json",
        "outcomes.jsonl",
    ]
    pairs = list(simulate(1500, seed=4, months=6))
    assert list(read_claims(tmp_path / "claims.jsonl")) == [claim for claim, _ in pairs]
    lines = (tmp_path / "outcomes.jsonl").read_text().splitlines()
    assert [Outcome.model_validate_json(line) for line in lines] == [o for _, o in pairs]
    assert json.loads((tmp_path / "data_card.json").read_text()) == card
    assert card["kind"] == "simulated"
    assert (card["claims"], card["seed"], card["months"]) == (1500, 4, 6)
    assert card["denied"] == sum(o.denied for _, o in pairs)
    assert done == [1000]


def test_a_failed_run_leaves_the_files_as_they_were(tmp_path: Path) -> None:
    write_simulation(tmp_path, n_claims=200, seed=1, months=1)
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_simulation(tmp_path, n_claims=2000, seed=2, months=1, progress=stop)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_a_world_lasts_while_its_claims_change() -> None:
    one, other = Simulation(500, 1, world_seed=7), Simulation(9_000, 2, world_seed=7)
    assert np.array_equal(one.world.policies.authorization, other.world.policies.authorization)
    assert one.world.provider_npi == other.world.provider_npi
    assert np.array_equal(one.world.desk_skill, other.world.desk_skill)
    claims = [next(simulation.run()).claim for simulation in (one, other)]
    assert claims[0] != claims[1]
    assert not np.array_equal(
        one.world.policies.authorization, Simulation(500, 1).world.policies.authorization
    )

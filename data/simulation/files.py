"""Simulated claims and outcomes as files, with the card that says what they are."""

from __future__ import annotations

import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

from data.simulation.simulate import DAYS_PER_MONTH, DEFAULT_CHANGES, FIRST_DAY, Simulation
from data.simulation.tables import load_simulation_tables


def write_simulation(
    out_dir: Path,
    *,
    n_claims: int,
    seed: int,
    months: int = 24,
    progress: Callable[[int], None] | None = None,
) -> dict[str, object]:
    """Write ``claims.jsonl``, ``outcomes.jsonl`` and ``data_card.json``; return the card.

    The three are written beside their places and moved there together at the
    end, the card last: a folder with a card is whole.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    simulation = Simulation(n_claims, seed, months)
    by_type: Counter[str] = Counter()
    denied_by_type: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    first, last = None, None
    with tempfile.TemporaryDirectory(dir=out_dir, prefix=".simulation-") as name:
        work = Path(name)
        with (
            (work / "claims.jsonl").open("w", encoding="utf-8") as claims,
            (work / "outcomes.jsonl").open("w", encoding="utf-8") as outcomes,
        ):
            for index, item in enumerate(simulation.run(), start=1):
                claims.write(item.claim.model_dump_json(exclude_defaults=True) + "\n")
                outcomes.write(item.outcome.model_dump_json(exclude_none=True) + "\n")
                payer_type = str(item.claim.payer_type)
                by_type[payer_type] += 1
                denied_by_type[payer_type] += item.outcome.denied
                categories[item.outcome.category or ""] += item.outcome.denied
                first, last = first or item.claim.submission_date, item.claim.submission_date
                if progress is not None and index % 1000 == 0:
                    progress(index)
        card: dict[str, object] = {
            "kind": "simulated",
            "made_by": "data.simulation.files.write_simulation",
            "seed": seed,
            "world_seed": simulation.world_seed,
            "months": months,
            "claims": n_claims,
            "denied": sum(denied_by_type.values()),
            "submitted": [str(first), str(last)],
            "denial_rate_by_payer_type": {
                t: round(denied_by_type[t] / n, 4) for t, n in sorted(by_type.items())
            },
            "published_base_rates": {
                t: r.denied for t, r in load_simulation_tables().base_rates.items()
            },
            "denials_by_category": {k: v for k, v in sorted(categories.items()) if k},
            "policy_changes": [
                {
                    **asdict(change),
                    "payer": load_simulation_tables().payers[change.payer].payer_id,
                    "from": str(FIRST_DAY + timedelta(days=change.share * months * DAYS_PER_MONTH)),
                }
                for change in DEFAULT_CHANGES
            ],
            "limits": "Invented payers, patients, amounts and policies. Figures from these claims "
            "say how well a method works on this simulation, not on a practice's claims.",
        }
        (work / "data_card.json").write_text(json.dumps(card, indent=1) + "\n", encoding="utf-8")
        for part in ("claims.jsonl", "outcomes.jsonl", "data_card.json"):
            os.replace(work / part, out_dir / part)
    return card

"""Confidence by table: how often a bucket's proposals were right on gold notes.

A bucket is a code family and how plainly the note speaks (``strong`` or
``weak``), or a visit's ``runner_up``; ``training.procedures`` counts and writes
the file. The development notes were in sight when the rules were written, so
their counts flatter: every bucket starts from a cautious prior that weighs as
much as :data:`PRIOR_STRENGTH` proposals, and only many notes outweigh it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path

MODEL = Path(__file__).parent / "resources" / "confidence.json"
PRIOR_STRENGTH = 12.0
PRIORS = {"strong": 0.65, "weak": 0.5, "runner_up": 0.15}


@dataclass(frozen=True)
class ConfidenceModel:
    """Counts per bucket: ``right`` of ``proposed``."""

    counts: dict[str, tuple[int, int]]
    threshold: float = 0.45

    def confidence(self, bucket: str) -> float:
        """Precision of a bucket shrunk towards its prior, between 0.01 and 0.99."""
        prior = PRIORS[bucket.rpartition("/")[2]]
        right, proposed = self.counts.get(bucket, (0, 0))
        estimate = (right + PRIOR_STRENGTH * prior) / (proposed + PRIOR_STRENGTH)
        return min(0.99, max(0.01, round(estimate, 4)))

    def save(self, path: Path) -> None:
        """Write the table as JSON."""
        rows = {name: list(pair) for name, pair in sorted(self.counts.items())}
        lines = ",\n".join(
            f"  {json.dumps(name)}: {json.dumps(pair)}" for name, pair in rows.items()
        )
        path.write_text(
            f'{{\n "threshold": {self.threshold},\n "counts": {{\n{lines}\n }}\n}}\n',
            encoding="utf-8",
        )

    @classmethod
    def load(cls, path: Path = MODEL) -> ConfidenceModel:
        """Read a table that :meth:`save` wrote.

        Raises:
            OSError: there is no such file.
            ValueError: it is no confidence table.
        """
        try:
            raw = json.loads(path.read_text(encoding="utf-8"))
            counts = {name: (int(r), int(n)) for name, (r, n) in raw["counts"].items()}
            return cls(counts, float(raw["threshold"]))
        except (AttributeError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path.name}: not a confidence table ({error})") from error


@cache
def shipped() -> ConfidenceModel:
    """The table that stands beside the code."""
    return ConfidenceModel.load()

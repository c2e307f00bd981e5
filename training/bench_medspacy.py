"""medspaCy's default pipeline on the bench's notes, in its own environment.

It finds and qualifies mentions of the target rules it is given and links them to no code:
a floor for what a rule pipeline on spaCy costs, not a like-for-like.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from data.schemas import Note
from training.context_comparison import EnvironmentMissing

WORKER = Path(__file__).with_name("medspacy_worker.py")
# A dozen targets, as its own examples have: what most notes speak of.
TARGETS = (
    "chest pain", "shortness of breath", "hypertension", "diabetes", "pneumonia", "heart failure",
    "atrial fibrillation", "fever", "cough", "asthma", "fracture", "cellulitis",
)  # fmt: skip


def medspacy_speed(python: Path, notes: Sequence[Note]) -> dict[str, float]:
    """Notes a second and milliseconds of medspaCy's default pipeline, one process, one thread.

    Raises:
        EnvironmentMissing: the worker failed.
    """
    lines = [json.dumps(TARGETS), *(json.dumps({"text": note.text}) for note in notes)]
    done = subprocess.run(
        [str(python), str(WORKER)], input="\n".join(lines) + "\n", capture_output=True, text=True
    )
    if done.returncode:
        # The worker's traceback could quote a note; its last line names the error only.
        kind = (done.stderr.strip().splitlines() or [""])[-1].split(":")[0]
        raise EnvironmentMissing(f"the medspaCy worker failed: {kind}")
    seconds = [float(line) for line in done.stdout.splitlines()]
    p50, p95 = np.percentile(seconds, [50, 95])
    return {
        "n": float(len(seconds)),
        "per_second": len(seconds) / sum(seconds),
        "p50_ms": float(p50) * 1000,
        "p95_ms": float(p95) * 1000,
    }

"""A clean claim, the packaged edits, and a model trained on a small simulation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from data.schemas import Claim, Outcome
from data.simulation import simulate
from models.claims.assessor import Assessor
from models.claims.denial import DenialModel
from models.claims.edits import EditEngine
from training.denial import train_denial

NPI = "1234567893"


def clean(**changes: Any) -> Claim:
    """A claim without findings, with the named fields changed; ``lines`` as dicts."""
    values: dict[str, Any] = {
        "claim_id": "clean",
        "patient_sex": "F",
        "patient_birth_date": "1970-02-03",
        "payer_id": "SIMNORTH",
        "payer_type": "commercial",
        "member_id": "M1",
        "billing_npi": NPI,
        "rendering_npi": NPI,
        "taxonomy": "207Q00000X",
        "place_of_service": "11",
        "submission_date": "2026-05-20",
        "diagnoses": ["I10", "E11.9"],
        "lines": [{"code": "99213"}],
    }
    values |= changes
    values["diagnoses"] = [{"code": code} for code in values["diagnoses"]]
    values["lines"] = [
        {
            "number": number,
            "system": "HCPCS" if line["code"][0].isalpha() else "CPT",
            "charge": "100.00",
            "diagnosis_pointers": [1],
            "date_of_service": "2026-05-12",
            **line,
        }
        for number, line in enumerate(values["lines"], start=1)
    ]
    return Claim.model_validate(values)


@pytest.fixture(scope="session")
def edits() -> EditEngine:
    return EditEngine.packaged()


@pytest.fixture(scope="session")
def simulated() -> list[tuple[Claim, Outcome]]:
    return list(simulate(7000, seed=21))


@pytest.fixture(scope="session")
def model_folder(
    tmp_path_factory: pytest.TempPathFactory,
    simulated: list[tuple[Claim, Outcome]],
    edits: EditEngine,
) -> Path:
    folder = tmp_path_factory.mktemp("denial")
    claims, outcomes = [c for c, _ in simulated], [o for _, o in simulated]
    train_denial(claims, outcomes, folder, 1, edits=edits)
    return folder


@pytest.fixture(scope="session")
def assessor(edits: EditEngine, model_folder: Path) -> Assessor:
    return Assessor(edits, DenialModel.load(model_folder), "test@00000000")

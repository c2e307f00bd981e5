"""A fixed coder, catalogue and assessor, for tests of storage and of the take-over.

Those tests are about rows, locks and swaps: they need answers that do not
depend on what a model learned, and bundles that load at once. Everything that
is about codes runs on the real server.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from data.schemas import (
    Claim,
    CodingResult,
    Convention,
    Evidence,
    Note,
    RiskAssessment,
    Suggestion,
    System,
    TrainedOn,
)
from data.terminology.catalog import CodeEntry
from models.bundle import Bundle
from serving.claims.service import ClaimService
from serving.coding.service import CodingService
from serving.database import Database
from serving.models.service import BundleView, LoadedBundle, ModelService
from serving.settings import DEMO_PRACTICE

DESCRIPTIONS = {
    "I10": "Essential (primary) hypertension",
    "E11.9": "Type 2 diabetes mellitus without complications",
    "Z79.84": "Long term (current) use of oral hypoglycemic drugs",
}


@dataclass(frozen=True)
class FixedCoder:
    bundle: str

    def suggest(self, note: Note, convention: Convention = Convention.BILLING) -> CodingResult:
        start = note.text.index("hypertension")
        suggestion = Suggestion(
            system=System.ICD10CM,
            code="I10",
            description=DESCRIPTIONS["I10"],
            confidence=0.9,
            selected=True,
            auto_accept=False,
            evidence=(Evidence.of(note.text, start, start + len("hypertension")),),
        )
        return CodingResult(
            id=note.id, bundle=self.bundle, suggestions=(suggestion,), release="2026-04"
        )


@dataclass(frozen=True)
class FixedAssessor:
    bundle: str

    def assess(self, claim: Claim) -> RiskAssessment:
        return RiskAssessment(
            claim_id=claim.claim_id,
            bundle=self.bundle,
            risk=0.25,
            expected_loss=0.25 * float(claim.charge),
            trained_on=TrainedOn(kind="simulated"),
        )


class FixedCatalog:
    def lookup(self, system: System, code: str, on: date | None = None) -> CodeEntry | None:
        if system is not System.ICD10CM or code not in DESCRIPTIONS:
            return None
        return CodeEntry(system, code, DESCRIPTIONS[code], True, None, None)

    def search(self, *_: Any, **__: Any) -> list[Any]:
        return []


@dataclass
class FixedLoader:
    """Serves whatever name it is told; a name that starts with ``broken`` does not load."""

    name: str = "first"
    stamped: float | None = 1.0
    loads: list[str] = field(default_factory=list)

    def promote(self, name: str) -> None:
        self.name = name
        self.stamped = (self.stamped or 0) + 1

    def stamp(self) -> float | None:
        return self.stamped

    def catalog(self) -> FixedCatalog:
        return FixedCatalog()

    def resolve(self) -> Bundle:
        return Bundle(Path(self.name), {"name": self.name, "hash": "0" * 64})

    def load(self, bundle: Bundle) -> LoadedBundle:
        self.loads.append(bundle.name)
        if bundle.name.startswith("broken"):
            raise ValueError("a part is missing")
        return LoadedBundle(bundle, FixedCoder(bundle.id), FixedAssessor(bundle.id))

    def listed(self) -> list[BundleView]:
        return []


def rooms(database: Database) -> tuple[CodingService, ClaimService]:
    """Both rooms over a database, with the fixed models loaded."""
    models = ModelService(FixedLoader(), poll_seconds=60)
    models.start()
    assert models.ready.wait(10)
    models.stop()
    claims = ClaimService(database, models, DEMO_PRACTICE)
    return CodingService(database, models, claims), claims

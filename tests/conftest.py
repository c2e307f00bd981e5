"""What the whole suite shares: the packaged code release and the shipped coder, read once."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest

if TYPE_CHECKING:
    from data.terminology.icd10cm import Release
    from models.coding.coder import Coder

ROOT = Path(__file__).resolve().parents[1]

# A shared machine has slow moments; a slow example is no defect.
hypothesis.settings.register_profile("superbill", deadline=None)
hypothesis.settings.register_profile("thorough", deadline=None, max_examples=500)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "superbill"))


@pytest.fixture(scope="session")
def root() -> Path:
    """The root of the checkout."""
    return ROOT


@pytest.fixture(scope="session")
def release() -> Release:
    """The ICD-10-CM release that ships, April 2026."""
    from data.terminology.tabular import load_releases

    (packaged,) = load_releases()
    return packaged


@pytest.fixture(scope="session")
def shipped_coder() -> Coder:
    """The coder of the shipped bundle."""
    from models.bundle import SHIPPED, Bundle
    from models.coding.coder import Coder

    return Coder.load(Bundle.open(SHIPPED))

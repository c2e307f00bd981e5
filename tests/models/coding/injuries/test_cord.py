"""Injuries of the spinal cord by level and completeness."""

from __future__ import annotations

import pytest

from data.terminology.icd10cm import Release
from models.coding.injuries.cord import cord_injuries


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C5 AIS C incomplete tetraplegia since 2019", "S14.155"),
        ("T10 complete paraplegia after SCI", "S24.113"),
        ("Central cord syndrome C6 after fall", "S14.126"),
        ("L2 ASIA B spinal cord injury", "S34.122"),
        ("Spinal cord injury at C4", "S14.104"),
    ],
)
def test_level_and_grade(release: Release, text: str, expected: str) -> None:
    found = [stem for stem, _, _ in cord_injuries(text, text)]
    assert found == [expected]
    assert expected in release or f"{expected}A" in release


def test_paralysis_of_a_disease_is_no_injury() -> None:
    text = "T6 paraplegia from transverse myelitis"
    assert not list(cord_injuries(text, text))

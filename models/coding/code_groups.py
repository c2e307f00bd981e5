"""Kinds of ICD-10-CM codes that coders treat alike; calibration and figures go by them."""

from __future__ import annotations

CODE_GROUPS: dict[str, str] = {
    "O": "pregnancy",
    "R": "symptom",
    "S": "injury",
    "T": "injury",
    "V": "external cause",
    "W": "external cause",
    "X": "external cause",
    "Y": "external cause",
    "Z": "status",
}
"""First letter (chapter) → group; every other letter is a disease."""

GROUPS = ("disease", *dict.fromkeys(CODE_GROUPS.values()))


def group_of(code: str) -> str:
    """The group of a code."""
    return CODE_GROUPS.get(code[:1], "disease")

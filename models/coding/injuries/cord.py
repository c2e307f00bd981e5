"""Injuries of the spinal cord by level and completeness (S14.1, S24.1, S34.1).

"C5 AIS C tetraplegia", "T10 complete paraplegia": the level and the grade stand apart
from the injury, and the paralysis (G82) stands beside it. Grade A of the ASIA
impairment scale is complete, B to D are not (Tabular S14.11, S14.15).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_CORD = re.compile(
    r"\b(?:SCI|spinal cord|cord (?:injury|contusion|lesion|syndrome|transection)"
    r"|(?:tetra|quadri|para)(?:plegi[ac]|paresis)|brown[ -]s[eé]quard|AIS|ASIA)\b",
    re.I,
)
_TRAUMA = re.compile(
    r"\b(?:SCI|spinal cord injury|ASIA [A-D]|AIS [A-D]|traumatic|(?:central|anterior) cord syndrome"
    r"|burst|mv[ac]|gsw|gunshot|div(?:ing|ed|e)|dove|fell|fall|cord (?:injury|contusion))\b",
    re.I,
)
_LEVEL = re.compile(r"\b([CTL])(\d{1,2})\b(?:\s?[-/]\s?[CTL]?\d{1,2}\b)?")
_KINDS = (
    (re.compile(r"central cord", re.I), "2"),
    (re.compile(r"anterior cord", re.I), "3"),
    (re.compile(r"brown[ -]s[eé]quard", re.I), "4"),
    (re.compile(r"\bincomplete\b|\b(?:AIS|ASIA)[\s-]*(?:grade\s)?[BCD]\b", re.I), "5"),
    (re.compile(r"\bcomplete\b|\b(?:AIS|ASIA)[\s-]*(?:grade\s)?A\b", re.I), "1"),
)
_LUMBAR = {"5": "2", "1": "1"}


def _thoracic(level: int) -> str:
    return "1" if level == 1 else "2" if level <= 6 else "3" if level <= 10 else "4"


def _stem(region: str, level: int, kind: str) -> str:
    """The 6-character stem; ``""`` for a level there is none for."""
    if region == "C" and 1 <= level <= 8:
        return f"S14.1{kind}{level}"
    if region == "T" and 1 <= level <= 12 and kind != "2":
        return f"S24.1{kind}{_thoracic(level)}"
    if region == "L" and 1 <= level <= 5:
        lumbar = _LUMBAR.get(kind)
        return f"S34.1{lumbar}{level}" if lumbar else f"S34.10{level}"
    return ""


def cord_injuries(text: str, whole: str) -> Iterator[tuple[str, int, int]]:
    """(stem, start, end) of every cord injury that a sentence of a note (``whole``) states."""
    if not _CORD.search(text) or not _TRAUMA.search(whole):
        return
    kind = next((k for pattern, k in _KINDS if pattern.search(text)), "0")
    levels = list(_LEVEL.finditer(text))
    cords = list(_CORD.finditer(text))
    if not levels:
        return
    # The level nearest to what names the cord: the fused or broken vertebrae are others.
    best = min(levels, key=lambda m: min(abs(m.start() - c.start()) for c in cords))
    stem = _stem(best[1], int(best[2]), kind)
    if stem:
        near = min(cords, key=lambda c: abs(c.start() - best.start()))
        yield stem, min(best.start(), near.start()), max(best.end(), near.end())

"""From candidates to a decision: calibrated confidence, then the conventions and the threshold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.schemas import Convention
from models.coding.candidates import Candidates
from models.coding.code_groups import group_of
from models.coding.conventions import (
    Standing,
    barred,
    conflicts,
    contradictions,
    is_counted,
    not_asserted,
    replaced,
)
from models.coding.document import Document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.selection import Selection


def confidences(
    document: Document, found: Candidates, linker: Linker, selection: Selection
) -> dict[str, float]:
    """Calibrated confidence of every candidate.

    A combination code is at least as sure as the least sure of the codes it stands for would
    be by themselves: the guidelines leave no choice once both are there (I.B.9, I.A.15).
    """
    codes = sorted(found)
    if not codes:
        return {}

    groups = [group_of(code) for code in codes]
    beside = selection.ranker.beside(document, found, codes)

    def calibrated(rows: NDArray[np.float64]) -> dict[str, float]:
        values = selection.calibration(selection.ranker.scores(rows, codes, beside), groups)
        return dict(zip(codes, (float(v) for v in values), strict=True))

    rows = features(document, found, codes, linker.facts)
    confidence = calibrated(rows)
    combined = [c for c in codes if found[c].derived_from]
    if combined:
        rows[:, FEATURES.index("yields")] = 0.0
        alone = calibrated(rows)
        for code in combined:
            least = min(alone[part] for part in found[code].derived_from)
            confidence[code] = max(confidence[code], least)
    return confidence


@dataclass
class Decided:
    """Which candidates are proposed, and why others are not.

    Attributes:
        reasons: code → why it is not suggested.
    """

    selected: list[str]
    reasons: dict[str, str]


def decide(
    document: Document,
    found: Candidates,
    confidence: dict[str, float],
    linker: Linker,
    selection: Selection,
    convention: Convention,
) -> Decided:
    """Select candidates, settle the conflicts among them, and say why the others stay out."""
    note = document.note
    reasons: dict[str, str] = {}
    if convention is Convention.EVERY_MENTION:
        chosen = [c for c in found if confidence[c] >= selection.select]
        return Decided(chosen, reasons)
    chosen = []
    for code, candidate in found.items():
        why = barred(code, note, found)
        if why:
            reasons[code] = why
        elif candidate.dropped_by:
            reasons[code] = candidate.notes[-1]
        elif not is_counted(candidate, note):
            reasons[code] = not_asserted(candidate, note)
        elif confidence[code] >= selection.select:
            chosen.append(code)
    superseded = contradictions(chosen, confidence, found, linker.release)
    lost = {c.code for c in superseded}
    superseded += replaced([c for c in chosen if c not in lost], confidence)
    lost = {c.code for c in superseded}
    chosen = [c for c in chosen if c not in lost]
    standing = Standing.of(chosen, found, linker.release)
    asked = linker.instructions.links(chosen).asked
    yielding = conflicts(chosen, confidence, linker.excludes, standing, asked)
    for conflict in [*superseded, *yielding]:
        if conflict.warning:
            found[conflict.code].notes.append(conflict.reason)
            found[conflict.to].notes.append(conflict.reason)
            continue
        reasons[conflict.code] = conflict.reason
        found[conflict.to].notes.append(f"{conflict.code} left out: {conflict.reason}")
    return Decided([c for c in chosen if c not in reasons], reasons)

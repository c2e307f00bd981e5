"""Candidates of gold notes as examples: a candidate is positive if the gold codes hold it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.schemas import Convention, GoldNote, System
from models.coding.conventions import is_counted
from models.coding.document import read_document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.rivals import Meetings
from models.coding.surroundings import surroundings

Log = Callable[[str], None]


@dataclass(frozen=True)
class Examples:
    """Candidates of many notes: features [n, features], label, weight, note and patient of each."""

    rows: NDArray[np.float64]
    labels: NDArray[np.bool_]
    weights: NDArray[np.float64]
    notes: NDArray[np.intp]
    groups: NDArray[np.intp]
    selectable: NDArray[np.bool_]  # not barred by a convention
    gold: NDArray[np.intp]  # number of gold codes by note
    unread: NDArray[np.bool_]  # by note: nobody read it while mending tables
    meetings: tuple[Meetings, ...]  # by note
    words: tuple[NDArray[np.int64], ...]  # surroundings by candidate
    codes: tuple[str, ...]

    def second_rows(
        self, first: NDArray[np.float64], words: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Rows of the second look, from the scores [n] of the first look and of the words."""
        ends = np.searchsorted(self.notes, np.arange(len(self.gold)), side="right")
        parts = np.split(first, ends[:-1])
        looked = [m.features(scores) for m, scores in zip(self.meetings, parts, strict=True)]
        return np.hstack([self.rows, np.vstack(looked), words[:, None]])

    @property
    def judging(self) -> NDArray[np.bool_]:
        """Notes to calibrate on: the unread ones, or all where there are none."""
        return self.unread if self.unread.any() else np.ones(len(self.gold), dtype=np.bool_)


def make_examples(
    linker: Linker,
    notes: Sequence[GoldNote],
    convention: Convention,
    log: Log,
    weights: Sequence[float] | None = None,
    unread: Collection[str] = (),
) -> Examples:
    """Run the stages before the ranker over gold notes.

    Args:
        unread: ids of notes that nobody read while mending tables.
    """
    rows, labels, owner, selectable, codes, weight = [], [], [], [], [], []
    meetings: list[Meetings] = []
    words: list[NDArray[np.int64]] = []
    gold_counts = []
    patients: dict[str, int] = {}
    groups = []
    for number, gold in enumerate(notes):
        document = read_document(gold.note)
        found = linker.candidates(document)
        wanted = set(gold.codes_of(System.ICD10CM))
        gold_counts.append(len(wanted))
        order = sorted(found)
        patient = gold.note.patient_id or gold.note.id
        group = patients.setdefault(patient, len(patients))
        meetings.append(Meetings.of(found, order))
        if order:
            rows.append(features(document, found, order, linker.facts))
            words += surroundings(document, found, order)
        for code in order:
            labels.append(code in wanted)
            owner.append(number)
            groups.append(group)
            weight.append(1.0 if weights is None else weights[number])
            codes.append(code)
            candidate = found[code]
            selectable.append(
                convention is Convention.EVERY_MENTION
                or (candidate.dropped_by is None and is_counted(candidate, gold.note))
            )
        if (number + 1) % 50 == 0:
            log(f"coder: read {number + 1}/{len(notes)} notes")
    return Examples(
        np.vstack(rows) if rows else np.empty((0, len(FEATURES))),
        np.array(labels, dtype=np.bool_),
        np.array(weight, dtype=np.float64),
        np.array(owner, dtype=np.intp),
        np.array(groups, dtype=np.intp),
        np.array(selectable, dtype=np.bool_),
        np.array(gold_counts, dtype=np.intp),
        np.array([gold.note.id in unread for gold in notes], dtype=np.bool_),
        tuple(meetings),
        tuple(words),
        tuple(codes),
    )


def as_gold(notes: Iterable[GoldNote]) -> list[GoldNote]:
    """Notes with at least one ICD-10-CM code: only these teach the ranker."""
    return [n for n in notes if n.codes_of(System.ICD10CM)]

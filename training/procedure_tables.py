"""What the stages of the procedures learn from: rows of hashed features with their labels."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.schemas import ClaimType
from data.terminology.procedure_codes import ProcedureCodes
from models.hashing import HashedModel, places
from models.procedures.drafting import RUNNER_UP, Draft, finder_of
from models.procedures.mentions import Layout
from models.procedures.model import ELEMENTS, LEVELS
from models.procedures.statuses import mentions_at, scored_mentions
from models.procedures.surroundings import Surroundings
from models.procedures.types import Status
from training.procedure_notes import CodedNote

WIDTH = 1 << 16
STATUSES = tuple(status.value for status in Status)


def fit_hashed(
    rows: Sequence[NDArray[np.int64]],
    labels: NDArray[np.intp],
    names: Sequence[str],
    strength: float,
) -> HashedModel:
    """Logistic regression over hashed features; multinomial where there are several labels.

    Args:
        rows: indices below :data:`WIDTH` of each row's features.
        labels: index into ``names``; with a single name 1 where it holds.
    """
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    weights = np.zeros((len(names), WIDTH), dtype=np.float32)
    # a label that no row has stays out of reach
    intercept = np.full(len(names), -20.0)
    seen = np.unique(labels)
    if len(seen) < 2:  # a few notes may have nothing to tell apart
        intercept[seen if len(names) > 1 else 0] = 20.0 if seen.any() or len(names) > 1 else -20.0
        return HashedModel(tuple(names), weights, intercept)
    ends = np.cumsum([0, *(len(row) for row in rows)])
    # a column that no row has keeps its zero; leaving them out makes fitting several times faster
    columns, places_ = np.unique(np.concatenate(rows), return_inverse=True)
    table = csr_matrix((np.ones(ends[-1]), places_, ends), shape=(len(rows), len(columns)))
    model = LogisticRegression(C=strength, max_iter=500).fit(table, labels)
    if len(names) == 1:
        weights[0, columns], intercept[0] = model.coef_[0], model.intercept_[0]
    elif len(model.classes_) == 2:
        intercept[model.classes_] = 0.0
        weights[model.classes_[1], columns] = model.coef_[0]
        intercept[model.classes_[1]] = model.intercept_[0]
    else:
        weights[np.ix_(model.classes_, columns)] = model.coef_
        intercept[model.classes_] = model.intercept_
    return HashedModel(tuple(names), weights, intercept)


@dataclass(frozen=True)
class Table:
    """Rows to learn from: features, label and note of each."""

    rows: list[NDArray[np.int64]]
    labels: NDArray[np.intp]
    notes: NDArray[np.intp]

    @classmethod
    def of(cls, found: Iterable[tuple[Iterable[str], int, int]]) -> Table:
        """From (features, label, note)."""
        each = [(places(features, WIDTH), label, note) for features, label, note in found]
        return cls(
            [row for row, _, _ in each],
            np.array([label for _, label, _ in each], dtype=np.intp),
            np.array([note for _, _, note in each], dtype=np.intp),
        )

    def fit(self, keep: NDArray[np.bool_], names: Sequence[str], strength: float) -> HashedModel:
        """A model of the kept notes' rows; ``keep``: by note."""
        chosen = np.flatnonzero(keep[self.notes])
        return fit_hashed([self.rows[i] for i in chosen], self.labels[chosen], names, strength)


def status_table(notes: Sequence[CodedNote], codes: ProcedureCodes) -> Table:
    """One row for each gold service."""
    found: list[tuple[Iterable[str], int, int]] = []
    for number, note in enumerate(notes):
        layout = Layout(note.document)
        visit = layout.visit
        around = Surroundings(note.document, layout, visit)
        spans = [(s.evidence.start, s.evidence.end) for s in note.done.services]
        mentions = mentions_at(note.document, layout, finder_of(codes), spans)
        scored = scored_mentions(note.document, layout, visit, mentions)
        for service, mention, told in zip(note.done.services, mentions, scored, strict=True):
            label = STATUSES.index(service.status.value)
            found.append((around.of(mention, told), label, number))
    return Table.of(found)


def element_tables(notes: Sequence[CodedNote], drafts: Sequence[Draft]) -> dict[str, Table]:
    """For each element one row for each visit whose gold level of it is known."""
    found: dict[str, list[tuple[Iterable[str], int, int]]] = {name: [] for name in ELEMENTS}
    for number, (note, drafted) in enumerate(zip(notes, drafts, strict=True)):
        gold = note.done.visit
        levelled = next((v for v in drafted.visits if v.features), None)
        if gold is None or levelled is None:
            continue
        for name in ELEMENTS:
            level = getattr(gold, name)
            if level is not None:
                found[name].append((levelled.features, LEVELS.index(level.value), number))
    return {name: Table.of(rows) for name, rows in found.items()}


@dataclass(frozen=True)
class Lines:
    """Drafted lines as rows, with what selection needs."""

    table: Table
    kinds: tuple[str, ...]
    keys: tuple[tuple[int, str], ...]
    gold: int


def line_table(notes: Sequence[CodedNote], drafts: Sequence[Draft]) -> Lines:
    """One row for each drafted line of a professional claim; right where its code is billed."""
    found: list[tuple[Iterable[str], int, int]] = []
    kinds, keys, gold = [], [], 0
    for number, (note, drafted) in enumerate(zip(notes, drafts, strict=True)):
        if note.gold.note.claim_type is ClaimType.FACILITY:
            continue
        billed = {line.code for line in note.done.lines}
        gold += len(billed)
        for line in drafted.lines:
            found.append((line.features, int(line.code in billed), number))
            kinds.append(line.kind)
            keys.append((number, line.code))
    return Lines(Table.of(found), tuple(kinds), tuple(keys), gold)


def best_threshold(chances: NDArray[np.float64], lines: Lines) -> tuple[float, float]:
    """(threshold, micro F1) over (note, code) pairs; a code counts once a note."""
    pairs: dict[tuple[int, str], tuple[float, int]] = {}
    each = zip(lines.keys, lines.kinds, chances, lines.table.labels, strict=True)
    for key, kind, chance, right in each:
        if kind == RUNNER_UP:
            continue  # never proposed
        pairs[key] = max(pairs.get(key, (0.0, 0)), (float(chance), int(right)))
    order = sorted(pairs.values(), reverse=True)
    best, hits = (0.5, 0.0), 0
    for taken, (chance, right) in enumerate(order, start=1):
        hits += right
        f1 = 2 * hits / (taken + lines.gold)
        if f1 > best[1] and (taken == len(order) or order[taken][0] < chance):
            best = (chance, f1)
    return best

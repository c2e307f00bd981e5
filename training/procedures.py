"""Fit what is learned of procedures on the notes of ``train`` whose procedures are coded.

Three stages, each fitted on what the ones before it say of notes they did not see (cross-
fitting, Wolpert 1992): the status of a service, the elements of a visit, whether a line is
billed. Calibration and threshold rest on the last stage's predictions out of fold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.authored import SPLITS, AuthoredError, load_notes
from data.authored.procedures import Done, load_done
from data.authored.snippets import PARTS, load_snippets
from data.schemas import ClaimType, GoldNote, System
from data.terminology.procedure_codes import ProcedureCodes
from models.bundle import Bundle, BundleError, BundleStore, building, seal
from models.calibration import GroupedCalibration
from models.coding.coder import Coder
from models.coding.document import Document, read_document
from models.hashing import HashedModel, places
from models.procedures.mentions import Layout
from models.procedures.model import ELEMENTS, LEVELS, ProcedureModel
from models.procedures.recognizer import Recognised, Recognitions, read_readings
from models.procedures.statuses import mentions_at, scored_mentions
from models.procedures.suggest import RUNNER_UP, Draft, draft, finder_of
from models.procedures.surroundings import Surroundings
from models.procedures.types import Diagnoses, Status
from models.procedures.visits import read_visit
from training.calibrating import platt
from training.errors import TrainingError
from training.runs import data_hash, target_of
from training.tracking import tracked

PROCEDURE_BATCHES = (*SPLITS["train"], *PARTS)
WIDTH = 1 << 16
OWN_CURVE = 50  # lines of a kind that make a calibration of its own
STATUSES = tuple(status.value for status in Status)


@dataclass(frozen=True)
class ProcedureConfig:
    folds: int = 8
    status_strength: float = 1.0  # inverse regularisation
    element_strength: float = 0.1
    line_strength: float = 0.1
    seed: int = 20260501


@dataclass(frozen=True)
class CodedNote:
    """A note with what was done, the diagnoses that a coder suggests for it, its readings."""

    gold: GoldNote
    done: Done
    document: Document
    diagnoses: Diagnoses
    recognised: Sequence[Recognised] = ()


def coded_notes(batch: str) -> list[tuple[GoldNote, Done]]:
    """Notes of a batch whose procedures are coded.

    Raises:
        AuthoredError: no such batch, or a file that does not hold.
    """
    if batch in PARTS:
        return load_snippets(batch)
    done = load_done(batch)
    return [(g, done[g.note.id]) for g in load_notes(batch) if g.note.id in done]


def coded_note(coder: Coder, gold: GoldNote, done: Done, readings: Recognitions) -> CodedNote:
    """A note as training reads it; ``readings``: of networks that did not learn from it."""
    document = read_document(gold.note)
    recognised = readings.get(gold.note.id)
    if recognised is None:
        recognised = coder.recognised(document)
    return CodedNote(gold, done, document, suggested_diagnoses(coder, gold), recognised)


def suggested_diagnoses(coder: Coder, gold: GoldNote) -> Diagnoses:
    """What the coder proposes, in sequence."""
    found = [
        s for s in coder.suggest(gold.note).suggestions if s.system is System.ICD10CM and s.selected
    ]
    found.sort(key=lambda s: s.sequence or 0)
    return [(s.code, [e.start for e in s.evidence]) for s in found]


def gold_diagnoses(gold: GoldNote) -> Diagnoses:
    """The note's own, in sequence."""
    return [
        (c.code, [e.start for e in c.evidence]) for c in gold.codes if c.system is System.ICD10CM
    ]


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
        layout, visit = Layout(note.document), read_visit(note.document)
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


@dataclass(frozen=True)
class Fitted:
    """A model with what was measured while fitting it."""

    model: ProcedureModel
    figures: dict[str, float]


def fit_procedures(
    notes: Sequence[CodedNote],
    codes: ProcedureCodes,
    config: ProcedureConfig,
    log: Callable[[str], None],
) -> Fitted:
    """Fit all stages on ``notes``."""
    order = np.random.default_rng(config.seed).permutation(len(notes))
    fold = np.empty(len(notes), dtype=np.intp)
    fold[order] = np.arange(len(notes)) % config.folds
    everyone = np.ones(len(notes), dtype=np.bool_)

    def drafted(
        status: Sequence[HashedModel], elements: Sequence[Mapping[str, HashedModel]]
    ) -> list[Draft]:
        return [
            draft(n.document, n.diagnoses, codes, status[f], elements[f], n.recognised)
            for n, f in zip(notes, fold.tolist(), strict=True)
        ]

    statuses = status_table(notes, codes)
    by_fold = [
        statuses.fit(fold != f, STATUSES, config.status_strength) for f in range(config.folds)
    ]
    log(f"status: {len(statuses.rows)} services")
    tables = element_tables(notes, drafted(by_fold, [{}] * config.folds))
    elements = [
        {n: t.fit(fold != f, LEVELS, config.element_strength) for n, t in tables.items()}
        for f in range(config.folds)
    ]
    log("elements: " + ", ".join(f"{len(t.rows)} of {n}" for n, t in tables.items()))
    lines = line_table(notes, drafted(by_fold, elements))
    scores = np.empty(len(lines.table.rows))
    for f in range(config.folds):
        billed = lines.table.fit(fold != f, ("billed",), config.line_strength)
        for i in np.flatnonzero(fold[lines.table.notes] == f):
            scores[i] = billed.weights[0, lines.table.rows[i]].sum() + billed.intercept[0]
    labels = lines.table.labels.astype(np.bool_)
    kinds = np.array(lines.kinds)
    calibration = GroupedCalibration(
        platt(scores, labels),
        {
            kind: platt(scores[at], labels[at])
            for kind in set(lines.kinds)
            if (at := kinds == kind).sum() >= OWN_CURVE and 0 < labels[at].sum() < at.sum()
        },
    )
    select, f1 = best_threshold(calibration(scores, lines.kinds), lines)
    log(f"lines: {len(scores)} drafted, {lines.gold} billed; out of fold F1 {f1:.3f}")
    model = ProcedureModel(
        statuses.fit(everyone, STATUSES, config.status_strength),
        {n: t.fit(everyone, LEVELS, config.element_strength) for n, t in tables.items()},
        lines.table.fit(everyone, ("billed",), config.line_strength),
        calibration,
        select,
    )
    return Fitted(model, {"out_of_fold_f1": f1, "services": float(len(statuses.rows))})


def run_train_procedures(
    output: str,
    base: str | None,
    var: Path,
    log: Callable[[str], None],
    batches: Sequence[str] = PROCEDURE_BATCHES,
) -> Bundle:
    """Fit on the authored notes of ``batches``; write, log and return the bundle.

    The visit's level rests on the diagnoses, so those that the base's coder suggests are used,
    as they will be when it serves.

    Raises:
        TrainingError: no such base, a batch that may not train, none of its notes has its
            procedures coded, or ``output`` is a folder that is no bundle.
    """
    wrong = [batch for batch in batches if batch not in PROCEDURE_BATCHES]
    if wrong:
        raise TrainingError(f"--authored {wrong[0]}: choose among {', '.join(PROCEDURE_BATCHES)}")
    config = ProcedureConfig()
    try:
        bundle = BundleStore(var / "bundles").resolve(base)
        coder = Coder.load(bundle, var / "terminology")
        readings = read_readings(bundle.path / "recognizer")
        notes = [
            coded_note(coder, gold, done, readings)
            for batch in dict.fromkeys(batches)
            for gold, done in coded_notes(batch)
        ]
    except (BundleError, AuthoredError) as error:
        raise TrainingError(str(error)) from error
    if not notes:
        raise TrainingError("no note of these batches has its procedures coded")
    try:
        with (
            building(target_of(output, var), bundle) as folder,
            tracked(f"train procedures {output}", var) as run,
        ):
            run.params({**asdict(config), "notes": len(notes), "authored": " ".join(batches)})
            run.params({"data": data_hash([note.gold for note in notes])})
            fitted = fit_procedures(notes, coder.procedures, config, log)
            run.metrics(fitted.figures, "procedures.")
            fitted.model.save(folder / "procedures")
            facts = {"procedure_figures": fitted.figures, "procedure_notes": len(notes)}
            seal(folder, Path(output).name, {**bundle.manifest, **facts})
    except BundleError as error:
        raise TrainingError(str(error)) from error
    made = Bundle.open(target_of(output, var))
    log(f"procedures: wrote {made.id}; `superbill models promote {made.name}` serves it")
    return made

"""The coder: a note in, codes with evidence, confidence and reasons out.

Stages, each of which can be run and timed alone: document → mentions (with
assertion) → linking → conventions (combinations) → ranking → calibrated
confidence → conventions (conflicts) → selection. No database, no network; one
instance serves many threads.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.schemas import (
    Assertion,
    CodingResult,
    Convention,
    Evidence,
    Note,
    Query,
    Suggestion,
    Suppressed,
    System,
)
from data.terminology.icd10cm import Release, choose_release
from data.terminology.index import read_index
from data.terminology.procedure_codes import ProcedureCodes
from data.terminology.tabular import load_releases
from models.bundle import Bundle
from models.calibration import GroupedCalibration
from models.coding.candidates import Candidate, Candidates, Occurrence
from models.coding.code_groups import group_of
from models.coding.conventions import (
    Standing,
    barred,
    conflicts,
    contradictions,
    is_counted,
    not_asserted,
    replaced,
    trace_instructions,
)
from models.coding.dense import DenseRetriever
from models.coding.document import Document, read_document
from models.coding.features import FEATURES, features
from models.coding.linking import Linker
from models.coding.queries import provider_queries
from models.coding.ranking import Ranker
from models.coding.sequencing import in_sequence, place_of
from models.procedures.suggest import analyse
from models.procedures.types import ProcedureCandidate

LIST_LIMIT = {Convention.BILLING: 25, Convention.EVERY_MENTION: 100}
SUPPRESSED_LIMIT = 60
EVIDENCE_LIMIT = 3
SHOWN_FLOOR = 0.003  # an alternative below this is no help to a reviewer


@dataclass(frozen=True)
class Selection:
    """Operating points of one convention: P ≥ ``select`` is proposed, ≥ ``auto_accept`` is safe."""

    ranker: Ranker
    calibration: GroupedCalibration
    select: float
    auto_accept: float

    @classmethod
    def load(cls, folder: Path) -> Selection:
        raw = json.loads((folder / "selection.json").read_text("utf-8"))
        return cls(
            Ranker.load(folder),
            GroupedCalibration.from_json(raw["calibration"]),
            float(raw["select"]),
            float(raw["auto_accept"]),
        )

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ranker.save(folder)
        raw = {
            "select": self.select,
            "auto_accept": self.auto_accept,
            "calibration": self.calibration.to_json(),
        }
        (folder / "selection.json").write_text(json.dumps(raw, indent=1) + "\n", "utf-8")


class Coder:
    """Suggests codes under the releases it was given, with one bundle's ranker."""

    def __init__(
        self,
        bundle_id: str,
        releases: Sequence[Release],
        selections: dict[Convention, Selection],
        dense: DenseRetriever | None = None,
        procedures: ProcedureCodes | None = None,
        extra: Sequence[tuple[str, str]] = (),
    ) -> None:
        self.bundle_id = bundle_id
        self._releases = tuple(releases)
        self._selections = selections
        self._dense = dense
        self._procedures = (
            procedures if procedures is not None else ProcedureCodes.from_environment()
        )
        self._extra = tuple(extra)
        self._linkers: dict[str, Linker] = {}

    @classmethod
    def load(cls, bundle: Bundle, terminology: Path | None = None) -> Coder:
        """Open a bundle's coder.

        Args:
            terminology: folder of the user's own releases and index files, if any.

        Raises:
            BundleError: the bundle has no coder part.
        """
        part = bundle.part("coder")
        selections = {c: Selection.load(part / c.value) for c in Convention}
        linker = bundle.path / "linker"
        dense = DenseRetriever.open(linker) if linker.is_dir() else None
        extra: list[tuple[str, str]] = []
        if terminology is not None:
            for path in sorted(terminology.glob("index-*")):
                extra.extend(read_index(path))
        coder = cls(bundle.id, load_releases(terminology), selections, dense, extra=extra)
        coder.linker_for(coder._releases[-1])
        return coder

    def linker_for(self, release: Release) -> Linker:
        if release.name not in self._linkers:
            # The vectors were made for the packaged release; others are read by their words.
            dense = (
                self._dense if self._dense is not None and self._dense.matches(release) else None
            )
            self._linkers[release.name] = Linker(release, dense, self._extra)
        return self._linkers[release.name]

    @property
    def newest_linker(self) -> Linker:
        """The linker of the newest release."""
        return self.linker_for(self._releases[-1])

    def selection(self, convention: Convention) -> Selection:
        """Ranker, calibration and operating points of a convention."""
        return self._selections[convention]

    def suggest(self, note: Note, convention: Convention = Convention.BILLING) -> CodingResult:
        """Codes for one note."""
        choice = choose_release(self._releases, note.date_of_service)
        linker = self.linker_for(choice.release)
        selection = self._selections[convention]
        document = read_document(note)
        found = linker.candidates(document)
        confidence = _confidences(document, found, linker, selection)
        decided = _decide(document, found, confidence, linker, selection, convention)
        result = _Result(document, found, confidence, decided, linker, selection, convention)
        suggestions = result.suggestions()
        suppressed = result.suppressed()
        em = None
        queries: tuple[Query, ...] = ()
        if convention is Convention.BILLING:
            open_ = {c: p for c, p in confidence.items() if c not in decided.reasons}
            queries = provider_queries(document, found, decided.selected, linker.release, open_)
            sequenced = [s for s in suggestions if s.selected]
            sequenced.sort(key=lambda s: s.sequence or 0)
            chosen = [(x.code, [e.start for e in x.evidence]) for x in sequenced]
            proposed = analyse(document, chosen, self._procedures)
            suggestions += _procedure_suggestions(document, proposed.candidates)
            suppressed += _procedure_suppressed(document, proposed.candidates)
            em = proposed.em
        warnings = [choice.warning] if choice.warning else []
        return CodingResult(
            id=note.id,
            bundle=self.bundle_id,
            suggestions=tuple(suggestions),
            suppressed=tuple(suppressed[:SUPPRESSED_LIMIT]),
            queries=queries,
            em=em,
            release=f"ICD-10-CM {choice.release.name}",
            warnings=tuple(warnings),
        )


def _confidences(
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
class _Decided:
    selected: list[str]
    reasons: dict[str, str]  # why a candidate is not suggested


def _decide(
    document: Document,
    found: Candidates,
    confidence: dict[str, float],
    linker: Linker,
    selection: Selection,
    convention: Convention,
) -> _Decided:
    note = document.note
    reasons: dict[str, str] = {}
    if convention is Convention.EVERY_MENTION:
        chosen = [c for c in found if confidence[c] >= selection.select]
        return _Decided(chosen, reasons)
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
    return _Decided([c for c in chosen if c not in reasons], reasons)


def _said(candidate: Candidate) -> Assertion | None:
    """What the note asserts of a candidate that it never says is present; else None."""
    said = {o.assertion for o in candidate.occurrences}
    if Assertion.PRESENT in said:
        return None
    if Assertion.UNCERTAIN in said:  # as in the reason given
        return Assertion.UNCERTAIN
    return next((a for a in Assertion if a in said), None)


def _best_places(candidate: Candidate, wanted: Sequence[Assertion]) -> list[Occurrence]:
    """The occurrences that prove a code best: asserted, in the assessment, longest, first."""
    final = {"assessment", "assessment_plan", "discharge_diagnosis", "impression"}
    order = sorted(
        candidate.occurrences,
        key=lambda o: (
            o.assertion not in wanted,
            o.words == 0,
            o.section not in final,
            -o.words,
            o.start,
        ),
    )
    places: list[Occurrence] = []
    for o in order:
        if places and (o.words == 0 or o.assertion not in wanted):
            continue
        if all(o.end <= p.start or p.end <= o.start for p in places):
            places.append(o)
        if len(places) == EVIDENCE_LIMIT:
            break
    return places


class _Result:
    """Builds the lists of one result."""

    def __init__(
        self,
        document: Document,
        found: Candidates,
        confidence: dict[str, float],
        decided: _Decided,
        linker: Linker,
        selection: Selection,
        convention: Convention,
    ) -> None:
        self._document, self._found, self._confidence = document, found, confidence
        self._decided, self._linker, self._selection = decided, linker, selection
        self._convention = convention

    def _evidence(self, candidate: Candidate) -> tuple[Evidence, ...]:
        wanted = (Assertion.PRESENT, Assertion.UNCERTAIN, Assertion.HISTORICAL)
        text = self._document.text
        return tuple(Evidence.of(text, o.start, o.end) for o in _best_places(candidate, wanted))

    def suggestions(self) -> list[Suggestion]:
        limit = LIST_LIMIT[self._convention]
        # The surest, where more are chosen than can be listed: the sequence has no gaps.
        selected = sorted(self._decided.selected, key=lambda c: (-self._confidence[c], c))[:limit]
        billing = self._convention is Convention.BILLING
        links = (
            trace_instructions(selected, self._found, self._linker.instructions)
            if billing
            else None
        )
        sequence = in_sequence(selected, {c: place_of(self._found[c]) for c in selected}, links)
        position = {code: i for i, code in enumerate(sequence, start=1)}
        listed = [
            c
            for c in self._found
            if c in position
            or (c not in self._decided.reasons and self._confidence[c] >= SHOWN_FLOOR)
        ]
        listed.sort(key=lambda c: (c not in position, -self._confidence[c], c))
        listed = listed[:limit]
        listed.sort(key=lambda c: (-self._confidence[c], c))
        out = []
        for code in listed:
            candidate, confidence = self._found[code], self._confidence[code]
            places = _best_places(candidate, (Assertion.PRESENT, Assertion.UNCERTAIN))
            out.append(
                Suggestion(
                    system=System.ICD10CM,
                    code=code,
                    description=self._linker.release.description(code),
                    confidence=round(confidence, 4),
                    selected=code in position,
                    auto_accept=code in position and confidence >= self._selection.auto_accept,
                    sequence=position.get(code),
                    assertion=places[0].assertion if places else Assertion.PRESENT,
                    sources=candidate.sources
                    + (("combination",) if candidate.derived_from else ()),
                    evidence=self._evidence(candidate),
                    notes=tuple(dict.fromkeys(candidate.notes)),
                )
            )
        return out

    def suppressed(self) -> list[Suppressed]:
        rows = []
        order = sorted(
            self._decided.reasons,
            key=lambda c: (
                not any(o.words for o in self._found[c].occurrences),
                -self._confidence[c],
                c,
            ),
        )
        for code in order:
            candidate = self._found[code]
            if not any(o.words for o in candidate.occurrences):
                continue  # found by retrieval alone: no words of the note claim it
            rows.append(
                Suppressed(
                    system=System.ICD10CM,
                    code=code,
                    description=self._linker.release.description(code),
                    reason=self._decided.reasons[code],
                    assertion=_said(candidate),
                    evidence=self._evidence(candidate),
                )
            )
        return rows


def _procedure_suggestions(
    document: Document, proposed: Sequence[ProcedureCandidate]
) -> list[Suggestion]:
    out = []
    for p in sorted(proposed, key=lambda p: (-p.confidence, p.code)):
        if p.suppressed is not None:
            continue
        out.append(
            Suggestion(
                system=p.system,
                code=p.code,
                description=p.description,
                confidence=round(p.confidence, 4),
                selected=p.selected,
                auto_accept=False,
                units=p.units,
                linked_diagnoses=tuple(p.linked_diagnoses),
                modifiers=tuple(p.modifiers),
                sources=tuple(p.sources),
                evidence=tuple(Evidence.of(document.text, a, b) for a, b in p.evidence),
                notes=tuple(p.notes),
            )
        )
    return out[: LIST_LIMIT[Convention.BILLING]]


def _procedure_suppressed(
    document: Document, proposed: Sequence[ProcedureCandidate]
) -> list[Suppressed]:
    return [
        Suppressed(
            system=p.system,
            code=p.code,
            description=p.description,
            reason=p.suppressed,
            evidence=tuple(Evidence.of(document.text, a, b) for a, b in p.evidence),
        )
        for p in proposed
        if p.suppressed is not None
    ]

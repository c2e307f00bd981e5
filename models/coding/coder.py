"""The coder: a note in, codes with evidence, confidence and reasons out.

Stages, each of which can be run and timed alone: document → mentions (with
assertion) → linking → conventions (combinations) → ranking → calibrated
confidence → conventions (conflicts) → selection. No database, no network; one
instance serves many threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from data.schemas import CodingResult, Convention, Note, Query
from data.terminology.icd10cm import Release, choose_release
from data.terminology.index import read_index
from data.terminology.official.loaded import load_procedures
from data.terminology.procedure_codes import ProcedureCodes
from data.terminology.tabular import load_releases
from models.bundle import Bundle
from models.coding.deciding import confidences, decide
from models.coding.dense import DenseRetriever
from models.coding.document import Document, read_document
from models.coding.linking import Linker
from models.coding.queries import provider_queries
from models.coding.results import (
    SUPPRESSED_LIMIT,
    Lists,
    procedure_suggestions,
    procedure_suppressed,
)
from models.coding.selection import Selection
from models.procedures.model import ProcedureModel
from models.procedures.recognizer import Recognised, Recognizer
from models.procedures.suggest import analyse

NO_PROCEDURES = "the bundle holds no procedures part: no CPT or HCPCS lines; train procedures"


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
        procedure_model: ProcedureModel | None = None,
        recognizer: Recognizer | None = None,
    ) -> None:
        self.bundle_id = bundle_id
        self._releases = tuple(releases)
        self._selections = selections
        self._dense = dense
        self.procedures = (
            procedures if procedures is not None else ProcedureCodes.from_environment()
        )
        self._procedure_model = procedure_model
        self._recognizer = recognizer
        self._extra = tuple(extra)
        self._linkers: dict[str, Linker] = {}

    @classmethod
    def load(cls, bundle: Bundle, terminology: Path | None = None) -> Coder:
        """Open a bundle's coder.

        Args:
            terminology: folder of the user's own releases, index and code files, if any.

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
        learned = bundle.path / "procedures"
        model = ProcedureModel.load(learned) if learned.is_dir() else None
        named = bundle.path / "recognizer"
        recognizer = Recognizer.open(named) if named.is_dir() else None
        procedures = load_procedures(terminology)
        releases = load_releases(terminology)
        coder = cls(bundle.id, releases, selections, dense, procedures, extra, model, recognizer)
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

    def recognised(self, document: Document) -> Sequence[Recognised]:
        """What a note's sentences chart without naming it; nothing where no recognizer is."""
        return self._recognizer.read(document) if self._recognizer else ()

    def suggest(self, note: Note, convention: Convention = Convention.BILLING) -> CodingResult:
        """Codes for one note."""
        choice = choose_release(self._releases, note.date_of_service)
        linker = self.linker_for(choice.release)
        selection = self._selections[convention]
        document = read_document(note)
        found = linker.candidates(document)
        confidence = confidences(document, found, linker, selection)
        decided = decide(document, found, confidence, linker, selection, convention)
        result = Lists(document, found, confidence, decided, linker, selection, convention)
        suggestions = result.suggestions()
        suppressed = result.suppressed()
        em = None
        warnings = [choice.warning] if choice.warning else []
        queries: tuple[Query, ...] = ()
        if convention is Convention.BILLING:
            open_ = {c: p for c, p in confidence.items() if c not in decided.reasons}
            queries = provider_queries(document, found, decided.selected, linker.release, open_)
            sequenced = [s for s in suggestions if s.selected]
            sequenced.sort(key=lambda s: s.sequence or 0)
            chosen = [(x.code, [e.start for e in x.evidence]) for x in sequenced]
            if self._procedure_model is None:
                warnings.append(NO_PROCEDURES)
            else:
                proposed = analyse(
                    document,
                    chosen,
                    self.procedures,
                    self._procedure_model,
                    self.recognised(document),
                )
                suggestions += procedure_suggestions(document, proposed.candidates)
                suppressed += procedure_suppressed(document, proposed.candidates)
                em = proposed.em
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

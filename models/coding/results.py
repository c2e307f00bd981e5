"""What a coder is shown: suggestions with evidence, and what was left out with the reason."""

from __future__ import annotations

from collections.abc import Sequence

from data.schemas import (
    Assertion,
    Convention,
    Evidence,
    Suggestion,
    Suppressed,
    System,
)
from models.coding.candidates import Candidate, Candidates, Occurrence
from models.coding.conventions import trace_instructions
from models.coding.deciding import Decided
from models.coding.document import Document
from models.coding.linking import Linker
from models.coding.selection import Selection
from models.coding.sequencing import in_sequence, place_of
from models.procedures.types import ProcedureCandidate

LIST_LIMIT = {Convention.BILLING: 25, Convention.EVERY_MENTION: 100}
SUPPRESSED_LIMIT = 60
EVIDENCE_LIMIT = 3
SHOWN_FLOOR = 0.003  # an alternative below this is no help to a reviewer


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


class Lists:
    """Builds the lists of one result: what is suggested, and what is not with its reason."""

    def __init__(
        self,
        document: Document,
        found: Candidates,
        confidence: dict[str, float],
        decided: Decided,
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


def procedure_suggestions(
    document: Document, proposed: Sequence[ProcedureCandidate]
) -> list[Suggestion]:
    """The services proposed, surest first."""
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


def procedure_suppressed(
    document: Document, proposed: Sequence[ProcedureCandidate]
) -> list[Suppressed]:
    """The services named that are not proposed, with the reason."""
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

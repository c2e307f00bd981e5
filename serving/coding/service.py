"""The coder's work: suggest, store, decide, sign off.

Every method may be called from any thread. What it returns has been stored;
what it refuses it raises as :class:`serving.errors.Problem`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from pydantic import ValidationError
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from data.schemas import (
    CodeRef,
    CodingResult,
    Convention,
    Decision,
    ErrorDetail,
    ErrorLine,
    Note,
)
from serving.coding import repository
from serving.coding.refusals import found, refuse_signed_off, same_or_refuse, undecided_codes
from serving.coding.review import build_event
from serving.coding.schemas import (
    DecisionRequest,
    DecisionView,
    NoteFilter,
    NotePage,
    NoteStatus,
    NoteView,
    SignOff,
    SignOffRequest,
    SignOffView,
)
from serving.coding.state import CodeState, NoteState, Standing, derive
from serving.database import Database, now
from serving.errors import FieldProblem, Problem, log_scrubbed, validation_sentence
from serving.models.service import ModelService

NO_RESULT = (
    "The note is stored, but the suggestions failed; "
    "try again with POST /v1/notes/{id}/suggestions."
)


class ClaimDrafter(Protocol):
    """Turns a signed-off note into a stored draft claim, within the same transaction."""

    def draft(
        self,
        session: Session,
        note: Note,
        codes: Sequence[CodeState],
        claim_id: str,
        request: SignOffRequest,
        actor: str,
    ) -> Any: ...

    def claim_of_note(self, session: Session, note_id: str) -> str | None: ...


class CodingService:
    """The coder's room."""

    def __init__(self, database: Database, models: ModelService, claims: ClaimDrafter) -> None:
        self.database = database
        self.models = models
        self.claims = claims

    # -- suggestions that are not kept ------------------------------------------------

    def suggest(self, note: Note, convention: Convention = Convention.BILLING) -> CodingResult:
        """Suggestions for one note; nothing is stored."""
        return self.models.current.coder.suggest(note, convention)

    def suggest_many(
        self, notes: Sequence[Any], convention: Convention = Convention.BILLING
    ) -> list[CodingResult | ErrorLine]:
        """Suggestions for a batch of unchecked notes, one line each, in order.

        A bad note gives an error in its place; all lines come from one bundle.
        """
        coder = self.models.current.coder
        lines: list[CodingResult | ErrorLine] = []
        for number, raw in enumerate(notes, start=1):
            try:
                lines.append(coder.suggest(Note.model_validate(raw), convention))
            except ValidationError as error:
                detail = ErrorDetail(code="invalid-request", message=validation_sentence(error))
                lines.append(ErrorLine(id=id_of(raw), line=number, error=detail))
            except Exception as error:
                log_scrubbed("suggestion failed", error)
                detail = ErrorDetail(
                    code="internal-error", message="this note could not be coded; the rest was"
                )
                lines.append(ErrorLine(id=id_of(raw), line=number, error=detail))
        return lines

    # -- notes ------------------------------------------------------------------------

    def add_note(self, note: Note) -> tuple[NoteView, bool]:
        """Store a note, then suggest and store the result.

        The note is on disk before the coder sees it: a failing coder loses no note.

        Returns:
            The note's view, and whether it is new. Sending the same note again
            changes nothing.

        Raises:
            Problem: 409 when another note has that id; 503 while no bundle is loaded.
        """
        coder = self.models.current.coder
        created = self._store(note)
        with self.database.read() as session:
            has_result = repository.newest_result(session, note.id) is not None
        warnings = []
        if not has_result:
            try:
                result = coder.suggest(note, Convention.BILLING)
                with self.database.write() as session:
                    repository.insert_result(session, note.id, result, Convention.BILLING, now())
            except Exception as error:
                log_scrubbed("suggestion failed", error)
                warnings.append(NO_RESULT)
        view = self.note(note.id)
        view.warnings.extend(warnings)
        return view, created

    def _store(self, note: Note) -> bool:
        try:
            with self.database.write() as session:
                row = repository.find_note(session, note.id)
                if row is None:
                    repository.insert_note(session, note, now())
                    return True
                same_or_refuse(row, note)
                return False
        except IntegrityError:
            # PostgreSQL: another writer stored this id between our look and our insert.
            with self.database.read() as session:
                same_or_refuse(found(session, note.id), note)
            return False

    def rerun(self, note_id: str) -> NoteView:
        """Suggest again under the bundle served now; the old result is kept.

        Raises:
            Problem: 404, 409 when the note is signed off, 503.
        """
        loaded = self.models.current
        with self.database.read() as session:
            row = found(session, note_id)
            refuse_signed_off(row)
            note = repository.note_of(row)
            newest = repository.newest_result(session, note_id)
        if newest is None or newest.bundle != loaded.id:
            result = loaded.coder.suggest(note, Convention.BILLING)
            with self.database.write() as session:
                refuse_signed_off(found(session, note_id, lock=True))
                repository.insert_result(session, note_id, result, Convention.BILLING, now())
        return self.note(note_id)

    def note(self, note_id: str) -> NoteView:
        """A note with its newest result, its decisions and where its codes stand.

        Raises:
            Problem: 404.
        """
        with self.database.read() as session:
            row = found(session, note_id)
            newest = repository.newest_result(session, note_id)
            decisions = repository.decisions_of(session, note_id)
            sign_off = repository.newest_sign_off(session, note_id)
            claim_id = self.claims.claim_of_note(session, note_id)
        result = repository.result_of(newest)
        return NoteView(
            note=repository.note_of(row),
            status=NoteStatus(row.status),
            created_at=row.created_at,
            result_id=newest.id if newest else None,
            result_at=newest.created_at if newest else None,
            result=result,
            decisions=decisions,
            state=self._described(derive(result, decisions)),
            sign_off=sign_off,
            claim_id=claim_id,
        )

    def notes(self, wanted: NoteFilter) -> NotePage:
        """One page of the worklist, oldest first."""
        with self.database.read() as session:
            counts = repository.count_by_status(session, wanted)
            page = repository.page_of_notes(session, wanted)
        total = counts[wanted.status] if wanted.status else sum(counts.values())
        return NotePage(
            total=total, limit=wanted.limit, offset=wanted.offset, counts=counts, notes=page
        )

    def specialties(self) -> list[str]:
        """The specialties that notes bear, for the worklist's filter."""
        with self.database.read() as session:
            return repository.specialties(session)

    def next_open(self, note_id: str) -> str | None:
        """The note that comes after this one in the worklist and is not signed off.

        After the last one the list begins again; None when no other is open.
        """
        with self.database.read() as session:
            return repository.next_open(session, note_id)

    # -- decisions --------------------------------------------------------------------

    def decide(self, note_id: str, request: DecisionRequest, reviewer: str) -> DecisionView:
        """Store one decision; when this returns, it is on disk.

        Raises:
            Problem: 404; 409 when the note is signed off; 422 when the code or
                its evidence does not hold; 503 while codes cannot be looked up.
        """
        with self.database.write() as session:
            row = found(session, note_id, lock=True)
            refuse_signed_off(row)
            if request.result_id is None:
                shown = repository.newest_result(session, note_id)
            else:
                shown = repository.find_result(session, note_id, request.result_id)
                if shown is None:
                    message, fix = "is no result of this note", "send the note's result_id or none"
                    problem = FieldProblem(field="result_id", message=message, fix=fix)
                    raise Problem("invalid-request", f"result_id: {message}", errors=[problem])
            result = repository.result_of(shown)
            events = repository.decisions_of(session, note_id)
            note = repository.note_of(row)
            event, warnings = build_event(
                note, request, result, derive(result, events), self.models, reviewer, now()
            )
            stored = repository.append_decision(session, event, shown.id if shown else None)
            row.status = NoteStatus.IN_REVIEW
            newest = repository.result_of(repository.newest_result(session, note_id))
        state = self._described(derive(newest, [*events, stored]))
        return DecisionView(decision=stored, state=state, warnings=warnings)

    def sign_off(self, note_id: str, request: SignOffRequest, reviewer: str) -> SignOffView:
        """Vouch for the accepted codes; drafts and assesses the claim in one step.

        Raises:
            Problem: 404; 409 when the note is signed off already, when proposed
                codes are undecided, or when no code is accepted; 503.
        """
        with self.database.write() as session:
            row = found(session, note_id, lock=True)
            refuse_signed_off(row)
            note = repository.note_of(row)
            newest = repository.newest_result(session, note_id)
            result = repository.result_of(newest)
            result_id = newest.id if newest else None
            events = repository.decisions_of(session, note_id)
            state = derive(result, events)
            undecided = state.standing(Standing.PROPOSED)
            if undecided and request.undecided is None:
                raise undecided_codes(undecided)
            if request.undecided == "accept":
                for code in undecided:
                    asked = DecisionRequest(
                        decision=Decision.ACCEPT,
                        system=code.system,
                        code=code.code,
                        reason="accepted together at sign-off",
                    )
                    event, _ = build_event(note, asked, result, state, self.models, reviewer, now())
                    events.append(repository.append_decision(session, event, result_id))
                state = derive(result, events)
            codes = self._described(state).standing(Standing.ACCEPTED)
            if not codes and not request.without_codes:
                raise Problem(
                    "no-codes",
                    "Accept or add a code, or sign off with without_codes: true; "
                    "then no claim is drafted.",
                )
            sign_off = SignOff(
                reviewer=reviewer,
                at=now(),
                codes=tuple(CodeRef(system=code.system, code=code.code) for code in codes),
            )
            last = events[-1].decision_id if events else None
            number = repository.append_sign_off(session, note_id, sign_off, result_id, last)
            row.status = NoteStatus.SIGNED_OFF
            view = SignOffView(note_id=note_id, sign_off=sign_off, codes=list(codes))
            if codes:
                drafted = self.claims.draft(
                    session, note, codes, f"SB{number:08d}", request, reviewer
                )
                view.claim, view.assessment = drafted
        return view

    def _described(self, state: NoteState) -> NoteState:
        """Fill in the descriptions of codes that a person brought in."""
        codes = tuple(
            code
            if code.description
            else code.model_copy(update={"description": self.models.describe(code.key)})
            for code in state.codes
        )
        return state.model_copy(update={"codes": codes})


def id_of(raw: Any, key: str = "id") -> str | None:
    """The id of an unchecked item, when it has a usable one."""
    value = raw.get(key) if isinstance(raw, dict) else None
    return value if isinstance(value, str) and 0 < len(value) <= 200 else None

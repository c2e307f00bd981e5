"""What kind of document this is, and which family of visit codes it may bear."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from models.coding.document import Document
from models.procedures.slots import age_on
from models.procedures.tables import rows, split

HEAD_CHARACTERS = 420
"""The opening of a note, where its title and reason stand."""


@dataclass(frozen=True, slots=True)
class VisitRule:
    """One row of ``visits.csv``: every filled condition must hold."""

    kind: str
    claim_type: str
    settings: tuple[str, ...]
    places: tuple[str, ...]
    note_type: re.Pattern[str] | None
    specialty: re.Pattern[str] | None
    head: re.Pattern[str] | None
    text: re.Pattern[str] | None
    payers: tuple[str, ...]
    patient_status: str
    under: int
    concept: str
    second: str
    note: str


@dataclass(frozen=True, slots=True)
class Visit:
    """The rule that held, and the offsets of the words that made it hold.

    Attributes:
        kind: ``visit``, ``radiology``, ``operative``, ``procedure``, ``critical`` or ``facility``.
        concept: the visit's concept; empty where no visit is billed.
        second: concept of a problem visit billed beside a preventive one.
        patient_status: ``new`` or ``established``, as given or as the words say.
    """

    kind: str
    concept: str = ""
    second: str = ""
    note: str = ""
    evidence: tuple[tuple[int, int], ...] = ()
    patient_status: str = "established"
    telehealth: str = ""


@cache
def _rules() -> tuple[VisitRule, ...]:
    def pattern(cell: str) -> re.Pattern[str] | None:
        return re.compile(cell, re.IGNORECASE) if cell else None

    return tuple(
        VisitRule(
            row["kind"], row["claim_type"], split(row["setting"]), split(row["places"]),
            pattern(row["note_type"]), pattern(row["specialty"]), pattern(row["head"]),
            pattern(row["text"]), split(row["payers"]),
            row["patient_status"], int(row["under"] or 999),
            row["concept"], row["second"], row["note"],
        )
        for row in rows("visits")
    )  # fmt: skip


@cache
def _status_words() -> tuple[tuple[str, bool, re.Pattern[str]], ...]:
    """(status, whether the type of note says it, words); the first that stand count."""
    return tuple(
        (row["status"], row["where"] == "type", re.compile(row["pattern"], re.IGNORECASE))
        for row in rows("visit_status")
    )


def _told_status(kind: str, head: str) -> str:
    """``new`` or ``established``, as the type of note or its opening says."""
    for status, by_type, pattern in _status_words():
        if pattern.search(kind if by_type else head):
            return status
    return "established"


_AUDIO_ONLY = re.compile(
    r"audio[ -]only|telephone (?:visit|encounter|call)|phone visit|by (?:tele)?phone\b",
    re.IGNORECASE,
)


def read_visit(document: Document) -> Visit:
    """The first rule of ``visits.csv`` that holds; an office visit where nothing is known."""
    note, text = document.note, document.text
    head = text[:HEAD_CHARACTERS]
    given = note.patient_status.value if note.patient_status else None
    status = given or _told_status(note.note_type or "", head)
    for rule in _rules():
        spans = _holds(rule, document, head, status)
        if spans is None:
            continue
        telehealth = ""
        if note.place_of_service in ("02", "10") or "tele" in (note.note_type or "").lower():
            telehealth = "audio" if _AUDIO_ONLY.search(head) else "video"
        return Visit(rule.kind, rule.concept, rule.second, rule.note, spans, status, telehealth)
    return Visit("visit", "visit:office_established", patient_status=status)


def _holds(
    rule: VisitRule, document: Document, head: str, status: str
) -> tuple[tuple[int, int], ...] | None:
    """Spans of the words that a rule found; None where it does not hold."""
    note = document.note
    if rule.claim_type and (note.claim_type is None or note.claim_type.value != rule.claim_type):
        return None
    if rule.settings and (note.setting is None or note.setting.value not in rule.settings):
        return None
    if rule.places and note.place_of_service not in rule.places:
        return None
    if rule.payers and note.payer_type not in rule.payers:
        return None
    if rule.patient_status and status != rule.patient_status:
        return None
    age = age_on(note)
    if age is not None and age >= rule.under:
        return None
    if rule.note_type and not rule.note_type.search(note.note_type or ""):
        return None
    if rule.specialty and not rule.specialty.search(note.specialty or ""):
        return None
    spans = []
    for pattern, where in ((rule.head, head), (rule.text, document.text)):
        if pattern is None:
            continue
        match = pattern.search(where)
        if match is None:
            return None
        spans.append(match.span())
    return tuple(spans)

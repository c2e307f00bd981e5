"""Aftercare after an operation (Z47, Z48.8), where visit and operation stand apart.

"Routine postop check" in the assessment, the operation in the history: the visit's words
say that it is aftercare, the operation says of which body system (guideline I.C.21.c.7).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.schemas import Assertion, Setting
from models.coding.circumstances.reading import Reading, sentence_at
from models.coding.circumstances.tables import OPERATION
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

_VISIT = re.compile(
    r"\bpost[- ]?op(?:erative)?(?:ly)? (?:check|visit|follow|f/u|exam|appointment|recheck|wound|"
    r"day|course|wk|week|#)|\b(?:first|routine|second|\d+[- ]?(?:week|wk|day|month)) post[- ]?op|"
    r"\bPOD ?#?\d+\b|\bsurgical (?:follow[- ]?up|aftercare|check)\b|"
    r"\b(?:\d+|one|two|three|four|six|eight|ten|twelve) (?:days?|wks?|weeks?|months?) "
    r"(?:out|after surgery|s/p|status post|post[- ]?op|from surgery)\b",
    re.I,
)
_NOT_TODAY = re.compile(r"\bin \d|\breturn|\bschedul|\bwill\b|\bplan", re.I)
_REACH = 40  # characters before the visit's words in which it may be put off
_ELSEWHERE = frozenset({"family", "allergies", "instructions"})


def aftercare_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """(code, place of the operation) for a visit after an operation that the note names."""
    if reading.note.setting is Setting.INPATIENT or not reading.hits[OPERATION]:
        return
    text = reading.document.text
    visits = {
        sentence_at(reading.document, m.start())
        for m in _VISIT.finditer(text)
        if not _NOT_TODAY.search(text[max(0, m.start() - _REACH) : m.start()])
    }
    if not visits:
        return
    for hit in reading.hits[OPERATION]:
        said = reading.said(hit)
        if said in (Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL):
            continue
        if reading.kind(hit.sentence) in _ELSEWHERE:
            continue
        near = any(abs(hit.sentence - v) <= 1 for v in visits)
        role = CHOSEN if near else ALTERNATIVE
        yield hit.rule.code, reading.place(hit, Assertion.PRESENT, role=role)

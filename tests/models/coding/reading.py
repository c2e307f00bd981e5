"""Small readers that the tests of the coding stages share."""

from __future__ import annotations

from datetime import date

from hypothesis import strategies as st

from data.schemas import Assertion, Note
from models.coding.assertion import SentenceScopes
from models.coding.document import Document, read_document

COVERED = date(2026, 5, 4)
"""A date of service inside the packaged release."""

_HOSTILE = [
    "\r\n", "\n\n", "\t", "\x00", "\x07", "\x0b", "\x0c", "\x1b[0m", "\x85", "\u2028", "\u200d",
    "\ufeff", "\u0301", "👩‍⚕️", "𝒹", "İ", "ß", "ﬁ", "①", "²", "<script>", "{{7*7}}", "%s", "|",
    "   ", "?", "...", "1.", "2)", "-", "•", "Assessment:", "PLAN", "FH: ", "Family History:\n",
    "ROS - ", "no ", "denies ", "possible ", "mother had ", "chest pain", "type 2 diabetes",
    "CKD stage 3a", "left", "BMI 34.2", "30 weeks pregnant", "NIHSS 7", "metformin", "PE", "MS",
]  # fmt: skip

note_texts = st.one_of(
    st.text(min_size=1, max_size=200),
    st.lists(st.sampled_from(_HOSTILE) | st.text(max_size=8), min_size=1, max_size=40).map("".join),
    st.lists(st.sampled_from(_HOSTILE), min_size=1, max_size=40).map(" ".join),
).filter(lambda text: bool(text.strip()))
"""Any text at all, and texts made of what notes and attacks are made of."""


def note(text: str, **fields: object) -> Note:
    """A note of an ordinary visit under the packaged release."""
    return Note.model_validate({"id": "n", "text": text, "date_of_service": COVERED, **fields})


def document(text: str, **fields: object) -> Document:
    return read_document(note(text, **fields))


def reading_of(marked: str, header: str = "") -> Assertion:
    """What the note says of the words in square brackets."""
    start = len(header) + marked.index("[")
    end = len(header) + marked.index("]") - 1
    doc = document(header + marked.replace("[", "").replace("]", ""))
    inside = [i for i, t in enumerate(doc.tokens) if start <= t.start and t.end <= end]
    sentence = next(s for s in doc.sentences if s.first <= inside[0] < s.last)
    return SentenceScopes(doc, sentence).assertion(inside[0], inside[-1] + 1)

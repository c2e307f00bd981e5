"""The layout of a review: what is listed, what is marked, what comes first."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from data.schemas import CodingResult, Note
from serving.coding.schemas import NoteStatus, NoteView, StoredDecision
from serving.coding.state import derive
from serving.web.rendering import money, percent, verbatim
from serving.web.tables import keys_of, table
from serving.web.views import Review, age_on, review_of

TEXT = "HTN, T2DM. No gout. Mother had stroke."


def _suggestion(code: str, words: str | None, **more: Any) -> dict[str, Any]:
    found = TEXT.index(words) if words else 0
    span = {"start": found, "end": found + len(words or ""), "text": words}
    base = {
        "system": "ICD-10-CM",
        "code": code,
        "description": f"about {code}",
        "confidence": 0.5,
        "selected": True,
        "auto_accept": False,
        "evidence": [span] if words else [],
    }
    return base | more


def _review(*decisions: tuple[str, str], **result: Any) -> Review:
    raw = {
        "id": "n",
        "bundle": "one",
        "release": "r",
        "suggestions": [
            _suggestion("E11.9", "T2DM", sequence=2),
            _suggestion("I10", "HTN", sequence=1),
            _suggestion("M10.9", None, selected=False),
            _suggestion("99213", None, system="CPT"),
        ],
        "suppressed": [
            {
                "system": "ICD-10-CM",
                "code": "M10.00",
                "reason": "negated",
                "assertion": "negated",
                "evidence": [_suggestion("M10.00", "gout")["evidence"][0]],
            },
            {"system": "ICD-10-CM", "code": "R03.0", "reason": "integral to I10"},
        ],
    } | result
    coded = CodingResult.model_validate(raw)
    at = datetime(2026, 5, 1, tzinfo=UTC)
    stored = [
        StoredDecision.model_validate(
            {"note_id": "n", "decision": decision, "system": "ICD-10-CM", "code": code}
            | {"decision_id": number}
        )
        for number, (decision, code) in enumerate(decisions, start=1)
    ]
    view = NoteView(
        note=Note(id="n", text=TEXT),
        status=NoteStatus.NEW,
        created_at=at,
        result=coded,
        result_at=at,
        decisions=stored,
        state=derive(coded, stored),
    )
    return review_of(view, served="two")


def _codes(review: Review) -> list[list[str]]:
    return [[row.state.code for row in group.listed] for group in review.groups]


def test_diagnoses_stand_in_their_sequence_and_procedures_apart() -> None:
    review = _review()
    assert _codes(review) == [["I10", "E11.9"], ["99213"]]
    assert [row.state.code for row in review.groups[0].considered] == ["M10.9"]
    assert [row.first_listed for row in review.groups[0].listed] == [True, False]


def test_the_next_standing_diagnosis_is_first_listed_when_the_first_is_rejected() -> None:
    review = _review(("reject", "I10"))
    assert _codes(review)[0] == ["I10", "E11.9"]  # nothing jumps under the reader's eyes
    assert [row.first_listed for row in review.groups[0].listed] == [False, True]


def test_an_accepted_alternative_and_an_added_code_join_the_list() -> None:
    review = _review(("accept", "M10.9"), ("add", "I63.9"))
    assert _codes(review)[0] == ["I10", "E11.9", "M10.9", "I63.9"]
    assert _codes(_review(("reject", "M10.9")))[0] == ["I10", "E11.9"]


def test_an_undone_decision_is_not_shown_as_the_last_one() -> None:
    row = _review(("accept", "I10"), ("undo", "I10")).groups[0].listed[0]
    assert row.decision is None


def test_marks_say_what_they_are() -> None:
    marked = {piece.text: piece for piece in _review().text() if piece.owners}
    assert marked["HTN"].kinds == ("evidence",)
    assert marked["HTN"].owners == ("icd10cm-I10",)
    assert marked["gout"].kinds == ("negated",)
    assert marked["gout"].owners == ("dropped-0",)


def test_another_bundle_being_served_is_said() -> None:
    assert _review().outdated_by == "two"
    assert _review(bundle="two").outdated_by is None


@pytest.mark.parametrize(
    ("value", "words"),
    [(0.0, "0%"), (0.001, "<1%"), (0.934, "93%"), (0.997, ">99%"), (1.0, "100%")],
)
def test_a_probability_is_never_rounded_to_certainty(value: float, words: str) -> None:
    assert percent(value) == words


def test_amounts_and_ages() -> None:
    assert money(1234.5) == "$1,234.50"
    assert age_on(date(1961, 11, 3), date(2026, 5, 12)) == 64
    assert age_on(date(2000, 5, 12), date(2026, 5, 12)) == 26
    assert age_on(None, date(2026, 5, 12)) is None


def test_verbatim_text_is_escaped_once() -> None:
    assert verbatim("<b>\r\n&") == "&lt;b&gt;&#13;\n&amp;"


def test_every_key_of_a_page_is_there_once_and_reasons_have_one_key_each() -> None:
    for page in ("notes", "note", "claims", "claim"):
        keys = [key for row in keys_of(page) for key in row["keys"]]
        assert keys
        assert len(set(keys)) == len(keys)
    reasons = [row["key"] for row in table("reject_reasons")]
    assert len(set(reasons)) == len(reasons)
    assert "x" not in reasons  # rejects without a reason

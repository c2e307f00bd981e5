"""The worksheet of a visit's level: in an auditor's words, tied to the note's."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from data.schemas import CodingResult, Note
from models.procedures.tables import rows
from serving.coding.schemas import NoteStatus, NoteView, StoredDecision
from serving.coding.state import derive
from serving.web.rendering import environment
from serving.web.tables import table
from serving.web.views import Review, review_of
from serving.web.worksheet import SheetColumn, Worksheet
from serving.web.worksheet_words import missing_words, rule_words, unlevelled_words

TEXT = (
    "HTN at goal. T2DM <worse>. CBC ordered. Start insulin; increase lisinopril. Total time 24 min."
)


def _at(words: str) -> dict[str, int]:
    start = TEXT.index(words)
    return {"start": start, "end": start + len(words)}


def _item(kind: str, label: str, words: str | None) -> dict[str, Any]:
    return {"kind": kind, "label": label, **(_at(words) if words else {})}


def _element(level: int, name: str, counted: str, *items: dict[str, Any]) -> dict[str, Any]:
    return {"level": level, "name": name, "counted": counted, "items": list(items)}


EM: dict[str, Any] = {
    "family": "em_office",
    "method": "decision making",
    "code": "99214",
    "level": 4,
    "name": "moderate",
    "problems": _element(
        4,
        "moderate",
        "moderate",
        _item("chronic_stable", "I10", "HTN"),
        _item("chronic_worse", "E11.65", "T2DM"),
    ),
    "data": _element(3, "low", "straightforward", _item("tests", "cbc ordered", "CBC")),
    "risk": _element(
        4,
        "moderate",
        "moderate",
        _item("risk", "follow-up or referral of low risk", None),
        _item("risk", "prescription drug management", "Start insulin"),
        _item("risk", "prescription drug management", "increase lisinopril"),
        _item("drug", "insulin", "insulin"),
        _item("drug", "lisinopril", "lisinopril"),
    ),
    "decision_level": 4,
    "decision_code": "99214",
    "time": {"minutes": 24, **_at("Total time 24 min")},
    "time_level": 3,
    "time_code": "99213",
    "runner_up": {"code": "99213", "missing": []},
    "second": False,
}


def _review(em: dict[str, Any] | None, *decisions: tuple[str, str]) -> Review:
    def suggestion(system: str, code: str, words: str | None) -> dict[str, Any]:
        span = [{**_at(words), "text": words}] if words else []
        return {
            "system": system, "code": code, "description": code, "confidence": 0.9,
            "selected": True, "auto_accept": False, "evidence": span,
        }  # fmt: skip

    coded = CodingResult.model_validate(
        {
            "id": "n",
            "bundle": "one",
            "release": "r",
            "em": em,
            "suggestions": [
                suggestion("ICD-10-CM", "E11.65", "T2DM <worse>"),
                suggestion("ICD-10-CM", "I10", "HTN"),
                suggestion("CPT", "99214", None),
            ],
        }
    )
    stored = [
        StoredDecision.model_validate(
            {"note_id": "n", "decision": decision, "system": "ICD-10-CM", "code": code}
            | {"decision_id": number}
        )
        for number, (decision, code) in enumerate(decisions, start=1)
    ]
    at = datetime(2026, 5, 1, tzinfo=UTC)
    return review_of(
        NoteView(
            note=Note(id="n", text=TEXT),
            status=NoteStatus.NEW,
            created_at=at,
            result=coded,
            result_at=at,
            decisions=stored,
            state=derive(coded, stored),
        )
    )


def _sheet(em: dict[str, Any], *decisions: tuple[str, str]) -> Worksheet:
    sheet = _review(em, *decisions).worksheet
    assert sheet is not None
    return sheet


def _columns(em: dict[str, Any]) -> dict[str, SheetColumn]:
    return {column.name: column for column in _sheet(em).columns}


def test_lines_are_in_plain_words_the_heaviest_first() -> None:
    columns = _columns(EM)
    assert list(columns) == ["problems", "data", "risk", "time"]
    assert [(line.words, line.code) for line in columns["problems"].full] == [
        ("chronic illness, worse", "E11.65"),
        ("chronic illness, stable", "I10"),
    ]
    assert [line.words for line in columns["data"].full] == ["unique test: CBC, ordered"]
    assert [line.words for line in columns["risk"].full] == [
        "prescription drug management",
        "follow-up or referral",
    ]
    assert [line.quotes for line in columns["risk"].short] == [("insulin",), ("lisinopril",)]
    assert columns["time"].full[0].words == "24 minutes on the day"
    assert [column.level for column in columns.values()] == [
        "moderate", "limited", "moderate", "low"
    ]  # fmt: skip


def test_cues_of_one_kind_are_one_line_with_all_their_words() -> None:
    line = _columns(EM)["risk"].full[0]
    assert line.quotes == ("Start insulin", "increase lisinopril")


def test_a_problem_quotes_its_diagnosis_whole() -> None:
    assert _columns(EM)["problems"].full[0].quotes == ("T2DM <worse>",)


def test_the_elements_that_carry_the_level_and_what_was_counted_otherwise() -> None:
    columns = _columns(EM)
    assert [name for name, column in columns.items() if column.carries] == ["problems", "risk"]
    assert {name: column.counted for name, column in columns.items() if column.counted} == {
        "data": "minimal or none"
    }
    assert any("lines alone" in note for note in _sheet(EM).notes)
    by_time = _columns(EM | {"method": "time"})
    assert [name for name, column in by_time.items() if column.carries] == ["time"]


def test_every_quoted_line_owns_marks_on_its_words() -> None:
    review = _review(EM)
    owned: dict[str, str] = {}
    for piece in review.text():
        for owner in piece.owners:
            owned[owner] = owned.get(owner, "") + piece.text
    assert review.worksheet is not None
    for line in review.worksheet.lines():
        assert owned.get(line.anchor, "") == "".join(line.quotes)


def test_a_diagnosis_that_was_rejected_is_marked_in_its_line() -> None:
    line = _sheet(EM, ("reject", "I10")).columns[0].full[1]
    assert (line.code, line.standing) == ("I10", "rejected")


def test_codes_lead_to_their_rows_where_they_have_one() -> None:
    sheet = _sheet(EM)
    assert (sheet.code.code, sheet.code.anchor) == ("99214", "cpt-99214")
    assert sheet.runner_up is not None
    assert (sheet.runner_up.code, sheet.runner_up.anchor) == ("99213", "")


OFTEN = {"decision_level": 4, "method": "decision making", "code": "99214"}


def _levels(problems: int, data: int, risk: int) -> dict[str, Any]:
    return {"problems": {"level": problems}, "data": {"level": data}, "risk": {"level": risk}}


@pytest.mark.parametrize(
    ("em", "said"),
    [
        (OFTEN | _levels(4, 3, 5), "Two of three reach moderate: problems and risk."),
        (OFTEN | _levels(4, 4, 5), "All three reach moderate."),
        (
            OFTEN
            | _levels(4, 3, 5)
            | {"time": {"minutes": 24}, "time_level": 3, "time_code": "99213"},
            "Two of three reach moderate: problems and risk. "
            "Time, 24 minutes, would give 99213: the higher counts.",
        ),
        (
            OFTEN | _levels(4, 4, 4) | {"time": {"minutes": 32}, "time_level": 4},
            "All three reach moderate. Time, 32 minutes, reaches the same.",
        ),
        (
            OFTEN
            | {"method": "time", "code": "99215", "time": {"minutes": 42}, "time_level": 5}
            | {"time_code": "99215", "decision_code": "99214"},
            "Time, 42 minutes, reaches 99215; decision making would give 99214: the higher counts.",
        ),
    ],
)
def test_the_rule_that_made_the_level(em: dict[str, Any], said: str) -> None:
    assert rule_words(em) == said


@pytest.mark.parametrize(
    ("levels", "missing", "said"),
    [
        ((4, 4, 4), ["problems: high", "data: high", "risk: high"],
         "missing: two of problems high, data extensive and risk high"),
        ((5, 4, 4), ["data: high", "risk: high"], "missing: data extensive or risk high"),
        ((4, 3, 4), [], "right if problems or risk fell short of moderate"),
        ((4, 4, 4), [], "right if two of the three fell short of moderate"),
    ],
)  # fmt: skip
def test_what_the_runner_up_lacks(
    levels: tuple[int, int, int], missing: list[str], said: str
) -> None:
    runner = {"runner_up": {"code": "99215", "missing": missing}}
    assert missing_words(OFTEN | _levels(*levels) | runner) == said


def test_visits_without_a_level_say_how_they_are_coded() -> None:
    preventive = _sheet({"family": "em_preventive", "method": "not levelled", "code": "99397"})
    assert preventive.columns == ()
    assert "no level" in preventive.rule
    discharge = {
        "family": "em_hospital",
        "method": "time",
        "code": "99239",
        "time": {"minutes": 24, **_at("Total time 24 min")},
        "notes": [],
    }
    sheet = _sheet(discharge)
    assert [column.name for column in sheet.columns] == ["time"]
    assert "time alone" in sheet.rule
    untimed = _sheet(discharge | {"time": None, "notes": ["no time is stated"]})
    assert untimed.columns == ()
    assert untimed.notes == ("No time is stated.",)


def test_time_that_does_not_count_says_why() -> None:
    emergency = _columns(EM | {"family": "em_emergency", "time": None, "time_level": None})
    assert "emergency" in emergency["time"].empty
    assert "preventive" in _columns(EM | {"second": True, "time": None})["time"].empty


def test_what_is_not_in_a_result_is_left_out() -> None:
    assert _review(None).worksheet is None
    assert _review({"method": "time"}).worksheet is None
    odd = _element(4, "moderate", "odd", {"kind": "new_kind", "label": "", "start": 5, "end": 9999})
    sheet = _sheet({"code": "99214", "level": 4, "risk": odd})
    (line,) = sheet.columns[0].lines
    assert (line.words, line.quotes) == ("new kind", ())


def test_the_tables_know_every_kind_that_is_counted() -> None:
    known = {(row["element"], row["kind"], row["label"]) for row in table("em_kinds")}
    wanted = {("problems", row["problem"], "") for row in rows("problem_levels")}
    wanted |= {("risk", "risk", row["reason"]) for row in rows("risk_cues")}
    kinds = {(element, kind) for element, kind, _ in known}
    assert not wanted - known
    assert not {("data", row["category"]) for row in rows("data_items")} - kinds
    tests = {row["name"] for row in table("em_tests")}
    assert not {row["test"] for row in rows("test_words")} - tests
    other = unlevelled_words({})
    for row in rows("em_methods"):
        method = {"none": "not levelled", "time": "time"}.get(row["method"])
        if method:
            assert unlevelled_words({"method": method, "family": row["family"]}) != other


def test_words_of_the_note_are_escaped_on_the_page() -> None:
    review = _review(EM)
    page = environment().get_template("_worksheet.html").render(review=review)
    assert 'id="em-problems-0"' in page
    assert "T2DM &lt;worse&gt;" in page
    assert 'href="#cpt-99214"' in page

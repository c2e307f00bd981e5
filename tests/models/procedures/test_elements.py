"""The elements of decision making as the tables count them: problems, data, risk; and time."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.drafting import finder_of
from models.procedures.elements import Element, total_minutes
from models.procedures.mentions import Layout
from models.procedures.problems import problems
from models.procedures.reviewed import data, find_tests
from models.procedures.risk import risk
from models.procedures.types import Judged, Status

Write = Callable[..., Document]


def told(element: Element) -> set[tuple[str, str]]:
    return {(item.kind, item.label) for item in element.items}


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("Total time 42 minutes.", 42),
        ("I spent 35 min with her; total time on 6/1: was 50 minutes.", 35),
        ("40 minutes were spent in total", 40),
        ("More than 30 minutes on discharge.", 31),
        ("Time: 20 min. Total visit time 25 min.", 25),
        ("TIME: prep 14, face to face 66, notes 12 = 92 min total, me alone.", 92),
        ("Total time by me incl. chart review and calls = 64 minutes.", 64),
        ("All of my time on this date: 72 minutes.", 72),
        ("I spent about 45 mins today", 45),
        ("Total time today 1 hr 10 min.", 70),
        ("Morning stiffness > 15 min.", None),
        ("Run time 4 minutes.", None),
        ("Total time 300 minutes.", None),
        ("Walks 40 minutes daily.", None),
    ],
)
def test_total_minutes(text: str, minutes: int | None) -> None:
    found = total_minutes(text)
    assert (found[0] if found else None) == minutes
    if found:
        shown = {31: "30", 70: "1 hr 10"}.get(found[0], str(found[0]))
        assert shown in text[slice(*found[1])]


@pytest.mark.parametrize(
    ("text", "codes", "level", "kinds"),
    [
        ("A/P: HTN.", ["I10"], 3, {"chronic_stable"}),
        ("A/P: HTN, uncontrolled.", ["I10"], 4, {"chronic_worse"}),
        ("A/P: HTN. DM.", ["I10", "E11.9"], 4, {"chronic_stable"}),
        ("A/P: DM with CKD.", ["E11.9", "E11.22"], 3, {"chronic_stable"}),  # one category
        ("A/P: cold.", ["J06.9"], 3, {"acute_simple"}),
        ("A/P: on insulin.", ["Z79.4"], 2, set()),
        ("A/P: nothing.", [], 2, set()),
    ],
)
def test_problems(write: Write, text: str, codes: list[str], level: int, kinds: set[str]) -> None:
    document = write(text)
    found = problems(document, Layout(document), [(code, [5]) for code in codes])
    assert found.level == level
    assert {item.kind for item in found.items} == kinds
    for item in found.items:
        assert item.span is not None
        assert item.span[0] == 5


def test_words_of_one_problem_do_not_worsen_the_next(write: Write) -> None:
    text = "A/P:\n1. HTN at goal, continue.\n2. Asthma worsening.\n"
    document = write(text)
    diagnoses = [("I10", [text.index("HTN")]), ("J45.909", [text.index("Asthma")])]
    found = problems(document, Layout(document), diagnoses)
    assert told(found) == {("chronic_stable", "I10"), ("chronic_worse", "J45.909")}


def test_the_graver_of_one_category_stays(write: Write) -> None:
    text = "A/P:\n1. DM at goal.\n2. Diabetic nephropathy progressing.\n"
    document = write(text)
    diagnoses = [("E11.9", [text.index("DM")]), ("E11.21", [text.index("Diabetic")])]
    for order in (diagnoses, diagnoses[::-1]):
        found = problems(document, Layout(document), order)
        assert told(found) == {("chronic_worse", "E11.21")}
        assert found.level == 4


def counted(
    document: Document, codes: ProcedureCodes, status: Status = Status.ORDERED,
    billed: tuple[tuple[int, int], ...] = (),
) -> Element:  # fmt: skip
    layout = Layout(document)
    tests = find_tests(layout, finder_of(codes).find(document, layout))
    return data(document, layout, billed, [(t.name, Judged(t.mention, status, 0.1)) for t in tests])


def test_unique_tests_count_once(codes: ProcedureCodes, write: Write) -> None:
    document = write("Plan: CBC, lipids and LDL, repeat CBC.")
    found = counted(document, codes)
    assert sorted(label for _, label in told(found)) == ["cbc ordered", "lipid ordered"]
    assert found.level == 3
    for item in found.items:
        assert item.span is not None
        assert document.text[slice(*item.span)].lower() in {"cbc", "lipids", "ldl"}


@pytest.mark.parametrize("status", [Status.PLANNED, Status.REFUSED])
def test_what_is_only_spoken_of_does_not_count(
    codes: ProcedureCodes, write: Write, status: Status
) -> None:
    assert counted(write("Plan: CBC, lipids, TSH."), codes, status) == Element(2, ())


def test_tests_of_the_past_and_of_billed_services_do_not_count(
    codes: ProcedureCodes, write: Write
) -> None:
    assert counted(write("PMH: CBC 2019 low, lipids high."), codes).items == ()
    text = "Objective: ECG sinus."
    at = text.index("ECG")
    assert len(counted(write(text), codes).items) == 1
    assert counted(write(text), codes, billed=((at, at + 3),)).items == ()


def test_an_interpretation_beside_a_billed_service_is_that_services_own(
    codes: ProcedureCodes, write: Write
) -> None:
    text = "Chest film: my read: clear."
    assert ("interpretation", "independent interpretation") in told(counted(write(text), codes))
    assert counted(write(text), codes).level >= 4
    near = counted(write(text), codes, billed=((0, 10),))
    assert "interpretation" not in {kind for kind, _ in told(near)}


def test_documents_and_historian(codes: ProcedureCodes, write: Write) -> None:
    found = counted(
        write("Outside records reviewed. Old records too. Per wife he is worse."), codes
    )
    kinds = [item.kind for item in found.items]
    assert sorted(kinds) == ["document", "historian"]  # each once
    assert found.level == 3


def reasons(document: Document, skip: tuple[tuple[int, int], ...] = ()) -> tuple[int, set[str]]:
    found = risk(document, Layout(document), skip)
    for item in found.items:
        assert item.span is not None
        assert 0 <= item.span[0] < item.span[1] <= len(document.text)
    return found.level, {item.label for item in found.items}


def test_risk_of_what_was_decided(write: Write) -> None:
    assert reasons(write("A/P: wart.")) == (2, set())
    assert reasons(write("A/P: sprain. ibuprofen, brace."))[0] == 3
    level, labels = reasons(write("A/P: HTN, start lisinopril 10 mg."))
    assert level == 4
    assert {"prescription drug management", "lisinopril"} <= labels


def test_a_drug_only_listed_is_not_managed(write: Write) -> None:
    level, labels = reasons(write("MEDICATIONS: lisinopril 10 mg daily\nA/P: wart."))
    assert (level, labels) == (2, set())


def test_a_dictation_without_headers_decides_in_its_story(write: Write) -> None:
    assert reasons(write("She is well. Start lisinopril 10 mg daily."))[0] == 4
    level, _ = reasons(write("HPI: start lisinopril 10 mg daily.\nA/P: wart."))
    assert level == 2


def test_a_drug_billed_as_a_procedure_is_no_decision(write: Write) -> None:
    text = "A/P: continue lisinopril 10 mg."
    at = text.index("lisinopril")
    assert reasons(write(text))[0] == 4
    assert reasons(write(text), ((at, at + 10),)) == (2, set())


def test_close_watch_needs_the_drug_and_what_is_watched(write: Write) -> None:
    watch = "drug needing close watch for toxicity"
    level, labels = reasons(write("A/P: RA, continue methotrexate, check CBC and LFTs monthly."))
    assert (level, watch in labels) == (5, True)
    assert watch not in reasons(write("A/P: RA, continue methotrexate 15 mg."))[1]
    assert watch not in reasons(write("A/P: HTN, continue lisinopril, monitor LFTs."))[1]

"""Whether a service was done: the words around it as features, and the learned reading."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.hashing import HashedModel, hash_word
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.statuses import (
    UNNAMED,
    judge,
    mentions_at,
    own_studies,
    scored_mentions,
)
from models.procedures.surroundings import Surroundings
from models.procedures.types import Mention, Status
from models.procedures.visits import read_visit
from tests.models.procedures.shipped import shipped_model

Write = Callable[..., Document]
READING = {"note_type": "radiology report", "place_of_service": "22"}
STATUSES = tuple(status.value for status in Status)


def found(document: Document, codes: ProcedureCodes) -> tuple[Layout, list[Mention]]:
    layout = Layout(document)
    return layout, finder_of(codes).find(document, layout)


def features(document: Document, codes: ProcedureCodes) -> list[list[str]]:
    layout, mentions = found(document, codes)
    visit = read_visit(document)
    around = Surroundings(document, layout, visit)
    scored = scored_mentions(document, layout, visit, mentions)
    return [around.of(m, s) for m, s in zip(mentions, scored, strict=True)]


def test_features_tell_words_section_and_cues(codes: ProcedureCodes, write: Write) -> None:
    (row,) = features(write("Plan: will repeat ECG in 3 months."), codes)
    told = set(row)
    assert {"concept ecg", "section plan", "inside ecg", "header plan"} <= told
    assert {"before1 repeat", "before2 will", "near repeat", "before will repeat"} <= told
    assert {"behind1 in", "behind2 number", "plan before1 repeat"} <= told
    assert {"kind visit", "setting outpatient", "pays commercial", "place 11"} <= told
    assert {"line opens will", "line opens repeat"} <= told
    assert "opens" not in told
    assert any(word.startswith("rule by ") for word in row)


def test_words_beyond_the_sentence_are_not_read(codes: ProcedureCodes, write: Write) -> None:
    (row,) = features(
        write("Plan: flu shot, slowly administered. Patient declined smoking advice."), codes
    )
    assert any(word.startswith("near slow") for word in row)
    assert not [word for word in row if "declin" in word or "smok" in word]
    (row,) = features(write("Plan: flu shot declined, and a b c d e f g farewell."), codes)
    assert any(word.startswith("near ") and "declin" in word for word in row)
    assert "near farewell" not in row


def test_a_report_s_head_names_its_own_studies(codes: ProcedureCodes, write: Write) -> None:
    text = (
        "XR CHEST 2 VIEWS\nHospital imaging, read on the day it was made.\n\n"
        "INDICATION: cough\nCOMPARISON: CT chest 2024\nFINDINGS: clear.\n"
        "IMPRESSION: CT chest is advised."
    )
    document = write(text, **READING)
    layout, mentions = found(document, codes)
    own = own_studies(document, layout, mentions)
    assert {text[m.start : m.end] for m in mentions if m.start in own} == {"XR", "CHEST 2 VIEWS"}
    visit = read_visit(document)
    for mention, scored in zip(
        mentions, scored_mentions(document, layout, visit, mentions), strict=True
    ):
        mark = "performed" if mention.start in own else "historical"
        assert scored.cues[-1] == f"report:{mark}"
    office = write(text)
    marks = scored_mentions(office, layout, read_visit(office), mentions)
    assert not any("report:" in cue for scored in marks for cue in scored.cues)


def test_without_a_head_the_technique_or_the_first_is_its_own(
    codes: ProcedureCodes, write: Write
) -> None:
    document = write("No study here", **READING)
    far = "x " * 200
    layout, mentions = found(write(f"{far}\nCT chest. CXR."), codes)
    assert own_studies(layout.document, layout, mentions) == {mentions[0].start}
    assert own_studies(document, Layout(document), []) == set()


@pytest.mark.parametrize("status", list(Status))
def test_the_likeliest_status_is_taken_with_the_chance_that_it_was_done(
    codes: ProcedureCodes, write: Write, status: Status
) -> None:
    document = write("Plan: ECG today.")
    layout, mentions = found(document, codes)
    weights = np.zeros((len(STATUSES), 1024), np.float32)
    weights[STATUSES.index(status.value), hash_word("concept ecg") % 1024] = 3.0
    model = HashedModel(STATUSES, weights, np.zeros(len(STATUSES)))
    (judged,) = judge(document, layout, read_visit(document), mentions, model)
    likely, rest = np.exp(3) / (np.exp(3) + 5), 1 / (np.exp(3) + 5)
    assert judged.status is status
    assert judged.chance == pytest.approx(likely if status is Status.PERFORMED else rest)
    assert judged.mention is mentions[0]
    assert "concept ecg" in judged.features


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("Plan: flu shot declined.", Status.REFUSED),
        ("Plan: flu shot given in left deltoid.", Status.PERFORMED),
        ("PSH: lap chole 2010", Status.HISTORICAL),
        ("Procedure: left knee injection with 40 mg triamcinolone done today.", Status.PERFORMED),
    ],
)
def test_the_shipped_reading(
    codes: ProcedureCodes, write: Write, text: str, status: Status
) -> None:
    document = write(text)
    layout, mentions = found(document, codes)
    judged = judge(document, layout, read_visit(document), mentions, shipped_model().status)
    assert judged[0].status is status
    assert (judged[0].chance > 0.5) is (status is Status.PERFORMED)


def test_gold_spans_take_the_service_that_covers_most_of_them(
    codes: ProcedureCodes, write: Write
) -> None:
    text = "Plan: flu shot given, then the tea ceremony, ECG."
    document = write(text)
    layout = Layout(document)
    words = ("shot given", "tea ceremony", "ECG")
    spans = [(text.index(w), text.index(w) + len(w)) for w in words]
    got = mentions_at(document, layout, finder_of(codes), spans)
    assert [(m.start, m.end) for m in got] == spans
    assert [m.concept.name for m in got] == ["vaccine:influenza", "", "ecg"]
    assert got[1].concept is UNNAMED

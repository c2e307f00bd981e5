"""What speaks for a line: its chance in steps, its kin, the encounter; and a visit's."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.em import LevelledVisit
from models.procedures.encounters import encounter_features
from models.procedures.lines import STEPS, LineFeatures, VisitFeatures, steps
from models.procedures.types import Judged, Line, Mention, Status
from models.procedures.visits import read_visit

Write = Callable[..., Document]


def line(codes: ProcedureCodes, code: str, *chances: float) -> Line:
    entry = codes.find(code)
    assert entry is not None
    concept = codes.concepts[entry.concept]
    judged = tuple(
        Judged(Mention(concept, i, i + 1), Status.PERFORMED, chance, (), (f"near word{i}",))
        for i, chance in enumerate(chances)
    )
    return Line(entry, concept, ((0, 1),), 1, {"side": "left", "age": 50.0}, ("25: why",), judged)


@given(low=st.floats(0, 1), high=st.floats(0, 1))
def test_a_higher_chance_passes_the_same_steps_and_more(low: float, high: float) -> None:
    low, high = sorted((low, high))
    assert set(steps("chance", low)) <= set(steps("chance", high))
    assert len(steps("chance", high)) == sum(high > step for step in STEPS)


@pytest.mark.parametrize(("born", "grown"), [("2010-01-01", False), ("1980-01-01", True)])
def test_encounter_features(write: Write, born: str, grown: bool) -> None:
    document = write("Visit.", birth_date=born, specialty="cardiology")
    told = encounter_features(document.note, read_visit(document))
    assert {"kind visit", "setting outpatient", "place 11", "by cardiology"} <= set(told)
    assert {"claim professional", "pays commercial", f"grown {grown}"} <= set(told)
    unknown = write("Visit.", birth_date=None)
    assert "grown True" in encounter_features(unknown.note, read_visit(unknown))


def test_a_line_tells_its_code_chance_and_kin(codes: ProcedureCodes, write: Write) -> None:
    document = write("Visit.")
    knee = line(codes, "20610", 0.9, 0.2)
    ecg, likelier = line(codes, "93000", 0.3), line(codes, "93005", 0.97)
    assert ecg.concept.family == likelier.concept.family
    features = LineFeatures(document.note, read_visit(document), [knee, ecg, likelier])
    told = set(features.of(knee))
    assert {"service", "code 20610", f"concept {knee.concept.name}", "chance>0.8"} <= told
    assert {"told 2", "done 1", "side left", "noted 25", "kin 1", "at near word0"} <= told
    assert {f"among {ecg.concept.family}", f"{knee.concept.family} chance>0.8"} <= told
    assert not {"chance>0.9", "age 50.0", "at near word1", "kin likelier"} & told
    assert "one of several" not in told
    told = set(features.of(ecg))
    assert {"kin likelier", "one of several", "done 0", "kin 1"} <= told
    assert "kin likelier" not in features.of(likelier)


def test_a_line_nothing_was_read_of_has_no_chance(codes: ProcedureCodes, write: Write) -> None:
    document = write("Visit.")
    bare = line(codes, "20610")
    told = LineFeatures(document.note, read_visit(document), [bare]).of(bare)
    assert {"told 0", "done 0", "kin 0"} <= set(told)
    assert not [word for word in told if word.startswith(("at ", "chance>"))]


def test_a_visit_tells_its_level_its_diagnoses_and_what_stands_beside(
    codes: ProcedureCodes, write: Write
) -> None:
    document = write("Visit.")
    entry, runner = codes.find("99213"), codes.find("99214")
    assert entry is not None
    assert runner is not None
    sheet: dict[str, object] = {"method": "time"}
    levelled = LevelledVisit(entry, runner, (), sheet, 0.7, 0.3, False, ("risk reaches 4", "x"))
    features = VisitFeatures(
        document.note, read_visit(document), [line(codes, "20610", 0.9)],
        [("M17.11", [0]), ("I10", [3])],
    )  # fmt: skip
    told = set(features.of(levelled, entry, 0.7))
    assert {"visit", "code 99213", "level>0.6", "em_office level>0.6", "by time"} <= told
    assert {"visit for M17", "visit for I10", "visit first M17", "visit beside 1"} <= told
    assert {"visit beside joint_injection", "visit kind visit"} <= told
    assert not {"runner-up", "second visit", "level>0.7"} & told
    other = features.of(levelled, runner, 0.3)
    assert {"runner-up", "code 99214", "level>0.2"} <= set(other)
    assert "level>0.3" not in other
    second = LevelledVisit(entry, None, (), sheet, 0.7, 0, True, ("risk reaches 4", "x"))
    told = set(features.of(second, entry, 0.7))
    assert {"second visit", "second risk reaches 4"} <= told
    assert "second x" not in told

"""Levels of the elements weighed, and the level of decision making that follows by the rules."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.hashing import HashedModel
from models.procedures.elements import Element, Item
from models.procedures.em import LevelledVisit, _by_code
from models.procedures.leveler import HIGHEST, LOWEST, decision_level, time_level
from models.procedures.model import LEVELS as NAMES
from models.procedures.tables import rows
from models.procedures.visits import read_visit
from models.procedures.weighing import LEVELS, Weighed, element_features, weigh
from tests.models.procedures.conftest import DAY

ORDER = tuple(range(LOWEST, HIGHEST + 1))
LEVELLED = tuple(r["concept"] for r in rows("em_methods") if r["method"] in ("mdm", "either"))
FAMILIES = st.sampled_from(LEVELLED)
METHODS = {row["concept"]: row["method"] for row in rows("em_methods")}

Write = Callable[..., Document]


@st.composite
def chances(draw: st.DrawFn) -> NDArray[np.float64]:
    raw = draw(st.lists(st.floats(0, 1), min_size=LEVELS, max_size=LEVELS))
    found = np.array(raw) + (1e-9 if sum(raw) == 0 else 0.0)
    return np.asarray(found / found.sum())


WEIGHED = st.builds(Weighed, chances(), chances(), chances())
LEVEL = st.integers(LOWEST, HIGHEST)


def certain(*levels: int) -> Weighed:
    return Weighed(*(np.eye(LEVELS)[level - LOWEST] for level in levels))


@given(weighed=WEIGHED)
def test_decisions_are_probabilities(weighed: Weighed) -> None:
    found = weighed.decision()
    assert found.shape == (LEVELS,)
    assert (found >= 0).all()
    assert found.sum() == pytest.approx(1)


@given(weighed=WEIGHED, decision=LEVEL)
def test_levels_shown_give_the_decision_by_the_table(weighed: Weighed, decision: int) -> None:
    found = weighed.levels(decision)
    assert decision_level(*found) == decision
    of = dict(weighed.combinations())
    assert of[found] == max(p for levels, p in of.items() if decision_level(*levels) == decision)


@given(problems=LEVEL, data=LEVEL, risk=LEVEL)
def test_what_is_certain_stays_as_counted(problems: int, data: int, risk: int) -> None:
    by_table = decision_level(problems, data, risk)
    decision = certain(problems, data, risk).decision()
    assert decision[by_table - LOWEST] == 1
    assert certain(problems, data, risk).levels(by_table) == (problems, data, risk)


@given(weighed=WEIGHED, raised=st.integers(0, 2), share=st.floats(0, 1))
def test_a_likelier_higher_level_never_lowers_the_decision(
    weighed: Weighed, raised: int, share: float
) -> None:
    """Chance moved one level up in an element moves the decision's chances up, never down."""
    each = [weighed.problems, weighed.data, weighed.risk]
    moved = np.zeros(LEVELS)
    moved[:-1] -= each[raised][:-1] * share
    moved[1:] += each[raised][:-1] * share
    each[raised] = each[raised] + moved
    before, after = weighed.decision(), Weighed(*each).decision()
    assert (np.cumsum(after) <= np.cumsum(before) + 1e-9).all()


@given(
    concept=FAMILIES, levels=st.tuples(LEVEL, LEVEL, LEVEL), raised=st.integers(0, 2),
    minutes=st.integers(0, 200), more=st.integers(0, 60),
)  # fmt: skip
def test_in_every_family_more_of_anything_never_lowers_the_code(
    codes: ProcedureCodes, concept: str, levels: tuple[int, int, int], raised: int,
    minutes: int, more: int,
) -> None:  # fmt: skip
    def rank(levels: tuple[int, ...], minutes: int) -> float:
        timed = time_level(concept, minutes) if METHODS[concept] == "either" else None
        decision = certain(*levels).decision()
        by_code = _by_code(codes, concept, DAY, decision, timed or LOWEST)
        (code,) = (c for c, p in by_code.items() if p > 0)
        entry = codes.find(code)
        assert entry is not None
        assert entry.concept == concept
        return next(float(c.value) for c in entry.when if c.slot == "level")

    higher = list(levels)
    higher[raised] = min(HIGHEST, higher[raised] + 1)
    before = rank(levels, minutes)
    assert rank(tuple(higher), minutes) >= before
    assert rank(levels, minutes + more) >= before
    assert rank(tuple(higher), minutes + more) >= before


@pytest.mark.parametrize("concept", LEVELLED)
def test_every_family_reaches_its_highest_code(codes: ProcedureCodes, concept: str) -> None:
    ranks = {
        float(c.value) for e in codes.of_concept(concept, DAY) for c in e.when if c.slot == "level"
    }
    assert max(ranks) == HIGHEST
    for level in ORDER:
        by_code = _by_code(codes, concept, DAY, certain(level, level, level).decision(), LOWEST)
        (code,) = (c for c, p in by_code.items() if p > 0)
        entry = codes.find(code)
        assert entry is not None
        wanted = min(ranks - {0.0, 1.0}, key=lambda rank: (abs(rank - level), rank))
        assert [float(c.value) for c in entry.when if c.slot == "level"] == [wanted]


def elements(level: int) -> dict[str, Element]:
    item = Item("tests", "cbc ordered", None)
    return {
        "problems": Element(level, (Item("chronic_worse", "I10", None),)),
        "data": Element(level, (item, item)),
        "risk": Element(level, ()),
    }


def test_without_models_elements_are_as_counted() -> None:
    weighed = weigh(elements(4), [], {})
    assert weighed.decision()[4 - LOWEST] == 1


def test_a_model_speaks_for_its_own_element_only() -> None:
    weights = np.zeros((LEVELS, 8), np.float32)
    sure = HashedModel(NAMES, weights, np.array([0.0, 0.0, 0.0, 50.0]))
    weighed = weigh(elements(2), ["x"], {"risk": sure})
    assert weighed.risk[3] == pytest.approx(1)
    assert weighed.problems[0] == weighed.data[0] == 1


def test_features_tell_what_was_counted_and_the_diagnoses(write: Write) -> None:
    document = write("A/P: HTN.")
    diagnoses = [("I10", [5]), ("Z79.4", [0]), ("E11.9", [0])]
    found = set(
        element_features(
            document.note, read_visit(document), diagnoses, elements(3), ["joint_injection"]
        )
    )
    assert {"problems counts 3", "data reaches 2", "data reaches 3", "together 3"} <= found
    assert {"data tests>=1", "data tests>=2", "data tests cbc ordered"} <= found
    assert "problems chronic_worse I10" not in found  # the code is a diagnosis already
    assert {"performed joint_injection", "diagnoses>=2", "first I10", "chapter E"} <= found
    assert "diagnosis Z79" in found
    assert not {"data reaches 4", "data tests>=3", "diagnoses>=3", "chapter Z"} & found


def test_a_levelled_visit_is_certain_unless_told_otherwise(codes: ProcedureCodes) -> None:
    entry = codes.find("99213")
    assert entry is not None
    assert LevelledVisit(entry, None, (), {}).chance == 1

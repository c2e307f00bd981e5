"""The CPT and HCPCS starter tables: loading, dates, choice by slots, search, the switch."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import System
from data.terminology.procedure_codes import (
    FOLDERS,
    SWITCH,
    Condition,
    ProcedureCode,
    ProcedureCodes,
    ProcedureTableError,
)

DAY = date(2026, 6, 15)


@pytest.fixture(scope="module")
def codes() -> ProcedureCodes:
    return ProcedureCodes.load()


def _slots(entry: ProcedureCode) -> dict[str, str | float]:
    """Slots under which every condition of an entry holds."""
    slots: dict[str, str | float] = {}
    for condition in entry.when:
        if condition.operator == "=":
            number = condition.value.replace(".", "", 1).isdigit()
            slots[condition.slot] = float(condition.value) if number else condition.value
        elif condition.operator == "!=":
            slots.setdefault(condition.slot, "another")
    for condition in entry.when:
        if condition.operator in (">", ">="):
            slots[condition.slot] = float(condition.value) + (condition.operator == ">") * 0.1
    for condition in entry.when:
        if condition.operator in ("<", "<=") and condition.slot not in slots:
            slots[condition.slot] = float(condition.value) - (condition.operator == "<") * 0.1
    return slots


def test_tables_hold_enough_codes(codes: ProcedureCodes) -> None:
    assert len({e.code for e in codes if e.system is System.CPT}) >= 700
    assert len({e.code for e in codes if e.system is System.HCPCS}) >= 80


def test_every_code_can_be_reached_by_its_own_conditions(codes: ProcedureCodes) -> None:
    unreached = []
    for entry in codes:
        found = codes.pick(entry.concept, _slots(entry), entry.effective_to or DAY)
        if found is None or found.code != entry.code:
            unreached.append((entry.code, found and found.code))
    assert unreached == []


def test_every_description_is_filled_and_once_per_concept(codes: ProcedureCodes) -> None:
    for entry in codes:
        assert len(entry.description) > 3, entry.code
    keys = [(e.concept, e.code, e.when) for e in codes]
    assert len(keys) == len(set(keys))


def test_cpt_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert {e.system for e in ProcedureCodes.load(cpt=False)} == {System.HCPCS}
    monkeypatch.setenv(SWITCH, "off")
    assert {e.system for e in ProcedureCodes.from_environment()} == {System.HCPCS}
    monkeypatch.delenv(SWITCH)
    assert System.CPT in {e.system for e in ProcedureCodes.from_environment()}


def test_cpt_folder_states_the_licence() -> None:
    text = (FOLDERS[System.CPT] / "README.md").read_text(encoding="utf-8")
    assert "American Medical Association" in text
    assert "licence" in text


@pytest.mark.parametrize(
    ("concept", "slots", "code"),
    [
        ("xray:knee", {"views": 3.0}, "73562"),
        ("xray:chest", {}, "71045"),
        ("ct:abdomen_pelvis", {"contrast": "both"}, "74178"),
        ("visit:preventive_established", {"age": 1.0}, "99392"),
        ("laceration:simple", {"region": "scalp_hand", "length": 4.5}, "12002"),
        ("laceration:simple", {"region": "face", "length": 3.0, "layers": "yes"}, "12052"),
        ("joint_injection:major", {"guidance": "ultrasound"}, "20611"),
        ("ureteroscopy", {"technique": "lithotripsy", "stent": "yes"}, "52356"),
    ],
)
def test_slots_pick_the_code(
    codes: ProcedureCodes, concept: str, slots: dict[str, str | float], code: str
) -> None:
    found = codes.pick(concept, slots, DAY)
    assert found is not None
    assert found.code == code


def test_codes_follow_the_date_of_service(codes: ProcedureCodes) -> None:
    withdrawn = codes.lookup(System.CPT, "99441")
    added = codes.lookup("HCPCS", "G2211")
    assert withdrawn is not None
    assert added is not None
    assert withdrawn.valid_on(date(2024, 12, 31))
    assert not withdrawn.valid_on(date(2025, 1, 1))
    assert not withdrawn.valid_on(None)
    assert not added.valid_on(date(2023, 12, 31))
    assert added.valid_on(DAY)
    assert codes.pick("visit:telephone_old", {}, DAY) is None


def test_lookup_of_an_unknown_code_is_none(codes: ProcedureCodes) -> None:
    assert codes.lookup("CPT", "00000") is None


def test_search_finds_by_number_word_and_synonym(codes: ProcedureCodes) -> None:
    assert codes.search("99213")[0].code == "99213"
    assert "73562" in [e.code for e in codes.search("knee x-ray")]
    assert "J3301" in [e.code for e in codes.search("kenalog")]
    assert codes.search("  ") == []
    assert len(codes.search("a", limit=5)) == 5


@pytest.mark.parametrize(
    ("row", "word"),
    [
        ("9921,em,visit,words,,1,,", "not a CPT code"),
        ("99213,em,unknown,words,,1,,", "not in concepts.csv"),
        ("99213,em,visit,words,views~3,,,", "write slot"),
        ("99213,em,visit,words,views<many,,,", "codes.csv:2"),
        ("99213,em,visit,words,,1,2021-13-01,", "no date"),
        ("99213,em,visit,words", "wrong number of columns"),
    ],
)
def test_a_bad_row_is_refused_with_its_line(tmp_path: Path, row: str, word: str) -> None:
    (tmp_path / "area").mkdir()
    (tmp_path / "area" / "concepts.csv").write_text(
        "concept,family,sides,attributes,synonyms\nvisit,em,,,\n", encoding="utf-8"
    )
    header = "code,family,concept,description,when,fallback,effective_from,effective_to\n"
    (tmp_path / "area" / "codes.csv").write_text(header + row + "\n", encoding="utf-8")
    with pytest.raises(ProcedureTableError, match=word):
        ProcedureCodes.read({System.CPT: tmp_path})


@given(
    operator=st.sampled_from(["<", "<=", ">", ">=", "=", "!="]),
    bound=st.integers(0, 99),
    value=st.integers(0, 99),
)
def test_a_condition_is_the_comparison_it_names(operator: str, bound: int, value: int) -> None:
    condition = Condition.parse(f"views{operator}{bound}")
    expected = {
        "<": value < bound,
        "<=": value <= bound,
        ">": value > bound,
        ">=": value >= bound,
        "=": value == bound,
        "!=": value != bound,
    }
    assert condition.holds({"views": float(value)}) is expected[operator]


def test_an_unsaid_slot_is_unknown_except_for_unequal() -> None:
    assert Condition.parse("views>=3").holds({}) is None
    assert Condition.parse("views=3").holds({}) is None
    assert Condition.parse("guidance!=ultrasound").holds({}) is True

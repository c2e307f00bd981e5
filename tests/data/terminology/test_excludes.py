"""Code references in the Tabular List's notes, and the pairs that may not stand together."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.excludes import Excludes1, Reference, references
from data.terminology.icd10cm import Node, Release


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("unstable angina (I20.0)", [("I20.0", "I20.0")]),
        ("major depression (F32.-)", [("F32", "F32")]),
        pytest.param("diabetes mellitus (E08-E13)", [("E08", "E13")]),
        pytest.param("lip (C00.0-C00.2, C60.-)", [("C00.0", "C00.2"), ("C60", "C60")]),
        ("injury (S10.0- - S10.9-)", [("S10.0", "S10.9")]),
        ("sequelae (I69.0-, I69.3-) and others (Z86.73)",
         [("I69.0", "I69.0"), ("I69.3", "I69.3"), ("Z86.73", "Z86.73")]),
        ("neoplasm [C7A.0-]", [("C7A.0", "C7A.0")]),
        ("ICD of the heart, B12 low", []),
        ("see the note (above)", []),
        ("", []),
    ],
)  # fmt: skip
def test_references(note: str, expected: list[tuple[str, str]]) -> None:
    assert references(note) == tuple(Reference(first, last) for first, last in expected)


def test_a_reference_covers_what_lies_below_it() -> None:
    assert Reference("F32", "F32").covers("F32.A")
    assert not Reference("F32.1", "F32.1").covers("F32")
    range_ = Reference("E08", "E13")
    assert all(range_.covers(code) for code in ("E08", "E08.9", "E11.22", "E13", "E13.9"))
    assert not any(range_.covers(code) for code in ("E07.9", "E14", "F08"))


@given(st.text(alphabet="ABZ0179.-,() []", max_size=60))
def test_any_note_can_be_read(note: str) -> None:
    for reference in references(note):
        assert reference.covers(reference.first) or reference.last < reference.first
        assert not reference.first.endswith(".")


@given(st.from_regex(r"[A-TV-Z][0-9][0-9AB](\.[0-9]{1,3})?", fullmatch=True), st.booleans())
def test_a_bracketed_code_is_found(code: str, dashed: bool) -> None:
    note = f"an invented condition ({code}{'.-' if dashed and '.' not in code else ''})"
    assert references(note) == (Reference(code, code),)


@pytest.fixture(scope="module")
def excludes(release: Release) -> Excludes1:
    return Excludes1(release)


@pytest.mark.parametrize(
    ("one", "other", "at"),
    [
        ("J03.90", "J02.9", "J02"),  # tonsillitis and sore throat
        ("E10.9", "E11.9", "E10"),  # two types of diabetes
        ("I10", "I11.9", None),
        ("I10", "E11.9", None),
        ("I10", "I10", None),
        ("X99.999", "I10", None),
    ],
)
def test_pairs(excludes: Excludes1, one: str, other: str, at: str | None) -> None:
    if at is None:
        assert excludes.between(one, other) is None
    else:
        # The note stands on one side; the pair is forbidden whichever way it is asked.
        assert excludes.between(one, other) is not None
    assert (excludes.between(one, other) is None) == (excludes.between(other, one) is None)


def test_a_note_binds_every_code_below_it(excludes: Excludes1, release: Release) -> None:
    for node in list(release.nodes.values())[:4000]:
        for reference in (r for text in node.excludes1 for r in references(text)):
            target = next((c for c in release.billable_below(reference.first)), None)
            if target is None or target.startswith(node.code):
                continue
            for own in release.billable_below(node.code)[:2]:
                assert excludes.between(own, target) is not None, (own, target)
                assert excludes.between(target, own) is not None, (target, own)


def test_a_note_does_not_bar_codes_inside_its_own_node() -> None:
    """As where J44 would say "chronic bronchitis (J40-J47)": it means the others."""

    def node(code: str, parent: str, *excludes1: str) -> Node:
        return Node(code, code, parent, 1, bool(parent), excludes1=excludes1)

    nodes = [node("A01", "", "others (A01.-, A02.-)"), node("A01.1", "A01"), node("A01.2", "A01"),
             node("A02", ""), node("A02.1", "A02")]  # fmt: skip
    first, last = date(2026, 4, 1), date(2026, 9, 30)
    invented = Excludes1(Release("invented", first, last, {n.code: n for n in nodes}, {1: "x"}))
    assert invented.between("A01.1", "A01.2") is None
    assert invented.between("A01.1", "A02.1") == invented.between("A02.1", "A01.1") == "A01"


def test_most_references_name_codes_that_exist(release: Release) -> None:
    found = {r.first for n in release.nodes.values() for t in n.excludes1 for r in references(t)}
    assert len(found) > 2000
    unknown = [code for code in found if code not in release]
    assert len(unknown) / len(found) < 0.01, unknown

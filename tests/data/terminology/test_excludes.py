"""The pairs of codes that the Tabular List's Excludes1 notes forbid."""

from __future__ import annotations

from datetime import date

import pytest

from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Node, Release
from data.terminology.references import references


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

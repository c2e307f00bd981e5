"""The order of diagnoses on the claim."""

from __future__ import annotations

import itertools
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from data.terminology.tabular import load_releases
from data.terminology.tabular_notes import Instructions, Links
from models.coding.candidates import ALTERNATIVE, CHOSEN, Candidate, Occurrence
from models.coding.sequencing import NOWHERE, _tiers, attachments, in_sequence, place_of, tier

CODES = [
    "Z51.11", "C50.911", "I10", "R05.9", "Z79.4", "Z85.3", "W19.XXXA", "S52.502A", "Z00.00",
    "E11.22", "I12.9", "N18.31", "G30.9", "F02.80", "N39.0", "B96.20", "T46.4X5A", "T38.3X6A",
    "Z91.120", "O24.410", "Z3A.29", "Y92.009", "Y93.01", "Y99.8", "A41.9", "R65.20", "J18.9",
    "I50.22", "I13.0", "Z68.36", "E66.812", "F17.210", "J44.1", "Z17.0", "L97.511", "E11.621",
]  # fmt: skip


@cache
def instructions() -> Instructions:
    return Instructions(load_releases()[-1])


def links(codes: list[str]) -> Links:
    return instructions().links(codes)


def ordered(*codes: str) -> list[str]:
    """The codes in sequence, where the note names them in the order given."""
    given_order = list(codes)
    places = {code: (1, 10 * i) for i, code in enumerate(given_order)}
    return in_sequence(sorted(given_order), places, links(given_order))


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("Z51.11", "C50.911"), ("Z00.00", "I10"), ("Z34.80", "I10"), ("Z38.00", "P59.9"),
        ("O24.410", "J45.909"), ("A41.9", "J18.9"), ("T83.511A", "A41.9"), ("E11.9", "Z79.84"),
        ("I10", "Z23"), ("Z23", "Z87.891"), ("Z85.3", "W19.XXXA"), ("Z79.4", "Z3A.30"),
        ("V43.52XA", "Y92.009"), ("Y92.009", "Y93.01"), ("Y93.01", "Y99.8"), ("E78.5", "I25.2"),
    ],
)  # fmt: skip
def test_tier(earlier: str, later: str) -> None:
    assert tier(earlier) < tier(later)


def test_longer_prefix_decides() -> None:
    assert tier("Z3A.20") > tier("Z38.00")
    assert tier("T83.511A") < tier("T83.091A")


def test_assessment_decides_inside_a_tier() -> None:
    places = {"I10": (1, 20), "E11.9": (1, 10), "J45.909": NOWHERE, "R05.9": (3, 5)}
    assert in_sequence(list(places), places) == ["E11.9", "I10", "R05.9", "J45.909"]


def test_encounter_reason_leads_and_status_and_external_causes_follow() -> None:
    assert ordered("W19.XXXA", "Z79.4", "S52.502A", "Z51.11") == [
        "Z51.11", "S52.502A", "Z79.4", "W19.XXXA",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        # Etiology before manifestation, at the manifestation's place (I.A.13).
        (["F02.80", "I10", "G30.9"], ["G30.9", "F02.80", "I10"]),
        # The stage stands right behind the disease that asks for it.
        (["N18.31", "E78.5", "I12.9"], ["I12.9", "N18.31", "E78.5"]),
        (["I13.0", "E78.5", "N18.31", "I50.22"], ["I13.0", "I50.22", "N18.31", "E78.5"]),
        (["E66.812", "I10", "Z68.36"], ["E66.812", "Z68.36", "I10"]),
        (["E11.621", "I10", "L97.511"], ["E11.621", "L97.511", "I10"]),
        # An additional code waits for the first that asks for it, without pulling it ahead.
        (["F17.210", "E11.9", "J44.1"], ["E11.9", "J44.1", "F17.210"]),
        (["N39.0", "I10", "B96.20"], ["N39.0", "B96.20", "I10"]),
        # The nature of the adverse effect first (I.C.19.e.5.a); underdosing with its reason.
        (["T46.4X5A", "R05.8", "E78.5"], ["R05.8", "T46.4X5A", "E78.5"]),
        (["E10.10", "T38.3X6A", "N17.9", "Z91.120"], ["E10.10", "T38.3X6A", "Z91.120", "N17.9"]),
        (["J18.9", "R65.20", "A41.9"], ["A41.9", "J18.9", "R65.20"]),
        # A poisoning is first (I.C.19.e.5.b).
        (["T40.2X1A", "J96.01"], ["T40.2X1A", "J96.01"]),
    ],
)  # fmt: skip
def test_notes_of_the_tabular_list_order(written: list[str], expected: list[str]) -> None:
    assert ordered(*written) == expected


@given(
    st.lists(st.sampled_from(CODES), unique=True, min_size=1, max_size=14),
    st.dictionaries(st.sampled_from(CODES), st.tuples(st.integers(0, 4), st.integers(0, 50))),
)
def test_order_is_total_and_does_not_hang_on_the_input(
    codes: list[str], places: dict[str, tuple[int, int]]
) -> None:
    order = in_sequence(codes, places, links(codes))
    assert sorted(order) == sorted(codes)
    assert order == in_sequence(sorted(codes), places, links(sorted(codes)))
    assert in_sequence(codes, places, None) == in_sequence(sorted(codes), places)


@given(st.permutations(CODES))
def test_external_causes_are_never_first_and_tiers_hold_without_notes(codes: list[str]) -> None:
    assert ordered(*codes)[0][0] not in "VWXY"
    plain = [c for c in codes if not c.startswith(("T", "N18", "Z68", "Z17", "Z91", "B96", "R65"))]
    order = in_sequence(plain, {})
    free = [c for c in order if c not in ("F02.80", "L97.511", "I50.22")]
    assert all(tier(a) <= tier(b) for a, b in itertools.pairwise(free))


def occurrence(start: int, section: str, **fields: object) -> Occurrence:
    given_fields = {"assertion": Assertion.PRESENT, "words": 2, "role": CHOSEN, **fields}
    return Occurrence(
        start,
        start + 5,
        0,
        section,
        source="lexicon",
        fit=0.0,
        **given_fields,  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("occurrences", "place"),
    [
        ([occurrence(5, "hpi"), occurrence(90, "assessment")], (1, 90)),
        ([occurrence(5, "assessment"), occurrence(90, "discharge_diagnosis")], (0, 90)),
        ([occurrence(5, "assessment", words=0), occurrence(90, "impression")], (1, 90)),
        ([occurrence(5, "assessment", role=ALTERNATIVE), occurrence(9, "impression")], (1, 9)),
        ([occurrence(5, "assessment", assertion=Assertion.NEGATED), occurrence(9, "hpi")], (4, 9)),
        ([], NOWHERE),
    ],
)
def test_place_is_the_most_final_assertion(
    occurrences: list[Occurrence], place: tuple[int, int]
) -> None:
    assert place_of(Candidate("I10", occurrences)) == place


def test_tables_name_codes_that_exist(release: Release) -> None:
    for _, prefixes in _tiers():
        for prefix in prefixes:
            assert any(code.startswith(prefix) for code in release.nodes), prefix
    for rule in attachments():
        assert rule.source
        assert rule.how in ("after", "near", "asked")
        for reference in (*rule.followers, *rule.hosts):
            assert any(reference.covers(code) for code in release.nodes), reference

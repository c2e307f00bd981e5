"""Code references inside the Tabular List's notes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.references import Reference, references


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("unstable angina (I20.0)", [("I20.0", "I20.0")]),
        ("major depression (F32.-)", [("F32", "F32")]),
        ("lip (C00.0-C00.2, C60.-)", [("C00.0", "C00.2"), ("C60", "C60")]),
        ("injury (S10.0- - S10.9-)", [("S10.0", "S10.9")]),
        ("by site, if known (M05.00 to M05.8A)", [("M05.00", "M05.8A")]),
        ("neoplasm [C7A.0-]", [("C7A.0", "C7A.0")]),
        ("code from category O08 to identify a complication", [("O08", "O08")]),
        ("from categories E08, E09 and E13 to identify a manifestation",
         [("E08", "E08"), ("E09", "E09"), ("E13", "E13")]),
        ("code(s) from F11-F16 and F18-F19 to identify", [("F11", "F16"), ("F18", "F19")]),
        ("conditions classified to Q67.0-Q67.4", [("Q67.0", "Q67.4")]),
        ("jaw pain R68.84", [("R68.84", "R68.84")]),
        ("pneumoconiosis with tuberculosis, any type in A15 (J65)", [("J65", "J65")]),
        ("acidosis - see categories E08-E10, E11, E13 with ketoacidosis", []),
        ("code, if applicable, for codes G31.0-G31.83, to identify:", []),
        ("deficiency of vitamin B12", []),
        ("", []),
    ],
)  # fmt: skip
def test_references(note: str, expected: list[tuple[str, str]]) -> None:
    assert [(r.first, r.last) for r in references(note)] == expected


@pytest.mark.parametrize(
    ("note", "covered", "not_covered"),
    [
        ("drug (T36-T50 with fifth or sixth character 5)", "T46.4X5A", "T46.4X1A"),
        ("underdosing (T36-T50) with fifth or sixth character 6", "T38.3X6A", "T38.3X5A"),
        ("poisoning, if applicable (T39.0-, with sixth character 1-4)", "T39.012A", "T39.015A"),
        ("dysphagia (I69. with final characters -91)", "I69.391", "I69.390"),
        ("abortion (O03 with .51-.52)", "O03.51", "O03.53"),
        ("fracture (S32.1 with 7th character B or C)", "S32.110B", "S32.110A"),
        ("mononucleosis (B27.0-B27.9 with fifth character 9)", "B27.19", "B27.10"),
    ],
)
def test_a_condition_on_characters_narrows_the_reference(
    note: str, covered: str, not_covered: str
) -> None:
    (reference,) = references(note)
    assert reference.covers(covered)
    assert not reference.covers(not_covered)


CODES = st.from_regex(r"[A-TV-Z][0-9][0-9AB](\.[0-9]{1,3})?", fullmatch=True)


@given(CODES, CODES, st.booleans())
def test_a_bracketed_range_holds_its_ends_and_what_lies_below(
    one: str, other: str, dashed: bool
) -> None:
    first, last = sorted((one[:3], other[:3]))
    note = f"an invented condition ({first}{'.-' if dashed else ''}-{last}{'.-' if dashed else ''})"
    (reference,) = references(note)
    assert (reference.first, reference.last) == (first, last)
    assert all(
        reference.covers(code + rest) for code in (first, last) for rest in ("", ".9", ".91")
    )
    assert not reference.covers("0" + first)


@given(st.lists(CODES, min_size=1, max_size=6))
def test_every_listed_code_is_found_in_order(codes: list[str]) -> None:
    assert [r.first for r in references(f"something ({', '.join(codes)})")] == codes


@given(st.text(alphabet="ABZ0179.-,() []withxcharacter5categories ", max_size=80))
def test_any_note_can_be_read(note: str) -> None:
    for reference in references(note):
        assert not reference.first.endswith(".")
        reference.covers("T46.4X5A")


def test_reference_without_condition_covers_by_prefix() -> None:
    assert Reference("F32", "F32").covers("F32.A")
    assert not Reference("F32.1", "F32.1").covers("F32")
    range_ = Reference("E08", "E13")
    assert all(range_.covers(code) for code in ("E08", "E08.9", "E11.22", "E13", "E13.9"))
    assert not any(range_.covers(code) for code in ("E07.9", "E14", "F08"))

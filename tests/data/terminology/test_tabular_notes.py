"""What the Tabular List's notes ask of one another's codes."""

from __future__ import annotations

import csv

import pytest

from data.terminology.icd10cm import Release
from data.terminology.references import references
from data.terminology.tabular_notes import CONVENTIONS, Instructions, Kind


@pytest.fixture(scope="module")
def instructions(release: Release) -> Instructions:
    return Instructions(release)


def test_nearly_all_references_name_what_exists(
    instructions: Instructions, release: Release
) -> None:
    found: set[str] = set()
    for code in release.nodes:
        if len(code) < 8:
            found.update(r.first for asking in instructions.of(code) for r in asking.references)
    unknown = [code for code in found if code not in release]
    assert len(found) > 1500
    assert len(unknown) / len(found) < 0.01, unknown


@pytest.mark.parametrize(
    ("asker", "asked"),
    [
        ("E11.22", "N18.31"), ("E11.9", "Z79.4"), ("E11.65", "Z79.84"), ("N39.0", "B96.20"),
        ("I12.9", "N18.4"), ("J44.1", "F17.210"), ("I10", "Z87.891"), ("E66.812", "Z68.36"),
        ("O24.410", "Z3A.29"), ("S52.501A", "W19.XXXA"), ("A41.9", "R65.20"), ("I11.0", "I50.22"),
    ],
)  # fmt: skip
def test_additional_codes_are_asked_for(instructions: Instructions, asker: str, asked: str) -> None:
    others = ["M54.50", asked, asker]
    assert instructions.asked_for_by(asked, others) == asker
    assert instructions.links(others).asked_for_by(asked) == asker
    assert instructions.asked_for_by(asked, ["M54.50", asked]) is None


@pytest.mark.parametrize(
    ("code", "first"),
    [("F02.80", "G30.9"), ("N18.31", "E11.22"), ("R65.20", "A41.9"), ("D63.1", "N18.4")],
)
def test_code_first(instructions: Instructions, code: str, first: str) -> None:
    assert instructions.links([code, first]).first_before(code) == first
    assert instructions.links([code, "M54.50"]).first_before(code) is None
    asking = instructions.demands_first(code)
    assert asking is not None
    assert asking.kind is Kind.CODE_FIRST


def test_links_hold_what_single_questions_answer(instructions: Instructions) -> None:
    codes = ["E11.22", "I12.9", "N18.31", "Z79.4", "F17.210", "J44.1", "N39.0", "B96.20", "I10"]
    links = instructions.links(codes)
    for code in codes:
        assert links.asked_for_by(code) == instructions.asked_for_by(code, codes)


def test_code_does_not_ask_for_itself(instructions: Instructions) -> None:
    links = instructions.links(["E11.22", "E11.22"])
    assert not any(link.code == link.other for ls in links.asked.values() for link in ls)


@pytest.mark.parametrize(
    ("code", "manifestation"),
    [("F02.80", True), ("H36.89", True), ("F54", True), ("G63", True), ("B96.20", False),
     ("E11.9", False), ("N18.31", False), ("X00.00", False)],
)  # fmt: skip
def test_manifestation(instructions: Instructions, code: str, manifestation: bool) -> None:
    assert instructions.is_manifestation(code) is manifestation


def test_unknown_code_has_no_notes(instructions: Instructions) -> None:
    assert instructions.of("X99.999") == ()
    assert instructions.links(["X99.999", "E11.9"]).asked == {}


def test_excludes2_lets_both_stand(instructions: Instructions) -> None:
    (link,) = instructions.links(["R07.9", "R68.84"]).beside["R07.9"]
    assert (link.kind, link.other) == (Kind.EXCLUDES2, "R68.84")


def test_chapter_notes_name_codes_that_exist(release: Release) -> None:
    with (CONVENTIONS / "chapter_notes.csv").open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) > 20
    for row in rows:
        assert row["source"]
        refs = references(row["note"])
        assert refs, row["note"]
        for prefix in row["codes"].split("|"):
            assert any(code.startswith(prefix) for code in release.nodes), prefix
        for reference in refs:
            assert any(reference.covers(code) for code in release.nodes), reference

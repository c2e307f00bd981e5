"""The validator: quiet on the notes at hand, loud on each thing that can be wrong."""

from __future__ import annotations

from datetime import date

import pytest

from data.authored import load_notes
from data.authored.check import check, excluded_pairs, problems_of
from data.schemas import GoldCode, GoldNote, Note, Sex, System
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release


def test_every_authored_note_holds() -> None:
    assert check() == []


@pytest.fixture(scope="module")
def excludes(release: Release) -> Excludes1:
    return Excludes1(release)


def coded(*codes: str, day: date = date(2026, 5, 4), sex: Sex = Sex.FEMALE) -> GoldNote:
    note = Note(id="x", text="words", date_of_service=day, sex=sex)
    evidence = load_notes("samples")[0].codes[0].evidence
    return GoldNote(
        note=note,
        codes=tuple(
            GoldCode(system=System.ICD10CM, code=c, sequence=i, evidence=evidence)
            for i, c in enumerate(codes, start=1)
        ),
    )


@pytest.mark.parametrize(
    ("gold", "says"),
    [
        (coded("E11"), "not billable"),
        (coded("I10", "I10"), "twice"),
        (coded("N40.0"), "sex"),
        (coded("W19.XXXA", "S93.401A"), "external cause"),
        (coded("F02.80", "G30.9"), "manifestation"),
        (coded("I10", day=date(2019, 5, 4)), "date of service"),
        (coded(), "no diagnosis"),
    ],
)
def test_each_problem_is_said(
    gold: GoldNote, says: str, release: Release, excludes: Excludes1
) -> None:
    found = list(problems_of(gold, release))
    assert len(found) == 1
    assert says in found[0]


def test_a_good_note_is_quiet(release: Release, excludes: Excludes1) -> None:
    assert list(problems_of(coded("S93.401A", "W19.XXXA"), release)) == []
    assert excluded_pairs(coded("E11.9", "E10.9"), excludes)
    assert not excluded_pairs(coded("E11.9", "I10"), excludes)

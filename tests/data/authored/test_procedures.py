"""Gold procedures: read with their quotes, refused where they do not hold, counted."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.authored import AuthoredError, load_notes
from data.authored.procedures import (
    Done,
    Status,
    agreement_of,
    check_done,
    load_done,
    problems_of,
    read_done,
)
from data.schemas import GoldNote, System

LINE = """
[[lines]]
system = "CPT"
code = "99213"
diagnoses = ["{code}"]
evidence = [ {{quote = "{word}"}} ]
"""


@pytest.fixture(scope="module")
def gold() -> GoldNote:
    return load_notes("samples")[0]


def done(tmp_path: Path, gold: GoldNote, body: str) -> Done:
    path = tmp_path / f"{gold.note.id}.toml"
    word, code = gold.note.text.split()[0], gold.codes_of(System.ICD10CM)[0]
    text = f'note = "{gold.note.id}"\n' + body.replace("LINE", LINE.format(word=word, code=code))
    path.write_text(text.replace("WORD", word), encoding="utf-8")
    return read_done(path, gold)


def test_lines_visit_and_services_are_read_with_their_places(
    tmp_path: Path, gold: GoldNote
) -> None:
    found = done(
        tmp_path,
        gold,
        'LINE\n[visit]\ncode = "99213"\nfamily = "office"\nmethod = "time"\nminutes = 22\n'
        'evidence = [ {element = "minutes", quote = "WORD"} ]\n'
        '[[services]]\nquote = "WORD"\nstatus = "planned"\n',
    )
    assert found.lines[0].code == "99213"
    assert found.visit is not None
    assert found.visit.minutes == 22
    [service] = found.services
    assert service.status is Status.PLANNED
    place = service.evidence
    assert gold.note.text[place.start : place.end] == place.text
    assert list(problems_of(found, gold)) == []


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('LINE\n[[services]]\nquote = "no such words"\nstatus = "planned"', "no such words"),
        ('[[services]]\nquote = "WORD"\nstatus = "perhaps"', "perhaps"),
        ('LINE\n[visit]\ncode = "99213"\nfamily = "spa"\nmethod = "time"', "family"),
        ("[[lines]\n", "toml"),
    ],
)
def test_files_that_do_not_hold_are_refused(
    tmp_path: Path, gold: GoldNote, body: str, says: str
) -> None:
    with pytest.raises(AuthoredError, match=says):
        done(tmp_path, gold, body)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('[visit]\ncode = "99214"\nfamily = "office"\nmethod = "none"', "is no line"),
        ('LINE[visit]\ncode = "99213"\nfamily = "office"\nmethod = "time"', "not given"),
        (
            'LINE[visit]\ncode = "99213"\nfamily = "office"\nmethod = "decision making"',
            "three elements",
        ),
        ('[[services]]\nquote = "WORD"\nstatus = "planned"\n' * 2, "stands twice"),
    ],
)
def test_what_contradicts_itself_is_named(
    tmp_path: Path, gold: GoldNote, body: str, says: str
) -> None:
    assert [p for p in problems_of(done(tmp_path, gold, body), gold) if says in p]


def test_pointers_lead_to_the_notes_diagnoses(tmp_path: Path, gold: GoldNote) -> None:
    found = done(tmp_path, gold, "LINE")
    lost = found.model_copy(
        update={"lines": (found.lines[0].model_copy(update={"linked_diagnoses": ("Z99.9",)}),)}
    )
    assert [p for p in problems_of(lost, gold) if "points to Z99.9" in p]


def test_the_test_part_holds_what_measuring_needs() -> None:
    assert check_done("test") == []
    all_done = load_done("test").values()
    assert len(all_done) == 168
    assert sum(len(d.lines) for d in all_done) >= 150
    assert sum(d.visit is not None for d in all_done) >= 100
    assert sum(len(line.modifiers) for d in all_done for line in d.lines) >= 100
    for status in (Status.PERFORMED, Status.ORDERED, Status.PLANNED, Status.HISTORICAL):
        assert sum(s.status is status for d in all_done for s in d.services) >= 100, status


def test_both_passes_stand_beside_each_other() -> None:
    alike, total = agreement_of("test")["line"]
    assert total >= 150
    assert 0.5 < alike / total <= 1

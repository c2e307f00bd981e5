"""The project's own notes: every one valid, its codes billable, its evidence where it says."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.authored import (
    BATCHES,
    FOLDER,
    SPLITS,
    AuthoredError,
    hard_reasons,
    load_notes,
    load_split,
    locate,
    note_files,
    read_gold,
)
from data.authored.procedures import load_done
from data.schemas import Assertion, GoldNote, Setting, System
from data.terminology.icd10cm import Release
from data.terminology.limits import sex_limit

KINDS = (
    "office", "telehealth", "emergency", "observation", "discharge", "consult", "operative",
    "procedure", "radiology", "pathology", "therapy",
)  # fmt: skip

NOTE = '''
id = "x-1"
date_of_service = 2026-05-14
text = """
Fever and cough. No fever at night.
"""
[[diagnoses]]
code = "R50.9"
evidence = [{quote = "ever", occurrence = 2}]
[[mentions]]
quote = "fever at night"
assertion = "negated"
'''


@pytest.fixture(scope="module", params=BATCHES)
def batch(request: pytest.FixtureRequest) -> list[GoldNote]:
    return load_notes(request.param)


def test_every_diagnosis_is_billable_on_its_day(batch: list[GoldNote], release: Release) -> None:
    for gold in batch:
        day = gold.note.date_of_service
        assert day is not None, gold.note.id
        assert release.covers(day), gold.note.id
        codes = gold.codes_of(System.ICD10CM)
        assert codes, gold.note.id
        assert all(release.is_billable(code) for code in codes), gold.note.id
        assert len(set(codes)) == len(codes), gold.note.id
        sequence = [c.sequence for c in gold.codes if c.system is System.ICD10CM]
        assert sequence == list(range(1, len(codes) + 1)), gold.note.id


def test_diagnoses_fit_the_patient(batch: list[GoldNote]) -> None:
    for gold in batch:
        for code in gold.codes_of(System.ICD10CM):
            assert sex_limit(code) in (None, gold.note.sex), gold.note.id


def test_procedures_point_to_diagnoses_of_the_note(batch: list[GoldNote]) -> None:
    for gold in batch:
        diagnoses = set(gold.codes_of(System.ICD10CM))
        for code in gold.codes:
            assert set(code.linked_diagnoses) <= diagnoses, gold.note.id
            assert code.units >= 1, gold.note.id


def test_evidence_is_the_note_between_its_offsets(batch: list[GoldNote]) -> None:
    for gold in batch:
        spans = [e for code in gold.codes for e in code.evidence]
        spans += [mention.evidence for mention in gold.mentions]
        assert spans, gold.note.id
        assert all(e.text == gold.note.text[e.start : e.end] for e in spans), gold.note.id
        for code in gold.codes:
            assert code.evidence or code.system is not System.ICD10CM, gold.note.id


def test_batches_are_as_wide_as_the_data_card_says(batch: list[GoldNote]) -> None:
    notes = [gold.note for gold in batch]
    assert len(notes) >= 24
    assert len({note.specialty for note in notes}) >= 12
    assert {note.setting for note in notes} == set(Setting)
    assert len({note.note_type for note in notes}) >= 5
    days = [note.date_of_service for note in notes if note.date_of_service]
    assert min(days) >= date(2026, 4, 1)
    assert max(days) <= date(2026, 9, 30)
    assert len({note.id for note in notes}) == len(notes)


def test_samples_hold_every_kind_of_document() -> None:
    kinds = " ".join(str(gold.note.note_type) for gold in load_notes("samples")).lower()
    for word in ("office", "emergency", "discharge", "operative", "radiology"):
        assert word in kinds


def test_test_part_is_as_large_as_promised() -> None:
    notes = load_split("test")
    assert len(notes) >= 150
    assert sum(len(gold.codes_of(System.ICD10CM)) for gold in notes) >= 600
    said = Counter(mention.assertion for gold in notes for mention in gold.mentions)
    assert all(said[assertion] >= 100 for assertion in Assertion)
    assert len({gold.note.specialty for gold in notes}) >= 25
    kinds = " ".join(f"{gold.note.note_type} {gold.note.specialty}" for gold in notes).lower()
    for word in KINDS:
        assert word in kinds, word
    assert len(hard_reasons("test")) >= len(notes) / 3


def test_splits_share_no_note_and_no_patient() -> None:
    owner: dict[str, str] = {}
    for split in SPLITS:
        for gold in load_split(split):
            for identity in (gold.note.id, str(gold.note.patient_id)):
                assert owner.setdefault(identity, split) == split


def test_no_text_stands_in_two_splits() -> None:
    """Copied passages would let training see the test: no long run of words is shared."""

    def runs(gold: GoldNote) -> set[tuple[str, ...]]:
        words = gold.note.text.lower().split()
        return {tuple(words[i : i + 25]) for i in range(len(words) - 24)}

    test = set().union(*(runs(gold) for gold in load_split("test")))
    for split in ("train", "dev"):
        for gold in load_split(split):
            assert not runs(gold) & test, gold.note.id


def test_the_test_notes_are_the_ones_the_data_card_names() -> None:
    digest = hashlib.sha256()
    for path in note_files("test"):
        digest.update(path.read_bytes())
    card = (FOLDER / "DATA_CARD.md").read_text(encoding="utf-8")
    assert digest.hexdigest() in re.findall(r"`([0-9a-f]{64})`", card)[-1:]


@pytest.mark.parametrize("name", BATCHES)
def test_the_data_card_counts_right(name: str) -> None:
    notes = load_notes(name)
    diagnoses = sum(len(gold.codes) for gold in notes)
    done = load_done(name).values()
    lines = f"{sum(len(d.lines) for d in done):,} in {len(done)}"
    figures = [len(notes), diagnoses, lines, sum(len(g.mentions) for g in notes)]
    card = (FOLDER / "DATA_CARD.md").read_text(encoding="utf-8")
    assert f"| `{name}` | {' | '.join(map(str, figures))} |" in card


def test_offsets_are_computed_from_the_quote(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_text(NOTE, encoding="utf-8")
    gold = read_gold(path)
    (fever,) = gold.codes
    assert [(e.start, e.end, e.text) for e in fever.evidence] == [(21, 25, "ever")]
    assert gold.mentions[0].evidence.text == "fever at night"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("occurrence = 2", "occurrence = 3", "stands 2 times in the note, not 3"),
        ('"R50.9"\nevidence', '"?"\nevidence', "code"),
        ('"negated"', '"absent"', "assertion"),
        ("2026-05-14", "2026-05-41", "x.toml"),
        ('id = "x-1"', "", "id"),
        ("[[mentions]]", "[[procedures]]", "they stand in procedures"),
    ],
)
def test_a_note_that_does_not_hold_is_named(tmp_path: Path, old: str, new: str, says: str) -> None:
    assert old in NOTE
    path = tmp_path / "x.toml"
    path.write_text(NOTE.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(AuthoredError, match=r"x\.toml") as refused:
        read_gold(path)
    assert says in str(refused.value)


def test_no_such_batch() -> None:
    with pytest.raises(AuthoredError, match="samples, train, unread, dev, test"):
        load_notes("others")


@given(st.text(max_size=30), st.text("ab", min_size=1, max_size=3), st.integers(1, 4))
def test_locate_finds_every_occurrence(text: str, quote: str, occurrence: int) -> None:
    starts = [i for i in range(len(text)) if text.startswith(quote, i)]
    if occurrence <= len(starts):
        found = locate(text, quote, occurrence)
        assert found.start == starts[occurrence - 1]
        assert found.text == quote == text[found.start : found.end]
    else:
        with pytest.raises(AuthoredError):
            locate(text, quote, occurrence)


@given(st.text("ab", max_size=20), st.text("ab", min_size=1, max_size=2))
def test_locate_counts_overlapping_occurrences(text: str, quote: str) -> None:
    for n, start in enumerate((i for i in range(len(text)) if text.startswith(quote, i)), start=1):
        assert locate(text, quote, n).start == start

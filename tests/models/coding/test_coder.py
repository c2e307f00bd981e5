"""The whole coder: what every result holds, whatever the note."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings

from data.authored import load_notes
from data.schemas import Assertion, CodingResult, Convention, Note, System
from data.terminology.icd10cm import Release
from data.terminology.procedure_codes import SWITCH
from models.bundle import SHIPPED, Bundle, BundleError
from models.coding.coder import NO_PROCEDURES, Coder
from models.coding.results import LIST_LIMIT
from models.coding.selection import Selection
from tests.models.coding.reading import note, note_texts

SAMPLES = [gold.note for gold in load_notes("samples")]


def check(result: CodingResult, given: Note, release: Release, convention: Convention) -> None:
    """What holds of every result."""
    text = given.text
    for row in (*result.suggestions, *result.suppressed):
        for evidence in row.evidence:
            assert text[evidence.start : evidence.end] == evidence.text
    for system in System:
        ours = [s for s in result.suggestions if s.system is system]
        assert len(ours) <= LIST_LIMIT[convention]
        assert [s.confidence for s in ours] == sorted((s.confidence for s in ours), reverse=True)
    diagnoses = [s for s in result.suggestions if s.system is System.ICD10CM]
    assert len({s.code for s in diagnoses}) == len(diagnoses)
    assert all(release.is_billable(s.code) for s in diagnoses)
    assert all(s.evidence for s in diagnoses)
    assert all(s.description == release.description(s.code) for s in diagnoses)
    order = [s.sequence for s in diagnoses if s.selected]
    assert sorted(n for n in order if n) == list(range(1, len(order) + 1))
    assert all(s.sequence is None for s in diagnoses if not s.selected)
    assert all(s.selected for s in result.suggestions if s.auto_accept)
    suppressed = {s.code for s in result.suppressed if s.system is System.ICD10CM}
    assert not suppressed & {s.code for s in diagnoses}
    assert all(s.reason for s in result.suppressed)


@pytest.mark.parametrize("convention", Convention)
@pytest.mark.parametrize("sample", SAMPLES[::4], ids=lambda n: n.id)
def test_result_of_a_sample_holds_together_and_is_the_same_twice(
    shipped_coder: Coder, release: Release, sample: Note, convention: Convention
) -> None:
    result = shipped_coder.suggest(sample, convention)
    check(result, sample, release, convention)
    assert result.suggestions
    assert result.id == sample.id
    assert result.bundle == shipped_coder.bundle_id == Bundle.open(SHIPPED).id
    again = shipped_coder.suggest(sample, convention)
    assert again.model_dump_json() == result.model_dump_json()


def test_two_coders_of_one_bundle_say_the_same(shipped_coder: Coder, release: Release) -> None:
    selections = {c: Selection.load(SHIPPED / "coder" / c.value) for c in Convention}
    other = Coder(
        shipped_coder.bundle_id,
        [release],
        selections,
        shipped_coder._dense,
        procedure_model=shipped_coder._procedure_model,
        recognizer=shipped_coder._recognizer,
    )
    other._linkers[release.name] = shipped_coder.linker_for(release)
    for sample in SAMPLES[:2]:
        assert other.suggest(sample) == shipped_coder.suggest(sample)


@settings(max_examples=60)
@given(note_texts)
def test_any_text_is_safe(shipped_coder: Coder, release: Release, text: str) -> None:
    given_note = note(text)
    for convention in Convention:
        result = shipped_coder.suggest(given_note, convention)
        check(result, given_note, release, convention)


@pytest.mark.parametrize(
    "text",
    [
        "\x00\x01\x02 Assessment: hypertension \x7f",
        "<script>alert('hypertension')</script>",
        "?" * 5000,
        "Assessment:\r\n1. Hypertension\r\n",
        "\ufeffAssessment: hypertension",
        "👩‍⚕️ Assessment: hypertension 🤒",
        "Assessment:\n" + "1. Hypertension\n" * 300,
        "no hypertension " * 2000,
    ],
)
def test_hostile_text_is_safe(shipped_coder: Coder, release: Release, text: str) -> None:
    check(shipped_coder.suggest(note(text)), note(text), release, Convention.BILLING)


def test_text_without_conditions_has_no_suggestion(shipped_coder: Coder) -> None:
    result = shipped_coder.suggest(note("the sky over the garden"))
    assert not [s for s in result.suggestions if s.system is System.ICD10CM and s.selected]


def test_long_note_stays_within_the_list_limits(shipped_coder: Coder, release: Release) -> None:
    long = note("\n\n".join(n.text for n in SAMPLES[:12]))
    for convention in Convention:
        result = shipped_coder.suggest(long, convention)
        check(result, long, release, convention)
        ours = [s for s in result.suggestions if s.system is System.ICD10CM]
        assert len(ours) == LIST_LIMIT[convention]


@pytest.mark.parametrize(
    ("day", "warning"),
    [
        (date(2026, 4, 1), None),
        (date(2026, 9, 30), None),
        (date(2026, 11, 23), "no loaded ICD-10-CM release covers 2026-11-23"),
        (date(2026, 3, 31), "no loaded ICD-10-CM release covers 2026-03-31"),
        (None, "no date of service"),
    ],
)
def test_date_outside_the_release_is_answered_with_one_warning(
    shipped_coder: Coder, day: date | None, warning: str | None
) -> None:
    result = shipped_coder.suggest(note("Assessment: hypertension", date_of_service=day))
    assert len(result.warnings) == (warning is not None)
    assert all(w.startswith(warning or "") for w in result.warnings)
    assert result.release == "ICD-10-CM 2026-04"
    assert [s.code for s in result.suggestions if s.selected and s.sequence] == ["I10"]


def test_threads_share_one_coder(shipped_coder: Coder) -> None:
    notes = SAMPLES[:4] * 4
    alone = [shipped_coder.suggest(n).model_dump_json() for n in SAMPLES[:4]] * 4
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda n: shipped_coder.suggest(n).model_dump_json(), notes))
    assert together == alone


def test_every_mention_includes_what_is_negated(shipped_coder: Coder) -> None:
    given_note = note("He denies chest pain.")
    (found,) = (
        s
        for s in shipped_coder.suggest(given_note, Convention.EVERY_MENTION).suggestions
        if s.code == "R07.9"
    )
    assert found.assertion is Assertion.NEGATED
    assert found.selected
    assert shipped_coder.suggest(given_note, Convention.EVERY_MENTION).em is None
    assert "R07.9" not in {s.code for s in shipped_coder.suggest(given_note).suggestions}


def test_selection_survives_the_disk(tmp_path: Path) -> None:
    kept = Selection.load(SHIPPED / "coder" / "billing")
    kept.save(tmp_path / "again")
    for name in ("ranker.json", "selection.json"):
        written = (tmp_path / "again" / name).read_text("utf-8")
        assert written == (SHIPPED / "coder" / "billing" / name).read_text("utf-8")
    again = Selection.load(tmp_path / "again")
    rows = np.random.default_rng(1).random((5, kept.ranker.second.width))
    assert np.array_equal(kept.ranker.second(rows), again.ranker.second(rows))


def test_bundle_without_a_coder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no part 'coder'"):
        Coder.load(Bundle(tmp_path, {"name": "empty", "hash": "0" * 64}))


NIL_BY_CPT = "A/P: Essential hypertension, continue lisinopril 10 mg. Toradol 60 mg IM given."


def made_of(coder: Coder, **parts: Any) -> Coder:
    """The shipped coder with other parts; its linker is read once."""
    made = Coder(coder.bundle_id, coder._releases, coder._selections, coder._dense, **parts)
    made._linkers = coder._linkers
    return made


def test_without_a_procedures_part_diagnoses_stand_and_a_warning_says_so(
    shipped_coder: Coder,
) -> None:
    note = Note(id="n", text=NIL_BY_CPT, date_of_service=date(2026, 5, 14))
    whole = shipped_coder.suggest(note)
    assert {s.system for s in whole.suggestions} == {System.ICD10CM, System.CPT, System.HCPCS}
    bare = made_of(shipped_coder, procedures=shipped_coder.procedures)
    found = bare.suggest(note)
    assert found.warnings == (NO_PROCEDURES,)
    assert "train procedures" in NO_PROCEDURES
    assert found.em is None
    diagnoses = tuple(s for s in whole.suggestions if s.system is System.ICD10CM)
    assert found.suggestions == diagnoses
    assert "I10" in {s.code for s in diagnoses if s.selected}
    assert bare.suggest(note, Convention.EVERY_MENTION).warnings == ()


def test_cpt_switched_off_leaves_diagnoses_and_hcpcs(
    shipped_coder: Coder, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = Note(id="n", text=NIL_BY_CPT, date_of_service=date(2026, 5, 14))
    monkeypatch.setenv(SWITCH, "off")
    without = made_of(shipped_coder, procedure_model=shipped_coder._procedure_model)
    found, whole = without.suggest(note), shipped_coder.suggest(note)
    assert {s.system for s in found.suggestions} == {System.ICD10CM, System.HCPCS}
    assert System.CPT not in {s.system for s in found.suppressed}
    assert "J1885" in {s.code for s in found.suggestions}
    assert found.em is None
    assert found.warnings == whole.warnings == ()
    assert [s for s in found.suggestions if s.system is System.ICD10CM] == [
        s for s in whole.suggestions if s.system is System.ICD10CM
    ]

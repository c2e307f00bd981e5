"""The lexicon's tables: every form to one code that exists, every ambiguous form well-formed."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from data.terminology.icd10cm import Release
from data.terminology.lexicon import (
    FOLDER,
    common_conditions,
    load_common,
    load_senses,
    load_terms,
)
from data.terminology.words import content_stems, words

TERM_COLUMNS = ["surface", "code", "kind", "source", "review"]
SENSE_COLUMNS = [
    "surface", "code", "sense", "context_words", "sections", "specialties", "default", "source",
    "review",
]  # fmt: skip
COLUMNS = {
    "terms": TERM_COLUMNS,
    "ambiguous": SENSE_COLUMNS,
    "common_conditions": ["code", "setting", "tier", "source"],
    "never_disease": ["word", "why"],
}
KINDS = {
    "synonym",
    "lay",
    "abbreviation",
    "phrase",
    "spelling",
    "eponym",
    "misspelling",
    "shorthand",
}


def _tables(pattern: str) -> list[Path]:
    found = sorted(FOLDER.glob(pattern))
    assert found
    return found


@pytest.mark.parametrize("path", _tables("*.csv"), ids=lambda p: p.name)
def test_every_row_has_every_column(path: Path) -> None:
    expected = COLUMNS["terms" if path.name.startswith("terms") else path.stem]
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.reader(handle)
        assert next(reader) == expected
        for number, row in enumerate(reader, start=2):
            assert len(row) == len(expected), f"{path.name}:{number}"
            assert row[0] == row[0].strip(), f"{path.name}:{number}"
            assert row[0], f"{path.name}:{number}"


def test_there_are_thousands_of_forms() -> None:
    assert len({term.surface.lower() for term in load_terms()}) >= 8_000


def test_every_code_of_a_term_exists(release: Release) -> None:
    assert [t for t in load_terms() if t.code not in release] == []


def test_no_form_means_two_codes() -> None:
    codes = defaultdict(set)
    for term in load_terms():
        codes[" ".join(term.surface.lower().split())].add(term.code)
    assert {surface: found for surface, found in codes.items() if len(found) > 1} == {}


def test_every_form_has_words_to_match() -> None:
    assert [t.surface for t in load_terms() if not words(t.surface)] == []
    assert [t.surface for t in load_terms() if not content_stems(t.surface)] == []


def test_terms_are_of_a_known_kind() -> None:
    assert set(Counter(term.kind for term in load_terms())) <= KINDS


def test_every_sense_has_a_code_that_exists_or_none(release: Release) -> None:
    senses = [sense for rows in load_senses().values() for sense in rows]
    assert [s for s in senses if s.code and s.code not in release] == []
    assert any(s.code == "" for s in senses)


def test_ambiguous_forms_have_readings_to_choose_from() -> None:
    for surface, senses in load_senses().items():
        # One reading alone: a form that looks like a disease and is none.
        assert len(senses) >= 2 or not senses[0].code, surface
        assert any(s.default for s in senses), surface
        for sense in senses:
            assert sense.sense, surface
            # What is not the default reading needs something to be told by.
            assert sense.default or sense.context_words or sense.sections or sense.specialties
            for cell in (sense.context_words, sense.sections, sense.specialties):
                assert all(word == word.strip().lower() for word in cell)


def test_an_ambiguous_form_has_one_default() -> None:
    senses = load_senses()
    assert [form for form, rows in senses.items() if sum(s.default for s in rows) != 1] == []


def test_readings_of_a_form_have_different_names() -> None:
    for form, rows in load_senses().items():
        assert len({s.sense for s in rows}) == len(rows), form


def test_hundreds_of_forms_are_ambiguous() -> None:
    assert sum(len(rows) > 1 for rows in load_senses().values()) >= 260


def test_the_default_column_is_0_or_1() -> None:
    for path in _tables("ambiguous.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            assert {row["default"] for row in csv.DictReader(handle)} == {"0", "1"}


def test_ms_is_read_by_its_company() -> None:
    by_sense = {s.sense: s for s in load_senses()["MS"]}
    assert by_sense["morphine sulfate"].code == ""
    assert "mg" in by_sense["morphine sulfate"].context_words
    assert by_sense["multiple sclerosis"].code.startswith("G35")


def test_contexts_are_stems_that_must_stand_together() -> None:
    by_sense = {s.sense: s for s in load_senses()["MS"]}
    contexts = by_sense["multiple sclerosis"].contexts
    assert frozenset({"relaps"}) in contexts
    assert frozenset({"optic", "neuritis"}) in contexts


def test_common_conditions_are_billable_and_tiered(release: Release) -> None:
    rows = common_conditions()
    assert len({row.code for row in rows}) == len(rows) >= 1_800
    assert [row.code for row in rows if not release.is_billable(row.code)] == []
    assert {row.setting for row in rows} == {"office", "emergency", "inpatient", "any"}
    tiers = Counter(row.tier for row in rows)
    assert tiers[1] < tiers[2] < tiers[3] < tiers[4]
    assert set(tiers) == {1, 2, 3, 4}


@pytest.mark.parametrize("code", ["I10", "E78.5", "E11.9", "Z00.00", "Z23", "J06.9", "M54.50"])
def test_the_most_common_codes_are_of_the_first_tier(code: str) -> None:
    assert load_common()[code] == 1


def test_common_conditions_have_every_kind_of_chapter() -> None:
    assert {code[0] for code in load_common()} >= set("ABCDEFGHIJKLMNORSTUVWXYZ")


def test_rows_were_reviewed_once_or_twice() -> None:
    reviews = Counter[str]()
    for path in _tables("terms*.csv"):
        with path.open(encoding="utf-8", newline="") as handle:
            reviews.update(row["review"] for row in csv.DictReader(handle))
    assert set(reviews) == {"once", "twice"}

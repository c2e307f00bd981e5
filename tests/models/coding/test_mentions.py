"""Mentions: wordings in order and as a bag, fences, ambiguous forms, exact single words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.coder import Coder
from models.coding.mentions import Mention, find_mentions
from models.coding.terms import TermIndex
from tests.models.coding.reading import document, note_texts


@pytest.fixture(scope="module")
def terms(shipped_coder: Coder, release: Release) -> TermIndex:
    return shipped_coder.linker_for(release).terms


def mentions(terms: TermIndex, text: str, **fields: object) -> list[Mention]:
    return find_mentions(document(text, **fields), terms)


def codes(terms: TermIndex, text: str, **fields: object) -> set[str]:
    return {m.code for m in mentions(terms, text, **fields)}


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        ("He has congestive heart failure.", "congestive heart failure", "I50.9"),
        ("Acute on chronic systolic heart failure", None, "I50.23"),
        ("Pain in the right knee.", "Pain in the right knee", "M25.561"),
        ("PAD with claudication", None, "I73.9"),
        ("She has OBSTRUCTIVE SLEEP APNEA", "OBSTRUCTIVE SLEEP APNEA", "G47.33"),
        ("Type 2 diabetes with diabetic neuropathy", None, "E11.40"),
    ],
)
def test_longest_wording_in_order_wins(
    terms: TermIndex, text: str, words: str | None, code: str
) -> None:
    (found,) = mentions(terms, text)
    assert found.code == code
    assert text[found.start : found.end] == (words or text)
    assert not found.source.startswith("bag:")


def test_words_apart_are_read_as_a_bag(terms: TermIndex) -> None:
    (found,) = mentions(terms, "apnea which is obstructive during sleep")
    assert (found.code, found.source) == ("G47.33", "bag:lexicon")


@pytest.mark.parametrize(
    "text",
    [
        "Apnea was seen once. Obstructive cause, bad sleep.",  # not over a sentence's end
        "apnea was never seen and the airway is wide open, obstructive in sleep",  # far
    ],
)
def test_bag_keeps_together(terms: TermIndex, text: str) -> None:
    assert "G47.33" not in codes(terms, text)


@pytest.mark.parametrize("fence", ["no", "but", "without", "denies", "vs"])
def test_bag_does_not_reach_over_a_fence(terms: TermIndex, fence: str) -> None:
    assert "G47.33" in codes(terms, "apnea while obstructive sleep")
    assert "G47.33" not in codes(terms, f"apnea {fence} obstructive sleep")


@pytest.mark.parametrize("mark", [",", ";", ":", ".", "|", "(", "\t"])
def test_wording_in_order_does_not_run_across_punctuation(terms: TermIndex, mark: str) -> None:
    found = mentions(terms, f"sleep{mark} apnea")
    assert all(m.source.startswith("bag:") for m in found if m.words > 1)


@pytest.mark.parametrize(
    ("text", "fields", "code"),
    [
        ("MS, relapsing, on Ocrevus, followed by neurology", {}, "G35.D"),
        ("Echo: MS, mitral valve gradient 8, rheumatic", {}, "I05.0"),
        ("MS 4 mg IV prn, given twice", {}, None),
        ("MS: alert and oriented, no altered change", {}, None),
        ("RA flare, sees rheumatology", {}, "M06.9"),
        ("SpO2 97% on RA", {}, None),
        ("Echo: RA dilated, atrial pressure up", {}, None),
        ("CTA shows PE, heparin started", {}, "I26.99"),
        ("Exam: PE general normal, nad", {}, None),
        ("PE tubes, ear, tympanostomy, ent follow-up", {}, None),
        ("PT weekly for strengthening exercises", {}, None),
        ("LBP after lifting", {}, "M54.50"),
    ],
)
def test_ambiguous_form_is_read_by_its_neighbours(
    terms: TermIndex, text: str, fields: dict[str, str], code: str | None
) -> None:
    found = {m.code for m in mentions(terms, text, **fields) if m.source == "sense"}
    assert found == ({code} if code else set())


def test_abbreviation_counts_in_capitals_only(terms: TermIndex) -> None:
    assert codes(terms, "RA flare, sees rheumatology")
    assert codes(terms, "ra flare, sees rheumatology") == set()
    assert codes(terms, "as above, all well, he had a pad") == set()


def test_one_word_must_be_that_word(terms: TermIndex) -> None:
    assert len(codes(terms, "hepatitis")) == 1
    for other in ("hepatic", "hepatology", "hepat"):
        assert codes(terms, other) == set(), other


@pytest.mark.parametrize(("one", "many"), [("migraine", "migraines"), ("allergy", "allergies")])
def test_plural_is_the_same_word(terms: TermIndex, one: str, many: str) -> None:
    assert codes(terms, one) == codes(terms, many)


@pytest.mark.parametrize("word", ["change", "hgb", "virus", "insulin", "left", "cast", "stent"])
def test_word_that_names_nothing_alone(terms: TermIndex, word: str) -> None:
    assert codes(terms, word) == set()


def test_each_mention_has_its_own_reading(terms: TermIndex) -> None:
    found = {
        m.code: m.assertion
        for m in mentions(terms, "Denies chest pain but has asthma. Mother had gout.")
    }
    assert found["R07.9"] is Assertion.NEGATED
    assert found["M10.9"] is Assertion.FAMILY
    assert Assertion.PRESENT in found.values()


def test_vocabulary_holds_codes_of_the_release_only(terms: TermIndex, release: Release) -> None:
    entries = [*terms.by_sequence.values(), *terms.by_word.values()]
    assert len(entries) > 80_000
    assert all(entry.code in release for entry in entries)
    assert all(len(stems) > 1 for stems in terms.by_sequence)


def test_earlier_source_keeps_a_wording(release: Release, terms: TermIndex) -> None:
    taken = TermIndex(release, [("congestive heart failure", "R05.9"), ("zzz qqq", "R05.9")])
    assert taken.by_sequence[("congest", "heart", "failur")].code == "I50.9"
    assert taken.by_sequence[("zzz", "qqq")].source == "index"
    assert ("zzz", "qqq") not in terms.by_sequence


@settings(max_examples=60)
@given(note_texts)
def test_mentions_of_any_text_stand_where_they_say(terms: TermIndex, text: str) -> None:
    doc = document(text)
    found = find_mentions(doc, terms)
    assert found == sorted(found, key=lambda m: (m.start, m.end, m.code))
    for m in found:
        assert doc.tokens[m.first].start == m.start
        assert doc.tokens[m.last - 1].end == m.end
        sentence = doc.sentences[m.sentence]
        assert sentence.first <= m.first < m.last <= sentence.last

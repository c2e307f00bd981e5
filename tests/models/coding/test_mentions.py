"""Mentions: wordings in order and as a bag, fences, ambiguous forms, exact single words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from data.terminology.lexicon import Sense
from models.coding.coder import Coder
from models.coding.mentions import Mention, choose_sense, find_mentions
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


@pytest.mark.parametrize(
    ("text", "fields", "code"),
    [
        # by words in the sentence
        ("OD: narcan given, intentional ingestion of pills", {}, "T50.901A"),
        ("OD 20/40, OS 20/25, drops continued", {}, None),
        ("Dry cough; HS: Hurley stage II, axillary nodules", {}, "L73.2"),
        ("Trazodone 50 mg po HS", {}, None),
        ("Echo with AS, peak gradient 64, referred for TAVR", {}, "I35.0"),
        ("AS with positive HLA-B27 and sacroiliac changes of the spine", {}, "M45.9"),
        ("UC on mesalamine, bloody stools", {}, "K51.90"),
        ("Seen at UC yesterday", {}, None),
        ("PD on levodopa with bradykinesia", {}, "G20.A1"),
        ("PD exchanges nightly, catheter site clean, ESRD", {}, None),
        ("BS normoactive, abd soft", {}, None),
        ("CMP with EF 25 percent, on entresto", {}, "I42.9"),
        ("CBC and CMP today", {}, None),
        ("SCDs off; SCD with pain crisis, on hydroxyurea", {}, "D57.1"),
        ("BE with goblet cells, EGD in 3 years", {}, "K22.70"),
        ("SLE on plaquenil, dsdna up", {}, "M32.9"),
        ("SLE: cornea clear, lens 2+ nuclear", {"specialty": "ophthalmology"}, None),
        ("CMT present, adnexal tenderness", {}, None),
        ("DVT ppx: lovenox", {}, None),
        ("DVT seen by duplex, eliquis started", {}, "I82.40"),
        # a patient, or physical therapy, is no disease in any wording
        ("PT reports pain", {}, None),
        ("pt here for refill, denies chest symptoms", {}, None),
        ("PT/OT eval", {}, None),
        # ordinary words written in capitals
        ("NO CHANGE AT ALL, GO TO BED, WILL ADD ICE", {}, None),
    ],
)
def test_ambiguous_kinds(
    terms: TermIndex, text: str, fields: dict[str, str], code: str | None
) -> None:
    found = {m.code for m in mentions(terms, text, **fields) if m.source == "sense"}
    assert found == ({code} if code else set())


def test_the_sentences_beside_speak_too(terms: TermIndex) -> None:
    text = "HPI:\nLevodopa helps his bradykinesia. PD is stable."
    assert "G20.A1" in codes(terms, text)
    apart = "Meds:\nLevodopa for bradykinesia.\n\nExam:\nPD 62 mm."
    assert "G20.A1" not in codes(terms, apart)


def test_specialty_decides_where_words_do_not(terms: TermIndex) -> None:
    text = "PVD noted"
    assert codes(terms, text, specialty="ophthalmology") == {"H43.81"}
    assert codes(terms, text, specialty="vascular surgery") == {"I73.9"}


def test_lower_case_forms_are_met_in_any_case(terms: TermIndex) -> None:
    assert codes(terms, "h/o cva with aphasia and infarct") == codes(
        terms, "h/o CVA with aphasia and infarct"
    )


def test_readings_of_several_words(terms: TermIndex) -> None:
    text = "compression fracture after a fall, lumbar, acute trauma"
    assert "S32.00" in codes(terms, text)


def _sense(code: str, words: set[str], *, default: bool = False, section: str = "") -> Sense:
    contexts = frozenset(frozenset({w}) for w in words)
    sections = frozenset({section} - {""})
    return Sense("X", code, code, frozenset(words), contexts, sections, frozenset(), default)


def test_choice_weighs_near_words_over_those_beside_and_the_section() -> None:
    one, two = _sense("I10", {"alpha"}, section="exam"), _sense("I11.9", {"beta"})
    default = _sense("", set(), default=True)
    senses = (one, two, default)
    none: frozenset[str] = frozenset()
    assert choose_sense(senses, "exam", "", none) is one
    assert choose_sense(senses, "exam", "", frozenset({"beta"})) is two
    # One word beside and the section: neither reading is ahead, so the default holds.
    assert choose_sense(senses, "exam", "", none, frozenset({"beta"})) is default
    assert choose_sense(senses, "", "", none, frozenset({"beta"})) is two
    assert choose_sense(senses, "", "", none) is default
    assert choose_sense((one, two), "", "", none) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Hepatitis A.", "B15.9"),
        ("Acute hepatitis A infection", "B15.9"),
        ("Hip fx, osteoporotic", "M80.05"),
        ("adrenal insufficiency", "E27.40"),  # not the short form of the primary one
        ("pulmonary hypertension", "I27.20"),
        ("Class 2 obesity, makes #1 worse", "E66.812"),
        ("Yeast diaper dermatitis", "B37.2"),
    ],
)
def test_reads(terms: TermIndex, text: str, code: str) -> None:
    assert code in codes(terms, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Acute toxic hepatitis", "B15.9"),  # no letter, no hepatitis A
        ("The boot doesn't fit", "R20.2"),  # "n't" is not "N/T"
        ("Type 2 DM w/o retinopathy", "E11.319"),
        ("Class 2 obesity, makes #1 worse", "E66.811"),
        ("Weak on the left, hemiparesis, right-handed", "G81.91"),
        ("Bone metastases from previous breast carcinoma", "C79.81"),
        ("Chronic immune thrombocytopenia", "D69.6"),
    ],
)
def test_reads_no_more_than_is_said(terms: TermIndex, text: str, code: str) -> None:
    assert code not in codes(terms, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("She can't hear the grandkids anymore.", "H91.9"),
        ("He cannot hear the television.", "H91.9"),
        ("She has been really tired since spring.", "R53.83"),
        ("Feels like his bladder doesn't empty.", "R39.14"),
    ],
)
def test_what_a_patient_cannot_do_is_read(terms: TermIndex, text: str, code: str) -> None:
    assert code in {m.code for m in find_mentions(document(text), terms)}


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("He can hear the grandkids well.", "H91.9"),
        ("Tired, he says; it has been months since the flu.", "R53.83"),
        ("He has never smoked.", "F17.200"),
    ],
)
def test_a_phrase_keeps_its_order_and_its_clause(terms: TermIndex, text: str, code: str) -> None:
    found = {
        m.source for m in find_mentions(document(text), terms) if m.code == code and m.words > 1
    }
    assert not found

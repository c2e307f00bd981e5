"""What a note says of a mention: six readings, their scopes, breakers and priors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.schemas import Assertion
from models.coding.assertion import SentenceScopes
from tests.models.coding.reading import document, note_texts, reading_of

SENTENCES: dict[Assertion, list[str]] = {
    Assertion.NEGATED: [
        "No [pneumonia] on the film.",
        "The patient denies [chest pain].",
        "Denies fever, chills, nausea, vomiting and [dysuria].",
        "There is no evidence of [acute fracture].",
        "Negative for [influenza].",
        "[Pneumonia] was ruled out.",
        "[Influenza]: negative.",
        "[Effusion] is absent.",
        "Without [ascites].",
        "w/o [edema]",
        "Low suspicion for [meningitis].",
        "Does not have [asthma].",
        "[Pulmonary embolism] unlikely.",
        "No history of [seizures].",
        "Neither cough nor [dyspnea].",
        "No rash, no [itch].",
        "Abdomen free of [masses].",
    ],
    Assertion.FAMILY: [
        "Family history of [breast cancer].",
        "Mother had [stroke] at 60.",
        "Father with [coronary artery disease].",
        "FHx: [colon cancer].",
        "Sister and aunt with [lupus].",
        "Maternal grandmother with [dementia].",
    ],
    Assertion.HISTORICAL: [
        "History of [gout].",
        "Status post [appendicitis] in 2010.",
        "[Pneumonia] two years ago.",
        "[Lymphoma] in remission.",
        "Prior [myocardial infarction].",
        "s/p [hip fracture]",
        "[Asthma], resolved.",
        "Remote history of [tuberculosis].",
        "Childhood [asthma].",
    ],
    Assertion.HYPOTHETICAL: [
        "Return if [fever] develops.",
        "Call for [chest pain].",
        "Watch for [bleeding].",
        "Risk of [infection] was discussed.",
        "At risk for [falls].",
        "Screening for [colon cancer].",
        "If [vomiting] occurs, stop the drug.",
        "Heparin for [DVT] prophylaxis.",
        "Aspirin to prevent [stroke].",
    ],
    Assertion.UNCERTAIN: [
        "Possible [appendicitis].",
        "Probable [pneumonia].",
        "Likely [viral syndrome].",
        "Suspected [sepsis].",
        "Concern for [cellulitis].",
        "Rule out [myocardial infarction].",
        "r/o [PE]",
        "Findings consistent with [diverticulitis].",
        "Cellulitis versus [dermatitis].",
        "Cannot exclude [fracture].",
        "May represent [pneumonia].",
        "Ddx: [gastritis].",
        "[Pneumonia]?",
        "?[pneumonia]",
        "Is this [gout]?",
        "Question of [abscess].",
    ],
    Assertion.PRESENT: [
        "[Pneumonia] in the left lower lobe.",
        "Patient has [hypertension].",
        "No fever but [cough] persists.",
        "Denies chest pain; has [dyspnea].",
        "Denies chest pain. [Dyspnea] present.",
        "Not only [cough].",
        "No change in [edema].",
        "Gram negative [sepsis].",
        "Acetaminophen as needed for [headache].",
        "[Hypertension] due to possible stress.",
        "Mother brought him; he reports [cough].",
        "History significant for [diabetes].",
        "No fever, however [cough] noted.",
        "Concussion without coma, [headache].",
        "Mother is well; [asthma] today.",
        "No shortness of breath was ever noted at any of the four visits in spring, [eczema] was.",
        "Possible infection, who presents with [syncope].",
        "Denies trauma. Positive for [weakness].",
    ],
}


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [(sentence, a) for a, sentences in SENTENCES.items() for sentence in sentences],
)
def test_reading(sentence: str, expected: Assertion) -> None:
    assert reading_of(sentence) is expected


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Family History:\n", Assertion.FAMILY),
        ("Past Surgical History:\n", Assertion.HISTORICAL),
        ("Discharge Instructions:\n", Assertion.HYPOTHETICAL),
        ("Allergies: ", Assertion.HISTORICAL),
        ("PMH:\n", Assertion.PRESENT),
        ("Assessment:\n", Assertion.PRESENT),
    ],
)
def test_section_gives_the_prior(header: str, expected: Assertion) -> None:
    assert reading_of("[Asthma]", header) is expected
    assert reading_of("No [asthma]", header) is Assertion.NEGATED
    assert reading_of("History significant for [asthma]", header) is Assertion.PRESENT


@pytest.mark.parametrize("words", ["acute severe stabbing left sided", ""])
def test_scope_is_counted_in_words(words: str) -> None:
    near = f"without {words} [pain]"
    far = "without one two three four five six seven eight [pain]"
    assert reading_of(near) is Assertion.NEGATED
    assert reading_of(far) is Assertion.PRESENT


def test_list_of_denials_reaches_its_last_item() -> None:
    symptoms = "fever, chills, cough, rash, nausea, vomiting, diarrhea, dysuria, hematuria"
    assert reading_of(f"Denies {symptoms} or [weakness].") is Assertion.NEGATED


def test_longer_cue_wins_over_the_shorter_in_it() -> None:
    assert reading_of("No family history of [asthma].") is Assertion.NEGATED
    assert reading_of("Not only [asthma].") is Assertion.PRESENT
    assert reading_of("No change in [asthma].") is Assertion.PRESENT


def test_cue_of_one_sentence_says_nothing_of_the_next() -> None:
    assert reading_of("No fever. [Cough].") is Assertion.PRESENT
    assert reading_of("Assessment:\n- No fever\n- [Cough]\n") is Assertion.PRESENT


def test_mention_itself_is_no_cue_for_itself() -> None:
    assert reading_of("[history of falls]") is Assertion.PRESENT


@given(note_texts, st.data())
def test_every_stretch_of_any_sentence_has_one_reading(text: str, data: st.DataObject) -> None:
    doc = document(text)
    for sentence in doc.sentences:
        first = data.draw(st.integers(sentence.first, sentence.last - 1))
        last = data.draw(st.integers(first + 1, sentence.last))
        scopes = SentenceScopes(doc, sentence)
        assert scopes.assertion(first, last) in Assertion
        assert scopes.assertion(first, last) is scopes.assertion(first, last)


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("[Crohn's] in remission", Assertion.PRESENT),
        ("[Pneumonia] in remission", Assertion.HISTORICAL),
        ("[Thrombocytopenia] from sepsis - DIC panel neg", Assertion.PRESENT),
        ("[Chest pain] - resolved", Assertion.HISTORICAL),
        ("DEXA before hardware as [osteoporosis] would change the plan", Assertion.HYPOTHETICAL),
        ("Constipation could set off [encephalopathy]", Assertion.HYPOTHETICAL),
    ],
)
def test_what_a_cue_leaves_alone(sentence: str, expected: Assertion) -> None:
    assert reading_of(sentence, "HPI: ") is expected

"""From a node to the billable code: sides, defaults, stages, and the episode of care."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.terminology.icd10cm import Release
from models.coding.context import ContextReader
from models.coding.specify import Specifier, episode
from tests.models.coding.reading import document, note_texts


@pytest.fixture(scope="module")
def specifier(release: Release) -> Specifier:
    return Specifier(release)


def choose(specifier: Specifier, text: str, code: str, **fields: object) -> str:
    return specifier.choose(code, ContextReader(document(text, **fields)).at(0)).codes[0]


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("Pain in the right knee.", "M25.56", "M25.561"),
        ("Knee pain, left.", "M25.56", "M25.562"),
        ("R knee pain", "M25.56", "M25.561"),
        ("Nuclear cataract OS", "H25.1", "H25.12"),
        ("Nuclear cataract OU", "H25.1", "H25.13"),
        ("Nuclear cataract, left and right", "H25.1", "H25.13"),
        ("Knee pain. Left knee swollen.", "M25.56", "M25.562"),  # the next sentence
        ("Right knee pain. Left shoulder well.", "M25.56", "M25.561"),  # near beats beside
        ("Knee pain.\n\nPlan: left knee brace.", "M25.56", "M25.562"),  # anywhere in the note
        ("Knee pain.", "M25.56", "M25.569"),  # nothing says the side
    ],
)
def test_side(specifier: Specifier, text: str, code: str, expected: str) -> None:
    assert choose(specifier, text, code) == expected


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("acute on chronic systolic heart failure", "I50.9", "I50.23"),
        ("heart failure", "I50.9", "I50.9"),
        ("moderate persistent asthma with acute exacerbation", "J45", "J45.41"),
        ("major depressive disorder, recurrent, moderate", "F33", "F33.1"),
        ("stage 3 pressure ulcer of sacral region", "L89.15", "L89.153"),
        ("pressure ulcer of sacral region", "L89.15", "L89.159"),
        ("stage 2 pressure ulcer of left heel", "L89.6", "L89.622"),
        ("asthma", "J45.909", "J45.909"),
        ("chronic kidney disease", "N18.9", "N18.9"),
    ],
)
def test_stage_type_and_acuity(specifier: Specifier, text: str, code: str, expected: str) -> None:
    assert choose(specifier, text, code) == expected


RADIUS = "S52.502"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("Closed fracture of left distal radius, fell today", RADIUS, "A"),
        ("Open fracture of left distal radius", RADIUS, "B"),
        ("Fracture of left distal radius, cast check, healing", RADIUS, "D"),
        ("Fracture of left distal radius, delayed healing", RADIUS, "G"),
        ("Fracture of left distal radius with nonunion", RADIUS, "K"),
        ("Fracture of left distal radius with malunion", RADIUS, "P"),
        ("Late effect of fracture of left distal radius", RADIUS, "S"),
        ("Laceration of right forearm", "S51.811", "A"),
        ("Laceration of right forearm, suture removal", "S51.811", "D"),
        ("Open fracture care given", "S51.811", "A"),  # no B among a wound's characters
    ],
)
def test_seventh_character(specifier: Specifier, text: str, code: str, expected: str) -> None:
    assert choose(specifier, text, code) == code + expected


@pytest.mark.parametrize(
    ("text", "node", "expected"),
    [
        # "without foreign body of left little finger" denies no finger and no side.
        ("Laceration of left little finger", "S61.21", "S61.217A"),
        ("Displaced supracondylar fracture of right humerus", "S42.41", "S42.411A"),
        ("Ankle sprain.\nL ankle: swollen.\nR ankle: nl.", "S93.40", "S93.402A"),
    ],
)
def test_denials_and_normal_sides(
    specifier: Specifier, text: str, node: str, expected: str
) -> None:
    assert choose(specifier, text, node) == expected


def test_note_type_makes_the_encounter_subsequent(specifier: Specifier) -> None:
    text = "Laceration of right forearm"
    assert choose(specifier, text, "S51.811", note_type="Follow-up visit") == "S51.811D"


def test_injury_of_today_stays_initial_in_a_visit_without_such_words(specifier: Specifier) -> None:
    context = ContextReader(document("Sprain of right ankle")).at(0)
    assert episode(context, frozenset("ADS"))[0] == "A"


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("normal first pregnancy, 30 weeks", "Z34.0", "Z34.03"),
        ("gestational hypertension, 12 weeks", "O13", "O13.1"),
    ],
)
def test_weeks_decide_the_trimester(
    specifier: Specifier, text: str, code: str, expected: str
) -> None:
    assert choose(specifier, text, code) == expected


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("CKD", "N18", "N18.9"),
        ("asthma", "J45", "J45.909"),
        ("primary osteoarthritis of right knee", "M17.9", "M17.11"),
    ],
)
def test_unspecified_code_claims_no_more_than_the_words(
    specifier: Specifier, text: str, code: str, expected: str
) -> None:
    assert choose(specifier, text, code) == expected


@settings(max_examples=150)
@given(st.data(), note_texts)
def test_choice_is_billable_and_of_the_family(
    specifier: Specifier, release: Release, data: st.DataObject, text: str
) -> None:
    doc = document(text)
    if not doc.sentences:
        return
    code = data.draw(st.sampled_from(sorted(release.nodes)))
    index = data.draw(st.integers(0, len(doc.sentences) - 1))
    choice = specifier.choose(code, ContextReader(doc).at(index))
    for chosen in (*choice.codes, *(c for c, _ in choice.others)):
        assert release.is_billable(chosen)
        assert chosen[:3] == code[:3]
    assert abs(choice.fit) < 100
    assert all(fit <= choice.fit + 1e-9 for _, fit in choice.others)


@pytest.mark.parametrize(
    ("text", "code", "expected"),
    [
        ("Abscess R thigh", "L02.41", "L02.415"),  # the thigh is of the lower limb
        ("Cellulitis, left forearm", "L03.11", "L03.114"),
        ("Primary gout, acute attack, right big toe", "M10.00", "M10.071"),
        ("Primary gout, right side", "M10.00", "M10.00"),  # a side alone says no joint
        ("Chronic tophaceous gout of several joints (left elbow, ankles)", "M1A.9XX1", "M1A.09X1"),
        ("Permanent AF", "I48.91", "I48.21"),  # the mention says the family's words itself
        ("DM2 poorly controlled", "E11.9", "E11.65"),
        ("Left hemiplegia. Right-handed.", "G81.9", "G81.94"),
        ("Left hemiplegia. He is left hand dominant.", "G81.9", "G81.92"),
        ("Right hemiplegia", "G81.9", "G81.91"),
        ("Pain in left toe", "M79.67", "M79.675"),
    ],
)
def test_what_words_imply(specifier: Specifier, text: str, code: str, expected: str) -> None:
    assert choose(specifier, text, code) == expected


def test_both_eyes_and_all_lids(specifier: Specifier) -> None:
    context = ContextReader(document("Blepharitis, all four lids")).at(0)
    assert specifier.choose("H01.00", context).codes == ("H01.00A", "H01.00B")


@pytest.mark.parametrize(
    ("text", "code", "first", "last", "expected"),
    [
        ("Acute toxic hepatitis", "K71.6", 1, 3, "K71.2"),
        ("Moderate persistent asthma with flare", "J45.40", 0, 3, "J45.41"),
        ("OUD, severe, in sustained remission", "F11.20", 0, 2, "F11.21"),
        ("Acute kidney injury, chronic systolic HF", "I50.22", 3, 6, "I50.22"),  # the kidney's
        ("Toxic hepatitis. Acute pain.", "K71.6", 0, 2, "K71.6"),
    ],
)
def test_the_fuller_code_beside(
    specifier: Specifier, text: str, code: str, first: int, last: int, expected: str
) -> None:
    context = ContextReader(document(text)).at(0, first, last)
    assert specifier.choose(code, context).codes == (expected,)


@pytest.mark.parametrize(
    ("text", "code", "last", "expected"),
    [
        ("Oligoarticular JIA - left knee, right ankle", "M08.4", 2, ("M08.462", "M08.471")),
        ("Seropositive RA of hands, wrists and knees", "M05.9", 2, ("M05.79",)),
        ("Pressure ulcers: sacrum stage 3, R heel stage 2", "L89", 2, ("L89.153", "L89.612")),
    ],
)
def test_several_places(
    specifier: Specifier, text: str, code: str, last: int, expected: tuple[str, ...]
) -> None:
    context = ContextReader(document(text)).at(0, 0, last)
    assert specifier.choose(code, context).codes == expected


def test_what_a_code_denies_may_be_affirmed(specifier: Specifier) -> None:
    assert choose(specifier, "Barrett's with low grade dysplasia", "K22.70") == "K22.710"
    assert choose(specifier, "Barrett's, no dysplasia", "K22.70") == "K22.70"

"""External causes: the grids of vehicles and homes, examples of narratives, what stands by."""

from __future__ import annotations

import pytest

from data.terminology.icd10cm import Release
from models.coding.circumstances.narratives import Narratives, narratives
from models.coding.circumstances.stories import NARRATIVE
from models.coding.coder import Coder
from models.coding.linking import Linker
from models.coding.occurrences import CHOSEN, Candidates
from tests.models.coding.reading import document


@pytest.fixture(scope="module")
def linker(shipped_coder: Coder, release: Release) -> Linker:
    return shipped_coder.linker_for(release)


def gathered(linker: Linker, story: str, harm: str = "left wrist fracture") -> Candidates:
    return linker.candidates(document(f"HPI: {story}\nAssessment: {harm}\n"))


def told(linker: Linker, story: str, harm: str = "left wrist fracture") -> set[str]:
    sources = {"circumstance", NARRATIVE}
    return {
        code
        for code, c in gathered(linker, story, harm).items()
        if any(o.source in sources and o.role == CHOSEN for o in c.occurrences)
    }


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("restrained driver of a sedan, rear-ended by another car at a light", "V43.52XA"),
        ("restrained driver of a sedan struck by an SUV, MVC on the highway", "V43.51XA"),
        ("driver of a delivery van, struck on the side by a sedan, collision", "V53.5XXA"),
        ("passenger in a car that hit a tree, crash on a county road", "V47.6XXA"),
        ("riding his motorcycle when a car pulled out and they collided", "V23.49XA"),
        ("laid his motorcycle down on loose gravel and slid", "V28.49XA"),
        ("was riding her bicycle when struck by a car at the intersection", "V13.4XXA"),
        ("pedestrian struck by a pickup in a crosswalk", "V03.10XA"),
        ("pedestrian struck by a car in a parking lot", "V03.00XA"),
        ("his ATV rolled over in the pasture, he was the driver", "V86.55XA"),
    ],
)
def test_transport_accidents_are_put_together(linker: Linker, story: str, code: str) -> None:
    assert code in told(linker, story)


def test_a_vehicle_beside_a_fall_is_no_transport_accident(linker: Linker) -> None:
    codes = told(linker, "slipped on ice and fell walking to her car")
    assert not [c for c in codes if c.startswith("V")]


@pytest.mark.parametrize(
    ("story", "code"),
    [
        ("fell in the bathroom of her apartment", "Y92.031"),
        ("At her grandmother's house today. She slipped and fell in the bathroom.", "Y92.012"),
        ("fell in the kitchen of the nursing home", "Y92.120"),
        ("fell in the bathroom at an assisted living facility", "Y92.192"),
        ("fell out of bed at home", "Y92.003"),
        ("fell in the garage of his house", "Y92.015"),
        ("fell on the soccer field", "Y92.322"),
    ],
)
def test_rooms_belong_to_the_home_told_nearest(linker: Linker, story: str, code: str) -> None:
    assert code in told(linker, story)


@pytest.mark.parametrize(
    ("story", "harm", "code"),
    [
        (
            "foot went into a gopher hole, rolled the ankle, no fall",
            "ankle sprain",
            "W18",
        ),
        (
            "no gloves, missed and drove his fist into the support post",
            "metacarpal fracture",
            "W22",
        ),
        ("was dicing shallots for supper", "laceration of left finger", "W26.0"),
        ("knocked a mug of chai into her lap, scalded", "burn of left thigh", "X10.0"),
        ("shoved a pony bead up his nostril", "foreign body in nose", "W44.B1"),
    ],
)
def test_what_no_pattern_foresaw_is_read_by_example(
    linker: Linker, story: str, harm: str, code: str
) -> None:
    assert [c for c in gathered(linker, story, harm) if c.startswith(code)]


def test_nearness_to_an_example_is_kept_for_the_ranker(linker: Linker) -> None:
    found = gathered(linker, "cut her thumb on a mandoline slicer", "laceration of left thumb")
    places = [o for o in found["W27.4XXA"].occurrences if o.source == NARRATIVE]
    assert places
    assert found["W27.4XXA"].lexical == max(o.fit for o in places) > 0.3


@pytest.mark.parametrize(
    ("story", "harm", "code"),
    [
        ("walks the dog daily, mows the lawn", "hypertension", "Y93"),
        ("hurt driving home from yoga", "left wrist fracture", "Y93.42"),
        ("pain is worse with running", "left wrist fracture", "Y93.02"),
        ("spilled hot coffee, no burn; later fell off a ladder", "left wrist fracture", "X10"),
        ("no fall, no dog bite", "left wrist fracture", "W54"),
        ("pain in the left ring finger, finger stuck", "sprain of left ring finger", "W49"),
    ],
)
def test_what_only_stands_by_is_no_circumstance(
    linker: Linker, story: str, harm: str, code: str
) -> None:
    assert not [c for c in told(linker, story, harm) if c.startswith(code)]


@pytest.mark.parametrize(
    ("story", "harm", "code"),
    [
        ("tripped on the cord of the vacuum and went down", "left wrist sprain", "W18.09XA"),
        ("an unknown man slashed at him with a box cutter", "left cheek laceration", "X99.1XXA"),
        ("jumped and hit with a pool cue during a bar fight", "scalp laceration", "Y00.XXXA"),
        ("swinging across the jungle gym, missed a rung", "left wrist fracture", "W09.2XXA"),
        ("lunged for a backhand and felt a pop", "left calf strain", "X50.0XXA"),
    ],
)
def test_causes_told_as_stories(linker: Linker, story: str, harm: str, code: str) -> None:
    assert code in told(linker, story, harm)


@pytest.mark.parametrize(
    ("story", "harm", "code"),
    [
        ("35-year-old man hit by a falling branch", "scalp laceration", "Y04"),
        ("husband cut the tape off with a knife after she cut her finger", "finger lac", "X99"),
        ("was thrown from his bike to the ground", "left wrist fracture", "Y04"),
        ("stubbed the left foot, tolerates full weight", "left foot contusion", "X50"),
    ],
)
def test_accidents_are_no_assaults(linker: Linker, story: str, harm: str, code: str) -> None:
    assert not [c for c in told(linker, story, harm) if c.startswith(code)]


def test_a_late_effect_has_a_late_cause(linker: Linker) -> None:
    found = gathered(
        linker,
        "pulled down a pan of hot frying oil as a child, third degree burn of the left hand",
        "burn scar contracture of the left hand",
    )
    assert {"T23.302S", "X10.2XXS"} <= set(found)


def test_work_is_said_and_leisure_is_what_else_was_done(linker: Linker) -> None:
    assert "Y99.8" in told(linker, "fell playing soccer in a recreational league")
    codes = told(linker, "fell off a scaffold while on the clock")
    assert "Y99.0" in codes
    assert "Y99.8" not in codes
    assert "Y99.1" in told(linker, "fell on a ruck march, active duty soldier")


def test_examples_are_met_by_words_that_tell_the_same() -> None:
    examples = Narratives(
        [("slicing an onion", "A"), ("bitten by a dog", "B"), ("fell in tub", "C")]
    )
    assert examples.read(["while", "chopping", "shallots"])[0].code == "A"
    # The persons and things of an example do not tell its deed.
    assert not examples.read(["walked", "with", "the", "dog", "by", "the", "tub"])
    first = examples.read(["was", "chopping", "one", "large", "onion"])[0]
    assert (first.first, first.last) == (1, 5)


def test_the_packaged_examples_find_themselves() -> None:
    reader = narratives()["cause"]
    for phrase, code in [
        ("fell off a step ladder", "W11"),
        ("bitten by neighbor's dog", "W54.0"),
        ("bacon grease burned her", "X10.2"),
    ]:
        assert reader.read(phrase.split())[0].code == code

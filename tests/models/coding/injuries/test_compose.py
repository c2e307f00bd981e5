"""Which injury the note says of which site."""

from __future__ import annotations

import pytest

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.candidates import CHOSEN, Candidates, gather
from models.coding.injuries.compose import find_injuries
from models.coding.specify import Specifier
from tests.models.coding.reading import document


@pytest.fixture(scope="module")
def specifier(release: Release) -> Specifier:
    return Specifier(release)


def candidates(release: Release, specifier: Specifier, text: str, **fields: object) -> Candidates:
    return gather(document(text, **fields), release, specifier, [], [], [], [])


def chosen(found: Candidates) -> set[str]:
    return {
        code
        for code, c in found.items()
        if any(o.role == CHOSEN and o.assertion is Assertion.PRESENT for o in c.occurrences)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2 cm lac R forearm, abrasion L knee", {"S51.811A", "S80.212A"}),
        ("Scalp, chin and R hand lacerations", {"S01.01XA", "S01.81XA", "S61.411A"}),
        ("Partial thickness burns, R forearm and R hand dorsum", {"T22.211A", "T23.261A"}),
        ("First degree burn, R cheek", {"T20.16XA"}),
        ("Chemical burn to left palm, second degree", {"T23.652A"}),
        ("Dorsal dislocation, PIP joint, left ring finger", {"S63.285A"}),
        ("R 5th metacarpal neck fx, displaced, closed", {"S62.336A"}),
        ("Laceration of flexor tendon, left small finger", {"S66.127A"}),
        ("Digital nerve laceration of right thumb", {"S64.31XA"}),
        ("L ribs 5-9 fx", {"S22.42XA"}),
        ("Rib fx on the left", {"S22.32XA"}),
        ("Dog bite, left calf", {"S81.852A"}),
        ("Displaced comminuted fx of R tibial shaft, open, Gustilo IIIA", {"S82.251C"}),
        ("Bead in right nostril", {"T17.1XXA"}),
        ("Nailbed laceration, R index finger, nail avulsed", {"S61.310A"}),
        ("R forearm laceration with retained glass", {"S51.821A"}),
        ("Crush injury left hand", {"S67.22XA"}),
        ("1 L clavicle shaft fx, displaced, closed", {"S42.022A"}),
        ("Right intertrochanteric hip fx, osteoporotic", {"M80.051A"}),
        ("Pathologic fracture of left proximal femur through metastasis", {"M84.552A"}),
        ("Stress fracture, right second metatarsal", {"M84.374A"}),
        (
            "Colles' fracture, closed.\nXR R wrist: dorsally angulated distal radius fx",
            {"S52.501A"},
        ),
        ("Fell off roof. L hemopneumothorax", {"S27.2XXA"}),
        ("Infected R THA", {"T84.51XA"}),
        ("Aseptic loosening of the right TKA", {"T84.032A"}),
        ("PD catheter broken", {"T85.611A"}),
        ("Foley clogged with sediment", {"T83.091A"}),
        ("Concussion, no LOC", {"S06.0X0A"}),
        ("Fell, SDH on CT, LOC about 10 min", {"S06.5X1A"}),
        ("Boiling water on R foot, blisters, 2nd degree", {"T25.221A"}),
        ("Squirrel bit her left thumb", {"S61.052A"}),
        ("Nail went through R palm", {"S61.431A"}),
    ],
)
def test_kind_and_site_make_the_code(
    release: Release, specifier: Specifier, text: str, expected: set[str]
) -> None:
    assert expected <= chosen(candidates(release, specifier, text))


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("2 cm lac R forearm, abrasion L knee", "S81.012A"),  # the laceration is not of the knee
        ("Dorsal dislocation, PIP joint, left ring finger", "S63.255A"),
        ("Psoriasis, 20% BSA. Wrist exam: partial thickness tear of ligament", "T23.279A"),
        ("Complete tear of right rotator cuff, degenerative", "S46.011A"),
        ("Bone island in the left wrist", "S60.852A"),
        ("R TKA 2019. PICC for infection of the elbow", "T84.53XA"),
        ("PICC placed for joint infection", "T80.212A"),
        ("Second degree AV block, foot pain", "T25.229A"),
        ("Spontaneous pneumothorax in COPD", "S27.0XXA"),
    ],
)
def test_what_is_not_said(release: Release, specifier: Specifier, text: str, unwanted: str) -> None:
    assert unwanted not in chosen(candidates(release, specifier, text))


def test_denied_injuries_are_read_as_denied(release: Release, specifier: Specifier) -> None:
    found = candidates(release, specifier, "No fracture of the left wrist.")
    assert not chosen(found)
    assert any(o.assertion is Assertion.NEGATED for c in found.values() for o in c.occurrences)


def test_a_kind_alone_takes_the_site_beside_it(release: Release, specifier: Specifier) -> None:
    text = "EXAM:\nLeft elbow swollen and tender.\nAbrasion 2 cm.\n"
    assert "S50.312A" in candidates(release, specifier, text)


def test_the_burn_of_a_known_site_makes_the_vague_one_a_runner_up(
    release: Release, specifier: Specifier
) -> None:
    from models.coding.mentions import find_mentions
    from models.coding.terms import TermIndex

    doc = document("Second degree burn, right palm")
    mentions = find_mentions(doc, TermIndex(release))
    found = gather(doc, release, specifier, mentions, [], [], [])
    assert "T23.251A" in chosen(found)
    assert "T30.0" not in chosen(found)


def test_long_lists_cost_little() -> None:
    text = "lac " + ", ".join(["R hand", "L knee", "chin"] * 60)
    assert len(find_injuries(document(text))) <= 400


def test_what_is_left_in_a_wound_is_said_once(release: Release, specifier: Specifier) -> None:
    text = "Puncture R foot, rust fragment found and removed.\nDx: puncture wound R foot"
    found = chosen(candidates(release, specifier, text))
    assert "S91.341A" in found
    assert "S91.331A" not in found
    none = chosen(candidates(release, specifier, "Puncture R foot, no metal fragments found"))
    assert "S91.341A" not in none


def test_consciousness_is_lost_as_the_story_tells(release: Release, specifier: Specifier) -> None:
    found = candidates(release, specifier, "Fell, out cold, LOC 5 min.\nDx: subdural hematoma")
    assert "S06.5X1A" in chosen(found)


def test_a_side_that_heads_its_line(release: Release, specifier: Specifier) -> None:
    found = candidates(release, specifier, "OS: lid 1 cm, no FB\nOD: normal\nDx: lid laceration")
    assert "S01.112A" in found

"""Details that pick a code: timed therapy, lengths of wounds, views and contrast of a study."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.procedure_codes import Concept, ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.drafting import finder_of
from models.procedures.mentions import Layout
from models.procedures.studies import named_views, study_slots
from models.procedures.timed import OVER_THE_TOTAL, UNIT, count_timed, stated_minutes
from models.procedures.types import Judged, Line, Mention, Status
from models.procedures.wounds import closed_wounds, zone_slots, zones

Write = Callable[..., Document]


@pytest.fixture(scope="module")
def therapy(codes: ProcedureCodes) -> tuple[ProcedureCode, Concept]:
    entry = codes.find("97110")
    assert entry is not None
    concept = codes.concepts[entry.concept]
    assert "timed" in concept.attributes
    return entry, concept


def units(
    therapy: tuple[ProcedureCode, Concept], payer: str, minutes: list[int]
) -> list[tuple[int, int]]:
    """(minutes, units) of the lines left."""
    lines = [
        Line(*therapy, ((i, i + 1),), 1, {"payer": payer, "timed_minutes": float(m)})
        for i, m in enumerate(minutes)
    ]
    return [(minutes[line.evidence[0][0]], line.units) for line in count_timed(lines)]


@pytest.mark.parametrize(
    ("payer", "minutes", "expected"),
    [
        ("medicare", [7], []),
        ("medicare", [8], [(8, 1)]),
        ("medicare", [22], [(22, 1)]),
        ("medicare", [23], [(23, 2)]),
        ("medicare", [33, 7], [(33, 2), (7, 1)]),  # CMS's own example: 40 minutes are three units
        ("medicare", [18, 13, 10, 8], [(18, 1), (13, 1), (10, 1)]),  # 49: the shortest gets none
        ("commercial", [18, 13, 10, 8], [(18, 1), (13, 1), (10, 1), (8, 1)]),
        ("commercial", [33, 7], [(33, 2)]),
        ("commercial", [37, 38], [(37, 2), (38, 3)]),
    ],
)
def test_timed_units(
    therapy: tuple[ProcedureCode, Concept], payer: str, minutes: list[int],
    expected: list[tuple[int, int]],
) -> None:  # fmt: skip
    assert units(therapy, payer, minutes) == expected


@given(
    minutes=st.lists(st.integers(0, 90), min_size=1, max_size=5),
    payer=st.sampled_from([*sorted(OVER_THE_TOTAL), "commercial"]),
)
def test_units_keep_to_the_minutes(
    therapy: tuple[ProcedureCode, Concept], minutes: list[int], payer: str
) -> None:
    found = units(therapy, payer, minutes)
    total = sum(n for _, n in found)
    if payer in OVER_THE_TOTAL:
        assert total == (sum(minutes) + 7) // UNIT
    else:
        assert total == sum((m + 7) // UNIT for m in minutes)
    assert all(m // UNIT <= n <= m // UNIT + 1 and n > 0 for m, n in found)


def test_untimed_lines_are_left_alone(
    codes: ProcedureCodes, therapy: tuple[ProcedureCode, Concept]
) -> None:
    entry = codes.find("93000")
    assert entry is not None
    ecg = Line(entry, codes.concepts[entry.concept], ((9, 10),), 3, {"timed_minutes": 1.0})
    unsaid = Line(*therapy, ((0, 1),), 2)
    assert count_timed([ecg, unsaid]) == [ecg, unsaid]


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("15 min of gait training", 15),
        ("gait training x 25 minutes", 25),
        ("gait training 2 units", 30),
        ("gait training done", None),
        ("10 min manual therapy; gait training", None),
    ],
)
def test_stated_minutes(codes: ProcedureCodes, text: str, minutes: float | None) -> None:
    start = text.index("gait")
    mention = Mention(codes.concepts["ecg"], start, start + len("gait training"))
    assert stated_minutes(text, [Judged(mention, Status.PERFORMED, 1.0)]) == minutes


def repair(document: Document, codes: ProcedureCodes) -> tuple[Layout, list[Judged]]:
    layout = Layout(document)
    found = finder_of(codes).find(document, layout)
    mentions = [m for m in found if m.concept.family == "wound_repair"]
    assert mentions
    return layout, [Judged(m, Status.PERFORMED, 1.0) for m in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("laceration repair: 3 cm laceration of scalp, staples.", [(3.0, "no")]),
        ("laceration repair: 25 mm laceration of forearm, layered closure.", [(2.5, "yes")]),
        (
            "laceration repair. 3 cm laceration of left arm, simple; 4 cm laceration of right leg, "
            "layered closure with deep dermal sutures.",
            [(3.0, "no"), (4.0, "yes")],
        ),
        ("laceration repair: 3 cm laceration of cheek, beside a 2 cm abrasion.", [(3.0, "no")]),
        ("laceration repair of the hand.", []),
        ("laceration repair: 4 cm deep wound of the hand.", []),
    ],
)
def test_wounds(
    codes: ProcedureCodes, write: Write, text: str, expected: list[tuple[float, str]]
) -> None:
    document = write(f"Procedure: {text}")
    wounds = closed_wounds(document, *repair(document, codes), operation=False)
    assert [(w.length, w.layers) for w in wounds] == expected


def test_each_wound_lies_in_its_own_zone(codes: ProcedureCodes, write: Write) -> None:
    document = write(
        "Procedure: laceration repair. 2 cm laceration of cheek; 5 cm laceration of scalp."
    )
    wounds = closed_wounds(document, *repair(document, codes), operation=False)
    assert [dict(w.columns)["region"] for w in wounds] == ["face", "scalp_hand"]


def test_a_length_told_in_the_exam_is_taken_where_the_procedure_has_none(
    codes: ProcedureCodes, write: Write
) -> None:
    text = "Exam: 3 cm laceration of the chin.\nProcedure: laceration repair, layered."
    document = write(text)
    layout, judged = repair(document, codes)
    judged = [j for j in judged if j.mention.start >= text.index("Procedure")]
    (wound,) = closed_wounds(document, layout, judged, operation=False)
    assert (wound.length, wound.layers) == (3.0, "yes")
    assert closed_wounds(document, layout, judged, operation=True) == []


def test_a_zone_is_the_nearest_named(codes: ProcedureCodes, write: Write) -> None:
    document = write("Exam: scalp clear.\nProcedure: laceration repair of the cheek done.")
    layout, judged = repair(document, codes)
    assert zone_slots(document, layout, judged[-1].mention)["region"] == "face"
    bare = write("Procedure: laceration repair done.")
    layout, judged = repair(bare, codes)
    assert zone_slots(bare, layout, judged[0].mention) == {}
    assert {name for _, columns in zones() for name, _ in columns} <= {
        "region", "region_layered", "region_complex", "part",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "counts"),
    [
        ("AP, lateral and oblique", [3]),
        ("AP and lateral", [2]),
        ("PA/lat", [2]),
        ("AP. Later: lateral", [1, 1]),
        ("AP, lateral, AP", [2]),  # a view named twice is one
        ("no views", []),
    ],
)
def test_views_by_name(text: str, counts: list[int]) -> None:
    found = named_views(text, 0, len(text))
    assert [count for _, _, count in found] == counts
    assert all(0 <= first < last <= len(text) for first, last, _ in found)


def studies(document: Document, codes: ProcedureCodes) -> dict[str, dict[str, str | float]]:
    layout = Layout(document)
    wanted = frozenset({"views", "contrast"})
    return {
        m.concept.name: study_slots(layout, m, 0, len(document.text), wanted)
        for m in finder_of(codes).find(document, layout)
        if m.concept.family.startswith("imaging_")
    }


def test_each_study_has_its_own_views(codes: ProcedureCodes, write: Write) -> None:
    found = studies(write("XR left ankle 3 views; XR right knee 2 views."), codes)
    assert found["xray:ankle"]["views"] == 3
    assert found["xray:knee"]["views"] == 2


def test_contrast_of_one_study_is_not_the_others(codes: ProcedureCodes, write: Write) -> None:
    found = studies(write("CT head without contrast. CT chest with IV contrast."), codes)
    assert found["ct:head"]["contrast"] == "without"
    assert found["ct:chest"]["contrast"] == "with"


def test_without_and_with_beats_a_nearer_agent(codes: ProcedureCodes, write: Write) -> None:
    found = studies(write("MRI head with gadolinium, without and with."), codes)
    assert found["mri:head"]["contrast"] == "both"


def test_views_told_far_below_are_read_for_the_only_study(
    codes: ProcedureCodes, write: Write
) -> None:
    text = f"XR ANKLE LEFT\n\nINDICATION: {'fall on the stairs ' * 10}\nTECHNIQUE: 3 views.\n"
    assert studies(write(text), codes)["xray:ankle"]["views"] == 3

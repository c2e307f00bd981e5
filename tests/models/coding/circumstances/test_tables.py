"""The tables of circumstances: every code exists, every pattern can be read."""

from __future__ import annotations

import pytest

from data.terminology.icd10cm import Release
from models.coding.circumstances.drugs import t_code
from models.coding.circumstances.tables import (
    CONVENTIONS,
    FOLDER,
    cause_needs,
    consequences,
    drug_allergies,
    drug_classes,
    official_drugs,
    phrase_table,
    pregnancy_conditions,
    procedure_causes,
    residences,
    rows,
)
from models.coding.occurrences import ALTERNATIVE, CHOSEN

# Street drugs that nobody is given: they poison, and have no adverse effect or underdosing.
NEVER_GIVEN = {"T40.1X", "T40.8X", "T43.64"}


def known(release: Release, prefix: str) -> bool:
    return any(code.startswith(prefix) for code in release.nodes)


def test_every_drug_stem_has_its_effects(release: Release) -> None:
    table = rows(FOLDER, "drug_effects")
    assert sum(len(row["names"].split("|")) for row in table) > 4000
    for row in table:
        for effect in "12" if row["stem"] in NEVER_GIVEN else "1256":
            assert release.is_billable(t_code(row["stem"], effect, "A")), row["group"]


def test_no_drug_stands_under_two_stems() -> None:
    names = [n for row in rows(FOLDER, "drug_effects") for n in row["names"].split("|")]
    assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("stem", "effect", "code"),
    [
        ("T46.4X", "5", "T46.4X5A"),
        ("T36.9", "5", "T36.95XA"),
        ("T45.AX", "5", "T45.AX5A"),
        ("T39.01", "6", "T39.016A"),
    ],
)
def test_t_codes_are_padded(stem: str, effect: str, code: str) -> None:
    assert t_code(stem, effect, "A") == code


def test_long_term_use_covers_all_of_z79(release: Release) -> None:
    told = {row["code"] for row in rows(CONVENTIONS, "drug_status")}
    assert told == {code for code in release.billable_codes if code.startswith("Z79")}


def test_every_status_phrase_gives_billable_codes(release: Release) -> None:
    table = rows(FOLDER, "phrases")
    assert len(table) > 300
    for row in table:
        codes = [c for c in row["code"].replace("+", "/").split("/") if c]
        assert codes, row["pattern"]
        assert all(release.is_billable(c) for c in codes), row["pattern"]
        assert all(known(release, p) for p in row["needs"].split("|") if p), row["pattern"]
        assert row["source"]


def test_every_external_cause_takes_the_7th_characters(release: Release) -> None:
    table = rows(FOLDER, "external")
    assert len(table) >= 700
    for row in table:
        if row["kind"] in ("residence", "room", "incidental"):
            continue  # these give no code by themselves
        children = release.children.get(row["code"], ())
        assert release.is_billable(row["code"]) or {c[-1] for c in children} == set("ADS"), row
        own = {"place": "Y92", "activity": "Y93", "status": "Y99"}.get(row["kind"], "")
        assert row["code"].startswith(own)
        assert row["source"]


def test_every_example_of_a_narrative_has_a_code_of_chapter_20(release: Release) -> None:
    table = rows(FOLDER, "narratives")
    assert len(table) > 4000
    assert len({row["code"] for row in table}) > 500
    for row in table:
        children = release.children.get(row["code"], ())
        assert release.is_billable(row["code"]) or {c[-1] for c in children} == set("ADS"), row
        assert row["code"].startswith("Y93") == (row["kind"] == "activity")
        assert row["code"][0] in "VWXY"


def test_every_room_of_every_home_has_its_code(release: Release) -> None:
    told = {row["code"] for row in rows(FOLDER, "external") if row["kind"] == "residence"}
    rooms = {row["code"] for row in rows(FOLDER, "external") if row["kind"] == "room"}
    assert told == set(residences())
    for stem, row in residences().items():
        assert rooms <= set(row)
        for room, character in row.items():
            assert room == "stem" or release.is_billable(stem + character), (stem, room)


def test_procedures_that_bring_conditions_about(release: Release) -> None:
    for conditions, code, role in procedure_causes():
        assert release.is_billable(code)
        assert role in (CHOSEN, ALTERNATIVE)
        assert all(known(release, c) for c in conditions), code


def test_what_causes_need_are_codes(release: Release) -> None:
    for causes, beside in cause_needs():
        for prefix in (*causes, *beside):
            assert known(release, prefix), prefix


def test_the_other_tables_give_codes_that_exist(release: Release) -> None:
    for row in rows(FOLDER, "family"):
        assert row["kind"] == "kin" or release.is_billable(row["code"])
    for row in rows(FOLDER, "organisms"):
        assert release.is_billable(row["code"])
        assert all(known(release, p) for p in row["beside"].split("|")), row["code"]
    for drug, conditions, code in consequences():
        assert release.is_billable(code)
        assert known(release, drug)
        assert all(known(release, c) for c in conditions), code
    for conditions, stem, _ in pregnancy_conditions():
        assert all(known(release, c) for c in conditions), stem
        assert known(release, stem)
    for row in rows(FOLDER, "pregnancy_phrases"):
        assert known(release, row["code"]), row["pattern"]
    for row in rows(FOLDER, "newborn_phrases"):
        assert release.is_billable(row["code"]), row["pattern"]
    for row in rows(FOLDER, "drug_routes"):
        assert release.is_billable(t_code(row["code"], "5", "A"))
        assert all(known(release, s) for s in row["stems"].split("|"))
    for row in rows(FOLDER, "drug_cues"):
        assert all(known(release, s) for s in row["stems"].split("|") if s), row["pattern"]
    for members in drug_classes().values():
        assert all(known(release, m) for m in members)
    assert all(release.is_billable(code) for _, code in drug_allergies() if code)


def test_the_users_table_of_drugs_adds_names() -> None:
    extra = [
        ("adverse effect of Novel thing (new)", "T46.4X5"),
        ("poisoning by Novel thing", "T46.4X1"),
        ("adverse effect of lisinopril", "T46.5X5"),
        ("Diabetes", "E11.9"),
    ]
    official = official_drugs(extra)
    assert official == (("Novel thing (new)", "T46.4X"), ("lisinopril", "T46.5X"))
    table = phrase_table(official)
    assert [r.code for _, _, r in table.find(["novel", "thing", "new"])] == ["T46.4X"]
    # Ours stands where both name a drug.
    assert {r.code for _, _, r in table.find(["lisinopril"])} == {"T46.4X"}

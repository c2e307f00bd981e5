"""What loaded files change: descriptors, days, search; and what they leave alone."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from data.schemas import Note, Setting, System
from data.terminology.catalog import Catalog
from data.terminology.official.loaded import OfficialCodes, load_official, load_procedures
from data.terminology.procedure_codes import SWITCH, ProcedureCodes
from data.terminology.status import status_lines
from data.terminology.tabular import load_releases
from models.bundle import SHIPPED, Bundle
from models.coding.coder import Coder
from tests.data.terminology.official.delivered import WHOLE, cpt_code

DAY = date(2026, 5, 1)
CPT, HCPCS = System.CPT, System.HCPCS


@pytest.fixture(scope="module")
def official(loaded: Path) -> OfficialCodes:
    return load_official(loaded)


@pytest.fixture(scope="module")
def catalog(loaded: Path) -> Catalog:
    return Catalog(load_releases(), load_procedures(loaded), load_official(loaded))


def test_the_medium_descriptor_is_preferred_and_the_others_are_searched(
    official: OfficialCodes,
) -> None:
    visit = official.lookup("CPT", "99213")
    assert visit is not None
    assert visit.description == "INVENTED VISIT"
    assert visit.words == (
        "Invented visit of a zebrafish, told at length", "SHORT VISIT", "Seeing a quokka",
        "Fee words",
    )  # fmt: skip
    assert len(official) > 2 * WHOLE


def test_words_of_the_newest_release_count_and_a_dropped_code_keeps_its_own(
    official: OfficialCodes,
) -> None:
    picture, gone = official.lookup(CPT, "71046"), official.lookup(CPT, "99990")
    assert picture is not None
    assert gone is not None
    assert (picture.description, gone.description) == ("INVENTED PICTURE", "GONE DEED")


@pytest.mark.parametrize(
    ("system", "code", "day", "valid"),
    [
        (CPT, "99213", date(2025, 6, 1), True),
        (CPT, "99213", DAY, True),
        (CPT, "99213", date(2024, 6, 1), None),  # before anything that was loaded
        (CPT, "99990", date(2025, 12, 31), True),
        (CPT, "99990", date(2026, 1, 1), False),
        (CPT, "99991", date(2025, 12, 31), False),
        (CPT, "99991", date(2026, 1, 1), True),
        (CPT, "00001", DAY, False),
        (CPT, "00001", date(2027, 1, 1), None),  # after everything that was loaded
        (CPT, "00001", None, False),
        (HCPCS, "J3301", date(2026, 4, 30), True),
        (HCPCS, "J3301", date(2026, 5, 1), False),
        (HCPCS, "G9001", date(2026, 2, 14), False),
        (HCPCS, "G9001", date(2026, 2, 15), True),
        (HCPCS, "V0001", date(2026, 3, 31), True),
        (HCPCS, "V0001", date(2026, 4, 1), False),
    ],
)
def test_a_code_is_valid_on_its_days(
    official: OfficialCodes, system: System, code: str, day: date | None, valid: bool | None
) -> None:
    assert official.valid(system, code, day) is valid


def test_without_a_code_set_nobody_can_tell() -> None:
    assert OfficialCodes().valid(CPT, "99213", DAY) is None
    assert len(OfficialCodes()) == 0


def test_the_starter_table_takes_descriptor_and_days(loaded: Path) -> None:
    own, with_files = ProcedureCodes.load(), load_procedures(loaded)
    assert len(with_files) == len(own)
    before, after = own.lookup(CPT, "99213"), with_files.lookup(CPT, "99213")
    assert before is not None
    assert after is not None
    assert after.description == "INVENTED VISIT"
    assert before.description in after.synonyms
    assert (after.concept, after.when) == (before.concept, before.when)
    syrup = with_files.lookup(HCPCS, "J3301")
    assert syrup is not None
    assert syrup.description == "Invented syrup"
    assert syrup.valid_on(date(2026, 4, 30))
    assert not syrup.valid_on(date(2026, 5, 1))
    # 99214 is in neither year's (invented) code set, so it ended before the first one.
    dropped = with_files.lookup(CPT, "99214")
    assert dropped is not None
    assert dropped.effective_to == date(2024, 12, 31)


def test_a_code_that_is_newer_than_the_files_is_left_alone(loaded: Path) -> None:
    own, with_files = ProcedureCodes.load(), load_procedures(loaded)
    newer = [e for e in own if e.effective_from and e.effective_from > date(2026, 1, 1)]
    for entry in newer:
        assert with_files.lookup(entry.system, entry.code) == entry


def test_without_files_nothing_changes(tmp_path: Path) -> None:
    assert load_procedures(tmp_path).entries == ProcedureCodes.load().entries
    assert load_procedures(None).entries == ProcedureCodes.load().entries


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("zebrafish", "99213"),
        ("quokka", "99213"),
        ("invented deed 17", cpt_code(17)),
        (cpt_code(4321), cpt_code(4321)),
        ("wombat", "99999"),
        ("kenalog", "J3301"),
        ("A0001", "A0001"),
    ],
)
def test_search_covers_every_loaded_code(catalog: Catalog, query: str, code: str) -> None:
    assert code in {hit.code for hit in catalog.search(query)}


def test_search_leaves_out_what_is_not_valid_then(catalog: Catalog) -> None:
    def found(day: date | None) -> set[str]:
        return {
            hit.code for code in ("99990", "99991") for hit in catalog.search(code, CPT, 5, day)
        }

    assert found(None) == {"99990", "99991"}
    assert found(date(2025, 6, 1)) == {"99990"}
    assert found(DAY) == {"99991"}
    assert [hit.code for hit in catalog.search("syrup", HCPCS, on=date(2026, 4, 30))] == ["J3301"]
    assert catalog.search("syrup", HCPCS, on=DAY) == []


def test_lookup_knows_loaded_codes_but_no_modifier(
    catalog: Catalog, official: OfficialCodes
) -> None:
    entry = catalog.lookup(CPT, "99991", DAY)
    assert entry is not None
    assert (entry.description, entry.billable) == ("NEW DEED", True)
    assert (entry.effective_from, entry.effective_to) == (date(2026, 1, 1), None)
    fee = catalog.lookup(CPT, "99999")
    assert fee is not None
    assert fee.description == "Only here wombat"
    side = official.modifier("RT")
    assert side is not None
    assert side.description == "Invented side"
    assert catalog.lookup(HCPCS, "RT") is None
    assert "RT" not in {hit.code for hit in catalog.search("invented side")}


def test_cpt_switched_off_keeps_everything_of_the_amas_out(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(SWITCH, "off")
    official = load_official(loaded)
    assert {code.system for code in official} == {HCPCS}
    assert {entry.system for entry in load_procedures(loaded)} == {HCPCS}
    assert official.lookup(HCPCS, "J3301") is not None


def test_a_suggestion_carries_the_licensed_descriptor(loaded: Path) -> None:
    coder = Coder.load(Bundle.open(SHIPPED), loaded)
    text = "HPI: Cough for a week.\n\nPROCEDURE: Chest x-ray, 2 views, done in the office today.\n"
    note = Note(id="n", text=text, date_of_service=DAY, setting=Setting.OUTPATIENT)
    found = {s.code: s.description for s in coder.suggest(note).suggestions if s.system is CPT}
    assert found["71046"] == "INVENTED PICTURE"


def test_files_loaded_later_are_seen(loaded: Path, tmp_path: Path) -> None:
    assert len(load_official(tmp_path)) == 0
    name = "hcpcs-2026-04.tsv"
    (tmp_path / name).write_bytes((loaded / name).read_bytes())
    assert len(load_official(tmp_path)) > WHOLE


def test_status_names_file_release_rows_days_and_hash(
    loaded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = [line for line in status_lines(loaded) if "sha256" in line]
    assert len(lines) == 10
    (april,) = [line for line in lines if line.startswith("HCPCS Level II 2026-04: ")]
    assert f"2026-04-01 to 2026-06-30, {WHOLE + 4} rows, from HCPC2026_APR_ANWEB.txt" in april
    (medium,) = [line for line in lines if line.startswith("CPT medium descriptors 2026: ")]
    assert "2026-01-01 to 2026-12-31" in medium
    assert not any("off by" in line for line in lines)
    monkeypatch.setenv(SWITCH, "off")
    off = [line for line in status_lines(loaded) if line.endswith(f"off by {SWITCH}")]
    assert len(off) == 6


def test_a_catalog_reads_nothing_before_it_is_asked(tmp_path: Path) -> None:
    """The files are looked at when a code is looked up or searched, not when a server starts."""
    lazy = OfficialCodes(tmp_path)
    Catalog((), ProcedureCodes(()), lazy)
    assert "_codes" not in vars(lazy)
    assert lazy.lookup(CPT, "99213") is None
    assert "_codes" in vars(lazy)

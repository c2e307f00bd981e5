"""Releases beside the packaged one: checked before they are kept, chosen by date of service."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from datetime import date
from pathlib import Path

import pytest

from data.schemas import Note, System
from data.terminology.catalog import Catalog
from data.terminology.icd10cm import Release, ReleaseError
from data.terminology.procedure_codes import ProcedureCodes
from data.terminology.releases import fetch_release, keep_release, load_extra_releases
from data.terminology.status import status_lines
from data.terminology.tabular import load_releases
from models.bundle import SHIPPED, Bundle
from models.coding.coder import Coder

MS_NOTE = (
    "ASSESSMENT AND PLAN\n"
    "1. Multiple sclerosis, relapsing-remitting. Continue ocrelizumab.\n"
    "2. Essential hypertension, controlled.\n"
)


@pytest.fixture(scope="session")
def packaged_xml() -> Path:
    spec = importlib.util.find_spec("simple_icd_10_cm")
    assert spec is not None
    assert spec.submodule_search_locations
    (path,) = Path(next(iter(spec.submodule_search_locations)), "data").glob("*.xml")
    return path


@pytest.fixture(scope="session")
def folder_2025(root: Path) -> Path:
    """The release of April 2025, out of an earlier version of the package; kept between runs."""
    folder = root / "var" / "test-cache" / "terminology"
    if not (folder / "icd10cm-2025-04.xml").is_file():
        try:
            fetch_release("2025-04", folder)
        except ReleaseError as error:
            pytest.skip(str(error))
    return folder


@pytest.fixture(scope="session")
def releases(folder_2025: Path) -> tuple[Release, ...]:
    return load_releases(folder_2025)


def test_two_real_releases_differ(releases: tuple[Release, ...]) -> None:
    old, new = releases
    assert (old.name, new.name) == ("2025-04", "2026-04")
    assert len(old.billable_codes) == 74_260
    # Multiple sclerosis was one code until October 2025, and has been parted since.
    assert old.is_billable("G35")
    assert not new.is_billable("G35")
    assert new.is_billable("G35.A")
    assert "G35.A" not in old


def test_a_note_is_coded_under_the_release_of_its_day(folder_2025: Path) -> None:
    coder = Coder.load(Bundle.open(SHIPPED), folder_2025)
    seen = {}
    for day in (date(2025, 5, 2), date(2026, 5, 2)):
        result = coder.suggest(Note(id="ms", text=MS_NOTE, date_of_service=day))
        assert result.warnings == ()
        codes = {s.code for s in result.suggestions if s.system is System.ICD10CM}
        seen[result.release] = codes
        assert "I10" in codes
    assert "G35" in seen["ICD-10-CM 2025-04"]
    assert "G35.A" not in seen["ICD-10-CM 2025-04"]
    assert "G35.A" in seen["ICD-10-CM 2026-04"]
    assert "G35" not in seen["ICD-10-CM 2026-04"]


def test_every_suggestion_is_billable_on_its_day(folder_2025: Path) -> None:
    coder = Coder.load(Bundle.open(SHIPPED), folder_2025)
    for release in load_releases(folder_2025):
        note = Note(id="ms", text=MS_NOTE, date_of_service=release.effective_from)
        suggested = [s.code for s in coder.suggest(note).suggestions if s.system is System.ICD10CM]
        assert suggested
        assert all(release.is_billable(code) for code in suggested)


def test_lookup_and_search_go_by_the_date(releases: tuple[Release, ...]) -> None:
    catalog = Catalog(releases, ProcedureCodes.load())
    before = catalog.lookup(System.ICD10CM, "G35", on=date(2025, 5, 2))
    after = catalog.lookup(System.ICD10CM, "G35", on=date(2026, 5, 2))
    assert before is not None
    assert after is not None
    assert (before.billable, after.billable) == (True, False)
    assert before.effective_to == date(2025, 9, 30)
    assert catalog.lookup(System.ICD10CM, "G35.A", on=date(2025, 5, 2)) is None


def test_status_names_what_is_loaded(folder_2025: Path, tmp_path: Path) -> None:
    lines = list(status_lines(folder_2025))
    assert lines[0].startswith("ICD-10-CM 2025-04: 2025-04-01 to 2025-09-30, 74260 billable")
    assert lines[1].startswith("ICD-10-CM 2026-04: 2026-04-01 to 2026-09-30, 74719 billable")
    assert any(line.startswith("lexicon:") for line in lines)
    alone = list(status_lines(tmp_path / "nothing here"))
    assert alone[0].startswith("ICD-10-CM 2026-04")


def test_a_release_is_kept_whole(packaged_xml: Path, tmp_path: Path) -> None:
    folder = tmp_path / "terminology"
    kept = keep_release(packaged_xml, "2026-10", folder)
    assert kept.covers(date(2026, 11, 23))
    assert [p.name for p in folder.iterdir()] == ["icd10cm-2026-10.xml"]
    assert (folder / "icd10cm-2026-10.xml").read_bytes() == packaged_xml.read_bytes()
    assert [r.name for r in load_extra_releases(folder)] == ["2026-10"]


def test_a_cut_file_is_refused_with_its_line_and_nothing_is_kept(
    packaged_xml: Path, tmp_path: Path
) -> None:
    data = packaged_xml.read_bytes()
    cut = tmp_path / "cut.xml"
    cut.write_bytes(data[: len(data) // 3])
    last = cut.read_bytes().count(b"\n") + 1
    folder = tmp_path / "terminology"
    with pytest.raises(ReleaseError, match=rf"cut\.xml: line {last},") as refused:
        keep_release(cut, "2026-10", folder)
    assert "may be cut" in str(refused.value)
    assert not folder.exists()


def test_what_was_kept_before_stays(packaged_xml: Path, tmp_path: Path) -> None:
    folder = tmp_path / "terminology"
    folder.mkdir()
    before = folder / "icd10cm-2026-10.xml"
    before.write_text("kept before", encoding="utf-8")
    digest = hashlib.sha256(before.read_bytes()).digest()
    cut = tmp_path / "cut.xml"
    cut.write_bytes(packaged_xml.read_bytes()[:5000])
    with pytest.raises(ReleaseError):
        keep_release(cut, "2026-10", folder)
    assert hashlib.sha256(before.read_bytes()).digest() == digest
    assert os.listdir(folder) == ["icd10cm-2026-10.xml"]


def test_a_file_with_few_codes_is_taken_for_cut(tmp_path: Path) -> None:
    small = tmp_path / "small.xml"
    small.write_text(
        "<t><chapter><name>1</name><section><diag><name>A00</name><desc>x</desc></diag>"
        "</section></chapter></t>",
        encoding="utf-8",
    )
    with pytest.raises(ReleaseError, match="only 1 billable"):
        keep_release(small, "2026-10", tmp_path / "terminology")
    assert not (tmp_path / "terminology").exists()


def test_a_name_of_another_form_is_refused(packaged_xml: Path, tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match="YYYY-04"):
        keep_release(packaged_xml, "../../2026-10", tmp_path / "terminology")
    assert not (tmp_path / "terminology").exists()


def test_a_release_that_no_package_holds(tmp_path: Path) -> None:
    with pytest.raises(ReleaseError, match=r"no package holds it.*data load icd10cm"):
        fetch_release("2019-10", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_without_a_network_the_fetch_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    with pytest.raises(ReleaseError, match="is there a network"):
        fetch_release("2025-04", tmp_path)
    assert list(tmp_path.iterdir()) == []

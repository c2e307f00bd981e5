"""The ICD-10-CM release that ships, read from the official XML."""

from __future__ import annotations

import warnings
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.terminology.icd10cm import (
    CODE_PATTERN,
    Release,
    ReleaseError,
    choose_release,
    period_of,
    read_tabular,
)

APRIL = ("2026-04", date(2026, 4, 1), date(2026, 9, 30))

XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.tabular>
  <chapter><name>19</name><desc>Invented injuries</desc>
    <excludes2><note>something else (Z99.-)</note></excludes2>
    <section id="S00-S01">
      <diag><name>S00</name><desc>Bruise of an invented place</desc>
        <excludes1><note>bite of it (S01.-)</note></excludes1>
        <sevenChrDef>
          <extension char="A">initial encounter</extension>
          <extension char="D">subsequent encounter</extension>
        </sevenChrDef>
        <diag><name>S00.1</name><desc>Bruise, upper</desc>
          <inclusionTerm><note>black
             spot</note></inclusionTerm></diag>
        <diag><name>S00.2</name><desc>Bruise with death due to it</desc></diag>
        <diag><name>S00.3</name><desc>Bruise, lower</desc>
          <sevenChrDef><extension char="G">delayed healing</extension></sevenChrDef></diag>
      </diag>
    </section>
  </chapter>
</ICD10CM.tabular>
"""


@pytest.fixture
def small(tmp_path: Path) -> Release:
    path = tmp_path / "small.xml"
    path.write_text(XML, encoding="utf-8")
    return read_tabular(path, *APRIL)


def test_every_billable_code_is_there(release: Release) -> None:
    assert len(release.billable_codes) == 74_719
    assert len(set(release.billable_codes)) == 74_719
    assert len(release.chapters) == 22
    assert all(CODE_PATTERN.match(code) for code in release.nodes)
    assert all(node.description for node in release.nodes.values())


def test_billable_codes_are_the_leaves_of_an_independent_reader(release: Release) -> None:
    """simple_icd_10_cm reads the same file with code of its own."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # it reads its file by an old call
        import simple_icd_10_cm as other
    codes = [c for c in other.get_all_codes(with_dots=True) if other.is_category_or_subcategory(c)]
    assert {c for c in codes if other.is_leaf(c)} == set(release.billable_codes)
    assert set(codes) == set(release.nodes)


@pytest.mark.parametrize("code", ["I21.9", "S93.401A", "M80.051A", "T36.0X1A", "O31.00X0", "I10"])
def test_billable(release: Release, code: str) -> None:
    assert release.is_billable(code)
    assert release.billable_below(code) == (code,)


@pytest.mark.parametrize("code", ["I21", "S93.401", "M80.051", "T36.0X1", "E11", "X99.999", ""])
def test_not_billable(release: Release, code: str) -> None:
    assert not release.is_billable(code)


def test_a_seventh_character_says_the_episode(release: Release) -> None:
    assert release.description("S93.401A") == (
        "Sprain of unspecified ligament of right ankle, initial encounter"
    )
    assert set(release.billable_below("S93.401")) == {"S93.401A", "S93.401D", "S93.401S"}
    assert release.nodes["M80.051A"].parent == "M80.051"
    assert "S93.401X" not in release


def test_death_before_waking_has_an_initial_encounter_only(release: Release) -> None:
    deaths = [c for c in release.billable_codes if "with death due to" in release.description(c)]
    assert len(deaths) > 10
    assert all(code.startswith("S06") and code.endswith("A") for code in deaths)
    assert {"S06.5X1A", "S06.5X1D", "S06.5X1S"} <= set(release.billable_codes)


def test_the_tree_hangs_together(release: Release) -> None:
    assert [node.code for node in release.ancestors("E11.3211")] == ["E11.321", "E11.32", "E11.3",
                                                                    "E11"]  # fmt: skip
    assert "E11.3211" in {node.code for node in release.descendants("E11")}
    assert list(release.ancestors("nothing")) == []
    for code, below in release.children.items():
        assert not release.is_billable(code)
        assert all(release.nodes[child].parent == code for child in below)
    with pytest.raises(KeyError):
        release.description("X99.999")


def test_reads_the_official_layout(small: Release) -> None:
    assert small.chapters == {19: "Invented injuries"}
    assert small.chapter_notes == {19: ("something else (Z99.-)",)}
    assert small.nodes["S00"].excludes1 == ("bite of it (S01.-)",)
    assert small.nodes["S00.1"].inclusion_terms == ("black spot",)
    # 7th characters come from above, padded with X; nearer definitions win.
    assert small.billable_codes == ("S00.1XXA", "S00.1XXD", "S00.2XXA", "S00.3XXG")
    assert small.description("S00.3XXG") == "Bruise, lower, delayed healing"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (XML[: XML.index("S00.2")], "line 15"),
        ("", "line 1"),
        ("not xml at all", "line 1"),
        ("<ICD10CM.index></ICD10CM.index>", "no <chapter>"),
        (XML.replace("S00.2", "what"), "'what' under S00 is not a code"),
        (XML.replace("<name>19</name>", "<name>XIX</name>"), "chapter 'XIX'"),
    ],
)
def test_a_file_that_does_not_hold_is_refused(tmp_path: Path, content: str, says: str) -> None:
    path = tmp_path / "bad.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(ReleaseError) as refused:
        read_tabular(path, *APRIL)
    assert says in str(refused.value)
    assert "bad.xml" in str(refused.value)
    assert str(tmp_path) not in str(refused.value)


@given(st.integers(1990, 2200), st.sampled_from(["04", "10"]))
def test_releases_follow_one_another_without_a_gap(year: int, month: str) -> None:
    first, last = period_of(f"{year}-{month}")
    following = f"{year}-10" if month == "04" else f"{year + 1}-04"
    assert first == date(year, int(month), 1)
    assert (period_of(following)[0] - last).days == 1


@pytest.mark.parametrize("name", ["2026", "2026-05", "26-04", "2026-04-01", "../2026-04", ""])
def test_a_release_has_a_month_that_exists(name: str) -> None:
    with pytest.raises(ReleaseError, match="YYYY-04 or YYYY-10"):
        period_of(name)


def _named(name: str) -> Release:
    return Release(name, *period_of(name), {}, {})


def test_the_release_that_covers_the_date_of_service() -> None:
    old, new = _named("2025-04"), _named("2026-04")
    for day in (date(2025, 4, 1), date(2025, 7, 1), date(2025, 9, 30)):
        assert choose_release([new, old], day) == choose_release([old, new], day)
        assert choose_release([new, old], day).release is old
        assert choose_release([new, old], day).warning is None
    assert choose_release([old, new], date(2026, 9, 30)).release is new


@pytest.mark.parametrize("day", [date(2025, 11, 1), date(2026, 11, 23), date(1999, 1, 1)])
def test_a_date_that_none_covers_gets_the_newest_and_a_warning(day: date) -> None:
    choice = choose_release([_named("2025-04"), _named("2026-04")], day)
    assert choice.release.name == "2026-04"
    assert choice.warning is not None
    for part in (day.isoformat(), "2026-04", "2026-04-01 to 2026-09-30"):
        assert part in choice.warning


def test_a_note_without_a_date_is_told_so() -> None:
    choice = choose_release([_named("2026-04"), _named("2025-04")], None)
    assert choice.release.name == "2026-04"
    assert choice.warning is not None
    assert "no date of service" in choice.warning


def test_no_release_at_all_is_an_error() -> None:
    with pytest.raises(ReleaseError, match="no ICD-10-CM release"):
        choose_release([], date(2026, 5, 1))

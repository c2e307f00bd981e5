"""Look-up and type-ahead over every code system."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.schemas import System
from data.terminology.catalog import Catalog
from data.terminology.icd10cm import Release
from data.terminology.procedure_codes import SWITCH


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return Catalog.load()


def test_lookup(catalog: Catalog) -> None:
    entry = catalog.lookup(System.ICD10CM, "i21.9")
    assert entry is not None
    assert (entry.code, entry.billable, entry.parent) == ("I21.9", True, "I21")
    assert entry.description == "Acute myocardial infarction, unspecified"
    assert "heart attack" in entry.synonyms
    assert (entry.effective_from, entry.effective_to) == (date(2026, 4, 1), date(2026, 9, 30))
    category = catalog.lookup(System.ICD10CM, "J02")
    assert category is not None
    assert not category.billable
    assert "J02.9" in category.children
    assert category.excludes1


def test_lookup_of_procedures(catalog: Catalog) -> None:
    visit = catalog.lookup(System.CPT, "99213")
    assert visit is not None
    assert visit.billable
    injection = catalog.lookup(System.HCPCS, "j3301")
    assert injection is not None
    assert injection.code == "J3301"


@pytest.mark.parametrize(
    ("system", "code"),
    [
        (System.ICD10CM, "Z99.999"),
        (System.ICD10CM, "99213"),
        (System.ICD10CM, ""),
        (System.ICD10CM, "<script>"),
        (System.CPT, "I10"),
        (System.CPT, "00000"),
        (System.HCPCS, "Z0000"),
        (System.ICD10PCS, "0DTJ4ZZ"),
    ],
)
def test_an_unknown_code_is_none(catalog: Catalog, system: System, code: str) -> None:
    assert catalog.lookup(system, code) is None


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("heart attack", "I21.9"),
        ("Heart ATTACK ", "I21.9"),
        ("heart att", "I21.9"),
        ("htn", "I10"),
        ("E11.9", "E11.9"),
        ("e119", "E11.9"),
        ("E11.22", "E11.22"),
        ("S93.401A", "S93.401A"),
        ("99213", "99213"),
    ],
)
def test_the_first_hit(catalog: Catalog, query: str, first: str) -> None:
    assert catalog.search(query)[0].code == first


def test_a_code_prefix_finds_the_codes_below_it(catalog: Catalog) -> None:
    hits = catalog.search("I21.", limit=50)
    assert hits
    assert all(hit.code.startswith("I21.") for hit in hits)
    assert {h.code for h in catalog.search("I21", limit=50)} >= {"I21", "I21.4", "I21.9"}


def test_every_word_is_a_prefix(catalog: Catalog) -> None:
    hits = catalog.search("diab ketoa typ 1", limit=10)
    assert "E10.10" in {hit.code for hit in hits}
    assert catalog.search("diab zzzz") == []


@pytest.mark.parametrize("query", ["", "   ", "...", "zzzzqqq", "<script>alert(1)</script>"])
def test_nothing_to_find(catalog: Catalog, query: str) -> None:
    assert catalog.search(query) == []


def test_one_system_alone(catalog: Catalog) -> None:
    for system in (System.ICD10CM, System.CPT, System.HCPCS):
        assert {h.system for h in catalog.search("a", system=system)} == {system}
    assert catalog.search("a", system=System.ICD10PCS) == []


def test_a_whole_word_stands_before_the_beginning_of_another(catalog: Catalog) -> None:
    """ "uti" is a urinary tract infection before it begins "utilities"."""
    codes = [hit.code for hit in catalog.search("uti", limit=3)]
    assert codes[0] == "N39.0"
    assert "Z59.12" not in codes


def test_the_limit_holds(catalog: Catalog) -> None:
    assert len(catalog.search("fracture", limit=7)) == 7
    assert len(catalog.search("fracture")) == 20


def test_cpt_can_be_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(SWITCH, "off")
    without = Catalog.load()
    assert without.lookup(System.CPT, "99213") is None
    assert without.search("99213") == []
    assert without.lookup(System.HCPCS, "J3301") is not None
    assert without.lookup(System.ICD10CM, "I10") is not None


@settings(max_examples=60)
@given(st.text(max_size=40))
def test_any_words_can_be_searched(query: str) -> None:
    hits = _catalog().search(query, limit=5)
    assert len(hits) <= 5


@settings(max_examples=100)
@given(st.integers(0, 74_718))
def test_every_code_is_found_by_its_own_name(i: int) -> None:
    (release,) = _catalog().releases
    code = release.billable_codes[i]
    assert _catalog().search(code)[0].code == code
    assert code in {h.code for h in _catalog().search(code.replace(".", ""), limit=5)}


_loaded: list[Catalog] = []


def _catalog() -> Catalog:
    """One catalog for all examples of a property (a fixture would be made anew for none)."""
    if not _loaded:
        _loaded.append(Catalog.load())
    return _loaded[0]


def test_the_release_is_the_packaged_one(catalog: Catalog, release: Release) -> None:
    assert catalog.releases == (release,)
    assert catalog.release_on(date(2026, 11, 23)).warning is not None

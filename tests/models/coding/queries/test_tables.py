"""The tables of queries: enough rows, real codes, neutral words."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

import pytest

from data.terminology.icd10cm import Release
from models.coding.queries import KINDS
from models.coding.queries.rule_tables import deniable, exclusive, links, validity
from models.coding.queries.specificity import base_code, sides_of
from models.coding.queries.tables import (
    Family,
    abnormal_findings,
    families,
    forbidden,
    measures,
    treatment_of,
    treatments,
)


def test_there_are_enough_rows() -> None:
    assert len(families()) >= 60
    assert sum(1 for t in treatments()) >= 80
    assert len({f.measure for f in abnormal_findings() if f.measure}) >= 10
    assert len(KINDS) == len(set(KINDS)) == 4


@pytest.mark.parametrize("family", families(), ids=lambda f: f.id)
def test_a_family_has_codes_that_leave_the_element_open_and_codes_that_say_it(
    release: Release, family: Family
) -> None:
    for pattern in family.codes:
        if pattern.startswith("~"):
            continue
        assert any(
            fnmatchcase(base_code(code), pattern) or fnmatchcase(code, pattern)
            for code in release.billable_codes
        ), pattern
    for prefix in family.better:
        assert any(code.startswith(prefix) for code in release.billable_codes), prefix
    assert any(family.importance.values())
    assert family.source


def test_every_prefix_is_a_node_or_the_beginning_of_one(release: Release) -> None:
    used = {p for treatment in treatments() for p in treatment.conditions}
    used |= {p for finding in abnormal_findings() for p in finding.conditions}
    used |= {p for condition in deniable() for p in condition.codes}
    used |= {p for criteria in validity() for p in criteria.codes}
    used |= {p for link in links() for p in (*link.conditions, *link.beside, *link.absent)}
    codes = release.billable_codes
    assert [p for p in sorted(used) if not any(c.startswith(p) for c in codes)] == []


def test_options_are_clinical_words_without_codes_or_payment() -> None:
    options: list[tuple[str, tuple[str, ...]]] = [(f.id, f.options) for f in families()]
    options += [(t.id, t.options) for t in treatments()]
    options += [(f.id, f.options) for f in abnormal_findings()]
    options += [(e.id, e.options) for e in exclusive()]
    options += [(k.id, k.options) for k in links()]
    for row, listed in options:
        assert listed, row
        assert len(set(listed)) == len(listed), row
        for option in listed:
            assert not forbidden().search(option), option
            assert not re.search(r"\b[A-TV-Z]\d[0-9A-Z](?:\.|\b)", option), option
    for link in links():
        assert not forbidden().search(link.question)


def test_ids_are_unique_and_every_row_cites_a_source() -> None:
    tables: list[list[tuple[str, str]]] = [
        [(f.id, f.source) for f in families()],
        [(t.id, t.source) for t in treatments()],
        [(f.id, f.source) for f in abnormal_findings()],
        [(e.id, e.source) for e in exclusive()],
        [(d.id, d.source) for d in deniable()],
        [(v.id, v.source) for v in validity()],
        [(k.id, k.source) for k in links()],
    ]
    for table in tables:
        assert len({row for row, _ in table}) == len(table)
        assert all(source for _, source in table)


def test_values_that_are_compared_are_values_that_are_read() -> None:
    names = {measure.name for measure in measures()}
    assert {f.measure for f in abnormal_findings() if f.measure} <= names
    assert {name for row in validity() for name, _, _ in row.values} <= names
    for measure in measures():
        assert measure.lowest < measure.highest


def test_a_drug_is_found_by_one_word_in_small_letters() -> None:
    assert all(drug == drug.lower() and drug.isalnum() for drug in treatment_of())


@pytest.mark.parametrize(
    "words", ["reimbursement", "This is billed", "the code", "DRG", "severity of illness", "payer"]
)
def test_forbidden_words_are_found(words: str) -> None:
    assert forbidden().search(words)


@pytest.mark.parametrize("words", ["severity", "acute on chronic", "Charcot", "costal", "romberg"])
def test_clinical_words_are_not_forbidden(words: str) -> None:
    assert not forbidden().search(words)


@pytest.mark.parametrize(
    ("code", "sides", "site"),
    [
        ("H61.20", ("right", "left", "bilateral"), "ear"),
        ("M17.10", ("right", "left"), "knee"),
        ("S93.409A", ("right", "left"), "ankle"),
        ("I63.519", ("right", "left"), "middle cerebral artery"),
        ("C50.919", ("right", "left"), "female breast"),
        ("I10", (), ""),
        ("E78.5", (), ""),
    ],
)
def test_sides_that_a_code_leaves_open(
    release: Release, code: str, sides: tuple[str, ...], site: str
) -> None:
    assert sides_of(code, release) == (sides, site)

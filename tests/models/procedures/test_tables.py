"""The phrase language, and tables that name only what exists."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from data.authored import load_notes
from data.terminology.procedure_codes import Condition, ProcedureCodes
from models.procedures.mentions import compositions, sites
from models.procedures.slots import slot_rules
from models.procedures.status import cues
from models.procedures.tables import PhraseBook, WordIndex, compile_phrases, rows, split


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("x-ray", "X ray", True),
        ("x-ray", "xray", True),
        ("UA", "UA dip", True),
        ("UA", "ua dip", False),
        ("UA", "EQUAL", False),
        ("shave ... biopsy", "Shave (tangential) biopsy", True),
        ("rapid strep", "rapid\nstrep", True),
        ("insert~", "inserted", True),
        ("allergy shot", "allergy shots", True),
        ("re:\\d views", "3 views", True),
        ("chest abdomen and pelvis", "CHEST, ABDOMEN AND PELVIS", True),
    ],
)
def test_phrase_language(phrase: str, text: str, found: bool) -> None:
    assert bool(compile_phrases((phrase,)).search(text)) is found


def test_split_leaves_brackets_whole() -> None:
    assert split("a|re:(?:b|c)d|e") == ("a", "re:(?:b|c)d", "e")


def test_a_book_never_hides_a_match() -> None:
    book = PhraseBook(
        [("ecg", ("12-lead tracing", "Electrocardiogram", "re:a|b", "insert~ of it"))]
    )
    for text, count in (
        ("12-lead tracing", 1),
        ("12 lead tracings", 1),
        ("12lead tracing", 1),
        ("two electrocardiograms", 1),
        ("lead tracing", 0),
        ("\u0130 12-lead tracing", 1),
        ("inserted of it", 1),
    ):
        wanted = compile_phrases(("12-lead tracing", "Electrocardiogram", "insert~ of it"))
        found = [m for _, ms in book.read(WordIndex(text)) for m in ms if len(m.group()) > 1]
        assert len(found) == count == len(list(wanted.finditer(text))), text


def test_a_book_finds_what_a_search_finds(codes: ProcedureCodes) -> None:
    known = [c for c in codes.concepts.values() if c.synonyms]
    book = PhraseBook((c.name, c.synonyms) for c in known)
    patterns = {c.name: compile_phrases(c.synonyms) for c in known}

    def check(text: str, names: Iterable[str]) -> None:
        found = {name: [m.start() for m in matches] for name, matches in book.read(WordIndex(text))}
        for name in names:
            # of two wordings that meet, a search takes the one listed first, the book the longer
            wanted = [m.start() for m in patterns[name].finditer(text)]
            assert found.get(name, []) == wanted, (name, text)

    for gold in load_notes("samples")[::20]:
        check(gold.note.text, patterns)
    for concept in known:  # and every wording, as it may stand
        plain = [p for p in concept.synonyms if not p.startswith("re:")]
        text = ".\n".join(p.replace("...", "of the").replace("~", "ed") for p in plain)
        check(text, [concept.name])
        check(text.replace("-", " "), [concept.name])


@pytest.fixture(scope="module")
def subjects(codes: ProcedureCodes) -> frozenset[str]:
    return frozenset(codes.concepts) | {c.family for c in codes.concepts.values()}


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("family_status", "subject"),
        ("place_rules", "subject"),
        ("same_day", "subject"),
        ("links", "subject"),
        ("em_times", "concept"),
        ("em_methods", "concept"),
    ],
)
def test_tables_name_known_subjects(subjects: frozenset[str], table: str, column: str) -> None:
    assert {row[column] for row in rows(table)} <= subjects


def test_kind_tables_name_known_families(codes: ProcedureCodes) -> None:
    families = {c.family for c in codes.concepts.values()}
    for table in ("kind_status", "kind_families"):
        for row in rows(table):
            assert set(split(row["families"])) <= families, table


def test_includes_and_distinct_name_known_codes(
    codes: ProcedureCodes, subjects: frozenset[str]
) -> None:
    numbers = {entry.code for entry in codes}
    for row in rows("includes"):
        for cell in (row["code_or_subject"], row["includes"]):
            kind, _, name = cell.partition(":")
            known = {"code": numbers, "concept": subjects, "subject": subjects}[kind]
            assert name in known, cell
    for row in rows("distinct"):
        assert {row["code"], row["also"]} <= numbers


def test_visits_name_known_concepts(codes: ProcedureCodes) -> None:
    for row in rows("visits"):
        for name in (row["concept"], row["second"]):
            assert not name or codes.of_concept(name), name


def test_compositions_lead_to_known_concepts(codes: ProcedureCodes) -> None:
    for rule in compositions():
        if rule.column == "ct" and rule.prefix != "ct":
            continue  # angiograms have codes for some parts only
        for site in sites():
            names = split(site.columns.get(rule.column, ""))
            missing = [n for n in names if f"{rule.prefix}:{n}" not in codes.concepts]
            if rule.column == "reduction":
                continue  # no bone has a code for every way of treating it
            if rule.prefix not in ("mra", "joint_injection"):
                assert missing == [], rule.prefix


def test_every_bone_has_some_treatment(codes: ProcedureCodes) -> None:
    ways = {rule.prefix for rule in compositions() if rule.column == "reduction"}
    named = {n for site in sites() for n in split(site.columns.get("reduction", ""))}
    for bone in named:
        assert any(f"{way}:{bone}" in codes.concepts for way in ways), bone
    for name, concept in codes.concepts.items():
        way, _, bone = name.partition(":")
        assert way not in ways or bone in named or concept.synonyms, name


def test_conditions_of_modifiers_parse() -> None:
    for row in rows("modifiers"):
        for part in row["when"].split("&"):
            Condition.parse(part)


def test_problem_classes_and_cues_end_in_levels() -> None:
    levelled = {row["problem"] for row in rows("problem_levels")}
    raised = {row["to"] for row in rows("problem_cues")}
    assert raised <= levelled
    assert {row["problem"] for row in rows("problem_classes")} <= levelled | {"chronic", "none"}


def test_no_cue_or_slot_matches_nothing_at_all() -> None:
    for cue in cues():
        assert cue.pattern.search("") is None
    kinds = {"word", "number", "range", "mm", "larger", "product"}
    assert {rule.kind for rule in slot_rules()} <= kinds | {"levels", "distinct", "highest", "span"}

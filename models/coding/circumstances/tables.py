"""The tables of circumstances, each row a phrase and what it stands for.

They stand in ``data/terminology/circumstances`` and, for long-term drug use and
personal and family history, in ``data/terminology/conventions``. Each row cites
the guideline section that asks for its code.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from pathlib import Path

import data.terminology
from data.terminology.words import WORD
from models.coding.circumstances.phrases import PhraseTable

FOLDER = Path(data.terminology.__file__).parent / "circumstances"
CONVENTIONS = Path(data.terminology.__file__).parent / "conventions"

# Kinds of rules that the readers ask for.
LONG_TERM, EFFECT, CUE, USE = "long_term", "effect", "cue", "use"
STATUS, FAMILY, KIN = "status", "family", "kin"
EXTERNAL, ORGANISM, PREGNANCY = "external", "organism", "pregnancy"
NEWBORN = "newborn"
VEHICLE = "vehicle"
VACCINE, OPERATION = "vaccine", "operation"


@dataclass(frozen=True, slots=True)
class Rule:
    """A row of a table.

    Attributes:
        kind: which reader takes it.
        code: what it stands for: a code, a stem, or several parted as the table says.
        columns: the row's other cells.
    """

    kind: str
    code: str
    columns: Mapping[str, str] = field(default_factory=dict)


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of one table."""
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@cache
def macros() -> dict[str, str]:
    return {row["name"]: row["words"] for row in rows(FOLDER, "macros")}


def _joined(name: str) -> str:
    return "_".join(WORD.findall(name))


def _drug_rules() -> Iterator[tuple[str, Rule]]:
    for row in rows(CONVENTIONS, "drug_status"):
        for name in row["drugs"].split("|"):
            yield _joined(name), Rule(LONG_TERM, row["code"], {"requires": row["requires"]})
    for row in rows(FOLDER, "drug_effects"):
        for name in row["names"].split("|"):
            yield _joined(name), Rule(EFFECT, row["stem"], {"allergy": row["allergy"]})
    for row in rows(FOLDER, "toxins"):
        yield row["pattern"], Rule(EFFECT, row["stem"], row)
    for row in rows(FOLDER, "drug_cues"):
        yield row["pattern"], Rule(CUE, "", row)
    for row in rows(FOLDER, "drug_use_cues"):
        yield row["pattern"], Rule(USE, "", row)


@cache
def drug_names() -> tuple[tuple[str, str], ...]:
    """(name in lower case, stem of the Table of Drugs) of every drug known."""
    return tuple(
        (name.lower(), row["stem"])
        for row in rows(FOLDER, "drug_effects")
        for name in row["names"].split("|")
    )


def _phrase_rules() -> Iterator[tuple[str, Rule]]:
    for row in rows(FOLDER, "phrases"):
        yield row["pattern"], Rule(STATUS, row["code"], row)
    for row in rows(FOLDER, "family"):
        kind = KIN if row["kind"] == "kin" else FAMILY
        yield row["pattern"], Rule(kind, row["code"], row)
    for row in rows(FOLDER, "external"):
        yield row["pattern"], Rule(EXTERNAL, row["code"], row)
    for row in rows(FOLDER, "vehicles"):
        yield row["pattern"], Rule(VEHICLE, row["value"], row)
    for row in rows(FOLDER, "organisms"):
        yield row["pattern"], Rule(ORGANISM, row["code"], row)
    for row in rows(FOLDER, "vaccines"):
        yield row["names"], Rule(VACCINE, "Z23", row)
    for row in rows(FOLDER, "aftercare"):
        yield row["operations"], Rule(OPERATION, row["code"], row)
    for row in rows(FOLDER, "pregnancy_phrases"):
        yield row["pattern"], Rule(PREGNANCY, row["code"], row)
    for row in rows(FOLDER, "newborn_phrases"):
        yield row["pattern"], Rule(NEWBORN, row["code"], row)


@lru_cache(maxsize=2)
def phrase_table(official: tuple[tuple[str, str], ...] = ()) -> PhraseTable[Rule]:
    """Every phrase of every table in one, so that a note is read once.

    Args:
        official: (substance, stem) of the user's own Table of Drugs, which adds to ours.
    """
    own = [*_drug_rules(), *_phrase_rules()]
    known = {pattern.lower() for pattern, rule in own if rule.kind == EFFECT}
    added = [
        (_joined(name), Rule(EFFECT, stem))
        for name, stem in official
        if _joined(name.lower()) not in known
    ]
    return PhraseTable([*own, *added], macros())


ADVERSE_WORDING = "adverse effect of "


def official_drugs(extra: Iterable[tuple[str, str]]) -> tuple[tuple[str, str], ...]:
    """(substance, stem) out of the wordings of the official index files, where they are loaded."""
    return tuple(
        (wording[len(ADVERSE_WORDING) :], code[:-1])
        for wording, code in extra
        if wording.lower().startswith(ADVERSE_WORDING)
        and code.startswith(("T3", "T4", "T50"))
        and code.endswith("5")
        and _joined(wording[len(ADVERSE_WORDING) :])
    )


@cache
def _word_sets() -> dict[str, frozenset[str]]:
    return {row["name"]: frozenset(row["words"].split("|")) for row in rows(FOLDER, "word_sets")}


def word_set(name: str) -> frozenset[str]:
    """One of the sets of words that a reader asks for by name."""
    return _word_sets()[name]


@cache
def drug_classes() -> dict[str, tuple[str, ...]]:
    """A class by its name → stems that its members have in the Table of Drugs."""
    return {row["name"]: tuple(row["members"].split("|")) for row in rows(FOLDER, "drug_classes")}


@cache
def drug_routes() -> tuple[dict[str, str], ...]:
    """Where drugs are put, by the words beside them, and what that makes of their stems."""
    return tuple(rows(FOLDER, "drug_routes"))


@cache
def drug_allergies() -> tuple[tuple[str, str], ...]:
    """(stem prefix, allergy status code or ""), the narrower first: the first that fits holds."""
    return tuple((row["stem"], row["code"]) for row in rows(FOLDER, "drug_allergies"))


@cache
def consequences() -> tuple[tuple[str, tuple[str, ...], str], ...]:
    """(drug stem prefix, condition prefixes, the code of the condition the drug made)."""
    return tuple(
        (row["drug"], tuple(row["condition"].split("|")), row["code"])
        for row in rows(FOLDER, "consequences")
    )


@cache
def pregnancy_conditions() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """(condition prefixes, stem of the code of chapter 15 for a pregnant patient, when)."""
    return tuple(
        (tuple(row["condition"].split("|")), row["code"], row["trimesters"])
        for row in rows(FOLDER, "pregnancy")
    )


@cache
def newborn_conditions() -> tuple[tuple[tuple[str, ...], str], ...]:
    """(condition prefixes, code of chapter 16 for a newborn)."""
    return tuple(
        (tuple(row["condition"].split("|")), row["code"]) for row in rows(FOLDER, "newborn")
    )


@cache
def newborn_better() -> dict[str, tuple[str, ...]]:
    """Code of chapter 16 → beginnings of those beside which it is an alternative only."""
    return {row["code"]: tuple(row["better"].split("|")) for row in rows(FOLDER, "newborn_better")}


@cache
def drug_requirements() -> dict[str, tuple[str, ...]]:
    """Long-term use code → diagnoses of which one must stand beside it, where any must."""
    return {
        row["code"]: tuple(p for p in row["requires"].split("|") if p)
        for row in rows(CONVENTIONS, "drug_status")
        if row["requires"]
    }


@cache
def history() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """(condition prefixes, family-history code, personal-history code)."""
    return tuple(
        (tuple(row["condition"].split("|")), row["family"], row["personal"])
        for row in rows(CONVENTIONS, "history")
    )


@cache
def residences() -> dict[str, dict[str, str]]:
    """Stem of a kind of home → its rooms → their last character in Y92.0 and Y92.1."""
    return {row["stem"]: row for row in rows(FOLDER, "residences")}


@cache
def procedure_causes() -> tuple[tuple[tuple[str, ...], str, str], ...]:
    """(conditions, the code of the procedure that brought them about, the role it has)."""
    return tuple(
        (tuple(row["condition"].split("|")), row["code"], row["role"])
        for row in rows(FOLDER, "procedure_causes")
    )


@cache
def cause_needs() -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
    """(external causes, conditions of which one must stand beside them), the narrower first."""
    return tuple(
        (tuple(row["causes"].split("|")), tuple(row["beside"].split("|")))
        for row in rows(FOLDER, "cause_needs")
    )

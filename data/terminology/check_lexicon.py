"""Check the lexicon: ``python -m data.terminology.check_lexicon``.

Errors (exit status 1): a target that does not exist in the newest release, one
form with two targets, an ambiguous form with two defaults or none, an ambiguous
form that also stands in the main tables, a common condition that is no billable
code, and a bare drug or laboratory test as a form of a disease (a coder may not
infer a diagnosis from either, guideline III.B). Listed besides: the ambiguous
forms by number of readings, and the common conditions of tiers 1 to 3 without a
lay term, abbreviation or synonym of their own.
"""

from __future__ import annotations

import csv
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from data.terminology.icd10cm import Release
from data.terminology.lexicon import (
    FOLDER,
    Common,
    Sense,
    Term,
    common_conditions,
    load_senses,
    load_terms,
)
from data.terminology.tabular import load_releases
from data.terminology.words import STOP_WORDS, WORD

CONVENTIONS = FOLDER.parent / "conventions"
WORDED_TIERS = 3
"""Tiers whose conditions should have words beside the official description."""
_ARROWS = frozenset("↑↓")


@dataclass
class Report:
    """What the checker found; any error makes the exit status 1."""

    errors: list[str] = field(default_factory=list)
    wordless: list[Common] = field(default_factory=list)
    ambiguous: dict[str, int] = field(default_factory=dict)


def not_a_disease() -> frozenset[str]:
    """Drug names and laboratory tests, lower case, from the tables of the conventions."""
    names: set[str] = set()
    with (CONVENTIONS / "drug_status.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            names.update(name.strip().lower() for name in row["drugs"].split("|"))
    with (FOLDER / "never_disease.csv").open(encoding="utf-8", newline="") as handle:
        names.update(row["word"] for row in csv.DictReader(handle))
    return frozenset(names)


def key(surface: str) -> str:
    """A form as it is compared: case and blanks do not count."""
    return " ".join(surface.lower().split())


def said(surface: str) -> str:
    """The words of a form that the matcher reads: "on insulin" is read as "insulin"."""
    return " ".join(w for w in WORD.findall(surface.lower()) if w not in STOP_WORDS)


def check_terms(terms: Sequence[Term], release: Release, bare: frozenset[str]) -> Iterator[str]:
    targets: dict[str, set[str]] = defaultdict(set)
    for term in terms:
        targets[key(term.surface)].add(term.code)
        if term.code not in release:
            yield f"{term.surface!r}: {term.code} does not exist in {release.name}"
        # External cause and status codes (T, Z) may say that a drug or a test was given.
        if {key(term.surface), said(term.surface)} & bare and term.code[0] not in "TZ":
            yield f"{term.surface!r}: a bare drug or laboratory test cannot mean {term.code}"
        if not _ARROWS.isdisjoint(term.surface):
            yield f"{term.surface!r}: an arrow beside a value names no diagnosis"
    for surface, codes in sorted(targets.items()):
        if len(codes) > 1:
            yield f"{surface!r}: two targets, {' and '.join(sorted(codes))}"


def check_senses(
    senses: Mapping[str, Sequence[Sense]], terms: Sequence[Term], release: Release
) -> Iterator[str]:
    main = {key(term.surface) for term in terms}
    for surface, readings in sorted(senses.items()):
        defaults = sum(reading.default for reading in readings)
        if defaults != 1:
            yield f"{surface!r}: {defaults} default readings, not one"
        if key(surface) in main:
            yield f"{surface!r}: is ambiguous and stands in the main tables too"
        for reading in readings:
            if reading.code and reading.code not in release:
                yield f"{surface!r}: {reading.code} does not exist in {release.name}"


def check_common(rows: Sequence[Common], release: Release) -> Iterator[str]:
    for code, times in Counter(row.code for row in rows).items():
        if times > 1:
            yield f"common condition {code}: stands {times} times"
        if not release.is_billable(code):
            yield f"common condition {code}: no billable code of {release.name}"


def without_words(
    rows: Sequence[Common],
    terms: Sequence[Term],
    senses: Mapping[str, Sequence[Sense]],
    release: Release,
) -> Iterator[Common]:
    """Common conditions whose own node, or the stem of their 7th character, has no form.

    A form that repeats the official description is none of its own. Where a code only
    adds side, stage or episode, the words lead to a node above it: those count as well,
    up to the category's subdivisions.
    """
    worded = {sense.code for readings in senses.values() for sense in readings if sense.code}
    for term in terms:
        node = release.nodes.get(term.code)
        if node is None or WORD.findall(term.surface.lower()) != WORD.findall(
            node.description.lower()
        ):
            worded.add(term.code)
    for row in rows:
        if row.tier > WORDED_TIERS:
            continue
        above = [row.code, *(node.code for node in release.ancestors(row.code))]
        if not worded & {code for code in above if len(code) > 3 or code == row.code}:
            yield row


def check(
    terms: Sequence[Term],
    senses: Mapping[str, Sequence[Sense]],
    common: Sequence[Common],
    release: Release,
) -> Report:
    return Report(
        errors=[
            *check_terms(terms, release, not_a_disease()),
            *check_senses(senses, terms, release),
            *check_common(common, release),
        ],
        wordless=list(without_words(common, terms, senses, release)),
        ambiguous={surface: len(readings) for surface, readings in senses.items()},
    )


def main() -> int:
    release = load_releases(None)[-1]
    report = check(load_terms(), load_senses(), common_conditions(), release)
    readings = Counter(report.ambiguous.values())
    print(f"{len(load_terms())} forms, release {release.name}")
    print(
        f"{len(report.ambiguous)} ambiguous forms, by number of readings: "
        + ", ".join(f"{n}: {count}" for n, count in sorted(readings.items()))
    )
    print("  " + " ".join(sorted(report.ambiguous, key=str.lower)))
    tiers = Counter(row.tier for row in common_conditions())
    print("common conditions by tier: " + ", ".join(f"{t}: {n}" for t, n in sorted(tiers.items())))
    print(f"of tiers 1 to {WORDED_TIERS} without words of their own: {len(report.wordless)}")
    for row in report.wordless:
        print(f"  {row.code} {release.description(row.code)}")
    for error in report.errors:
        print(f"error: {error}", file=sys.stderr)
    print(f"{len(report.errors)} errors")
    return 1 if report.errors else 0


if __name__ == "__main__":
    sys.exit(main())

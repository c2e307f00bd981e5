"""Whether the authored notes hold: every code, offset, date and convention.

``python -m data.authored.check`` prints what does not and exits with 1; the tests run it.
"""

from __future__ import annotations

import itertools
import re
import sys
from collections.abc import Iterator, Sequence

from data.authored import BATCHES, load_notes
from data.authored.agreement import unresolved
from data.authored.procedures import check_done
from data.schemas import GoldNote, System
from data.terminology.excludes import Excludes1
from data.terminology.icd10cm import Release
from data.terminology.limits import sex_limit
from data.terminology.tabular import load_releases

# Never first-listed: manifestations (I.A.13) and external causes (I.C.20.a.6).
_MANIFESTATION = re.compile(r"in (other )?(specified )?diseases classified elsewhere", re.I)
_EXTERNAL = re.compile(r"^[V-Y]")


def problems_of(gold: GoldNote, release: Release) -> Iterator[str]:
    """What is wrong with one note, as sentences; Excludes1 pairs are for :func:`excluded_pairs`."""
    note, codes = gold.note, gold.codes_of(System.ICD10CM)
    if note.date_of_service is None or not release.covers(note.date_of_service):
        yield f"{note.id}: date of service outside release {release.name}"
    if not codes:
        yield f"{note.id}: no diagnosis"
        return
    for code in dict.fromkeys(codes):
        if not release.is_billable(code):
            yield f"{note.id}: {code} is not billable in release {release.name}"
        if sex_limit(code) not in (None, note.sex):
            yield f"{note.id}: {code} is not for patients of sex {note.sex}"
        if codes.count(code) > 1:
            yield f"{note.id}: {code} stands twice"
    first = codes[0]
    if _EXTERNAL.match(first):
        yield f"{note.id}: external cause {first} is first-listed (I.C.20.a.6)"
    if release.is_billable(first) and _MANIFESTATION.search(release.description(first)):
        yield f"{note.id}: manifestation {first} is first-listed (I.A.13)"
    for gold_code in gold.codes:
        if gold_code.system is System.ICD10CM and not gold_code.evidence:
            yield f"{note.id}: {gold_code.code} has no evidence"
        if not set(gold_code.linked_diagnoses) <= set(codes):
            yield f"{note.id}: {gold_code.code} points to a diagnosis that the note does not have"


def excluded_pairs(gold: GoldNote, excludes: Excludes1) -> list[tuple[str, str, str]]:
    """(code, code, node of the note) of gold codes that an Excludes1 note parts.

    A coder may report both where they are unrelated (I.A.12.a), so this is for reading.
    """
    return [
        (a, b, at)
        for a, b in itertools.combinations(gold.codes_of(System.ICD10CM), 2)
        if (at := excludes.between(a, b))
    ]


def check(batches: Sequence[str] = BATCHES) -> list[str]:
    """Every problem of the batches."""
    release = load_releases(None)[-1]
    found: list[str] = []
    seen: dict[str, str] = {}
    for batch in batches:
        for gold in load_notes(batch):
            found += problems_of(gold, release)
            for identity in (gold.note.id, gold.note.patient_id or ""):
                if identity and seen.setdefault(identity, batch) != batch:
                    found.append(f"{gold.note.id}: {identity} stands in {seen[identity]} too")
        found += unresolved(batch)
        found += check_done(batch)
    return found


def main() -> int:
    """Print the problems, then the Excludes1 pairs to be read."""
    release = load_releases(None)[-1]
    excludes = Excludes1(release)
    found = check()
    for problem in found:
        print(problem)
    for batch in BATCHES:
        for gold in load_notes(batch):
            for a, b, at in excluded_pairs(gold, excludes):
                print(f"read: {gold.note.id} has {a} and {b}, parted by Excludes1 at {at}")
    print(f"{sum(len(load_notes(b)) for b in BATCHES)} notes, {len(found)} problems")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

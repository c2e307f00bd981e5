"""Data: the second element of decision making: tests, documents, historian, interpretation."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from models.coding.document import Document
from models.procedures.elements import Element, Item
from models.procedures.leveler import data_level
from models.procedures.mentions import Layout
from models.procedures.slots import age_on
from models.procedures.statuses import UNNAMED
from models.procedures.tables import PhraseBook, rows, split
from models.procedures.types import Judged, Mention, Status

_TEST_FAMILIES = frozenset((
    "lab", "poc_lab", "cardiac_test", "pulmonary_test", "sleep_test", "neuro_test",
    "endocrine_test", "newborn_test", "drug_testing",
))  # fmt: skip
_SPECIMEN_WORK = frozenset((
    "lab:venipuncture", "lab:fingerstick_draw", "lab:specimen_handling_medicare",
))  # fmt: skip
"""Drawing and sending a specimen is no test of its own."""
_PAST = frozenset({"pmh", "psh", "family", "social", "problem_list", "meds", "allergies"})
_NOT_COUNTED = frozenset({Status.PLANNED, Status.REFUSED})
"""A test is counted when it is ordered or its result is reviewed, not when it is spoken of."""
_NEAR_BILLED = 60
"""Characters around a billed service within which an interpretation is that service's own."""


@dataclass(frozen=True, slots=True)
class Test:
    """A test that the note names; ``name`` tells one unique test from another."""

    name: str
    mention: Mention


@cache
def _data_items() -> PhraseBook[tuple[str, str, int]]:
    """(category, item, age in years below which it counts)."""
    return PhraseBook(
        ((row["category"], row["item"], int(row["under"] or 999)), split(row["phrases"]))
        for row in rows("data_items")
    )


@cache
def _test_words() -> PhraseBook[str]:
    return PhraseBook((row["test"], split(row["phrases"])) for row in rows("test_words"))


def _is_test(mention: Mention) -> bool:
    family = mention.concept.family
    if mention.concept.name in _SPECIMEN_WORK:
        return False
    return family in _TEST_FAMILIES or family.startswith("imaging_")


def find_tests(layout: Layout, services: Sequence[Mention]) -> list[Test]:
    """Tests by the table's words, with the service found at the same words where there is one."""
    found: list[Test] = []
    named = [m for m in services if _is_test(m)]
    covered: set[int] = set()
    for name, matches in _test_words().read(layout.words):
        for match in matches:
            begin, stop = match.span()
            over = [i for i, m in enumerate(named) if m.start < stop and begin < m.end]
            covered.update(over)
            mention = named[over[0]] if over else Mention(UNNAMED, begin, stop)
            found.append(Test(name, mention))
    found += [
        Test(m.concept.name.partition(":")[2] or m.concept.name, m)
        for i, m in enumerate(named)
        if i not in covered
    ]
    return [t for t in found if layout.section_kind(t.mention.start) not in _PAST]


def data(
    document: Document,
    layout: Layout,
    billed: tuple[tuple[int, int], ...],
    tests: Iterable[tuple[str, Judged]],
) -> Element:
    """Tests reviewed or ordered, documents, historian, interpretations, discussions.

    Args:
        billed: spans of services on this claim, whose own results do not count again.
        tests: (name, mention with its status).
    """
    counts: Counter[str] = Counter()
    items: list[Item] = []
    seen: set[str] = set()
    for name, judged in tests:
        start, end = judged.mention.start, judged.mention.end
        if name in seen or judged.status in _NOT_COUNTED:
            continue
        if any(a < end and start < b for a, b in billed):
            continue
        seen.add(name)
        counts["tests"] += 1
        items.append(Item("tests", f"{name} {judged.status.value}", (start, end)))
    age = age_on(document.note)
    had: set[tuple[str, str]] = set()
    for (category, label, under), matches in _data_items().read(layout.words):
        if (age if age is not None else 99) >= under or (category, label) in had:
            continue
        found = next(_outside(matches, billed), None)
        if found is not None:
            had.add((category, label))
            counts[category] += 1
            items.append(Item(category, label, found))
    return Element(data_level(counts), tuple(items))


def _outside(
    matches: Iterator[re.Match[str]], billed: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int]]:
    """Matches that do not speak of a billed service."""
    for match in matches:
        start, end = match.span()
        if not any(a - _NEAR_BILLED < start < b + _NEAR_BILLED for a, b in billed):
            yield start, end

"""Risk of what was decided: the third element of decision making."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from models.coding.circumstances.tables import drug_names
from models.coding.document import Document
from models.procedures.elements import ASSESSMENT, Element, Item
from models.procedures.leveler import HIGHEST, LOWEST
from models.procedures.mentions import Layout
from models.procedures.tables import PhraseBook, compile_phrases, rows, split

_TREATMENT_OUT = frozenset((
    "meds", "allergies", "family", "social", "ros", "pmh", "psh", "problem_list",
    "preamble", "hpi", "chief_complaint", "vitals", "exam", "health_maintenance",
    "immunizations", "operative_meta",
))  # fmt: skip
_STORY = frozenset({"preamble", "hpi", "chief_complaint"})
_SHORTEST_NAME, _LONG = 4, 7
"""Letters: of a listed name, and of a word told by its ending alone."""
_MOST_DRUGS = 8
DRUG_REACH = 45
"""Characters before a drug within which a decision about it stands."""


@cache
def _drug_words() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for row in rows("drugs"):
        table.setdefault(row["kind"], set()).add(row["word"])
    return {kind: frozenset(words) for kind, words in table.items()}


@cache
def _prescribed() -> frozenset[str]:
    """Single-word drug names of the table of drug effects, less what is sold without a script."""
    free = tuple(sorted(_drug_words()["free_group"]))
    return frozenset(
        name
        for name, stem in drug_names()
        if len(name) >= _SHORTEST_NAME and name.isalpha() and not stem.startswith(free)
    )


@cache
def _is_drug(word: str) -> bool:
    """Whether a lower-case word names a prescription drug: listed, or by its ending."""
    words = _drug_words()
    if word in words["name"]:
        return True
    if word in words["not_a_drug"]:
        return False
    if word in _prescribed():
        return True
    return len(word) >= _LONG and word.endswith(tuple(sorted(words["suffix"])))


@cache
def _monitoring() -> re.Pattern[str]:
    return compile_phrases(tuple(sorted(_drug_words()["monitoring"])))


_BY_DRUG = ("before_drug", "after_drug")


@cache
def _risk_cues() -> PhraseBook[tuple[int, str, str]]:
    """(level, reason, scope) of what is read anywhere or where treatment is told."""
    return PhraseBook(
        ((int(row["level"]), row["reason"], row["scope"]), split(row["phrases"]))
        for row in rows("risk_cues")
        if row["scope"] not in _BY_DRUG
    )


@cache
def _drug_cues() -> tuple[tuple[int, str, str, re.Pattern[str]], ...]:
    """(level, reason, scope, words) of what is read beside a drug."""
    return tuple(
        (int(row["level"]), row["reason"], row["scope"], compile_phrases(split(row["phrases"])))
        for row in rows("risk_cues")
        if row["scope"] in _BY_DRUG
    )


def _drug_spans(document: Document) -> list[tuple[int, int]]:
    """Words of the note that name a prescription drug."""
    return [(t.start, t.end) for t in document.tokens if _is_drug(t.text.lower())]


def _managed(
    text: str, drugs: list[tuple[int, int]], scope: str, pattern: re.Pattern[str]
) -> Iterator[tuple[int, int]]:
    """Drug words with a decision before or a dose after them, in the same clause."""
    for start, end in drugs:
        low = max(text.rfind(mark, max(0, start - DRUG_REACH), start) for mark in ".;\n") + 1
        low = max(low, start - DRUG_REACH)
        near = (low, start) if scope == "before_drug" else (end, min(len(text), end + 30))
        found = pattern.search(text, max(near[0], 0), near[1])
        if found:
            yield min(start, found.start()), max(end, found.end())


def _spans(
    matches: Iterator[re.Match[str]], layout: Layout, outside: frozenset[str]
) -> Iterator[tuple[int, int]]:
    """Of matches that stand in none of the sections ``outside``."""
    for match in matches:
        if layout.section_kind(match.start()) not in outside:
            yield match.span()


def risk(document: Document, layout: Layout, skip: tuple[tuple[int, int], ...]) -> Element:
    """Risk of what was decided; ``skip``: spans of drugs given as a billed procedure."""
    text = document.text
    items: list[Item] = []
    level = LOWEST
    kinds = {section.kind for section in document.sections}
    # a dictation without headers decides where it tells the story
    outside = _TREATMENT_OUT if kinds & ASSESSMENT else _TREATMENT_OUT - _STORY
    drugs = [
        span
        for span in _drug_spans(document)
        if layout.section_kind(span[0]) not in outside
        and not any(a - 5 <= span[0] < b + 5 for a, b in skip)
    ]
    told: list[tuple[int, str, Iterator[tuple[int, int]]]] = []
    for (row_level, reason, scope), matches in _risk_cues().read(layout.words):
        told.append(
            (
                row_level,
                reason,
                _spans(matches, layout, frozenset() if scope == "note" else outside),
            )
        )
    for row_level, reason, scope, pattern in _drug_cues():
        told.append((row_level, reason, _managed(text, drugs, scope, pattern)))
    told += _watched(document, drugs, outside, layout)
    for row_level, reason, spans in told:
        found = next((s for s in spans if not any(a - 5 <= s[0] < b + 5 for a, b in skip)), None)
        if found is not None:
            items.append(Item("risk", reason, found))
            level = max(level, row_level)
    names = {text[a:b].lower(): (a, b) for a, b in reversed(drugs)}
    items += [Item("drug", name, names[name]) for name in sorted(names)[:_MOST_DRUGS]]
    return Element(level, tuple(items))


def _watched(
    document: Document, drugs: list[tuple[int, int]], outside: frozenset[str], layout: Layout
) -> Iterator[tuple[int, str, Iterator[tuple[int, int]]]]:
    """A drug that needs close watch for toxicity, where what is watched stands too."""
    watched = _drug_words()["watch"]
    spans = [span for span in drugs if document.text[slice(*span)].lower() in watched]
    told = (
        layout.section_kind(match.start()) not in outside
        for match in _monitoring().finditer(document.text)
    )
    if spans and any(told):
        yield HIGHEST, "drug needing close watch for toxicity", iter(spans)

"""The three elements of decision making, each with the words that show it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from models.coding.document import Document
from models.procedures.leveler import LOWEST, data_level, problem_level
from models.procedures.mentions import Layout
from models.procedures.tables import PhraseBook, compile_phrases, rows, split
from models.procedures.types import Diagnoses

_ASSESSMENT = frozenset((
    "assessment", "assessment_plan", "impression", "plan", "discharge_diagnosis",
    "hospital_course",
))  # fmt: skip
_TREATMENT_OUT = frozenset((
    "meds", "allergies", "family", "social", "ros", "pmh", "psh", "problem_list",
    "preamble", "hpi", "chief_complaint", "vitals", "exam", "health_maintenance",
    "immunizations", "operative_meta",
))  # fmt: skip
_STORY = frozenset({"preamble", "hpi", "chief_complaint"})
_OVER = re.compile(r"(?:greater than|more than|over|>)\s?(\d{2})\s?min", re.IGNORECASE)
_TIME = re.compile(
    r"(?:total (?:visit |encounter )?time|time spent|total of|spent(?: a total of)?|time)"
    r"\W{0,6}(?:was |today |on \w+ )?(\d{1,3})\s?(?:min|minutes)\b|"
    r"(\d{1,3})\s?(?:min|minutes)\b[^.\n]{0,25}?\b(?:total|was spent|spent|of total time)",
    re.IGNORECASE,
)


DRUG_REACH = 45
"""Characters before a drug within which a decision about it stands."""


@dataclass(frozen=True, slots=True)
class Item:
    """One thing counted, and where the note says it (None: from the encounter's data)."""

    kind: str
    label: str
    span: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its level and what was counted."""

    level: int
    items: tuple[Item, ...]


@cache
def _classes() -> dict[tuple[str, str], str]:
    return {(row["prefix"], row["setting"]): row["problem"] for row in rows("problem_classes")}


@cache
def _problem_cues() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (row["from"], row["to"], compile_phrases(split(row["phrases"])))
        for row in rows("problem_cues")
    )


@cache
def _data_items() -> PhraseBook[tuple[str, str]]:
    return PhraseBook(
        ((row["category"], row["item"]), split(row["phrases"])) for row in rows("data_items")
    )


@cache
def _test_words() -> PhraseBook[str]:
    return PhraseBook((row["test"], split(row["phrases"])) for row in rows("test_words"))


@cache
def _drug_words() -> dict[str, frozenset[str]]:
    table: dict[str, set[str]] = {}
    for row in rows("drugs"):
        table.setdefault(row["kind"], set()).add(row["word"])
    return {kind: frozenset(words) for kind, words in table.items()}


@cache
def _is_drug(word: str) -> bool:
    """Whether a lower-case word names a prescription drug: listed, or by its ending."""
    words = _drug_words()
    if word in words["name"]:
        return True
    if len(word) < 7 or word in words["not_a_drug"]:
        return False
    return word.endswith(tuple(sorted(words["suffix"])))


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


def _problem_class(code: str, setting: str) -> str:
    """Class of a diagnosis by its longest listed prefix; the setting's own row first."""
    for length in range(len(code), 0, -1):
        prefix = code[:length]
        for where in (setting, ""):
            found = _classes().get((prefix, where))
            if found is not None:
                return found
    return "none"


def _problem_words(
    document: Document, layout: Layout, starts: tuple[int, ...]
) -> tuple[int, int] | None:
    """The stretch of the assessment that speaks of a diagnosis: its item, up to the next one."""
    offsets = [s for s in starts if layout.section_kind(s) in _ASSESSMENT] or list(starts)
    if not offsets:
        return None
    offset = offsets[0]
    sentences = document.sentences
    index = bisect_right([s.start for s in sentences], offset) - 1
    if index < 0:
        return None
    stop = index + 1
    while stop < len(sentences) and stop - index < 4 and not sentences[stop].item:
        if sentences[stop].section != sentences[index].section:
            break
        if "\n\n" in document.text[sentences[stop - 1].end - 1 : sentences[stop].start + 1]:
            break
        stop += 1
    return sentences[index].start, sentences[stop - 1].end


def problems(document: Document, layout: Layout, diagnoses: Diagnoses) -> Element:
    """Problems addressed; codes of one category are one problem."""
    setting = document.note.setting.value if document.note.setting else ""
    counts: Counter[str] = Counter()
    items: list[Item] = []
    seen: dict[str, int] = {}
    for code, starts in diagnoses:
        kind = _problem_class(code, setting)
        if kind == "none":
            continue
        words = _problem_words(document, layout, tuple(starts))
        level_kind = kind
        for origin, target, pattern in _problem_cues():
            if words and origin == kind and pattern.search(document.text, *words):
                level_kind = target
        if level_kind == "chronic":
            level_kind = "chronic_stable"
        group = code[:3]
        level = problem_level({level_kind: 1})
        if group in seen and seen[group] >= level:
            continue
        if group in seen:
            old = next(i for i in items if i.label.startswith(group))
            items.remove(old)
            counts[old.kind] -= 1
        seen[group] = level
        counts[level_kind] += 1
        start = starts[0] if starts else None
        items.append(Item(level_kind, code, None if start is None else _word_at(document, start)))
    # a worsened chronic illness is a chronic illness too
    counts["chronic_stable"] += counts["chronic_worse"] + counts["chronic_severe"]
    return Element(problem_level(counts), tuple(items))


def _word_at(document: Document, start: int) -> tuple[int, int]:
    end = start
    while end < len(document.text) and not document.text[end].isspace():
        end += 1
    return start, max(end, start + 1)


def data(document: Document, layout: Layout, billed: tuple[tuple[int, int], ...]) -> Element:
    """Tests reviewed or ordered, documents, historian, interpretations, discussions.

    ``billed``: spans of services on this claim, whose own results do not count again.
    """
    counts: Counter[str] = Counter()
    items: list[Item] = []
    past = {"pmh", "psh", "family", "social", "problem_list", "meds", "allergies"}
    for test, matches in _test_words().read(layout.words):
        for match in matches:
            if layout.section_kind(match.start()) in past:
                continue
            if any(a < match.end() and match.start() < b for a, b in billed):
                continue
            counts["tests"] += 1
            items.append(Item("tests", test, match.span()))
            break
    for (category, label), matches in _data_items().read(layout.words):
        found = next(_outside(matches, billed), None)
        if found is not None:
            counts[category] += 1
            items.append(Item(category, label, found))
    return Element(data_level(counts), tuple(items))


def _outside(
    matches: Iterator[re.Match[str]], billed: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int]]:
    """Matches that do not speak of a billed service (within 60 characters before them)."""
    for match in matches:
        if not any(a - 60 < match.start() < b + 60 for a, b in billed):
            yield match.span()


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
    outside = _TREATMENT_OUT if kinds & _ASSESSMENT else _TREATMENT_OUT - _STORY
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
    for row_level, reason, spans in told:
        found = next((s for s in spans if not any(a - 5 <= s[0] < b + 5 for a, b in skip)), None)
        if found is not None:
            items.append(Item("risk", reason, found))
            level = max(level, row_level)
    return Element(level, tuple(items))


def total_minutes(text: str) -> tuple[int, tuple[int, int]] | None:
    """Total time on the day as the note states it, with its span; the longest of several.

    "More than 30 minutes" counts as 31.
    """
    stated = [(int(m[1] or m[2]), m.span()) for m in _TIME.finditer(text)]
    stated += [(int(m[1]) + 1, m.span()) for m in _OVER.finditer(text)]
    within = [row for row in stated if 5 <= row[0] <= 240]
    return max(within, key=lambda row: row[0], default=None)

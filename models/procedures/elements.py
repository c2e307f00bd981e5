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
from models.procedures.tables import WordIndex, compile_phrases, first_words, rows, split
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
def _data_items() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (row["category"], row["item"], compile_phrases(split(row["phrases"])))
        for row in rows("data_items")
    )


@cache
def _test_words() -> tuple[tuple[str, re.Pattern[str], frozenset[str] | None], ...]:
    return tuple(
        (
            row["test"],
            compile_phrases(split(row["phrases"])),
            first_words(split(row["phrases"])),
        )
        for row in rows("test_words")
    )


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


@cache
def _risk_cues() -> tuple[tuple[int, str, str, re.Pattern[str]], ...]:
    return tuple(
        (int(row["level"]), row["reason"], row["scope"], compile_phrases(split(row["phrases"])))
        for row in rows("risk_cues")
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
    text = document.text
    counts: Counter[str] = Counter()
    items: list[Item] = []
    past = {"pmh", "psh", "family", "social", "problem_list", "meds", "allergies"}
    index = WordIndex(text)
    for test, pattern, keys in _test_words():
        for match in index.matches(pattern, keys):
            if layout.section_kind(match.start()) in past:
                continue
            if any(a < match.end() and match.start() < b for a, b in billed):
                continue
            counts["tests"] += 1
            items.append(Item("tests", test, match.span()))
            break
    for category, label, pattern in _data_items():
        found = next(_outside(pattern, text, billed), None)
        if found is not None:
            counts[category] += 1
            items.append(Item(category, label, found))
    return Element(data_level(counts), tuple(items))


def _outside(
    pattern: re.Pattern[str], text: str, billed: tuple[tuple[int, int], ...]
) -> Iterator[tuple[int, int]]:
    """Matches that do not speak of a billed service (within 60 characters before them)."""
    for match in pattern.finditer(text):
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
    for row_level, reason, scope, pattern in _risk_cues():
        if scope in ("before_drug", "after_drug"):
            spans = _managed(text, drugs, scope, pattern)
        else:
            spans = (
                match.span()
                for match in pattern.finditer(text)
                if scope == "note" or layout.section_kind(match.start()) not in outside
            )
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

"""Problems addressed: the first element of decision making, from the diagnoses."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from functools import cache

from models.coding.document import Document
from models.procedures.elements import ASSESSMENT, Element, Item
from models.procedures.leveler import problem_level
from models.procedures.mentions import Layout
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Diagnoses


@cache
def _classes() -> dict[tuple[str, str], str]:
    return {(row["prefix"], row["setting"]): row["problem"] for row in rows("problem_classes")}


@cache
def _problem_cues() -> tuple[tuple[str, str, re.Pattern[str]], ...]:
    return tuple(
        (row["from"], row["to"], compile_phrases(split(row["phrases"])))
        for row in rows("problem_cues")
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
    offsets = [s for s in starts if layout.section_kind(s) in ASSESSMENT] or list(starts)
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

"""Details of an imaging study: read from its own words first, never from another study's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache

from models.procedures.mentions import Layout
from models.procedures.slots import slot_rules, text_slots
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Mention

_NEAR = 90
_REPORT = 700
"""Characters of a report within which its views are listed."""
_FAR = {"contrast": 1600, "views": 500}
_FAR_SLOTS = frozenset(_FAR)
_BREAK = re.compile(r"[\n;]|\.\s")
_LEAD = re.compile(r"[\n;,]|\.\s|\band\b|\bw/", re.IGNORECASE)
_ELSEWHERE = re.compile(
    r"compar|prior|previous|history|indication|clinical|reason|recommend|suggest|outside|\bhx\b|"
    r"\bcf\b|advise|consider|follow-?up",
    re.IGNORECASE,
)
_JOIN = re.compile(
    r"[\s,;/&+()]*(?:\b(?:and|with|plus|both|standing|upright|supine|weight-?bearing|views?|the|"
    r"bilateral|right|left|a|of|pelvis|hips?|abdomen|chest|decubitus|flexed|cross-?table)\b[\s,;/&+()]*)*",
    re.IGNORECASE,
)


@cache
def _view_names() -> tuple[tuple[re.Pattern[str], int], ...]:
    """Names of views with how many each is; 0: words that say fewer were taken than named."""
    return tuple(
        (compile_phrases(split(row["phrases"])), int(row["count"])) for row in rows("view_names")
    )


def named_views(text: str, start: int, end: int) -> list[tuple[int, int, int]]:
    """Lists of views by name ("AP, lateral and oblique"): how many, and where each list stands."""
    found: list[tuple[int, int, int, str]] = []
    for pattern, count in _view_names():
        for match in pattern.finditer(text, start, end) if count else ():
            found.append((match.start(), match.end(), count, match.group().lower().rstrip("s")))
    found.sort(key=lambda item: (item[0], -item[1]))
    lists: list[tuple[int, int, int]] = []
    names: set[str] = set()
    for first, last, count, name in found:
        if lists and first < lists[-1][1]:
            continue
        joined = lists and _JOIN.fullmatch(text, lists[-1][1], first)
        if joined and name not in names:
            lists[-1] = (lists[-1][0], last, lists[-1][2] + count)
        elif not joined:
            lists.append((first, last, count))
            names = set()
        names.add(name)
    return lists


def _says(text: str, start: int, end: int, slot: str, value: str) -> bool:
    """Whether words of a slot's value stand in ``[start, end)``, however near another's."""
    return any(
        rule.pattern.search(text, start, end)
        for rule in slot_rules()
        if (rule.slot, rule.value) == (slot, value)
    )


def _views_taken(text: str, start: int, end: int, stated: float | str) -> float | str:
    """Views of a report's only study: a longer list than the title says, or a shorter with "only".

    "CHEST 2 VIEW" over "PA, lateral and both decubitus" is four views.
    """
    listed = [
        count
        for at, _, count in named_views(text, start, end)
        if not _ELSEWHERE.search(text, text.rfind("\n", 0, at) + 1, at)
    ]
    most = max(listed, default=0)
    if most < 2 or not isinstance(stated, float):
        return stated
    only = any(not count and name.search(text, start, end) for name, count in _view_names())
    return float(most) if most > stated or only else stated


def _clause(text: str, start: int, end: int, others: Sequence[int]) -> tuple[int, int]:
    """The study's own words: from the last break before it to the next break or study."""
    first = max((m.end() for m in _LEAD.finditer(text, max(0, start - 80), start)), default=0)
    first = max(first, start - 80)
    match = _BREAK.search(text, end)
    last = match.start() if match else len(text)
    return first, min([last, *(o for o in others if o >= end)])


def study_slots(
    layout: Layout, mention: Mention, low: int, high: int, wanted: frozenset[str]
) -> dict[str, str | float]:
    """Slots of one imaging study: its own clause, then near words that no other study claims."""
    text = layout.document.text
    start, end = mention.start, mention.end
    if mention.site_start >= 0:
        start, end = min(start, mention.site_start), max(end, mention.site_end)
    others = sorted(
        min(m.start, m.site_start) if m.site_start >= 0 else m.start
        for m in layout.found
        if m.concept.family.startswith("imaging_")
        and m.concept.name != mention.concept.name
        and not start <= m.start < end
        and not _ELSEWHERE.search(text, text.rfind("\n", 0, m.start) + 1, m.start)
    )
    if "views" in wanted:
        # "AP pelvis, Ferguson and both obliques": a part named in a list of views is one of them
        lists = [(at, to) for at, to, count in named_views(text, end, end + 200) if count > 1]
        others = [o for o in others if not any(at <= o < to for at, to in lists)]
    family = mention.concept.family
    alone = not any(
        o in others
        for o in (
            min(m.start, m.site_start) if m.site_start >= 0 else m.start
            for m in layout.found
            if m.concept.family == family
        )
    )
    first, last = _clause(text, start, end, others)
    if "views" in wanted:
        # "frontal and lateral views of the chest": a list of views is not cut at its joints
        for at, to, _ in named_views(text, max(0, start - _NEAR), end):
            if at < first < to:
                first = at
    first, last = max(low, first), min(high, last)
    slots = _read(text, start, end, first, last, wanted)
    if alone and "views" in slots:
        slots["views"] = _views_taken(text, low, min(high, low + _REPORT), slots["views"])
    if "contrast" in wanted and alone:
        if _says(text, low, high, "contrast", "withheld"):
            slots["contrast"] = "without"
        elif slots.get("contrast") == "without" and _says(text, low, high, "contrast", "both"):
            slots["contrast"] = "both"
    missing = wanted - set(slots)
    if not missing:
        return slots
    before = max([low, *(o for o in others if o < start)])
    after = min([high, *(o for o in others if o >= end)])
    near = _read(text, start, end, max(before, start - _NEAR), min(after, end + _NEAR), missing)
    slots = {**near, **slots}
    for slot in wanted & _FAR_SLOTS - set(slots):
        reach = _FAR[slot]
        first, last = max(before, start - reach), min(after, end + reach)
        slots.update(_read(text, start, end, first, last, frozenset({slot}), shift=True))
    other = wanted - _FAR_SLOTS - set(slots)
    return {**text_slots(text, start, end, low, high, other), **slots}


def _read(
    text: str,
    start: int,
    end: int,
    first: int,
    last: int,
    wanted: frozenset[str],
    shift: bool = False,
) -> dict[str, str | float]:
    slots: dict[str, str | float] = {}
    if shift:
        # far words are read as if they stood beside the study
        for at, to in ((end, last), (first, start)):
            step = 60
            while not slots and at < to:
                slots = text_slots(text, at, min(at + step, to), at, to, wanted)
                at += step
    else:
        slots = text_slots(text, start, end, first, last, wanted)
    if slots.get("contrast") == "withheld":
        slots["contrast"] = "without"
    if slots.get("contrast") == "with" and _says(text, first, last, "contrast", "both"):
        slots["contrast"] = "both"
    if "views" in wanted and "views" not in slots:
        lists = named_views(text, first, last)
        best = max(lists, key=lambda item: item[2], default=None)
        if best is not None and (best[2] > 1 or not shift):
            slots["views"] = float(best[2])
    return slots

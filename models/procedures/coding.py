"""From performed mentions of one service to its code, units and side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache

from data.schemas import Note
from data.terminology.procedure_codes import Concept, ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.mentions import Layout, sites
from models.procedures.slots import note_slots, side_near, text_slots
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Judged, Mention, Spans
from models.procedures.visits import Visit

_ORDINAL = re.compile(r"\s*#\s?(\d)")
_SIDE_REACH = 45


@dataclass(frozen=True, slots=True)
class Line:
    """One code with what is known of it, before confidence, links and modifiers."""

    entry: ProcedureCode
    concept: Concept
    evidence: Spans
    units: int = 1
    slots: dict[str, str | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    cues: tuple[str, ...] = ()
    margin: float = 0.0


@cache
def _techniques() -> dict[str, tuple[tuple[str, re.Pattern[str]], ...]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for row in rows("techniques"):
        pattern = compile_phrases(split(row["phrases"]))
        table.setdefault(row["scope"], []).append((row["technique"], pattern))
    return {scope: tuple(found) for scope, found in table.items()}


def window(layout: Layout, visit: Visit, mention: Mention) -> tuple[int, int]:
    """Where a service's details are looked for."""
    text = layout.document.text
    if visit.kind in ("operative", "procedure", "radiology"):
        return 0, len(text)
    if mention.concept.family == "wound_repair":
        return 0, len(text)
    if layout.section_kind(mention.start) == "procedure":
        return layout.section_bounds(mention.start)
    return layout.paragraph_bounds(mention.start)


def _side(document: Document, layout: Layout, mention: Mention) -> str | None:
    """The side of a paired part: by the mention's words, else by the part's side elsewhere."""
    text = document.text
    start, end = (
        (mention.site_start, mention.site_end)
        if mention.site_start >= 0
        else (mention.start, mention.end)
    )
    first, last = layout.sentence_bounds(start)
    last = max(last, end)
    side = side_near(text, start, end, max(first, start - _SIDE_REACH), min(last, end + 30))
    if side:
        return side
    paragraph = layout.paragraph_bounds(start)
    words = text[mention.start : mention.end]
    votes: Counter[str] = Counter()
    for site in sites():
        if site.name == mention.site or (not mention.site and site.pattern.search(words)):
            for match in site.pattern.finditer(text):
                near = side_near(
                    text, match.start(), match.end(), max(0, match.start() - 14), match.end()
                )
                if near:
                    votes[near] += 1
    ranked = votes.most_common(2)
    if not ranked or (len(ranked) > 1 and ranked[0][1] == ranked[1][1]):
        return side_near(text, start, end, *paragraph)
    return ranked[0][0]


def _sides(document: Document, layout: Layout, mentions: Sequence[Mention]) -> str | None:
    found = {side for side in (_side(document, layout, m) for m in mentions) if side}
    if "both" in found or found == {"left", "right"}:
        return "both"
    return next(iter(sorted(found)), None)


def _region(document: Document, layout: Layout, mention: Mention) -> str | None:
    """Group of body regions (face, scalp and hands, trunk and limbs) named nearest to the words."""
    first, last = layout.section_bounds(mention.start)
    best: tuple[int, str] | None = None
    for bounds in ((first, last), (0, len(document.text))):
        for site in sites():
            region = site.columns.get("region")
            if not region:
                continue
            for match in site.pattern.finditer(document.text, *bounds):
                gap = min(abs(match.start() - mention.end), abs(mention.start - match.end()))
                if best is None or gap < best[0]:
                    best = (gap, region)
        if best is not None:
            return best[1]
    return None


def _spans(judged: Sequence[Judged]) -> Spans:
    return tuple(sorted({(j.mention.start, j.mention.end) for j in judged}))


def read_slots(
    document: Document,
    layout: Layout,
    visit: Visit,
    judged: Sequence[Judged],
    wanted: frozenset[str],
) -> dict[str, str | float]:
    """Slots of one service, from the words around each of its mentions."""
    slots: dict[str, str | float] = {}
    for item in judged:
        mention = item.mention
        low, high = window(layout, visit, mention)
        start, end = mention.start, max(mention.end, mention.site_end)
        if mention.site_start >= 0:
            start = min(start, mention.site_start)
        for slot, value in text_slots(document.text, start, end, low, high, wanted).items():
            slots.setdefault(slot, value)
    lead = judged[0].mention
    if lead.concept.family in ("wound_repair", "skin_procedure"):
        region = _region(document, layout, lead)
        if region:
            slots["region"] = region
    slots.update(note_slots(document.note))
    if document.note.setting:
        slots["setting"] = document.note.setting.value
    if lead.concept.sides:
        side = _sides(document, layout, [item.mention for item in judged])
        if side:
            slots["side"] = side
            slots["bilateral"] = "yes" if side == "both" else "no"
    return slots


def code_service(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    visit: Visit,
    judged: Sequence[Judged],
) -> list[Line]:
    """Lines of one service: usually one, more for add-on codes, techniques and repeats."""
    concept = judged[0].mention.concept
    wanted = codes.slots_of(concept.name) | {"purpose", "count"}
    slots = read_slots(document, layout, visit, judged, wanted)
    if "place" in slots:
        slots["interpretation_only"] = "yes"
    if visit.concept.startswith("visit:"):
        slots["with_visit"] = "yes"
    notes: list[str] = []
    day = document.note.date_of_service
    cues = tuple(dict.fromkeys(cue for item in judged for cue in item.cues))
    margin = max(item.margin for item in judged)

    def line(entry: ProcedureCode, units: int = 1, **extra: str | float) -> Line:
        return Line(
            entry, concept, _spans(judged), units, {**slots, **extra}, tuple(notes), cues, margin
        )

    scope = concept.attributes.get("scope")
    if scope:
        return [
            line(entry) for entry in _by_technique(document, layout, codes, concept, scope, slots)
        ]
    if "order" not in slots:
        slots["order"] = "first"
    entry = codes.pick(concept.name, slots, day)
    if entry is None:
        return []
    if entry.fallback and entry.when == () and _undecided(codes, concept, slots, document.note):
        notes.append("the note does not say which variant; the usual one is proposed")
    if "per_item" in concept.attributes:
        # "GAD-7" and "GAD 7" are one instrument
        names = {
            re.sub(r"\W", "", document.text[j.mention.start : j.mention.end].lower())
            for j in judged
        }
        return [line(entry, len(names))]
    lines = [line(entry)]
    count = slots.get("count")
    if isinstance(count, float) and count >= 2 and any(c.slot == "order" for c in entry.when):
        further = codes.pick(concept.name, {**slots, "order": "further"}, day)
        if further is not None and further.code != entry.code:
            lines.append(line(further, int(count) - 1))
    repeats = {
        match[1]
        for j in judged
        if (match := _ORDINAL.match(document.text, j.mention.end)) is not None
    }
    lines += [line(entry, repeat="yes") for _ in range(len(repeats) - 1)]
    return lines


def _undecided(
    codes: ProcedureCodes, concept: Concept, slots: dict[str, str | float], note: Note
) -> bool:
    return any(
        condition.holds(slots) is None
        for entry in codes.of_concept(concept.name, note.date_of_service)
        for condition in entry.when
    )


def _by_technique(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    concept: Concept,
    scope: str,
    slots: dict[str, str | float],
) -> list[ProcedureCode]:
    """One code for each technique an endoscopy's account names; the plain look if none."""
    found: list[ProcedureCode] = []
    day = document.note.date_of_service
    for technique, pattern in _techniques().get(scope, ()):
        for match in pattern.finditer(document.text):
            kind = layout.section_kind(match.start())
            if kind in ("plan", "instructions", "indication", "hpi", "pmh", "psh", "family"):
                continue
            entry = codes.pick(concept.name, {**slots, "technique": technique}, day)
            if entry is not None and entry not in found:
                found.append(entry)
            break
    if found:
        return found
    plain = codes.pick(concept.name, {k: v for k, v in slots.items() if k != "technique"}, day)
    return [plain] if plain else []

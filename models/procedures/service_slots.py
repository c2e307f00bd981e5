"""What the words around a service's mentions say of it: side, size, count, site."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

from data.terminology.procedure_codes import Concept
from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.sites import sites
from models.procedures.slots import note_slots, only_side, side_near, text_slots
from models.procedures.studies import study_slots
from models.procedures.types import Judged, Mention
from models.procedures.visits import Visit
from models.procedures.wounds import zone_slots

_SIDE_REACH = 45
_WHOLE_NOTE = frozenset({"wound_repair", "fracture_care", "therapy", "pathology"})
"""Families whose details may stand anywhere in the note."""
_ZONE_SLOTS = frozenset({"region", "region_layered", "region_complex", "part"})


def window(layout: Layout, visit: Visit, mention: Mention) -> tuple[int, int]:
    """Where a service's details are looked for."""
    text = layout.document.text
    if visit.kind in ("operative", "procedure", "radiology", "anesthesia"):
        return 0, len(text)
    if mention.concept.family in _WHOLE_NOTE:
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
        return side_near(text, start, end, *paragraph) or only_side(text)
    return ranked[0][0]


def _sides(document: Document, layout: Layout, mentions: Sequence[Mention]) -> str | None:
    found = {side for side in (_side(document, layout, m) for m in mentions) if side}
    if "both" in found or found == {"left", "right"}:
        return "both"
    return next(iter(sorted(found)), None)


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
        if mention.concept.family.startswith("imaging_"):
            given = study_slots(layout, mention, low, high, wanted)
        else:
            given = text_slots(document.text, start, end, low, high, wanted)
        for slot, value in given.items():
            slots.setdefault(slot, value)
    lead = judged[0].mention
    if wanted & _ZONE_SLOTS:
        slots.update(zone_slots(document, layout, lead))
    measure(lead.concept, slots)
    slots.update(note_slots(document.note))
    if document.note.setting:
        slots["setting"] = document.note.setting.value
    if lead.concept.sides:
        side = _sides(document, layout, [item.mention for item in judged])
        if side:
            slots["side"] = side
            slots["bilateral"] = "yes" if side == "both" else "no"
    return slots


def measure(concept: Concept, slots: dict[str, str | float]) -> None:
    """What is counted or worked out from other slots: an excision's width, further units."""
    if "area_total" in slots:
        slots["area"] = slots["area_total"]
    excised, size, margin = (slots.get(name) for name in ("excised", "size", "margin"))
    if isinstance(excised, float):
        slots["size"] = excised
    elif isinstance(size, float) and isinstance(margin, float):
        slots["size"] = round(size + 2 * margin, 2)
    rule = concept.attributes.get("count")
    if rule is None:
        return
    # "area:20:20": the first code holds 20, each further one 20 more
    slot, _, steps = rule.partition(":")
    given = slots.get(slot)
    slots.pop("count", None)
    if isinstance(given, float):
        first, _, step = steps.partition(":")
        over = given - float(first or 1)
        slots["count"] = 1.0 + max(0, math.ceil(round(over / float(step or 1), 4)))

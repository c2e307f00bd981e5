"""From performed mentions of one service to its code, units and side."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from data.schemas import Note
from data.terminology.procedure_codes import Concept, ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.service_slots import measure, read_slots
from models.procedures.slots import text_slots
from models.procedures.techniques import by_technique
from models.procedures.timed import stated_minutes
from models.procedures.types import Judged, Line, Mention, Spans
from models.procedures.visits import Visit
from models.procedures.wounds import closed_wounds, zone_slots

_ORDINAL = re.compile(r"\s*#\s?(\d)")
_LACERATION = re.compile(r"\blac(?:s|eration\w*)?\b", re.IGNORECASE)
_MEASURES = frozenset({"count", "units"})
_LIST_ITEM = re.compile(r"\s*(?:#?\d{1,2}[.):\s]|[-*•#]\s|[A-Ha-h][.)])")


def _spans(judged: Sequence[Judged]) -> Spans:
    return tuple(sorted({(j.mention.start, j.mention.end) for j in judged}))


def _repair_lines(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    judged: Sequence[Judged],
    slots: dict[str, str | float],
    operation: bool,
) -> list[tuple[ProcedureCode, int]] | None:
    """One code for each kind of closure and group of regions, with the lengths summed."""
    wounds = closed_wounds(document, layout, judged, operation)
    if not wounds:
        return None
    sums: dict[tuple[str, str], tuple[float, dict[str, str | float]]] = {}
    column = {"no": "region", "yes": "region_layered", "complex": "region_complex"}
    for wound in wounds:
        places = dict(wound.columns)
        group = places.get(column[wound.layers], "")
        if wound.layers == "no" and group != "face":
            group = "body"
        length, _ = sums.get((wound.layers, group), (0.0, {}))
        sums[wound.layers, group] = (round(length + wound.length, 2), {**slots, **places})
    found: list[tuple[ProcedureCode, int]] = []
    name = judged[0].mention.concept.name
    for (layers, _), (length, known) in sums.items():
        here: dict[str, str | float] = {
            **known, "layers": layers, "length": length, "order": "first",
        }  # fmt: skip
        entry = codes.pick(name, here, document.note.date_of_service)
        if entry is None:
            continue
        found.append((entry, 1))
        more = codes.pick(name, {**here, "order": "further"}, document.note.date_of_service)
        if layers == "complex" and more is not None and length > 7.5:
            found.append((more, math.ceil(round((length - 7.5) / 5, 4))))
    return found


def _own_lines(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    judged: Sequence[Judged],
    slots: dict[str, str | float],
    wanted: frozenset[str],
) -> list[tuple[ProcedureCode, Judged]]:
    """Codes of a service done at several places, where each mention's own line says which."""
    found: dict[object, tuple[ProcedureCode, Judged]] = {}
    for item in judged:
        mention = item.mention
        low, high = layout.sentence_bounds(mention.start)
        own = text_slots(document.text, mention.start, mention.end, low, high, wanted)
        if "size" not in own and "excised" not in own:
            continue
        own = {**slots, **zone_slots(document, layout, mention), **own}
        measure(mention.concept, own)
        entry = codes.pick(mention.concept.name, own, document.note.date_of_service)
        if entry is not None:
            found.setdefault((entry.code, own.get("size")), (entry, item))
    return list(found.values())


def _own_line(text: str, mention: Mention) -> tuple[int, int]:
    end = text.find("\n", mention.end)
    return text.rfind("\n", 0, mention.start) + 1, end if end >= 0 else len(text)


def _listed(document: Document, judged: Sequence[Judged]) -> float:
    """How many times a service was done: as its own lines say, else as many as the lines listed."""
    text = document.text
    told: dict[tuple[int, int], float] = {}
    for item in judged:
        at = item.mention
        bounds = _own_line(text, at)
        said = text_slots(text, at.start, at.end, *bounds, frozenset({"count"})).get("count")
        told[bounds] = said if isinstance(said, float) else 1.0
    items = [n for (start, _), n in told.items() if _LIST_ITEM.match(text, start)]
    return sum(items) if len(items) > 1 else max(told.values())


def _by_lesion(document: Document, judged: Sequence[Judged]) -> list[list[Judged]]:
    """Mentions parted by the kind of lesion that the line of each names."""
    groups: dict[str | float, list[Judged]] = {}
    for item in judged:
        at = item.mention
        bounds = _own_line(document.text, at)
        own = text_slots(document.text, at.start, at.end, *bounds, frozenset({"lesion"}))
        groups.setdefault(own.get("lesion", ""), []).append(item)
    return list(groups.values()) if "" not in groups else []


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
    wanted |= {concept.attributes[a].partition(":")[0] for a in _MEASURES & set(concept.attributes)}
    wanted |= set(concept.attributes.get("reads", "").split())
    if "size" in wanted:
        wanted |= {"excised", "margin"}
    if "area" in wanted:
        wanted |= {"area_total"}
    slots = read_slots(document, layout, visit, judged, wanted)
    if "place" in slots:
        slots["interpretation_only"] = "yes"
    if visit.concept.startswith("visit:"):
        slots["with_visit"] = "yes"
    notes: list[str] = []
    day = document.note.date_of_service

    def line(entry: ProcedureCode, units: int = 1, **extra: str | float) -> Line:
        return Line(
            entry, concept, _spans(judged), units, {**slots, **extra}, tuple(notes), tuple(judged)
        )

    scope = concept.attributes.get("scope")
    if scope:
        return [
            line(entry) for entry in by_technique(document, layout, codes, concept, scope, slots)
        ]
    if "timed" in concept.attributes:
        minutes = stated_minutes(document.text, judged)
        if minutes is not None:
            slots["timed_minutes"] = minutes
    if "order" not in slots:
        slots["order"] = "first"
    if "listed" in concept.attributes:
        slots["count"] = _listed(document, judged)
    if concept.family == "wound_repair":
        repairs = _repair_lines(document, layout, codes, judged, slots, visit.kind == "operative")
        if repairs is not None:
            return [line(entry, units) for entry, units in repairs]
        if visit.kind == "operative" or not _LACERATION.search(document.text):
            return []
    if concept.attributes.get("each") == "lesion":
        groups = _by_lesion(document, judged)
        if len(groups) > 1:
            return [
                made
                for group in groups
                for made in code_service(document, layout, codes, visit, group)
            ]
    elif "each" in concept.attributes:
        own = _own_lines(document, layout, codes, judged, slots, wanted)
        if len(own) > 1:
            return [replace(line(e), evidence=_spans([item])) for e, item in own]
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
    units = slots.get(concept.attributes.get("units", ""))
    lines = [line(entry, int(units) if isinstance(units, float) and units >= 1 else 1)]
    count = slots.get("count")
    if isinstance(count, float) and count >= 2 and any(c.slot == "order" for c in entry.when):
        further = codes.pick(concept.name, {**slots, "order": "further"}, day)
        if further is not None and further.code != entry.code:
            third = codes.pick(concept.name, {**slots, "order": "third"}, day)
            if count >= 3 and third is not None and third.code not in (entry.code, further.code):
                lines += [line(further), line(third)]
            else:
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

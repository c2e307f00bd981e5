"""From performed mentions of one service to its code, units and side."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cache

from data.schemas import Note
from data.terminology.procedure_codes import Concept, ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.sites import sites
from models.procedures.slots import note_slots, only_side, side_near, text_slots
from models.procedures.studies import study_slots
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.timed import stated_minutes
from models.procedures.types import Judged, Mention, Spans, Status
from models.procedures.visits import Visit
from models.procedures.wounds import closed_wounds, zone_slots

_ORDINAL = re.compile(r"\s*#\s?(\d)")
_LACERATION = re.compile(r"\blac(?:s|eration\w*)?\b", re.IGNORECASE)
_MEASURES = frozenset({"count", "units"})
_LIST_ITEM = re.compile(r"\s*(?:#?\d{1,2}[.):\s]|[-*•#]\s|[A-Ha-h][.)])")
_SIDE_REACH = 45
_WHOLE_NOTE = frozenset({"wound_repair", "fracture_care", "therapy", "pathology"})
"""Families whose details may stand anywhere in the note."""
_ZONE_SLOTS = frozenset({"region", "region_layered", "region_complex", "part"})


@dataclass(frozen=True, slots=True)
class Line:
    """One code with what is known of it, before confidence, links and modifiers."""

    entry: ProcedureCode
    concept: Concept
    evidence: Spans
    units: int = 1
    slots: dict[str, str | float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    judged: tuple[Judged, ...] = ()

    @property
    def chance(self) -> float:
        """Probability that it was done, by the mention that says it most clearly."""
        return max((item.chance for item in self.judged), default=0.0)

    @property
    def status(self) -> Status:
        """Its status at the mention that says most clearly that it was done."""
        best = max(self.judged, key=lambda item: item.chance, default=None)
        return Status.PERFORMED if best is None else best.status

    @property
    def cues(self) -> tuple[str, ...]:
        """What the tables read at its mentions."""
        return tuple(dict.fromkeys(cue for item in self.judged for cue in item.cues))


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
        if mention.concept.family.startswith("imaging_"):
            given = study_slots(layout, mention, low, high, wanted)
        else:
            given = text_slots(document.text, start, end, low, high, wanted)
        for slot, value in given.items():
            slots.setdefault(slot, value)
    lead = judged[0].mention
    if wanted & _ZONE_SLOTS:
        slots.update(zone_slots(document, layout, lead))
    _measure(lead.concept, slots)
    slots.update(note_slots(document.note))
    if document.note.setting:
        slots["setting"] = document.note.setting.value
    if lead.concept.sides:
        side = _sides(document, layout, [item.mention for item in judged])
        if side:
            slots["side"] = side
            slots["bilateral"] = "yes" if side == "both" else "no"
    return slots


def _measure(concept: Concept, slots: dict[str, str | float]) -> None:
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
        _measure(mention.concept, own)
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
            line(entry) for entry in _by_technique(document, layout, codes, concept, scope, slots)
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


def _scope_heads(text: str, layout: Layout) -> list[tuple[int, str]]:
    """Where an account of one scope begins: it opens a line that names no other scope."""
    lines: dict[int, list[tuple[int, str]]] = {}
    for mention in layout.found:
        scope = mention.concept.attributes.get("scope")
        if scope:
            start = text.rfind("\n", 0, mention.start) + 1
            lines.setdefault(start, []).append((mention.start, scope))
    return [
        (named[0][0], named[0][1])
        for start, named in sorted(lines.items())
        if len({scope for _, scope in named}) == 1
        and not any(c.isalpha() for c in text[start : named[0][0]])
    ]


def _under(heads: list[tuple[int, str]], offset: int, scope: str) -> str:
    """The scope whose account holds ``offset``; ``scope`` itself where no two are told apart."""
    if len({name for _, name in heads}) < 2 or scope not in {name for _, name in heads}:
        return scope
    before = [name for start, name in heads if start <= offset]
    return before[-1] if before else scope


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
    heads = _scope_heads(document.text, layout)
    for technique, pattern in _techniques().get(scope, ()):
        for match in pattern.finditer(document.text):
            if _under(heads, match.start(), scope) != scope:
                continue
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

"""How a drug was given: its units, injections, infusions."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document
from models.procedures.doses import billing_units, dose_near, parse_billing_unit, waste_near
from models.procedures.mentions import Layout
from models.procedures.slots import clock_minutes
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Line
from models.procedures.vaccines import administered

_MINUTES = re.compile(r"(?:over|infused over|for|x)\s+(\d{1,3})\s?(?:min|minutes)\b", re.IGNORECASE)
_PUSH = re.compile(r"\b(?:IVP|push(?:ed)?|bolus)\b", re.IGNORECASE)
_CONCURRENT = re.compile(r"\b(?:concurrent\w*|simultaneous\w*|y-?site)\b", re.IGNORECASE)
_PUMP = re.compile(
    r"\b(?:CADD|ambulatory pump|portable pump|home pump|elastomeric)\b", re.IGNORECASE
)
_STOP = re.compile(r"\.\s+[A-Z]")
_LED = re.compile(r"\s*(\d{1,2}):?(\d{2})\b")
_DONE = re.compile(r"\b(?:complete\w*|done|end(?:ed)?|stop(?:ped)?|finished|off)\b", re.IGNORECASE)
_SHORTEST_INFUSION = 16
_WASTE_REACH = 240
_SHORTEST_HYDRATION = 31
_RANKS = (
    "infusion_chemotherapy", "infusion_therapeutic", "injection_intravenous", "infusion_hydration",
)  # fmt: skip
_PROCEDURAL = frozenset((
    "joint_injection", "soft_tissue_injection", "nerve_injection", "eye_procedure",
    "skin_procedure", "wound_repair", "gynecology", "urology",
))  # fmt: skip
_LOCAL_STEROIDS = frozenset(
    f"drug:{name}"
    for name in ["triamcinolone", "methylprednisolone_acetate", "betamethasone", "dexamethasone"]
)


@cache
def _rules() -> dict[str, tuple[str, str]]:
    return {row["drug"]: (row["route"], row["class"]) for row in rows("administration")}


@cache
def _routes() -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((row["route"], compile_phrases(split(row["phrases"]))) for row in rows("routes"))


def _stated_route(text: str, start: int, end: int) -> str | None:
    best: tuple[int, str] | None = None
    for route, pattern in _routes():
        for match in pattern.finditer(text, max(0, start - 25), min(len(text), end + 70)):
            gap = match.start() - end if match.start() >= end else start - match.end() + 10
            if best is None or gap < best[0]:
                best = (gap, route)
    return best[1] if best else None


def drug_lines(document: Document, layout: Layout, line: Line, whole_note: bool) -> list[Line]:
    """A drug's line with its units, and a second one for what was discarded.

    ``whole_note``: a procedure note speaks of one drug, so its amounts may stand anywhere.
    """
    cell = line.concept.attributes.get("dose")
    if not cell:
        return [line]
    unit, kind = parse_billing_unit(cell)
    text = document.text
    found, best = None, 0
    for begin, stop in line.evidence:
        bounds = (0, len(text)) if whole_note else layout.section_bounds(begin)
        near = dose_near(text, begin, stop, *bounds, kind)
        gap = min(abs(near[1] - stop), abs(begin - near[2])) if near else 0
        if near and (found is None or gap < best):
            found, best = near, gap
    usual = line.concept.attributes.get("usual")
    if found is None and usual:
        return [replace(line, units=billing_units(parse_billing_unit(usual)[0], unit))]
    if found is None:
        return [
            replace(line, notes=(*line.notes, "no dose found near the drug: units to be checked"))
        ]
    amount, first, last = found
    slots = {**line.slots, "dosed": "yes"}
    waste = None
    for begin, stop in (*line.evidence, (first, last)):
        low, high = (0, len(text)) if whole_note else layout.section_bounds(begin)
        waste = waste or waste_near(text, stop, _next_drug(layout, line, kind, stop, high))
        waste = waste or waste_near(text, max(low, begin - 80), begin)
    used = replace(
        line,
        units=billing_units(amount, unit),
        evidence=tuple(sorted({*line.evidence, (first, last)})),
    )
    if waste is None:
        return [replace(used, slots=slots)]
    discarded, span = waste
    if discarded is None:
        return [replace(used, slots={**slots, "waste": "none"})]
    scale = 1e3 if kind == "mass" else 1.0
    rest = replace(
        line,
        units=billing_units(discarded * scale, unit),
        evidence=(span,),
        slots={**slots, "waste_line": "yes"},
    )
    return [replace(used, slots={**slots, "wasted": "yes"}), rest]


def _next_drug(layout: Layout, line: Line, kind: str, stop: int, high: int) -> int:
    """Where another drug of this measure is named: what stands after it speaks of that one."""
    others = [
        found.start
        for found in layout.found
        if found.start >= stop
        and found.concept != line.concept
        and "dose" in found.concept.attributes
        and parse_billing_unit(found.concept.attributes["dose"])[1] == kind
    ]
    return min([high, stop + _WASTE_REACH, *others])


def administration_lines(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    drugs: Sequence[Line],
    families: frozenset[str],
) -> list[Line]:
    """Injection and infusion lines for the drugs given; none for a drug that a procedure used.

    Into a vein there is one first service of the visit: a cancer drug's infusion before its
    push, then other infusions, pushes, and hydration last. All others are further ones.
    """
    made: list[Line] = []
    day = document.note.date_of_service
    veins: list[_Vein] = []
    for drug in drugs:
        if drug.slots.get("waste_line"):
            continue
        route, kind = _rules().get(drug.concept.name, _rules()["*"])
        if route in ("procedure", "inhaled") or kind == "none":
            continue
        if drug.concept.name in _LOCAL_STEROIDS and families & _PROCEDURAL:
            continue
        stated = _stated_route(document.text, *_drug_words(drug))
        if stated in ("oral", "topical"):
            continue
        if stated == "intravenous" or (route == "intravenous" and stated is None):
            veins.append(_vein(document, layout, drug, drugs, kind))
            continue
        cancer = kind in ("chemotherapy", "hormonal")
        slots: dict[str, str | float] = {"class": kind} if cancer else {}
        entry = codes.pick("injection_intramuscular", slots, day)
        if entry is not None:
            _add(made, administered(codes, entry, drug, slots))
    veins.sort(key=lambda vein: vein.rank)
    made += _pump_lines(document, codes, veins)
    seen: set[str] = set()
    for vein in veins:
        fluid = vein.concept == "infusion_hydration"
        if (fluid and "infusion_hydration" in seen) or vein.drug.concept.name in seen:
            continue  # bags of one hydration, or one drug named with two codes
        order = "further" if seen else "first"
        if order == "further" and vein.concept == "infusion_therapeutic" and vein.concurrent:
            seen.add(vein.drug.concept.name)
            entry = codes.pick(vein.concept, {"order": "concurrent"}, day)
            if entry is not None and all(line.entry.code != entry.code for line in made):
                made.append(administered(codes, entry, vein.drug, {"order": "concurrent"}))
            continue
        seen |= {vein.drug.concept.name, *(["infusion_hydration"] if fluid else [])}
        minutes = vein.minutes
        slots = {"order": order, "minutes": minutes}
        extra = _further_hours(int(minutes))
        entry = codes.pick(vein.concept, slots, day)
        if fluid and order == "further" and minutes >= _SHORTEST_HYDRATION:
            entry, extra = codes.pick(vein.concept, {"part": "further"}, day), extra
            if entry is not None:
                line = administered(codes, entry, vein.drug, slots)
                _add(made, replace(line, units=1 + extra))
            continue
        if entry is None:
            continue
        _add(made, administered(codes, entry, vein.drug, slots))
        more = codes.pick(vein.concept, {"part": "further"}, day)
        if extra and more is not None and more.code != entry.code:
            _add(made, replace(administered(codes, more, vein.drug, slots), units=extra))
    return made


@dataclass(frozen=True, slots=True)
class _Vein:
    """One drug given into a vein: by infusion or push, for how long, and its place in order."""

    drug: Line
    concept: str
    minutes: float
    rank: int
    concurrent: bool = False


def _add(made: list[Line], line: Line) -> None:
    """Add a line, or its units to the one of the same code."""
    for index, other in enumerate(made):
        if other.entry.code == line.entry.code:
            spans = tuple(sorted({*other.evidence, *line.evidence}))
            made[index] = replace(other, units=other.units + line.units, evidence=spans)
            return
    made.append(line)


def _vein(
    document: Document, layout: Layout, drug: Line, drugs: Sequence[Line], kind: str
) -> _Vein:
    minutes = _drug_minutes(document, layout, drug, drugs)
    concept, slots = _intravenous(kind, minutes)
    if _PUSH.search(document.text, drug.evidence[0][0], _line_end(document, drug)):
        concept = "infusion_chemotherapy" if kind == "complex" else "injection_intravenous"
        slots = {"minutes": 1.0}
    given = float(slots.get("minutes", 1.0)) if minutes is None else float(minutes)
    if concept == "injection_intravenous":
        given = 1.0
    rank = _RANKS.index(concept) * 2 + (given < _SHORTEST_INFUSION)
    own = _CONCURRENT.search(document.text, drug.evidence[0][1], _line_end(document, drug))
    return _Vein(drug, concept, given, rank, own is not None)


def _pump_lines(document: Document, codes: ProcedureCodes, veins: Sequence[_Vein]) -> list[Line]:
    """Starting a cancer drug that a portable pump goes on giving at home."""
    for vein in veins:
        for _, end in vein.drug.evidence:
            line = document.text.find("\n", end)
            stop = len(document.text) if line < 0 else line
            if vein.concept == "infusion_chemotherapy" and _PUMP.search(document.text, end, stop):
                slots: dict[str, str | float] = {"pump": "yes"}
                entry = codes.pick(vein.concept, slots, document.note.date_of_service)
                return [] if entry is None else [administered(codes, entry, vein.drug, slots)]
    return []


def _line_end(document: Document, drug: Line) -> int:
    """End of the drug's own stretch: its line, up to a full stop with a capital after it."""
    text, end = document.text, drug.evidence[0][1]
    line = text.find("\n", end)
    stop = _STOP.search(text, end)
    return min(end + 90, len(text) if line < 0 else line, stop.start() if stop else len(text))


def _drug_minutes(
    document: Document, layout: Layout, drug: Line, drugs: Sequence[Line]
) -> int | None:
    """How long a drug ran: by its own line first, then up to the next drug's words."""
    text = document.text
    others = sorted(s for d in drugs if d.concept != drug.concept for s, _ in d.evidence)
    for start, end in drug.evidence:
        line = text.rfind("\n", 0, start) + 1
        before = max([line, *(at for at in others if at < start)])
        after = min([at for at in others if at >= end] or [len(text)])
        newline = text.find("\n", end)
        own_end = min(after, len(text) if newline < 0 else newline)
        low = before if before == line else start
        for bounds in ((start, own_end), (low, own_end), (start, min(after, end + 260))):
            minutes = _minutes(text, *bounds)
            if minutes is not None:
                return minutes
    return _between_lines(text, drug)


def _between_lines(text: str, drug: Line) -> int | None:
    """Minutes from the line that starts a drug to the one that ends it, each led by a time."""
    clocks = []
    for start, end in drug.evidence:
        begin = text.rfind("\n", 0, start) + 1
        clock = _LED.match(text, begin)
        if clock is None:
            continue
        done = _DONE.search(text, end, (text.find("\n", end) + 1 or len(text) + 1) - 1)
        clocks.append((int(clock[1]) * 60 + int(clock[2]), done is not None))
    begun = [at for at, done in clocks if not done]
    ended = [at for at, done in clocks if done]
    if begun and ended and 0 < ended[-1] - begun[0] < 12 * 60:
        return ended[-1] - begun[0]
    return None


def _drug_words(drug: Line) -> tuple[int, int]:
    return min(s for s, _ in drug.evidence[:2]), max(e for _, e in drug.evidence[:2])


def _intravenous(kind: str, minutes: int | None) -> tuple[str, dict[str, str | float]]:
    concept = {"complex": "infusion_chemotherapy", "hydration": "infusion_hydration"}.get(
        kind, "infusion_therapeutic"
    )
    if minutes is None:
        if kind == "simple":
            return "injection_intravenous", {}
        return concept, {"minutes": 30.0}
    if minutes < _SHORTEST_INFUSION and kind not in ("complex", "hydration"):
        return "injection_intravenous", {}
    return concept, {"minutes": float(minutes)}


def _further_hours(minutes: int | None) -> int:
    """Hours beyond the first: each counts once more than 30 minutes of it have passed."""
    return max(0, (minutes - 31) // 60) if minutes else 0


def _minutes(text: str, low: int, high: int) -> int | None:
    clock = clock_minutes(text, low, high)
    if clock:
        return clock[0]
    match = _MINUTES.search(text, low, high)
    return int(match[1]) if match else None

"""External causes of an injury: mechanism, place, activity and status (guideline I.C.20).

Only beside an injury, poisoning or like harm that the note asserts. The mechanism
goes on for as long as the injury is treated and takes its 7th character; place,
activity and status belong to the first encounter alone (I.C.20.a.1, b, c, k).
Patterns, the grid of vehicles and the examples of narratives each say what they
found, with how well it fits; the ranker weighs them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from data.schemas import Assertion, Setting
from models.coding.circumstances.harm import (
    LATE,
    could_cause,
    episodes,
    injuries,
    is_injury,
    is_poisoning,
)
from models.coding.circumstances.narratives import Told
from models.coding.circumstances.places import best_places, home_codes
from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.stories import (
    STORY,
    Cause,
    is_denied,
    likely,
    neighbours,
    told_place,
)
from models.coding.circumstances.tables import EXTERNAL, VEHICLE, Rule
from models.coding.circumstances.vehicles import vehicle_codes
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

_TOLD_ELSEWHERE = STORY | {"social", "plan", "instructions", "operative_meta"}
_KINDS = (
    "cause", "place", "residence", "room", "activity", "status", "occupation", "perpetrator",
    "incidental",
)  # fmt: skip
_MOST = {"cause": 5, "place": 3, "activity": 3, "status": 2}
_BOTH_STAGES = 2  # mechanisms offered at the other stage of care, too
_MOST_DOING = 3  # activities of the examples' neighbours
_SURE = 0.55  # a neighbour this near says that its sentence tells the accident
# A mechanism that only says "a fall" or "an accident" yields to one that says which.
_OTHER_FALLS = ("W00", "W03", "W04", "W05", "W06", "W07", "W08", "W09", "W1", "V")
_GENERAL: dict[str, tuple[str, ...]] = {
    "W19": ("W", "V"), "W18.30": ("W", "V"), "W01.0": (*_OTHER_FALLS, "W01.1"),
    "W10.9": ("W10.",), "W18.09": ("W01.1",),
    "W17.2": ("W18.4",), "W21.00": ("W21",), "W44.9": ("W44",), "W46.0": ("W46.1",),
    "V89.2": ("V",), "X50.1": ("W", "V"), "X50.9": ("X50", "W", "V"), "Y09": ("Y0", "X9"),
    "Y04.8": ("Y0", "X9"), "X95.9": ("X93", "X94"), "X83.8": ("X7",), "Y33": ("Y2",),
    "V48.4": ("W23",),
}  # fmt: skip
_VAGUE = frozenset({"W19", "W18.30", "V89.2", "X50.1", "X50.9", "Y09"})
# Where the accident is told though no words of its mechanism were known: the first sentences.
_OPENING = frozenset({"hpi", "preamble", "indication", "hospital_course", "other"})
_OPENING_SENTENCES = 4
_FALLS = ("W0", "W1")  # who comes off a vehicle has its accident, not a fall
_WHERE = ("place", "residence", "room")
_CAUGHT = 3  # words behind an incidental cue that it governs
_MALTREATED = ("T74", "T76")
_QUALIFYING = ("Y92", "Y93", "Y99")
WORK, MILITARY, LEISURE = "Y99.0", "Y99.1", "Y99.8"
_NO_FALL = "W18.4"
_WORKED = (WORK, MILITARY, "Y99.2")


def external_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of chapter 20 for the note's injuries."""
    found = episodes(reading)
    if not found:
        return
    harm = injuries(reading)
    hits = _hits(reading)
    poisoned = bool(harm) and all(is_poisoning(c) for c in harm)
    # A poisoning's own code says what did it and with what intent.
    causes = [] if poisoned else list(_causes(reading, hits["cause"]))
    stories = [] if poisoned else likely(reading, neighbours(reading, "cause"), causes)
    yield from _mechanisms(reading, causes, stories, found)
    if any(c.startswith(_MALTREATED) for c in reading.present):
        for hit in _best(hits["perpetrator"], 2):
            yield hit.rule.code, reading.place(hit, Assertion.PRESENT)
    if found[0] != "A" and reading.note.setting is not Setting.EMERGENCY:
        return
    centres = _centres(reading, [h for h, _, _ in causes], stories)
    near = {n + step for n in centres | _openings(reading) for step in (-1, 0, 1)}
    yield from _places(reading, hits, centres, near)
    active = _best([h for h in hits["activity"] if h.sentence in near], _MOST["activity"])
    for hit in active:
        yield hit.rule.code, reading.place(hit, Assertion.PRESENT)
    known = {hit.rule.code for hit in active}
    doing = [t for t in neighbours(reading, "activity") if t[0] in near][:_MOST_DOING]
    for rank, (number, one) in enumerate(doing):
        chosen = one.code in known or (not known and rank == 0)
        yield one.code, told_place(reading, number, one, CHOSEN if chosen else ALTERNATIVE)
    yield from _status(reading, hits, near, active, [h for h, _, _ in causes])


def _hits(reading: Reading) -> dict[str, list[Hit]]:
    """The phrases by kind, less those not asserted and those that only stand by."""
    hits: dict[str, list[Hit]] = {kind: [] for kind in _KINDS}
    for hit in reading.hits[EXTERNAL]:
        kind = hit.rule.columns["kind"]
        sections = _TOLD_ELSEWHERE if kind == "status" else STORY
        if reading.kind(hit.sentence) not in sections:
            continue
        # "Work related: no" is itself what says leisure.
        # A grandmother's house is the grandmother's, and still where it happened; who
        # stumbles without a fall is told by a denial.
        stays = hit.rule.code.startswith((LEISURE, _NO_FALL)) or (
            kind in (*_WHERE, "perpetrator") and reading.said(hit) is Assertion.FAMILY
        )
        if not stays and is_denied(reading, hit.sentence, hit.first, hit.last):
            continue
        if hit.rule.code == WORK and _answered_no(reading, hit):
            continue
        hits[kind].append(hit)
    cues: dict[int, list[int]] = {}
    for hit in hits["incidental"]:
        cues.setdefault(hit.sentence, []).append(hit.last)
    for kind in ("activity", "place", "residence"):
        hits[kind] = [
            h
            for h in hits[kind]
            if not any(0 <= h.first - end < _CAUGHT for end in cues.get(h.sentence, ()))
        ]
    return hits


def _causes(reading: Reading, patterns: Sequence[Hit]) -> Iterator[Cause]:
    """(words, fit, role) of the mechanisms by pattern and of the transport accident."""
    ridden = [
        h
        for h in reading.hits[VEHICLE]
        if reading.kind(h.sentence) in STORY and not is_denied(reading, h.sentence, h.first, h.last)
    ]
    vehicles = [(_with_code(h, stem), fit) for stem, h, fit in vehicle_codes(reading, ridden)]
    possible = [h for h in patterns if could_cause(h.rule.code, reading.present)]
    best = _best(possible, _MOST["cause"])
    codes = {h.rule.code for h in best} | {h.rule.code for h, _ in vehicles}
    others = codes - _VAGUE
    for hit, fit in vehicles:
        yield hit, fit, CHOSEN if fit >= 1 else ALTERNATIVE
    riding = any(fit >= 1 for _, fit in vehicles)
    for hit in best:
        family = _GENERAL.get(hit.rule.code)
        general = family is not None and any(c.startswith(family) for c in others)
        general = general or (riding and hit.rule.code.startswith(_FALLS))
        yield hit, 0.0, ALTERNATIVE if general else CHOSEN


def _with_code(hit: Hit, code: str) -> Hit:
    return Hit(Rule(EXTERNAL, code, hit.rule.columns), hit.sentence, hit.first, hit.last)


def _mechanisms(
    reading: Reading,
    causes: Sequence[Cause],
    stories: Sequence[tuple[int, Told]],
    found: Sequence[str],
) -> Iterator[tuple[str, Occurrence]]:
    other = [LATE] if LATE in found else ["D" if found[0] == "A" else "A"]
    stages = list(dict.fromkeys((found[0], *other, *found[1:2])))[: 3 if LATE in found else 2]
    for rank, (hit, fit, role) in enumerate(causes):
        # The other stage of care is the runner-up of the best mechanisms: notes rarely say theirs.
        for i, episode in enumerate(stages if rank < _BOTH_STAGES else stages[:1]):
            place = reading.place(hit, Assertion.PRESENT, role=ALTERNATIVE if i else role, fit=fit)
            yield _with_character(reading, hit.rule.code, episode), place
    known = {hit.rule.code for hit, _, role in causes if role == CHOSEN}
    alone = not known - _VAGUE
    for rank, (number, told) in enumerate(stories):
        chosen = told.code in known or (alone and rank == 0)
        for i, episode in enumerate(stages if rank < _BOTH_STAGES else stages[:1]):
            role = CHOSEN if chosen and not i else ALTERNATIVE
            code = _with_character(reading, told.code, episode)
            yield code, told_place(reading, number, told, role)


def _centres(
    reading: Reading, causes: Sequence[Hit], stories: Sequence[tuple[int, Told]]
) -> set[int]:
    """Sentences that tell the accident: of a mechanism, else of the injury."""
    centres = {hit.sentence for hit in causes}
    centres |= {number for number, told in stories if told.score >= _SURE}
    if centres:
        return centres
    for code, candidate in reading.have.items():
        if is_injury(code):
            centres |= {o.sentence for o in candidate.occurrences if o.words and o.section in STORY}
    return centres | _openings(reading)


def _openings(reading: Reading) -> set[int]:
    """The first sentences of the parts that tell the story."""
    opening: set[int] = set()
    seen: Counter[int] = Counter()
    for number, sentence in enumerate(reading.document.sentences):
        seen[sentence.section] += 1
        if seen[sentence.section] <= _OPENING_SENTENCES and reading.kind(number) in _OPENING:
            opening.add(number)
    return opening


def _places(
    reading: Reading, hits: dict[str, list[Hit]], centres: set[int], near: set[int]
) -> Iterator[tuple[str, Occurrence]]:
    rooms = [h for h in hits["room"] if h.sentence in near]
    public = [h for h in hits["place"] if h.sentence in near]
    # A restaurant's kitchen and a school's bathroom are no home's, unless a home is named.
    homes = hits["residence"]
    if public and not homes:
        rooms = [r for r in rooms if r.sentence not in {p.sentence for p in public}]
    if not rooms:
        homes = [h for h in homes if h.sentence in near]
    found = [(h.rule.code, h, 0.2 * (h.last - h.first)) for h in public]
    found += list(home_codes(rooms, homes))
    for rank, (code, hit, fit) in enumerate(best_places(reading, found, centres, _MOST["place"])):
        role = ALTERNATIVE if rank else CHOSEN
        yield code, reading.place(hit, Assertion.PRESENT, role=role, fit=fit)


def _answered_no(reading: Reading, hit: Hit) -> bool:
    tokens = reading.document.tokens
    end = reading.document.sentences[hit.sentence].last
    return hit.last < end and tokens[hit.last].text.lower() in ("no", "n", "none", "denied")


def _status(
    reading: Reading,
    hits: dict[str, list[Hit]],
    near: set[int],
    activities: Sequence[Hit],
    causes: Sequence[Hit],
) -> Iterator[tuple[str, Occurrence]]:
    """What the patient did it as; who is said to be at nothing else was at leisure (I.C.20.k)."""
    best = _best(hits["status"], _MOST["status"])
    near_ones = [hit for hit in best if hit.sentence in near] or best
    military = any(hit.rule.code == MILITARY for hit in best)
    for hit in best:
        role = CHOSEN if hit in near_ones else ALTERNATIVE
        if military and hit.rule.code == WORK:
            role = ALTERNATIVE  # a soldier's duty
        yield hit.rule.code, reading.place(hit, Assertion.PRESENT, role=role)
    if any(hit.rule.code in _WORKED or hit.rule.code == LEISURE for hit in near_ones):
        return
    for hit in [h for h in hits["occupation"] if h.sentence in near][:1]:
        yield WORK, reading.place(hit, Assertion.PRESENT, role=ALTERNATIVE)
    # A sport or a household task that nobody says is work is done at leisure; so is, less surely,
    # whatever else befell somebody of whom no work is told.
    if activities:
        yield LEISURE, reading.place(activities[0], Assertion.PRESENT)
    elif causes:
        yield LEISURE, reading.place(causes[0], Assertion.PRESENT, role=ALTERNATIVE)


def _best(hits: Sequence[Hit], most: int) -> list[Hit]:
    """The first place of each code, those told by the most words first."""
    ordered = sorted(hits, key=lambda h: (-(h.last - h.first), h.first))
    return list({hit.rule.code: hit for hit in reversed(ordered)}.values())[::-1][:most]


def _with_character(reading: Reading, stem: str, character: str) -> str:
    """A mechanism's code with the injury's 7th character, padded (I.A.4)."""
    if reading.release.is_billable(stem):
        return stem
    return next((c for c in reading.release.children.get(stem, ()) if c[-1] == character), stem)


def is_incidental(code: str, told: Sequence[tuple[str, Occurrence]]) -> bool:
    """Whether a place, activity or status found by its name alone belongs to no accident.

    They qualify the external cause of a first encounter, and stand nowhere else (I.C.20.b, c, k).
    """
    if not code.startswith(_QUALIFYING):
        return False
    return not any(c.startswith(_QUALIFYING) for c, _ in told)

"""External causes of an injury: mechanism, place, activity and status (guideline I.C.20).

Only beside an injury, poisoning or like harm that the note asserts. The mechanism
goes on for as long as the injury is treated and takes its 7th character; place,
activity and status belong to the first encounter alone (I.C.20.a.1, b, c, k).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from data.schemas import Assertion
from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.tables import EXTERNAL
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

_STORY = frozenset(
    {"hpi", "preamble", "chief_complaint", "indication", "assessment", "assessment_plan", "other"}
    | {"hospital_course", "discharge_diagnosis", "impression", "admission_diagnosis"}
)
_TOLD_ELSEWHERE = _STORY | {"social", "plan", "instructions", "operative_meta"}
_NOT_SO = frozenset({Assertion.NEGATED, Assertion.FAMILY, Assertion.HYPOTHETICAL})
# Initial, subsequent, sequela: injury characters by the one that an external cause takes.
_EPISODES = {"A": "A", "B": "A", "C": "A", "S": "S"}
_MOST = {"cause": 4, "place": 3, "activity": 3, "status": 2}
# A mechanism that only says "a fall" or "an accident" yields to one that says which.
_GENERAL = {"W19": "W", "W18.30": "W", "V89.2": "V", "X50.1": "W"}
_HOUSE = re.compile(r"\b(?:house|own home)\b")
WORK, LEISURE = "Y99.0", "Y99.8"


def _is_injury(code: str) -> bool:
    """Injuries, burns, poisonings, effects of heat, abuse; not complications or drug effects.

    Stress fractures ask for their cause too (Tabular M84.3).
    """
    if code[0] == "S" or code.startswith("M84.3"):
        return True
    if code[0] != "T" or code < "T07" or code >= "T79":
        return False
    bare = code.replace(".", "")
    return not ("T36" <= code[:3] <= "T50" and bare[5:6] in ("5", "6"))


def _episodes(reading: Reading) -> list[str]:
    """7th characters of the note's injuries as an external cause takes them, most told first."""
    counts: Counter[str] = Counter()
    for code, found in reading.have.items():
        if not _is_injury(code) or len(code) < 8:
            continue
        for o in found.occurrences:
            if o.words and o.role == CHOSEN and o.assertion is Assertion.PRESENT:
                counts[_EPISODES.get(code[-1], "D")] += 1
    return sorted(counts, key=lambda c: (-counts[c], c))


def external_codes(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    """Codes of chapter 20 for the note's injuries."""
    episodes = _episodes(reading)
    if not episodes:
        return
    hits: dict[str, list[Hit]] = {kind: [] for kind in _MOST}
    for hit in reading.hits[EXTERNAL]:
        kind = hit.rule.columns["kind"]
        sections = _TOLD_ELSEWHERE if kind == "status" else _STORY
        if reading.kind(hit.sentence) not in sections:
            continue
        # "Work related: no" is itself what says leisure.
        if hit.rule.code != LEISURE and reading.said(hit) in _NOT_SO:
            continue
        if hit.rule.code == WORK and _answered_no(reading, hit):
            continue
        hits[kind].append(hit)
    causes = _best(hits["cause"], _MOST["cause"])
    codes = {hit.rule.code for hit in causes}
    for hit in causes:
        family = _GENERAL.get(hit.rule.code)
        others = codes - set(_GENERAL)
        role = ALTERNATIVE if family and any(c.startswith(family) for c in others) else CHOSEN
        # Injuries at different stages: the second stage is the runner-up of the best mechanism.
        for i, episode in enumerate(episodes[: 2 if hit is causes[0] else 1]):
            yield (
                _with_character(reading, hit.rule.code, episode),
                reading.place(hit, Assertion.PRESENT, role=ALTERNATIVE if i else role),
            )
    if episodes[0] != "A":
        return
    told = _sentences(reading, causes)
    for kind in ("place", "activity"):
        near = [hit for hit in hits[kind] if hit.sentence in told]
        for hit in _best(near, _MOST[kind]):
            yield hit.rule.code, reading.place(hit, Assertion.PRESENT)
            house = _in_house(hit.rule.code)
            if house and _HOUSE.search(reading.around(hit.sentence)):
                yield house, reading.place(hit, Assertion.PRESENT)
    yield from _status(reading, hits["status"], [h for h in hits["activity"] if h.sentence in told])


def _in_house(code: str) -> str:
    """The room of a single-family house for the room of a residence of no said kind."""
    room = code.removeprefix("Y92.00")
    return f"Y92.01{room}" if len(room) == 1 and room in "01237" else ""


def _answered_no(reading: Reading, hit: Hit) -> bool:
    tokens = reading.document.tokens
    end = reading.document.sentences[hit.sentence].last
    return hit.last < end and tokens[hit.last].text.lower() in ("no", "n", "none", "denied")


def _status(
    reading: Reading, said: list[Hit], activities: list[Hit]
) -> Iterator[tuple[str, Occurrence]]:
    best = _best(said, _MOST["status"])
    for hit in best:
        yield hit.rule.code, reading.place(hit, Assertion.PRESENT)
    if not best and activities:
        # A sport or a household task that nobody says is work is done at leisure (I.C.20.k).
        yield LEISURE, reading.place(activities[0], Assertion.PRESENT)


def _sentences(reading: Reading, causes: list[Hit]) -> set[int]:
    """Where the accident is told: beside a mechanism or an injury."""
    centres = {hit.sentence for hit in causes}
    for code, found in reading.have.items():
        if _is_injury(code):
            centres |= {o.sentence for o in found.occurrences if o.words and o.section in _STORY}
    return {number + step for number in centres for step in (-1, 0, 1)}


def _best(hits: list[Hit], most: int) -> list[Hit]:
    """The first place of each code, those told by the most words first."""
    ordered = sorted(hits, key=lambda h: (-(h.last - h.first), h.first))
    return list({hit.rule.code: hit for hit in reversed(ordered)}.values())[::-1][:most]


def _with_character(reading: Reading, stem: str, character: str) -> str:
    """A mechanism's code with the injury's 7th character, padded (I.A.4)."""
    if reading.release.is_billable(stem):
        return stem
    return next((c for c in reading.release.children.get(stem, ()) if c[-1] == character), stem)

"""What the tables say of a service: performed, ordered, planned, refused, past, elsewhere.

Each status gathers weight: from its family's prior, the section, cues near the
words (``status_cues.csv``) and dates near them. A cue counts once per phrase row, and
less the further away it stands. The weights are features of the learned reading
(:mod:`models.procedures.statuses`).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cache

from models.coding.document import Document
from models.procedures.dates import relations
from models.procedures.mentions import Layout
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Mention, Status

DATE_REACH = 45
_IN_HEADERS = frozenset({Status.PERFORMED, Status.ELSEWHERE})
"""What a header can say of everything under it: "Imaging today", "Outside labs"."""
_SURGERY = frozenset((
    "general_surgery", "orthopedics", "ent_surgery", "urology", "gynecology", "obstetrics",
    "endoscopy", "fracture_care", "cardiac_procedure",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cue:
    status: Status
    weight: float
    where: str
    reach: int
    families: frozenset[str]
    pattern: re.Pattern[str]


@cache
def cues() -> tuple[Cue, ...]:
    return tuple(
        Cue(
            Status(row["status"]), float(row["weight"]), row["where"], int(row["reach"]),
            frozenset(split(row["families"])), compile_phrases(split(row["phrases"])),
        )
        for row in rows("status_cues")
    )  # fmt: skip


@cache
def _family_priors() -> dict[str, tuple[tuple[Status, float], ...]]:
    table: dict[str, list[tuple[Status, float]]] = defaultdict(list)
    for row in rows("family_status"):
        table[row["subject"]].append((Status(row["status"]), float(row["weight"])))
    return {subject: tuple(found) for subject, found in table.items()}


@cache
def _kind_priors() -> dict[str, tuple[tuple[frozenset[str], Status, float], ...]]:
    table: dict[str, list[tuple[frozenset[str], Status, float]]] = defaultdict(list)
    for row in rows("kind_status"):
        families = frozenset(split(row["families"]))
        table[row["kind"]].append((families, Status(row["status"]), float(row["weight"])))
    return {kind: tuple(found) for kind, found in table.items()}


@cache
def _section_priors() -> dict[str, tuple[Status, float]]:
    return {
        row["section"]: (Status(row["status"]), float(row["weight"]))
        for row in rows("section_status")
    }


@cache
def _date_weights() -> dict[str, tuple[Status, float]]:
    return {row["relation"]: (Status(row["status"]), float(row["weight"])) for row in rows("dates")}


def _applies(cue: Cue, mention: Mention) -> bool:
    family = mention.concept.family
    return (
        not cue.families
        or family in cue.families
        or mention.concept.name in cue.families
        or ("surgery" in cue.families and family in _SURGERY)
    )


@dataclass(frozen=True, slots=True)
class Scored:
    """What the tables say of one mention: weight of each status, and the cues that gave it."""

    scores: dict[Status, float]
    cues: tuple[str, ...]

    @property
    def status(self) -> Status:
        """The heaviest; ties go to the order of :class:`Status`."""
        return max(Status, key=lambda s: self.scores[s])

    @property
    def margin(self) -> float:
        """How far the heaviest is before the next."""
        first, second, *_ = sorted(self.scores.values(), reverse=True)
        return first - second


def score(document: Document, layout: Layout, mention: Mention, note_kind: str = "visit") -> Scored:
    """The weight of each status for one mention; deterministic."""
    text = document.text
    scores: dict[Status, float] = dict.fromkeys(Status, 0.0)
    reasons: list[str] = []
    concept = mention.concept
    for status, weight in _family_priors().get(
        concept.name, _family_priors().get(concept.family, ())
    ):
        scores[status] += weight
    for families, status, weight in _kind_priors().get(note_kind, ()):
        if concept.family in families:
            scores[status] += weight
    kind = layout.section_kind(mention.start)
    if kind in _section_priors():
        status, weight = _section_priors()[kind]
        scores[status] += weight
        reasons.append(f"section:{kind}")
    first, last = layout.sentence_bounds(mention.start)
    start, end = mention.start, max(mention.end, mention.site_end)
    last = max(last, end)
    for cue, matches in _in_sentence(layout, first, last):
        if not _applies(cue, mention):
            continue
        found = _nearest(cue, matches, start, end, first, last) if matches else None
        if found is None and cue.where == "near" and cue.status in _IN_HEADERS:
            in_header = cue.pattern.search(text, *layout.header_bounds(mention.start))
            found = in_header.span() if in_header else None
        if found is not None:
            begin, stop = found
            gap = begin - end if begin >= end else max(start - stop, 0)
            scores[cue.status] += cue.weight * (1.0 if gap <= 20 else 0.75)
            reasons.append(f"{cue.status}:{text[begin:stop].lower()}")
    low, high = max(first, start - DATE_REACH), min(last, end + DATE_REACH)
    service = document.note.date_of_service
    for bounds in ((low, high), layout.header_bounds(mention.start)):
        dated = next(relations(text, *bounds, service), None)
        if dated is not None:
            status, weight = _date_weights()[dated[2]]
            scores[status] += weight
            reasons.append(f"date:{dated[2]}")
            break
    return Scored(scores, tuple(reasons))


def _nearest(
    cue: Cue, found: list[tuple[int, int]], start: int, end: int, first: int, last: int
) -> tuple[int, int] | None:
    """Of the cue's matches in the sentence the nearest in its scope.

    Words of the mention itself count for what was done only ("fingerstick", "removed").
    """
    low = max(first, start - cue.reach) if cue.where in ("before", "near") else end
    high = min(last, end + cue.reach) if cue.where in ("after", "near") else start
    best: tuple[int, int, int] | None = None
    for begin, stop in found:
        if begin < low or stop > high:
            continue
        if begin < end and stop > start and cue.status is not Status.PERFORMED:
            continue
        gap = begin - end if begin >= end else max(start - stop, 0)
        if best is None or gap < best[0]:
            best = (gap, begin, stop)
    return None if best is None else best[1:]


_Matches = list[tuple[Cue, list[tuple[int, int]]]]


def _in_sentence(layout: Layout, first: int, last: int) -> _Matches:
    """Every cue with its matches between two offsets, read once for all services there."""
    key = ("status cues", first, last)
    found: _Matches | None = layout.readings.get(key)
    if found is None:
        text = layout.document.text
        found = [
            (cue, [m.span() for m in cue.pattern.finditer(text, first, last)]) for cue in cues()
        ]
        layout.readings[key] = found
    return found

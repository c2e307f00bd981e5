"""Injuries as places of the note: which node, in which context, with what is asserted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.assertion import scopes_of
from models.coding.context import Context, ContextReader, narrowed
from models.coding.document import Document
from models.coding.injuries.compose import Injury, find_injuries
from models.coding.injuries.cord import cord_injuries
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Candidates, Occurrence

SOURCE = "bag:description"
BEFORE, BEHIND = 4, 7  # words around kind and site that speak of them
# Codes for an injury whose site the note does not say.
VAGUE = ("T14.8", "T30")
# "Pneumothorax", "subdural": an injury only where the note tells of one.
_TOLD = re.compile(
    r"(?<!no )(?<!denies )(?<!without )\b(?:fell|falls?|fallen|mv[ac]|mcc|crash\w*"
    r"|collision|assault\w*|struck|hit|punched|kicked|thrown|ejected|stab\w*|gsw|gunshot|blunt|trauma|traumatic|injur\w+"
    r"|rollover|ped struck|tackled|impact|slipped|tripped"
    r"|slap\w*|dove|diving|blast|q-tip|bumped|banged|bonked|smacked|bike|scooter|slammed)\b",
    re.I,
)


# Kinds that are never anything but an injury.
_ALWAYS = frozenset({"concussion", "diffuse_axonal", "flail", "eye_fb", "swallowed"})
# Injuries of the brain by how long consciousness was lost (Tabular List at S06).
_NOT_LOST = re.compile(
    r"\b(?:no|denies|denied|without|w/o|neg(?:ative)? for|never|didn.t|did not|not) (?:any )?"
    r"(?:LOC\b|loss of consc|lose consc|lost consc|pass(?:ed)? out|black(?:ed)? out|knocked out)|"
    r"\bLOC ?[-:] ?(?:no|neg|none|denied)|\(-\) ?LOC|\bLOC neg",
    re.I,
)
_LOST = re.compile(
    r"\bLOC\b|(?:loss of|lost) consc\w+|passed out|blacked out|knocked out|unconscious|"
    r"unresponsive",
    re.I,
)
_MINUTES = re.compile(r"(\d+)(?: ?-? ?(?:to )?\d+)? ?(sec|s\b|min|hours?|hrs?|h\b)", re.I)
_MOMENT = re.compile(
    r"\bbrief|second|moment|a minute|few minutes|couple (?:of )?minutes|transient|<\s?30", re.I
)
_NO_TIME = re.compile(r"unknown|unclear|unsure|unwitnessed|not known|can.?t say|unspecified", re.I)
_LENGTHS = 40  # characters around the loss that may say how long


# Tendons, menisci and cuffs wear through too: a tear is an injury where one is told.
_WORN = frozenset({"tear", "strain"})
_DEGENERATIVE = re.compile(r"\bdegenerat\w+|\bchronic\b|\batraumatic\b|\battritional\b", re.I)


def _window(document: Document, injury: Injury, others: list[int]) -> tuple[int, int]:
    """The tokens that speak of an injury: around it, not beyond the next site on either side."""
    sentence = document.sentences[injury.kind.sentence]
    first, last = injury.first, injury.last
    low = max((s for s in others if s < first), default=sentence.first)
    high = min((s for s in others if s >= last), default=sentence.last)
    return (
        max(sentence.first, low, first - BEFORE),
        min(sentence.last, high + 1, last + BEHIND),
    )


def consciousness(text: str) -> str:
    """The character of S06 for how long consciousness was lost; "" where the note says nothing."""
    lost = _LOST.search(text)
    if lost is None:
        return ""
    if _NOT_LOST.search(text):
        return "0"
    around = text[max(0, lost.start() - _LENGTHS) : lost.end() + _LENGTHS]
    if _NO_TIME.search(around):
        return "9"
    if time := _MINUTES.search(around):
        unit = time[2][0].lower()
        minutes = int(time[1]) * {"s": 0, "m": 1}.get(unit, 60)
        return "1" if minutes <= 30 else "2" if minutes < 60 else "3" if minutes < 360 else "4"
    return "1" if _MOMENT.search(around) else "9"


def _by_consciousness(nodes: tuple[str, ...], character: str) -> tuple[str, ...]:
    """Intracranial nodes with the character first that the loss of consciousness gives them."""
    if not character or not nodes[0].startswith("S06"):
        return nodes
    stem = nodes[0]
    return (stem + character, *nodes) if len(stem) == len("S06.5X") else nodes


_AT = len("S06.5X")  # where a code of S06 says how long consciousness was lost


def settle_consciousness(out: Candidates, release: Release, text: str) -> None:
    """Gives intracranial injuries the character of the loss of consciousness that the note tells.

    A diagnosis that leaves it out ("R SDH, traumatic") is of the same head as the story.
    """
    lost = consciousness(text)
    for code in [c for c in out if c.startswith("S06") and c[_AT : _AT + 1].isdigit()]:
        told = code[:_AT] + lost + code[_AT + 1 :]
        if not lost or told == code or not release.is_billable(told):
            continue
        places = out[code].occurrences
        out.at(told).occurrences.extend(o for o in places if o.role == CHOSEN)
        places[:] = [replace(o, role=ALTERNATIVE) if o.role == CHOSEN else o for o in places]


def injury_candidates(
    document: Document, contexts: ContextReader
) -> Iterator[tuple[str, Context, Occurrence]]:
    """(node, context, place) of every injury that a kind and a site make up."""
    yield from _cords(document, contexts)
    injuries = find_injuries(document)
    if not injuries:
        return
    told = bool(_TOLD.search(document.text))
    lost = consciousness(document.text)
    for injury in injuries:
        kind, site = injury.kind, injury.site
        if site is None and not told and kind.term.name not in _ALWAYS:
            continue
        number = kind.sentence
        at = site or kind
        others = [i.site.first for i in injuries if i.near and i.site and i.kind.sentence == number]
        low, high = _window(document, injury, others)
        context = contexts.at(at.sentence, at.first, at.last)
        context = narrowed(context, document.tokens[low:high], injury.means)
        place = Occurrence(
            document.tokens[injury.first].start,
            document.tokens[injury.last - 1].end,
            number,
            document.section_of(document.sentences[number]).kind,
            scopes_of(document, number).assertion(kind.first, kind.last),
            SOURCE,
            kind.last - kind.first + (at.last - at.first if injury.near else 0),
            0.0,
        )
        sentence = document.sentences[number]
        worn = kind.term.name in _WORN and (
            not told or bool(_DEGENERATIVE.search(document.text, sentence.start, sentence.end))
        )
        for i, node in enumerate(_by_consciousness(injury.nodes, lost)):
            role = CHOSEN if injury.sure and not i and not worn else ALTERNATIVE
            yield node, context, replace(place, role=role)


def _cords(
    document: Document, contexts: ContextReader
) -> Iterator[tuple[str, Context, Occurrence]]:
    for number, sentence in enumerate(document.sentences):
        text = document.text[sentence.start : sentence.end]
        for node, start, end in cord_injuries(text, document.text):
            tokens = [
                i
                for i in range(sentence.first, sentence.last)
                if sentence.start + start <= document.tokens[i].start < sentence.start + end
            ]
            if not tokens:
                continue
            first, last = tokens[0], tokens[-1] + 1
            said = scopes_of(document, number).assertion(first, last)
            # What is told as past is what the paralysis of today is the sequela of.
            place = Occurrence(
                document.tokens[first].start,
                document.tokens[last - 1].end,
                number,
                document.section_of(sentence).kind,
                Assertion.PRESENT if said is Assertion.HISTORICAL else said,
                SOURCE,
                last - first,
                0.0,
            )
            yield node, contexts.at(number, first, last), place


def located(places: list[tuple[str, Context, Occurrence]]) -> bool:
    """Whether the note says of some injury it asserts where it is."""
    return any(o.role == CHOSEN and o.assertion is Assertion.PRESENT for _, _, o in places)

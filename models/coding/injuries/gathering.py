"""Injuries as places of the note: which node, in which context, with what is asserted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from data.schemas import Assertion
from models.coding.assertion import SentenceScopes
from models.coding.context import Context, ContextReader, narrowed
from models.coding.document import Document
from models.coding.injuries.compose import Injury, find_injuries
from models.coding.injuries.cord import cord_injuries
from models.coding.occurrences import ALTERNATIVE, CHOSEN, Occurrence

SOURCE = "bag:description"
BEFORE, BEHIND = 4, 7  # words around kind and site that speak of them
# Codes for an injury whose site the note does not say.
VAGUE = ("T14.8", "T30")
# "Pneumothorax", "subdural": an injury only where the note tells of one.
_TOLD = re.compile(
    r"(?<!no )(?<!denies )(?<!without )\b(?:fell|falls?|fallen|mv[ac]|mcc|crash\w*"
    r"|collision|assault\w*|struck|hit|punched|kicked|thrown|ejected|stab\w*|gsw|gunshot|blunt|trauma|traumatic|injur\w+"
    r"|rollover|ped struck|tackled|impact|slipped|tripped)\b",
    re.I,
)


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


def injury_candidates(
    document: Document, contexts: ContextReader
) -> Iterator[tuple[str, Context, Occurrence]]:
    """(node, context, place) of every injury that a kind and a site make up."""
    yield from _cords(document, contexts)
    injuries = find_injuries(document)
    if not injuries:
        return
    told = bool(_TOLD.search(document.text))
    scopes: dict[int, SentenceScopes] = {}
    for injury in injuries:
        kind, site = injury.kind, injury.site
        if site is None and not told:
            continue
        number = kind.sentence
        if number not in scopes:
            scopes[number] = SentenceScopes(document, document.sentences[number])
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
            scopes[number].assertion(kind.first, kind.last),
            SOURCE,
            kind.last - kind.first + (at.last - at.first if injury.near else 0),
            0.0,
        )
        sentence = document.sentences[number]
        worn = kind.term.name in _WORN and (
            not told or bool(_DEGENERATIVE.search(document.text, sentence.start, sentence.end))
        )
        for i, node in enumerate(injury.nodes):
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
            said = SentenceScopes(document, sentence).assertion(first, last)
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

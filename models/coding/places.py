"""The several places that one mention is said to be at: "RA of hands, wrists and knees".

A place is a stretch between commas, dashes and "and" that says nothing but a part of the
body, its side and its stage; the stretch of the mention itself may say more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from data.terminology.words import STOP_WORDS, stems
from models.coding.document import Document, Sentence
from models.coding.shorthand import meant, site_parts

_PARTS = re.compile(r"[,;:()&+]|\s[-–/]\s|\n")
# Words beside the part itself; the region of the spine is one of its names.
_BESIDE = frozenset(
    stems(
        "right left bilateral both r l great big small ring middle index little long first second "
        "third fourth fifth 1st 2nd 3rd 4th 5th joint joints area region upper lower distal "
        "proximal lateral medial stage grade unstageable 1 2 3 4 i ii iii iv also side sided worst "
        "most mostly mainly plus deep tissue injury inner outer anterior posterior dorsal plantar"
    )
)
_MORE = (
    "shoulder hip spine vertebra neck back trunk chest abdomen face scalp head sacrum coccyx "
    "buttock leg arm foot hand ankle wrist elbow knee finger toe thumb thigh forearm groin axilla"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Stems of one place, and the side said of it (``""`` where none is)."""

    stems: frozenset[str]
    side: str


@cache
def body_parts() -> frozenset[str]:
    """Stems that name a part of the body."""
    return frozenset(site_parts()) | frozenset(stems(_MORE))


@cache
def site_words() -> frozenset[str]:
    """Stems of parts of the body and of what these are parts of ("upper limb")."""
    return body_parts() | {whole for wholes in site_parts().values() for whole in wholes}


def places_of(
    document: Document, sides: Mapping[int, str], sentence: Sentence, first: int, last: int
) -> tuple[Place, ...]:
    """The places of the mention ``tokens[first:last]``; empty where it has but one."""
    tokens, text = document.tokens, document.text
    runs: list[list[int]] = [[]]
    for i in range(sentence.first, sentence.last):
        gap = text[tokens[i - 1].end : tokens[i].start] if i > sentence.first else ""
        inside = first < i < last
        if not inside and (_PARTS.search(gap) or tokens[i].stem == "and"):
            runs.append([])
        if tokens[i].stem != "and":
            runs[-1].append(i)
    runs = [run for run in runs if run]
    home = next((n for n, run in enumerate(runs) if run[0] <= first <= run[-1]), None)
    if home is None or len(runs) < 2:
        return ()
    begin = end = home
    while begin and _is_place(document, runs[begin - 1]):
        begin -= 1
    while end + 1 < len(runs) and _is_place(document, runs[end + 1]):
        end += 1
    found = []
    for run in runs[begin : end + 1]:
        said = frozenset(meant([tokens[i] for i in run]))
        if said & body_parts():
            found.append(Place(said, next((sides[i] for i in run if i in sides), "")))
    return tuple(found) if len(found) > 1 else ()


def _is_place(document: Document, run: list[int]) -> bool:
    said = [document.tokens[i] for i in run]
    words = {t.stem for t in said if t.text.lower() not in STOP_WORDS}
    return bool(words & body_parts()) and words <= body_parts() | _BESIDE

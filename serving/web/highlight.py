"""A note's text cut into stretches that carry the same marks.

The page shows the note character for character: what a browser would change or
swallow (a carriage return, a NUL, other control characters) is shown by one
stand-in character each, so code points counted on the page are offsets into the
note as received. Escaping is left to the template.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

FIRST_C1, LAST_C1 = 0x80, 0x9F
CONTROL_PICTURES = 0x2400
KEPT = "\t\n\r"

_LONE_RETURN = re.compile(r"\r(?!\n)")

_STAND_INS: dict[int, int] = {
    **{n: CONTROL_PICTURES + n for n in range(0x20) if chr(n) not in KEPT},
    0x7F: 0x2421,
    **dict.fromkeys(range(FIRST_C1, LAST_C1 + 1), 0xFFFD),
    # Controls of the writing direction could make the note look as it does not read.
    **dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A)], 0xFFFD),
}


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch of the note that belongs to a code.

    Attributes:
        start, end: code points into the note's text, half-open.
        owner: the code's anchor on the page.
        kind: ``evidence``, or an assertion (``negated``, ``family`` …).
    """

    start: int
    end: int
    owner: str
    kind: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """Text between two borders of marks.

    Attributes:
        text: what to show; as many code points as ``end - start``.
        owners: anchors of the codes that it belongs to.
        kinds: what it is to them, each once, ``evidence`` first.
        closing: the kinds of the marks that end with it.
        heading: whether it is a section's header.
    """

    start: int
    end: int
    text: str
    owners: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    closing: tuple[str, ...] = ()
    heading: bool = False


def shown(text: str) -> str:
    """The text with a stand-in for each character that a page cannot show.

    A carriage return before a line feed stays (the template writes it as a
    character reference); a lone one ends a line, as it did where it was written.
    """
    return _LONE_RETURN.sub("\n", text.translate(_STAND_INS))


def stretches(
    text: str, marks: Iterable[Mark], headings: Sequence[tuple[int, int]] = ()
) -> list[Stretch]:
    """The whole text as stretches in order; marks may overlap and nest.

    Marks that lie outside the text, wholly or in part, are cut to it.
    """
    length = len(text)
    inside = [
        Mark(start, end, mark.owner, mark.kind)
        for mark in marks
        if (start := max(0, mark.start)) < (end := min(length, mark.end))
    ]
    opening: dict[int, list[int]] = {}
    closing: dict[int, list[int]] = {}
    for number, mark in enumerate(inside):
        opening.setdefault(mark.start, []).append(number)
        closing.setdefault(mark.end, []).append(number)
    titles = [(max(0, a), min(length, b)) for a, b in headings if max(0, a) < min(length, b)]
    title_opens, title_closes = {a for a, _ in titles}, {b for _, b in titles}
    borders = sorted({0, length, *opening, *closing, *title_opens, *title_closes})

    display = shown(text)
    open_marks: dict[int, Mark] = {}
    in_title = False
    found = []
    for start, end in pairwise(borders):
        for number in closing.get(start, ()):
            open_marks.pop(number, None)
        for number in opening.get(start, ()):
            open_marks[number] = inside[number]
        in_title = start in title_opens or (in_title and start not in title_closes)
        held = list(open_marks.values())
        kinds = dict.fromkeys(mark.kind for mark in held)
        found.append(
            Stretch(
                start,
                end,
                display[start:end],
                tuple(dict.fromkeys(mark.owner for mark in held)),
                tuple(sorted(kinds, key=lambda kind: kind != "evidence")),
                tuple(dict.fromkeys(inside[number].kind for number in closing.get(end, ()))),
                in_title,
            )
        )
    return found

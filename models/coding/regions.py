"""Where on the body a place is that a note counts out: "L3-4", "two o'clock", "U+L lids".

Descriptions name regions of the spine, quadrants of the breast and lids; clinicians number
vertebrae, read the breast as a clock and abbreviate lids.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from data.terminology.words import stems
from models.coding.shorthand import LEFT, RIGHT

_RANGE = re.compile(r"\b(?P<a>[CTL])(?P<m>\d{1,2})\s?[-–/]\s?(?P<b>[CTLS]?)(?P<n>\d{1,2})\b")
_LEVEL = re.compile(r"\b(?P<a>[CTL])(?P<m>\d{1,2})\b")
# "T2" is a signal, "C3" complement, "T4" a hormone: one level by itself needs the spine beside it.
_OF_SPINE = re.compile(
    r"vertebra|spin(?:e|al)|dis[ck]|compression|radicul|fragility|kypho|lamin|fusion|root"
    r"|osteomyel|level|herniat|stenosis|myelopath|spondyl|epidural",
    re.I,
)
_REGION = {"C": "cervical", "T": "thoracic", "L": "lumbar", "S": "sacral"}
_LAST = {"C": 7, "T": 12, "L": 5}
_JUNCTION = {"CT": "cervicothoracic", "TL": "thoracolumbar", "LS": "lumbosacral"}

_HOURS = (
    *("one", "two", "three", "four", "five", "six"),
    *("seven", "eight", "nine", "ten", "eleven", "twelve"),
)
_CLOCK = re.compile(
    rf"\b(?P<hour>1[0-2]|[1-9]|{'|'.join(_HOURS)})(?:[:.](?P<half>[0-5]0))?"
    r"(?:\s?(?:-|to)\s?\d{1,2})?\s?(?:o[' ’]?\s?clock|:00|:30|oc\b)",
    re.I,
)
_BREAST = re.compile(r"\bbreast|\bmammo|\bductal|\blobular|\bIDC\b|\bDCIS\b|\bILC\b|\bFN\b", re.I)

_LIDS = re.compile(
    r"\bU ?[+&] ?L\b|\bUL ?[+&/] ?LL\b|\bupper ?(?:[+&/]|and) ?lower (?:eye)?lids?\b"
    r"|\b(?:4|four) lids\b",
    re.I,
)


def _spine(text: str) -> Iterator[str]:
    for found in _RANGE.finditer(text):
        a, b = found["a"], found["b"] or found["a"]
        m, n = int(found["m"]), int(found["n"])
        if m > _LAST[a]:
            continue
        if a == "C" and b == "C" and m <= 1 and n <= 2:
            yield "occipito atlanto axial"
        elif m == _LAST[a] and a + b in _JUNCTION:
            yield _JUNCTION[a + b]
        else:
            yield _REGION[a]
            if a == b == "C" and n == m + 1:
                yield f"c{m} c{n} level" + (" mid" if m >= 4 else " high")
            elif a + b in _JUNCTION:
                yield _JUNCTION[a + b]
    if _OF_SPINE.search(text):
        bare = _RANGE.sub(" ", text)
        yield from (
            _REGION[f["a"]] for f in _LEVEL.finditer(bare) if 0 < int(f["m"]) <= _LAST[f["a"]]
        )


def _quadrant(text: str, side: str) -> Iterator[str]:
    """The quadrant at an hour: outer is towards ten o'clock on the right, two on the left."""
    if side not in (LEFT, RIGHT) or not _BREAST.search(text):
        return
    for found in _CLOCK.finditer(text):
        said = found["hour"].lower()
        hour = _HOURS.index(said) + 1 if said in _HOURS else int(said)
        if hour % 3 == 0 and not found["half"]:
            yield "overlapping quadrants"
            continue
        upper = hour >= 9 or hour < 3
        outer = (hour >= 6 and hour != 12) is (side == RIGHT)
        yield f"{'upper' if upper else 'lower'} {'outer' if outer else 'inner'} quadrant"


def counted_out(text: str, side: str) -> frozenset[str]:
    """Stems of the regions that a sentence counts out, on a side."""
    found = [*_spine(text), *_quadrant(text, side)]
    if _LIDS.search(text):
        found.append("upper lower eyelids")
    return frozenset(stems(" ".join(found)))

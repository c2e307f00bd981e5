"""Zones of the skin, and wounds closed at one encounter: their lengths are summed by kind."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.tables import compile_phrases, rows, split
from models.procedures.types import Judged, Mention

_LENGTH = re.compile(
    r"(?<![\d.])(\d{1,2}(?:\.\d{1,2})?|\.\d{1,2})\s?-?(cm|centimeters?|mm)(?!\w)"
    r"(?!\s*(?:deep|in depth|(?:[a-z]+ ){0,2}margins?|punch|abrasion|lesion|cyst|mass|nevus))",
    re.IGNORECASE,
)
_NO_WOUND = re.compile(
    r"abrasion|hematoma|contusion|bruis|lesion|excis|margin|diameter|\bcyst\b|lipoma|\bmass\b|"
    r"ecchymosis|ulcer|burn|incision|trocar|tumor|stone|polyp|drain|tube|catheter|needle|"
    r"\bx\s?\d+(?:\.\d+)?\s?(?:cm|mm|x)\b|dog.?ear|retracted|each side",
    re.IGNORECASE,
)
_DEPTH = re.compile(
    r"(?:depth|deep|undermin\w*|margins?)\b[\s:=]*(?:[a-z]+ ){0,2}(?:~|about )?$", re.IGNORECASE
)
"""What stands before a length that is none of the wound's."""
_LENGTH_OF = re.compile(r"(?:length|size|total)\b[\s:=]*(?:of )?$", re.IGNORECASE)
_CLOSED = re.compile(r"lac\b|lacerat|wound|cut\b|clos|repair|sutur|stapl|glue", re.IGNORECASE)
_LACERATED = re.compile(r"\blac(?:s|erat\w*)?\b", re.IGNORECASE)
_CLAUSE = re.compile(
    r"\n|[;:]|\.(?!\d)|,? and (?=(?:an? |the )?(?:\d|left|right|[LR]\b|one))|,(?!\d)"
)
_CLASSES = (
    ("complex", re.compile(
        r"complex (?:linear )?(?:repair|closure|wound closure|laceration repair)|"
        r"(?:extensive|wide)(?:ly)? undermin|undermined (?:\w+ ){0,2}(?:widely|extensively)|"
        r"retention sutures|stellate|"
        r"debrid\w+ (?:of )?(?:the )?(?:[\w-]+ ){0,3}(?:edges|margins)|"
        r"(?:excised|trimmed|revised|resected) (?:the )?(?:[\w-]+ ){0,3}(?:edges|margins)|"
        r"(?:edges|margins) (?:were |was |sharply )*(?:debrided|excised|trimmed|revised|resected)",
        re.IGNORECASE)),
    ("yes", re.compile(
        r"layered|intermediate|deep dermal|deep sutures|buried|inverted|"
        r"deep (?:layer|stitch|vicryl|monocryl|pds)|"
        r"(?:two|2|three|3|double|multi(?:ple)?)[- ]layer|"
        r"in (?:\w+ )?layers|both layers|subcutaneous (?:sutures|layer|vicryl|tissue closed)|"
        r"(?:galea|fascia|dermis|dermal layer|subcut\w*|subq|muscle) "
        r"(?:was |were |re)?(?:closed|approximated|repaired)|"
        r"(?:vicryl|monocryl|pds|chromic|polysorb|dexon)(?: sutures?)?(?: x ?\d+)? "
        r"(?:to |for |in )?(?:the )?"
        r"(?:deep|fascia|dermis|dermal|subcut|subq|galea|muscle)|"
        # absorbable below, then the skin
        r"(?:vicryl(?! rapide)|monocryl|pds|polysorb|dexon)\b[^.\n]{0,50}"
        r"(?:nylon|prolene|ethilon|staples?|dermabond|skin)", re.IGNORECASE)),
    ("no", re.compile(
        r"single[- ]layer|one[- ]layer|simple|dermabond|glue|adhesive|staples?|superficial",
        re.IGNORECASE)),
)  # fmt: skip


Place = tuple[str, tuple[tuple[str, str], ...]]
"""A word for a part of the skin, and the slots of its zone."""


@dataclass(frozen=True, slots=True)
class Wound:
    """One closed wound: where, how long in cm, and the kind of closure (``layers``)."""

    columns: tuple[tuple[str, str], ...]
    length: float
    layers: str


@cache
def zones() -> tuple[tuple[re.Pattern[str], tuple[tuple[str, str], ...]], ...]:
    """Each zone's words, and the slots it gives."""
    return tuple(
        (
            compile_phrases(split(row["phrases"])),
            tuple((k, v) for k, v in row.items() if k not in ("phrases", "zone") and v),
        )
        for row in rows("zones")
    )


def _nearest(text: str, start: int, end: int, low: int, high: int) -> Place:
    best: tuple[int, int, Place] | None = None
    for pattern, columns in zones():
        for match in pattern.finditer(text, low, high):
            gap = max(match.start() - end, start - match.end(), 0)
            key = (gap, match.start() - match.end())
            if best is None or key < best[:2]:
                best = (*key, (match.group().lower(), columns))
    return best[2] if best else ("", ())


def zone_slots(document: Document, layout: Layout, mention: Mention) -> dict[str, str | float]:
    """Groups of skin regions (by excision, layered and complex closure, part) nearest the words."""
    text, start, end = document.text, mention.start, mention.end
    # a study's guidance or a lesion's site stands in the same sentence, else in the section
    for low, high in (
        layout.sentence_bounds(start), layout.section_bounds(start), (0, len(text)),
    ):  # fmt: skip
        found = _nearest(text, start, end, low, high)
        if found[0]:
            return dict(found[1])
    return {}


def _kind(text: str) -> str:
    return next((name for name, pattern in _CLASSES if pattern.search(text)), "")


def closed_wounds(
    document: Document, layout: Layout, judged: Sequence[Judged], operation: bool
) -> list[Wound]:
    """Wounds that the accounts of closure name with a length, each once.

    Args:
        operation: an operation's account, where lengths are seldom those of wounds.
    """
    text = document.text
    bounds = sorted({layout.section_bounds(item.mention.start) for item in judged})
    found = [
        wound
        for low, high in bounds
        if _CLOSED.search(text, low, high)
        for wound in _wounds(text, low, high, operation)
    ]
    if not found and not operation:
        # the procedure says how, the examination how long
        kind = next((k for low, high in bounds if (k := _kind(text[low:high]))), "no")
        whole = _wounds(text, 0, len(text), True)
        found = [Wound(w.columns, w.length, kind) for w in whole]
    return found


def _wounds(text: str, low: int, high: int, named: bool) -> list[Wound]:
    cuts = [low, *(m.end() for m in _CLAUSE.finditer(text, low, high)), high]
    clauses = [(a, b) for a, b in pairwise(cuts) if text[a:b].strip()]
    overall = _kind(text[low:high]) or "no"
    several = len({kind for a, b in clauses if (kind := _kind(text[a:b]))}) > 1
    kept: dict[tuple[str, float, int], Wound] = {}
    for number, (begin, end) in enumerate(clauses):
        times: Counter[tuple[str, float]] = Counter()
        for match in _LENGTH.finditer(text, begin, end):
            near = text[max(begin, match.start() - 40) : min(end, match.end() + 30)]
            before = text[max(low, match.start() - 30) : match.start()]
            if (
                _NO_WOUND.search(near)
                or _DEPTH.search(before)
                or (
                    (named or match[2].lower() == "mm")
                    and not _CLOSED.search(text, begin, end)
                    and not (_LACERATED.search(text) and _LENGTH_OF.search(before))
                )
            ):
                continue
            length = float(match[1]) / (10 if match[2].lower() == "mm" else 1)
            place: Place = ("", ())
            # in its own clause, else the part last named before it
            for first, last in ((begin, end), (low, match.start()), (low, high)):
                place = place if place[0] else _nearest(text, *match.span(), first, last)
            # the account of one wound runs to the next length on its line
            line_end = text.find("\n", match.end(), high)
            stop = next((b for b, e in clauses[number + 1 :] if _LENGTH.search(text, b, e)), high)
            account = text[begin : min(stop, line_end if line_end > 0 else high)]
            layers = _kind(text[begin:end]) or _kind(account) or ("no" if several else overall)
            times[place[0], length] += 1
            key = (place[0], length, times[place[0], length])
            kept.setdefault(key, Wound(place[1], length, layers))
    return list(kept.values())

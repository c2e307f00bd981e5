"""What a newborn's record measures: birth weight and completed weeks (P07).

The note must say that the child is preterm or of low weight; the code follows from the
recorded weight and gestational age (guideline I.C.16.d).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set

_SAID_SMALL = ("P07", "P05", "P28.4", "P59.0", "P61.2", "P22.0", "P27.1", "H35.1")
_WEIGHT = re.compile(
    r"\b(?:BW|birth ?-?w(?:eigh)?t|birth ?weight|born weighing|wt at birth)\b[^0-9\n]{0,15}"
    r"(\d{1,2},\d{3}|\d{3,4}|\d\.\d{1,3})\s?(kg|g|gm|gms|grams?)\b",
    re.I,
)
# A weight beside the weeks: "Preterm 32w4d / 1790 g".
_BESIDE_WEEKS = re.compile(
    r"\b(?:preterm|premature|prematurity|weeker|[2-3]\d\s?(?:\+\s?[0-6]|w(?:ks?|eeks?)?\s?[0-6]\s?d?))"
    r"[^\n.;]{0,24}?\b(\d{3,4})\s?(g|gm|gms|grams)\b",
    re.I,
)
_WEEKS = re.compile(
    r"(?<!\d)([2-3]\d)\s?(?:\+\s?[0-6](?:/7)?|-?\s?w(?:ee)?k(?:s|er|-er)?\b|w\s?[0-6]\s?d?\b|"
    r"[\s-][0-6]/7)",
    re.I,
)
# Behind these the weeks are those of today.
_CORRECTED = re.compile(r"\b(?:PMA|CGA|corrected|adjusted|postmenstrual|now|today|until)\b", re.I)
_EARLY = re.compile(
    r"\bpreterm\b|\bpremature\b|\bpremie\b|\bpreemie\b|\bLBW\b|\blow birth ?-?weight", re.I
)
_SMALLEST_TERM = 37
_WEIGHTS = (
    (500, "P07.01"), (750, "P07.02"), (1000, "P07.03"), (1250, "P07.14"), (1500, "P07.15"),
    (1750, "P07.16"), (2000, "P07.17"), (2500, "P07.18"),
)  # fmt: skip


def weight_code(grams: float) -> str | None:
    """P07.0 or P07.1 of a birth weight; None where it is not low, or absurd."""
    if grams < 200:
        return None
    return next((code for bound, code in _WEIGHTS if grams < bound), None)


def small_code(grams: float) -> str | None:
    """P05.1 of a birth weight small for the weeks, by the same bounds."""
    code = weight_code(grams)
    if code is None:
        return "P05.19"
    return f"P05.1{code[-1]}"


def large_code(grams: float) -> str | None:
    """P08.0 or P08.1 of a birth weight; None where it is not large, or absurd."""
    if not 4000 <= grams < 7000:
        return None
    return "P08.0" if grams >= 4500 else "P08.1"


def weeks_code(weeks: int) -> str | None:
    """P07.2 or P07.3 of completed weeks; None at term."""
    if not 20 <= weeks < _SMALLEST_TERM:
        return None
    if weeks < 28:
        return f"P07.2{max(weeks - 21, 1)}"
    return f"P07.3{weeks - 27}"


def birth_weight_codes(text: str, present: Set[str]) -> Iterator[tuple[str, int, int]]:
    """(code, start, end) of the weight and weeks of a birth that the note calls small or early."""
    said = any(c.startswith(_SAID_SMALL) for c in present) or bool(_EARLY.search(text))
    for pattern in (_WEIGHT, _BESIDE_WEEKS):
        match = pattern.search(text)
        if match:
            value = float(match[1].replace(",", ""))
            grams = value * 1000 if match[2].lower() == "kg" else value
            small = any(c.startswith("P05.1") for c in present)
            code = large_code(grams) or (weight_code(grams) if said else None)
            if code:
                yield code, match.start(), match.end()
            if small and (own := small_code(grams)):
                yield own, match.start(), match.end()
            break
    if not said:
        return
    for match in _WEEKS.finditer(text):
        clause = re.split(r"[.;,\n]", text[max(0, match.start() - 18) : match.start()])[-1]
        if _CORRECTED.search(clause):
            continue
        code = weeks_code(int(match[1]))
        if code:
            yield code, match.start(), match.end()
        return

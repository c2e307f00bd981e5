"""Which conditions have an external cause, and which causes could have made them (I.C.20.a)."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache

from data.schemas import Assertion
from models.coding.circumstances.reading import Reading
from models.coding.circumstances.tables import cause_needs
from models.coding.episodes import of_cause, of_cause_by_visit
from models.coding.occurrences import CHOSEN

# Overuse and what other harm has its external cause told though it stands outside chapter 19.
_OVERUSE = ("M84.3", "M70", "M76", "M77", "M62.82", "M66", "L55")
_EXAMINED = ("Z04.1", "Z04.2", "Z04.3", "Z04.7", "Z04.8")
_EXPOSED = ("Z20", "Z77")
LATE = "S"  # the 7th character of a late effect
_WHOLE = 8  # characters of a code with its 7th


def is_injury(code: str) -> bool:
    """Injuries, burns, poisonings, effects of heat, abuse; not complications or drug effects."""
    if code[0] == "S":
        return True
    if code[0] != "T" or code < "T07" or code >= "T79":
        return False
    bare = code.replace(".", "")
    return not ("T36" <= code[:3] <= "T50" and bare[5:6] in ("5", "6"))


def is_poisoning(code: str) -> bool:
    """Poisonings: their own code says what did it and with what intent."""
    return "T36" <= code[:3] <= "T65"


def injuries(reading: Reading) -> frozenset[str]:
    """The codes of the note that speak of harm from outside."""
    harm = frozenset(c for c in reading.present if is_injury(c))
    return harm or frozenset(c for c in reading.asserted if c.startswith((*_EXAMINED, *_OVERUSE)))


def episodes(reading: Reading) -> list[str]:
    """7th characters of the note's injuries as an external cause takes them, most told first.

    Late effects that only run up come last: a note names the scar and the burn apart.
    """
    counts: Counter[str] = Counter()
    late: list[str] = []
    for code, found in reading.have.items():
        if len(code) < _WHOLE or not (is_injury(code) or code.startswith(_OVERUSE)):
            continue
        for o in found.occurrences:
            if o.words and o.role == CHOSEN and o.assertion is Assertion.PRESENT:
                counts[of_cause(code[-1])] += 1
            elif of_cause(code[-1]) == LATE:
                late = [LATE]
    if not counts and (injuries(reading) or late):
        counts[of_cause_by_visit(reading.visit)] = 1
    told = sorted(counts, key=lambda c: (-counts[c], c != LATE, c))
    return [*told, *(c for c in late if c not in counts)]


def could_cause(cause: str, present: frozenset[str]) -> bool:
    """Whether the note bears a condition that this cause could have made."""
    beside = _needed(cause)
    return not beside or any(c.startswith(beside) for c in present)


@lru_cache(maxsize=4096)
def _needed(cause: str) -> tuple[str, ...]:
    return next((beside for causes, beside in cause_needs() if cause.startswith(causes)), ())

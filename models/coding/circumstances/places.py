"""Where an accident happened (Y92): public places by name, homes by kind and room.

The rooms of homes are a grid, too: ``residences.csv`` gives each kind of home the
last character of each of its rooms. A room is named in one sentence and the home
often in another ("her grandmother's house … in the bathroom").
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.tables import residences

PRIVATE, HOUSE = "Y92.00", "Y92.01"
_SAME, _NEAR, _FAR, _UNSAID = 1.0, 0.7, 0.4, 0.3


def home_codes(rooms: Sequence[Hit], homes: Sequence[Hit]) -> Iterator[tuple[str, Hit, float]]:
    """(code, words, fit) of the rooms told, each in the home told nearest; of homes alone."""
    named = [(room, *_home(room, homes)) for room in rooms]
    for room, stem, fit in named:
        code = _room(stem, room.rule.code)
        if code:
            yield code, room, fit
        # A home is a house as often as not, and notes rarely say which.
        other = {PRIVATE: HOUSE, HOUSE: PRIVATE}.get(stem, "")
        if code := _room(other, room.rule.code):
            yield code, room, 0.0
    for home in homes:
        fit = 0.2 if rooms else _SAME
        code = _room(home.rule.code, "unspecified")
        if code:
            yield code, home, fit


def _home(room: Hit, homes: Sequence[Hit]) -> tuple[str, float]:
    """The stem of the home that a room belongs to, the most telling of the nearest."""

    def order(home: Hit) -> tuple[int, bool, int]:
        return abs(home.sentence - room.sentence), home.rule.code == PRIVATE, home.first

    if not homes:
        return PRIVATE, _UNSAID
    best = min(homes, key=order)
    if best.rule.code == PRIVATE:
        # "At home … their house": the home is the house.
        told = [h for h in homes if h.rule.code != PRIVATE]
        best = min(told, key=order) if told else best
    gap = abs(best.sentence - room.sentence)
    return best.rule.code, _SAME if gap == 0 else _NEAR if gap <= 1 else _FAR


def _room(stem: str, room: str) -> str:
    character = residences().get(stem, {}).get(room, "")
    return stem + character if character else ""


def best_places(
    reading: Reading, places: Sequence[tuple[str, Hit, float]], centres: set[int], most: int
) -> list[tuple[str, Hit, float]]:
    """The likeliest places, one a code: nearest to the accident, then the most closely told."""

    def order(place: tuple[str, Hit, float]) -> tuple[float, int]:
        _, hit, fit = place
        gap = min((abs(hit.sentence - c) for c in centres), default=0)
        return (gap * 0.3 - fit, hit.first)

    best: dict[str, tuple[str, Hit, float]] = {}
    for place in sorted(places, key=order):
        best.setdefault(place[0], place)
    return list(best.values())[:most]

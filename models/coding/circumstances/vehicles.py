"""Transport accidents: who rode in what, what it met, and where (V00-V89).

The codes are a grid: the victim's own mode of travel × the counterpart × the
role × traffic or not. ``vehicles.csv`` names the parts; this module finds the
victim's mode among those named and composes the code. Unless a note says
otherwise, an accident of a vehicle is one on the public highway, of an off-road
vehicle one off it (Tabular List, notes at V00-V99).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from models.coding.circumstances.reading import Hit, Reading
from models.coding.circumstances.tables import VEHICLE

# Words right before a vehicle that make it the other's, or the victim's own.
_OTHERS_BEFORE = frozenset(
    {"by", "into", "another", "other", "vs", "versus", "oncoming", "parked", "hit", "struck"}
    | {"with", "against", "when", "under", "avoid", "turning", "passing", "second"}
)
_OWN_BEFORE = frozenset(
    {"of", "driving", "drove", "riding", "rode", "in", "on", "his", "her", "my", "their", "our"}
    | {"own", "operating", "off", "from", "inside", "restrained", "driver", "passenger"}
)
# Verbs behind a vehicle that make it the one that came.
_OTHERS_BEHIND = frozenset(
    {"pulled", "ran", "turned", "cut", "crossed", "swerved", "backed", "struck", "hit", "rear"}
    | {"opened", "door", "merged", "blew", "failed", "clipped", "t", "rolled_over", "stopped"}
)
_RIDERS = frozenset({"driver", "rider", "passenger", "operator", "crash", "wreck", "rollover"})
_BEFORE, _BEHIND = 4, 2
_ROAD = {"cycle": "1", "ebike": "2", "moto": "2", "car": "4", "suv": "5", "pickup": "5"} | {
    "van": "5", "heavy": "6", "bus": "7"
}  # fmt: skip
_COUNTERPART = {
    "ped": "0", "animal": "0", "cycle": "1", "moto": "2", "ebike": "2", "escooter": "2",
    "car": "3", "suv": "3", "pickup": "3", "van": "3", "heavy": "4", "bus": "4", "train": "5",
    "fixed": "7", "utv": "6", "atv": "6",
}  # fmt: skip
_KIND_OF_CAR = {"suv": "1", "car": "2", "pickup": "3", "van": "4"}
_OFF_ROAD = {"snowmobile": "2", "dune": "3", "atv": "5", "dirtbike": "6", "utv": "9"}
_SPECIAL = {"industrial": "V83", "farm": "V84", "construction": "V85"}
_ON_FOOT = {"ped": "0", "skateboard": "2", "escooter": "31"}
_FOUR_WHEELED = frozenset({"car", "suv", "pickup", "van", "heavy", "bus"})
_NOT_OWN = frozenset({"animal", "fixed", "train"})
# (traffic, role) → the character, for two-wheelers and for the others.
_TWO_WHEELS = {
    (True, "driver"): "4", (True, "passenger"): "5", (True, ""): "9",
    (False, "driver"): "0", (False, "passenger"): "1", (False, ""): "2",
}  # fmt: skip
_FOUR_WHEELS = {
    (True, "driver"): "5", (True, "passenger"): "6", (True, ""): "9",
    (False, "driver"): "0", (False, "passenger"): "1", (False, ""): "3",
}  # fmt: skip
_SPECIAL_ROLE = {"driver": "5", "passenger": "6", "": "9"}


def vehicle_codes(reading: Reading, hits: Sequence[Hit]) -> Iterator[tuple[str, Hit, float]]:
    """(stem, the words that say so, how well it fits) of the transport accident told."""
    parts: dict[str, list[Hit]] = {}
    told = [h for h in hits if h.rule.columns["part"] != "where"]
    events = {h.sentence for h in told if h.rule.columns["part"] == "event"}
    for hit in hits:
        # A vehicle is an accident's only beside words of one.
        if any(abs(hit.sentence - s) <= 1 for s in events):
            parts.setdefault(hit.rule.columns["part"], []).append(hit)
    modes = parts.get("mode", [])
    if not modes:
        return
    event = {h.rule.code for h in parts.get("event", ())}
    roles = {h.rule.code for h in parts.get("role", ())}
    own, other = _sides(reading, modes, event, roles)
    if own is None or not _is_told(own.rule.code, event, roles):
        return
    role = next((r for r in ("boarding", "passenger", "driver") if r in roles), "")
    places = [h.rule.code for h in parts.get("where", ())]
    for rank, stem in enumerate(_stems(own.rule.code, other, role, event, places)):
        yield stem, own, 1.0 if rank == 0 else 0.3


def _is_told(own: str, event: set[str], roles: set[str]) -> bool:
    """Whether the words tell an accident of that vehicle, not one beside it.

    Who falls on the way to the car had no car accident; who falls off a bicycle had one.
    """
    if own in _FOUR_WHEELED:
        if "boarding" in roles:
            return bool(event)
        return bool(event & {"collision", "twocar", "single"}) or (
            "struck" in event and bool(roles)
        )
    return own not in _ON_FOOT or bool(event & {"collision", "struck", "twocar"})


def _sides(
    reading: Reading, modes: Sequence[Hit], event: set[str], roles: set[str]
) -> tuple[Hit | None, str]:
    """The victim's own vehicle (or feet), and the counterpart's kind."""
    own: list[Hit] = []
    others: list[Hit] = []
    unsaid: list[Hit] = []
    for hit in sorted(modes, key=lambda h: h.first):
        kind = hit.rule.code
        if kind in _NOT_OWN:
            others.append(hit)
        elif kind in ("ped", "skateboard", "escooter"):
            own.append(hit)
        else:
            {"own": own, "other": others, "": unsaid}[_side(reading, hit)].append(hit)
    if not own and unsaid:
        # Where nothing says whose, two wheels are the victim's and a car the other's.
        unsaid.sort(key=lambda h: (h.rule.code not in ("cycle", "moto", "ebike"), h.first))
        own.append(unsaid.pop(0))
    if not own:
        # "Struck by a car": a driver or passenger was in one, anybody else on foot.
        met = next((h for h in others if h.rule.code not in _NOT_OWN), None)
        if met is None:
            return None, ""
        # "Car hit a telephone pole": who rides it hit the pole, unless on foot.
        if roles & {"driver", "passenger"}:
            fixed = next((h for h in others if h.rule.code in _NOT_OWN), None)
            if fixed is not None and fixed.first > met.first:
                return met, fixed.rule.code
        mounted = bool(roles & {"driver", "passenger"}) or "twocar" in event
        return _as(met, "car" if mounted else "ped"), met.rule.code
    first = next((h for h in own if h.rule.code != "car"), own[0])
    rest = [h for h in (*others, *unsaid) if h.rule.code != first.rule.code or h in others]
    rest.sort(key=lambda h: h.rule.code in ("fixed", "animal"))
    return first, rest[0].rule.code if rest else ""


def _as(hit: Hit, kind: str) -> Hit:
    return Hit(type(hit.rule)(VEHICLE, kind, hit.rule.columns), hit.sentence, hit.first, hit.last)


def _side(reading: Reading, hit: Hit) -> str:
    sentence = reading.document.sentences[hit.sentence]
    tokens = reading.document.tokens
    for i in range(hit.first - 1, max(sentence.first, hit.first - _BEFORE) - 1, -1):
        word = tokens[i].text.lower()
        if word in _OTHERS_BEFORE:
            return "other"
        if word in _OWN_BEFORE:
            return "own"
    # "Motorcyclist hit the guardrail", "snowmobile driver struck a tree".
    following = tokens[hit.last].text.lower() if hit.last < sentence.last else ""
    if tokens[hit.last - 1].text.lower().endswith("ist") or following in _RIDERS:
        return "own"
    behind = range(hit.last, min(sentence.last, hit.last + _BEHIND))
    return "other" if any(tokens[i].text.lower() in _OTHERS_BEHIND for i in behind) else ""


def _stems(own: str, other: str, role: str, event: set[str], places: Sequence[str]) -> list[str]:
    """Codes of the grid, the likeliest first."""
    off = "nontraffic" in places and "traffic" not in places
    if own in _ON_FOOT:
        return _on_foot(own, other, off)
    if own in _OFF_ROAD:
        sort = _OFF_ROAD[own]
        first = {"driver": "5", "passenger": "6", "boarding": "4", "": "5"}[role]
        return [f"V86.{first}{sort}", f"V86.0{sort}", f"V86.9{sort}", f"V86.6{sort}"]
    if own in _SPECIAL:
        if role == "boarding":
            return [f"{_SPECIAL[own]}.4"]
        return [f"{_SPECIAL[own]}.{_SPECIAL_ROLE[role or 'driver']}"]
    wheels = _TWO_WHEELS if _ROAD[own] in "12" else _FOUR_WHEELS
    if role == "boarding":
        digit = _COUNTERPART.get(other, "8")
        character = "3" if wheels is _TWO_WHEELS else "4"
        return [_padded(f"V{_ROAD[own]}{digit}.{character}", own, other)]
    if wheels is _TWO_WHEELS and not role:
        role = "driver"
    digit = _COUNTERPART.get(other, "")
    if digit == "7" and wheels is _TWO_WHEELS and not event & {"collision", "struck"}:
        digit = ""  # slid into the ditch: no collision made it fall
    if not digit and "twocar" in event:
        digit, other = "3", "car"
    if (
        not digit
        and event & {"single", "fall"}
        and (wheels is _TWO_WHEELS or "collision" not in event)
    ):
        digit = "8"
    out = []
    if digit:
        # A fall from a bicycle is told of a path as often as of a road.
        for traffic in (not off, off):
            out.append(_padded(f"V{_ROAD[own]}{digit}.{wheels[traffic, role]}", own, other))
        return out if digit == "8" or off else out[:1]
    return _unspecified(own, role)


def _padded(stem: str, own: str, other: str) -> str:
    """With the character that says which two-wheeler or which kind of car."""
    if stem.startswith("V2"):
        return stem + ("1" if own == "ebike" else "9")
    if stem.startswith("V43"):
        return stem + _KIND_OF_CAR.get(other, "2")
    return stem


def _unspecified(own: str, role: str) -> list[str]:
    """An accident with a vehicle that nobody names."""
    if own == "cycle":
        return ["V19.9", "V18.4", "V18.0"]
    if own in ("moto", "ebike"):
        return ["V29.91", "V28.41"] if own == "ebike" else ["V29.99", "V28.49"]
    number = _ROAD[own]
    if role:
        return [f"V{number}9.{'4' if role == 'driver' else '5'}0", "V89.2"]
    return ["V89.2", f"V{number}9.9"] if own == "car" else [f"V{number}9.9", "V89.2"]


def _on_foot(own: str, other: str, off: bool) -> list[str]:
    digit = {"cycle": "1", "moto": "2", "ebike": "2", "train": "5"}.get(other) or {
        "3": "3", "4": "4", "6": "6"
    }.get(_COUNTERPART.get(other, ""))  # fmt: skip
    if not digit:
        return []
    traffic = "0" if off else "1"
    return [f"V0{digit}.{traffic}{_ON_FOOT[own]}", f"V0{digit}.9{_ON_FOOT[own]}"]

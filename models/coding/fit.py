"""How well the codes of a family fit what a note says of a mention.

Side, trimester and hand are slots; the rest is weighed by the words of each
description that the family does not share.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from data.terminology.icd10cm import Node
from data.terminology.words import stems
from models.coding.context import Context
from models.coding.places import body_parts, site_words
from models.coding.shorthand import BOTH, LEFT, RIGHT, SIDES
from models.coding.stage import stage_of

# How much a word of the description counts when found in the sentence, the next ones, the note.
NEAR, BESIDE, FAR = 1.0, 0.6, 0.02
IMPLIED = 0.6  # of a word that a site implies: the thigh is of the lower limb
MISSING = 0.55
FREE_MISSING = 0.02  # of words that a description may claim unsaid
DENIED, DENIAL_BROKEN = 0.3, 1.0
SIDE_SAID, SIDE_WRONG, SIDE_UNSAID, SIDE_LOST = 1.0, 1.5, 0.8, 0.1
SIDE_AFAR, SIDE_ALONE = 0.6, 0.3
SIDE_OF_ANOTHER = 0.4  # of a side that fits a code of another site than the one said
HAND_FITS, HAND_WRONG = 0.3, 1.0
MANY_SAID = 1.5  # "several joints (left elbow, right toe)": each site by itself says less
OTHER_PENALTY, UNSPECIFIED_BONUS, NAMED_BONUS = 0.45, 0.1, 0.3

OTHER = re.compile(r"^other\b|\bother specified\b|, other\b|\bother\b", re.I)
UNSPECIFIED = re.compile(
    r"\bunspecified\b|without complication|\buncomplicated\b|\bNOS\b|not intractable", re.I
)
# "without foreign body of left index finger without damage to nail" denies two things, no finger.
_DENIAL = re.compile(
    r"\b(?:without|not)\b(?P<what>\s+foreign body|.*?(?=\bwith(?:out)?\b|,|$"
    r"|\bof (?:right|left|unspecified|other|lower|upper|front|back)\b))",
    re.I,
)
_TRIMESTER = re.compile(r"\b(first|second|third) trimester", re.I)
# A slot left open names no value: "unspecified site" does not claim the word "site".
_OPEN_SLOT = re.compile(
    r"\bunspecified (?:site|sites|location|part|severity|stage|degree|type|organism)\b"
    r"|\b(?:site|location|severity|stage|type|organism) (?:not specified|unspecified)\b"
    r"|\bunspecified whether\b[^,;]*",
    re.I,
)
_JOINED = re.compile(
    r"\b(?P<one>\w+) and (?:joints of )?(?:right |left |unspecified )?(?P<other>\w+)\b", re.I
)
_INCLUDING = re.compile(r",? including [a-z ]+", re.I)
_PLURAL = re.compile(r"\((?:s|es)\)")
# Words in parentheses may be there or not, and change nothing (Conventions, I.A.7).
BRACKETS = re.compile(r"\([^)]*\)")
_DOMINANCE = re.compile(r"\b(non)?dominant\b", re.I)
_EMPTY = frozenset(
    stems(
        "of in the and with to or a an by for due unspecified specified other part side not "
        "elsewhere classified type disorder disease complication without trimester nos eye ear "
        "region on at"
    )
)
MANY = frozenset(stems("multiple site"))
# Osteoarthritis that nobody calls secondary is primary, and one side named is unilateral
# (AHA Coding Clinic 4Q 2016 on the default; the Index's nonessential modifiers). A poisoning
# that nobody calls meant is accidental (I.C.19.e.5.b). Of the other ear nobody speaks where
# it hears as it should.
FREE = frozenset(
    stems(
        "primary unilateral uncomplicated essential simple native accidental unintentional "
        "unrestricted contralateral stage"
    )
)


@dataclass(frozen=True, slots=True)
class Leaf:
    """A code of a family, before the episode of care is put on."""

    node: Node
    words: frozenset[str]
    denies: frozenset[str]
    side: str
    trimester: str
    stage: str
    other: bool
    plain: bool
    many: bool  # of multiple sites
    either: Mapping[str, str]  # "ankle and foot": one of the two is enough
    dominant: bool | None  # whether the side is that of the hand used; None where unsaid


@dataclass(frozen=True, slots=True)
class Family:
    leaves: tuple[Leaf, ...]
    sided: bool
    timed: bool
    stages: frozenset[str]
    site: frozenset[str]  # words that every description shares
    sites: frozenset[str]  # parts of the body that tell its codes apart
    several: bool  # whether a code is of multiple sites


def split(description: str) -> tuple[frozenset[str], frozenset[str], str, str]:
    """(words asserted, words denied, side, trimester) of a description."""
    denied: set[str] = set()
    for match in _DENIAL.finditer(description):
        denied.update(stems(match["what"]))
    asserted = _TRIMESTER.sub(
        "", _DENIAL.sub(" ", _OPEN_SLOT.sub(" ", _INCLUDING.sub("", description)))
    )
    asserted = BRACKETS.sub(" ", _PLURAL.sub("", _DOMINANCE.sub(" ", asserted)))
    words = set(stems(asserted))
    sides = words & SIDES
    side = sides.pop() if len(sides) == 1 else ""
    found = _TRIMESTER.search(description)
    return (
        frozenset(words - _EMPTY - SIDES),
        frozenset(denied - _EMPTY - SIDES - words),
        side,
        found[1].lower() if found else "",
    )


def _dominance(description: str) -> bool | None:
    found = _DOMINANCE.search(description)
    return None if found is None else not found[1]


def _either(description: str) -> Mapping[str, str]:
    """The other of two parts of the body that a description joins, by each."""
    parts = body_parts()
    pairs = [stems(f"{m['one']} {m['other']}") for m in _JOINED.finditer(description)]
    joined = [pair for pair in pairs if len(pair) == 2 and parts.issuperset(pair)]
    return {a: b for one, other in joined for a, b in ((one, other), (other, one))}


def family_of(nodes: Sequence[Node]) -> Family:
    """What the descriptions of a family's codes say beyond what all of them do."""
    parts = [split(node.description) for node in nodes]
    counts = Counter(w for words, *_ in parts for w in words)
    shared = {w for w, n in counts.items() if n == len(parts)}
    leaves = tuple(
        Leaf(
            node,
            words - shared,
            denies,
            side,
            weeks,
            stage_of(node.description),
            bool(OTHER.search(node.description)),
            bool(UNSPECIFIED.search(node.description)),
            words >= MANY,
            _either(node.description),
            _dominance(node.description),
        )
        for node, (words, denies, side, weeks) in zip(nodes, parts, strict=True)
    )
    return Family(
        leaves,
        any(leaf.side for leaf in leaves),
        any(leaf.trimester for leaf in leaves),
        frozenset(leaf.stage for leaf in leaves if leaf.stage),
        frozenset(shared),
        frozenset(w for leaf in leaves for w in leaf.words) & site_words(),
        any(leaf.many for leaf in leaves),
    )


def score(
    leaf: Leaf,
    family: Family,
    named: bool,
    own: frozenset[str],
    context: Context,
    missing: float,
) -> float:
    """How well a code fits what is said; ``own`` are the words of the node that is named."""
    score, lost = 0.0, False
    for word in leaf.words:
        if word in context.said:
            score += NEAR
        elif word in context.beside:
            score += BESIDE
        elif named or word in own:
            continue  # the mention itself justifies its words
        elif word in context.implied:
            score += IMPLIED
        elif leaf.either.get(word) in context.said or leaf.either.get(word) in context.implied:
            continue
        elif word in FREE:
            score -= FREE_MISSING
        else:
            lost = True
            score += FAR - missing / 2 if word in context.note else -missing
    for word in leaf.denies:
        if word in context.said:
            score -= DENIAL_BROKEN
        elif word in context.denied:
            score += DENIED
    if family.sided:
        side = _side_score(leaf, family, context)
        score += min(side, SIDE_OF_ANOTHER) if lost else side
    if leaf.dominant is not None and leaf.side:
        # Of the hand nobody names, the right is used (guideline I.C.6.a).
        fits = leaf.dominant is (leaf.side == (context.hand or RIGHT))
        score += HAND_FITS if fits else -HAND_WRONG
    if family.timed:
        score += _trimester_score(leaf, family, context)
    if leaf.many and context.said >= MANY:
        score += MANY_SAID
    score += UNSPECIFIED_BONUS * leaf.plain + NAMED_BONUS * named
    return score - OTHER_PENALTY * (leaf.other and not named)


def twins(leaf: Leaf, other: Leaf) -> bool:
    return leaf.words == other.words and {leaf.side, other.side} == {LEFT, RIGHT}


def _side_score(leaf: Leaf, family: Family, context: Context) -> float:
    if context.side:
        if not leaf.side:
            return -SIDE_LOST
        fits = leaf.side == context.side or context.side == BOTH
        return (SIDE_SAID if leaf.side == context.side else 0.4) if fits else -SIDE_WRONG
    afar = context.side_beside or _side_of_sites(family.site | leaf.words, context.site_sides)
    if not leaf.side:
        return 0.0
    if afar:
        return SIDE_AFAR if leaf.side == afar else -SIDE_UNSAID
    return SIDE_ALONE if leaf.side == context.only_side else -SIDE_UNSAID


def _side_of_sites(words: frozenset[str], sides: Mapping[str, str]) -> str:
    """The side that the note gives elsewhere to the sites among the words, where they agree."""
    found = {sides[word] for word in words if word in sides}
    return found.pop() if len(found) == 1 else ""


def _trimester_score(leaf: Leaf, family: Family, context: Context) -> float:
    if context.stage in family.stages:
        if leaf.stage == context.stage:
            return SIDE_SAID
        return -SIDE_WRONG if leaf.trimester or leaf.stage else 0.0
    if leaf.stage:
        return -SIDE_WRONG
    if not leaf.trimester:
        return 0.0
    if not context.trimester:
        return -SIDE_UNSAID
    return SIDE_SAID if leaf.trimester == context.trimester else -SIDE_WRONG

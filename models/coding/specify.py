"""From a node to the billable code that the note's words support.

Side, trimester and episode of care are slots: what the note says of them decides.
Type, site, stage and the rest are weighed by the words of each description that
the family does not share: those found near the mention speak for a code, those
not found against it; what a description denies ("without macular edema") speaks
against it where the note asserts it. *Unspecified* claims nothing more and so
wins when nothing else is said.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from data.terminology.icd10cm import Node, Release
from data.terminology.words import stems
from models.coding.context import BOTH, LEFT, RIGHT, SIDES, Context, encounter_cues
from models.coding.stage import stage_of

# How much a word of the description counts when found in the sentence, the next ones, the note.
NEAR, BESIDE, FAR = 1.0, 0.6, 0.02
MISSING = 0.55
FREE_MISSING = 0.02  # of words that a description may claim unsaid
DENIED, DENIAL_BROKEN = 0.3, 1.0
SIDE_SAID, SIDE_WRONG, SIDE_UNSAID, SIDE_LOST = 1.0, 1.5, 0.8, 0.1
SIDE_AFAR, SIDE_ALONE = 0.6, 0.3
OTHER_PENALTY, UNSPECIFIED_BONUS, NAMED_BONUS = 0.45, 0.1, 0.3
FAMILY_LIMIT = 400
ALTERNATIVES = 2

_OTHER = re.compile(r"^other\b|\bother specified\b|, other\b|\bother\b", re.I)
_UNSPECIFIED = re.compile(r"\bunspecified\b|without complication|\bNOS\b|not intractable", re.I)
_DENIAL = re.compile(r"\b(?:without|not)\b(?P<what>.*?)(?=\bwith\b|,|$)", re.I)
_TRIMESTER = re.compile(r"\b(first|second|third) trimester", re.I)
_EPISODE = re.compile(r"encounter|sequela", re.I)
_EMPTY = frozenset(
    stems(
        "of in the and with to or a an by for due unspecified specified other part side not "
        "elsewhere classified type disorder disease complication without trimester nos eye ear"
    )
)
# Osteoarthritis that nobody calls secondary is primary, and one side named is unilateral
# (AHA Coding Clinic 4Q 2016 on the default; the Index's nonessential modifiers).
_FREE = frozenset(stems("primary unilateral uncomplicated essential simple native idiopathic"))


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A code of a family, before the episode of care is put on."""

    node: Node
    words: frozenset[str]
    denies: frozenset[str]
    side: str
    trimester: str
    stage: str
    other: bool
    plain: bool


@dataclass(frozen=True, slots=True)
class _Family:
    leaves: tuple[_Leaf, ...]
    sided: bool
    timed: bool
    stages: frozenset[str]
    site: frozenset[str]  # words that every description shares


@dataclass(frozen=True, slots=True)
class Choice:
    """Billable codes for a node: several where the note names both sides and no code is both."""

    codes: tuple[str, ...]
    fit: float
    others: tuple[tuple[str, float], ...] = ()


def _split(description: str) -> tuple[frozenset[str], frozenset[str], str, str]:
    """(words asserted, words denied, side, trimester) of a description."""
    denied: set[str] = set()
    for match in _DENIAL.finditer(description):
        denied.update(stems(match["what"]))
    asserted = _TRIMESTER.sub("", _DENIAL.sub(" ", description))
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


class Specifier:
    """Chooses billable codes under nodes of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._families: dict[str, _Family] = {}

    def _is_episode(self, code: str) -> bool:
        """Whether a node's children are episodes of care, not sides or stages."""
        children = self._release.children.get(code, ())
        nodes = self._release.nodes
        return bool(children) and all(
            nodes[c].seventh and len(c) > 7 and _EPISODE.search(nodes[c].description)
            for c in children
        )

    def _family(self, root: str) -> _Family:
        """Codes under ``root`` before an episode of care is put on."""
        if root not in self._families:
            release = self._release
            nodes = [
                node
                for node in (release.nodes[root], *release.descendants(root))
                if self._is_episode(node.code)
                or (
                    not release.children.get(node.code)
                    and not (node.parent and self._is_episode(node.parent))
                )
            ][:FAMILY_LIMIT]
            parts = [_split(node.description) for node in nodes]
            counts = Counter(w for words, *_ in parts for w in words)
            shared = {w for w, n in counts.items() if n == len(parts)}
            leaves = tuple(
                _Leaf(
                    node,
                    words - shared,
                    denies,
                    side,
                    weeks,
                    stage_of(node.description),
                    bool(_OTHER.search(node.description)),
                    bool(_UNSPECIFIED.search(node.description)),
                )
                for node, (words, denies, side, weeks) in zip(nodes, parts, strict=True)
            )
            self._families[root] = _Family(
                leaves,
                any(leaf.side for leaf in leaves),
                any(leaf.trimester for leaf in leaves),
                frozenset(leaf.stage for leaf in leaves if leaf.stage),
                frozenset(shared),
            )
        return self._families[root]

    def _family_root(self, code: str) -> str:
        """Where to look for something more specific: an unspecified leaf's siblings count too."""
        nodes = self._release.nodes
        root = nodes[code]
        if not (root.billable and _UNSPECIFIED.search(root.description)):
            return code
        # "F17.200" and "F17.20" both leave the product open: look above all that is open.
        while root.parent and _UNSPECIFIED.search(root.description):
            root = nodes[root.parent]
        # "M17.9" leaves both the kind and the side open: look one level further up.
        if root.parent and len(self._family(root.code).leaves) <= 2:
            root = nodes[root.parent]
        return root.code

    def choose(self, code: str, context: Context) -> Choice:
        """The best billable codes for a node, how well the words fit (0 is neutral), the next."""
        root = self._family_root(code)
        family = self._family(root)
        if not family.leaves:
            return Choice((code,), 0.0)
        if len(family.leaves) == 1:
            return Choice((self._with_episode(family.leaves[0].node, context),), 0.0)
        # A jump across a whole category needs all its words: its codes are other conditions.
        missing = MISSING if len(root) > 3 or root == code else 2 * MISSING
        scored = [
            (self._score(leaf, family, code, context, missing), -i, leaf)
            for i, leaf in enumerate(family.leaves)
        ]
        scored.sort(key=lambda s: (-round(s[0], 9), -s[1]))
        best_score, _, best = scored[0]
        picked = [best]
        if context.side == BOTH and best.side in (LEFT, RIGHT):
            twin = next((s for s in scored[1:] if _twins(s[2], best)), None)
            if twin and twin[0] > best_score - 0.2:
                picked.append(twin[2])
        rest = [(s, leaf) for s, _, leaf in scored[1:] if leaf not in picked][:ALTERNATIVES]
        return Choice(
            tuple(self._with_episode(leaf.node, context) for leaf in picked),
            best_score,
            tuple((self._with_episode(leaf.node, context), score) for score, leaf in rest),
        )

    @staticmethod
    def _score(leaf: _Leaf, family: _Family, code: str, context: Context, missing: float) -> float:
        score = 0.0
        named = leaf.node.code == code
        for word in leaf.words:
            if word in context.said:
                score += NEAR
            elif word in context.beside:
                score += BESIDE
            elif named:
                continue  # the mention itself justifies its words
            elif word in _FREE:
                score -= FREE_MISSING
            elif word in context.note:
                score += FAR - missing / 2
            else:
                score -= missing
        for word in leaf.denies:
            if word in context.said:
                score -= DENIAL_BROKEN
            elif word in context.denied:
                score += DENIED
        if family.sided:
            score += _side_score(leaf, family, context)
        if family.timed:
            score += _trimester_score(leaf, family, context)
        score += UNSPECIFIED_BONUS * leaf.plain + NAMED_BONUS * named
        return score - OTHER_PENALTY * leaf.other

    def _with_episode(self, node: Node, context: Context) -> str:
        """Put on the 7th character for the episode of care (guideline I.C.19.a, I.C.13.c)."""
        children = self._release.children.get(node.code, ())
        if node.billable or not children:
            return node.code
        by_character = {c[-1]: c for c in children}
        for character in episode(context, frozenset(by_character)):
            if character in by_character:
                return by_character[character]
        return children[0]


def _twins(leaf: _Leaf, other: _Leaf) -> bool:
    return leaf.words == other.words and {leaf.side, other.side} == {LEFT, RIGHT}


def _side_score(leaf: _Leaf, family: _Family, context: Context) -> float:
    if context.side:
        if not leaf.side:
            return -SIDE_LOST
        fits = leaf.side == context.side or context.side == BOTH
        return (SIDE_SAID if leaf.side == context.side else 0.4) if fits else -SIDE_WRONG
    afar = context.side_beside or next(
        (context.site_sides[s] for s in family.site | leaf.words if s in context.site_sides), ""
    )
    if not leaf.side:
        return 0.0
    if afar:
        return SIDE_AFAR if leaf.side == afar else -SIDE_UNSAID
    return SIDE_ALONE if leaf.side == context.only_side else -SIDE_UNSAID


def _trimester_score(leaf: _Leaf, family: _Family, context: Context) -> float:
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


def episode(context: Context, characters: frozenset[str]) -> tuple[str, ...]:
    """7th characters to try, best first: healing state, episode, then active treatment."""
    cues = encounter_cues()

    def says(kind: str) -> bool:
        return any(cue in context.text for cue in cues[kind])

    order: list[str] = []
    if says("sequela"):
        order.append("S")
    for kind, character in (("nonunion", "K"), ("malunion", "P"), ("delayed", "G")):
        if says(kind):
            order.append(character)
    if says("subsequent") or context.subsequent_visit:
        order.append("D")
    if says("open") and "B" in characters:
        order.append("B")
    return (*order, "A", "0")

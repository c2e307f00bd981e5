"""From a node to the billable code that the note's words support.

Side, trimester and episode of care are slots: what the note says of them decides.
Type, site, stage and the rest are weighed by the words of each description that
the family does not share (:mod:`models.coding.fit`): those found near the mention speak
for a code, those not found against it; what a description denies ("without macular
edema") speaks against it where the note asserts it. *Unspecified* claims nothing more
and so wins when nothing else is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from data.terminology.icd10cm import Node, Release
from models.coding.context import Context
from models.coding.episodes import episodes
from models.coding.fit import (
    FREE,
    MANY,
    MISSING,
    NEAR,
    OTHER,
    UNSPECIFIED,
    Family,
    family_of,
    score,
    split,
    twins,
)
from models.coding.places import Place
from models.coding.shorthand import BOTH, LEFT, RIGHT, implied_by

EPISODE_OFF = 0.5  # what another episode of care costs a code
FAMILY_LIMIT = 400
ALTERNATIVES = 2
CATEGORY = 3  # characters of a category
_INJURIES = frozenset("OSTVWXY")  # chapters whose codes other rules compose
_EPISODE = re.compile(r"encounter|sequela", re.I)


@dataclass(frozen=True, slots=True)
class Choice:
    """Billable codes for a node: several where the note names both sides and no code is both."""

    codes: tuple[str, ...]
    fit: float
    others: tuple[tuple[str, float], ...] = ()


class Specifier:
    """Chooses billable codes under nodes of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._families: dict[str, Family] = {}
        self._fullers: dict[str, tuple[tuple[Node, frozenset[str]], ...]] = {}
        self._own: dict[str, frozenset[str]] = {}
        self._episodes: dict[str, bool] = {}
        self._roots: dict[str, str] = {}

    def _is_episode(self, code: str) -> bool:
        """Whether a node's children are episodes of care, not sides or stages."""
        if code not in self._episodes:
            children, nodes = self._release.children.get(code, ()), self._release.nodes
            self._episodes[code] = bool(children) and all(
                nodes[c].seventh and len(c) > 7 and _EPISODE.search(nodes[c].description)
                for c in children
            )
        return self._episodes[code]

    def _family(self, root: str) -> Family:
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
            self._families[root] = family_of(nodes)
        return self._families[root]

    def _own_words(self, code: str) -> frozenset[str]:
        """What a node's own description says: the mention says it too, in other words ("AF")."""
        if code not in self._own:
            self._own[code] = split(self._release.nodes[code].description)[0]
        return self._own[code]

    def _family_root(self, code: str) -> str:
        """Where to look for something more specific: an unspecified leaf's siblings count too."""
        if code not in self._roots:
            self._roots[code] = self._find_root(code)
        return self._roots[code]

    def _find_root(self, code: str) -> str:
        nodes = self._release.nodes
        root = nodes[code]
        if not UNSPECIFIED.search(root.description) or not (root.billable or root.parent):
            return self._affirming(code)
        # "F17.200" and "F17.20" both leave the product open: look above all that is open.
        while root.parent and UNSPECIFIED.search(root.description):
            root = nodes[root.parent]
        # "M17.9" leaves both the kind and the side open: look one level further up.
        if root.parent and len(self._family(root.code).leaves) <= 2:
            root = nodes[root.parent]
        return root.code

    def _affirming(self, code: str) -> str:
        """Where what a code denies may be affirmed: "Barrett's" is the one without dysplasia."""
        nodes = self._release.nodes
        denied = split(nodes[code].description)[1]
        if not denied or not nodes[code].billable or code[0] in _INJURIES:
            return code
        above = nodes[code].parent
        while above and len(above) > CATEGORY:
            if any(
                denied & split(nodes[leaf.node.code].description)[0]
                for leaf in self._family(above).leaves
            ):
                return above
            above = nodes[above].parent
        return code

    def choose(self, code: str, context: Context) -> Choice:
        """The best billable codes for a node, how well the words fit (0 is neutral), the next."""
        places = self._places(code, context)
        if not places:
            return self._choose(code, context)
        root = self._family_root(code)
        if self._family(root).several:
            choice = self._choose(code, replace(context, said=context.said | MANY))
            # Across a category "multiple sites" says too little of which disease it is.
            jumps = root != code and len(root) <= CATEGORY
            vague = OTHER.search(self._release.nodes[choice.codes[0]].description)
            return self._choose(code, context) if jumps and vague else choice
        everywhere = frozenset(w for place in places for w in place.stems)
        choices = [
            self._choose(
                code,
                replace(
                    context,
                    said=context.said - (everywhere - place.stems),
                    implied=implied_by(place.stems) - place.stems,
                    side=place.side,
                ),
            )
            for place in places
        ]
        codes = tuple(dict.fromkeys(c for choice in choices for c in choice.codes))
        return Choice(codes, min(c.fit for c in choices), choices[0].others)

    def _places(self, code: str, context: Context) -> tuple[Place, ...]:
        """The places of a mention whose codes differ by site, where they are of several sites."""
        if not context.places or code[0] in _INJURIES:
            return ()
        family = self._family(self._family_root(code))
        held = [
            (place, found)
            for place in context.places
            if (found := (place.stems | implied_by(place.stems)) & family.sites)
        ]
        # Both knees are one site to a family that knows "multiple sites".
        different = {(found, "" if family.several else place.side) for place, found in held}
        return tuple(place for place, _ in held) if len(different) > 1 else ()

    def _choose(self, code: str, context: Context) -> Choice:
        root = self._family_root(code)
        family = self._family(root)
        if not family.leaves:
            return Choice((code,), 0.0)
        if len(family.leaves) == 1:
            first, *later = self._with_episodes(family.leaves[0].node, context)
            fuller = self._fuller(code, context)
            if fuller:
                node, words = fuller
                return Choice((self._with_episode(node, context),), NEAR * words, ((code, 0.0),))
            return Choice((first,), 0.0, tuple((c, -EPISODE_OFF) for c in later[:ALTERNATIVES]))
        # A jump across a whole category needs all its words: its codes are other conditions.
        missing = MISSING if len(root) > 3 or root == code else 2 * MISSING
        own = self._own_words(code)
        scored = [
            (score(leaf, family, leaf.node.code == code, own, context, missing), -i, leaf)
            for i, leaf in enumerate(family.leaves)
        ]
        scored.sort(key=lambda s: (-round(s[0], 9), -s[1]))
        best_score, _, best = scored[0]
        picked = [best]
        if context.side == BOTH and best.side in (LEFT, RIGHT):
            twin = next((s for s in scored[1:] if twins(s[2], best)), None)
            if twin and twin[0] > best_score - 0.2:
                picked.append(twin[2])
        rest = [(s, leaf) for s, _, leaf in scored[1:] if leaf not in picked][:ALTERNATIVES]
        chosen = [self._with_episodes(leaf.node, context) for leaf in picked]
        after = [(c, best_score - EPISODE_OFF) for cs in chosen for c in cs[1 : 1 + ALTERNATIVES]]
        return Choice(
            tuple(codes[0] for codes in chosen),
            best_score,
            (*((self._with_episode(leaf.node, context), score) for score, leaf in rest), *after),
        )

    def _siblings(self, code: str) -> tuple[tuple[Node, frozenset[str]], ...]:
        """Codes beside a billable one that say all it says, and the words they say more."""
        if code not in self._fullers:
            node, found = self._release.nodes[code], []
            own = split(node.description)[0] - FREE
            nearby = self._release.children.get(node.parent, ()) if node.parent else ()
            for other in nearby if node.billable and own else ():
                sibling = self._release.nodes[other]
                words = split(sibling.description)[0]
                if (
                    other != code
                    and sibling.billable
                    and own < words
                    and not OTHER.search(sibling.description)
                ):
                    found.append((sibling, words - own))
            self._fullers[code] = tuple(found)
        return self._fullers[code]

    def _fuller(self, code: str, context: Context) -> tuple[Node, int] | None:
        """The code beside that also says what qualifies the mention ("acute toxic hepatitis")."""
        said = context.close - context.denied
        fitting = [(node, len(more)) for node, more in self._siblings(code) if more <= said]
        return max(fitting, key=lambda f: f[1], default=None)

    def _with_episodes(self, node: Node, context: Context) -> tuple[str, ...]:
        """The node's codes by episode of care, best first (guideline I.C.19.a, I.C.13.c)."""
        children = self._release.children.get(node.code, ())
        if node.billable or not children:
            return (node.code,)
        by_character = {c[-1]: c for c in children}
        found = tuple(by_character[c] for c in episode(context, frozenset(by_character)))
        return found or (children[0],)

    def _with_episode(self, node: Node, context: Context) -> str:
        return self._with_episodes(node, context)[0]


def episode(context: Context, characters: frozenset[str]) -> tuple[str, ...]:
    """7th characters to try, best first."""
    return episodes(context.text, context.visit, characters, context.open_grade, context.healing)

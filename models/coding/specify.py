"""From a node to the billable code that the note's words support.

Laterality, site, type, stage and encounter are slots, not similarity: among the
codes of a node's family, each is weighed by the words of its description that
the others do not share; those found near the mention speak for it, those not
found against it. *Unspecified* has no such words and so wins when nothing does.
"""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from data.terminology.icd10cm import Node, Release
from data.terminology.words import stem, stems
from models.coding.document import RESOURCES, Document, Sentence
from models.coding.measures import gestation, trimester

SIDES = frozenset({"left", "right", "bilater"})
_SIDE_LETTERS = {
    "l": "left",
    "r": "right",
    "ou": "bilater",
    "od": "right",
    "os": "left",
    "both": "bilater",
}

# How much a word of the description counts when found in the sentence, the next ones, the note.
NEAR, BESIDE, FAR = 1.0, 0.6, 0.25
MISSING = 0.55
FAMILY_LIMIT = 400

_OTHER = re.compile(r"^other\b|\bother specified\b|, other\b|\bother\b", re.I)
_UNSPECIFIED = re.compile(r"\bunspecified\b|without complication|\bNOS\b|not intractable", re.I)
_EMPTY = frozenset(
    [
        "of",
        "in",
        "the",
        "and",
        "with",
        "to",
        "or",
        "a",
        "an",
        "by",
        "for",
        "due",
        "unspecifi",
        "specifi",
        "other",
        "part",
        "side",
        "not",
        "elsewhere",
        "classifi",
        "type",
        "disord",
        "diseas",
        "complic",
        "without",
    ]
)


@cache
def encounter_cues() -> Mapping[str, tuple[str, ...]]:
    table: dict[str, list[str]] = {}
    with (RESOURCES / "encounter_cues.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            table.setdefault(row["kind"], []).append(row["cue"])
    return {kind: tuple(cues) for kind, cues in table.items()}


@dataclass(frozen=True)
class Context:
    """Stems around a mention, nearest first; ``note`` is the whole note's."""

    sentence: frozenset[str]
    beside: frozenset[str]
    note: frozenset[str]
    sides_near: frozenset[str]
    side_share: Mapping[str, float]  # of all sides that the note names
    text: str  # lower-case words of the sentence and its neighbours
    subsequent_visit: bool


def _side(word: str) -> str | None:
    return word if word in SIDES else _SIDE_LETTERS.get(word)


def _sides(tokens: Sequence[str]) -> frozenset[str]:
    return frozenset(side for t in tokens if (side := _side(t)))


class ContextReader:
    """Contexts of a document's sentences, made once each."""

    def __init__(self, document: Document) -> None:
        self._document = document
        note = {t.stem for t in document.tokens}
        weeks = gestation(document.text)
        if weeks:
            note |= {trimester(weeks.weeks), stem("trimester")}
        self._note = frozenset(note)
        sides = [side for t in document.tokens if (side := _side(t.stem))]
        self._side_share = {s: sides.count(s) / len(sides) for s in set(sides)}
        self._cache: dict[int, Context] = {}
        head = document.text[:400].lower()
        note_type = (document.note.note_type or "").lower()
        cues = encounter_cues()["subsequent"]
        self._subsequent = any(c in head or c in note_type for c in cues)

    def _stems(self, sentence: Sentence) -> list[str]:
        return [t.stem for t in self._document.sentence_tokens(sentence)]

    def at(self, index: int) -> Context:
        """The context of sentence ``index``."""
        if index not in self._cache:
            sentences = self._document.sentences
            own = self._stems(sentences[index])
            near: list[str] = []
            for other in (index - 1, index + 1):
                if (
                    0 <= other < len(sentences)
                    and sentences[other].section == sentences[index].section
                ):
                    near += self._stems(sentences[other])
            begin = sentences[max(0, index - 1)].start
            text = self._document.text[begin : sentences[index].end].lower()
            self._cache[index] = Context(
                frozenset(own),
                frozenset(near),
                self._note,
                _sides(own),
                self._side_share,
                text,
                self._subsequent,
            )
        return self._cache[index]


@lru_cache(maxsize=100_000)
def _distinct_stems(description: str) -> frozenset[str]:
    return frozenset(s for s in stems(description) if s not in _EMPTY)


class Specifier:
    """Chooses billable codes under nodes of one release."""

    def __init__(self, release: Release) -> None:
        self._release = release
        self._families: dict[str, tuple[Node, ...]] = {}

    def _stem_nodes(self, root: str) -> tuple[Node, ...]:
        """Leaves under ``root`` before 7th characters are put on."""
        if root not in self._families:
            release = self._release
            leaves = []
            for node in (release.nodes[root], *release.descendants(root)):
                children = release.children.get(node.code, ())
                if (not children and not (node.seventh and len(node.code) > 7)) or (
                    children and all(release.nodes[c].seventh and len(c) > 7 for c in children)
                ):
                    leaves.append(node)
            self._families[root] = tuple(leaves[:FAMILY_LIMIT])
        return self._families[root]

    def _family_root(self, code: str) -> str:
        """Where to look for something more specific: an unspecified leaf's siblings count too."""
        node = self._release.nodes[code]
        if node.parent and node.billable and _UNSPECIFIED.search(node.description):
            return node.parent
        return code

    def choose(self, code: str, context: Context) -> tuple[str, float]:
        """The best billable code for a node, and how well the words fit (0 is neutral)."""
        release = self._release
        root = self._family_root(code)
        # "M17.9" leaves both the kind and the side open: look one level further up.
        parent = release.nodes[root].parent
        if root != code and parent and len(self._stem_nodes(root)) <= 2:
            root = parent
        leaves = self._stem_nodes(root)
        if not leaves:
            return code, 0.0
        if len(leaves) == 1:
            return self._seventh(leaves[0], context), 0.0
        bags = [_distinct_stems(node.description) for node in leaves]
        counts = Counter(s for bag in bags for s in bag)
        shared = {s for s, n in counts.items() if n == len(bags)}
        # A jump across a whole category needs all its words: its codes are other conditions.
        missing = MISSING if len(root) > 3 or root == code else 2 * MISSING
        best, best_score = leaves[0], -math.inf
        for node, bag in zip(leaves, bags, strict=True):
            weights = [self._weight(s, context, missing) for s in sorted(bag - shared)]
            plain = bool(_UNSPECIFIED.search(node.description))
            if plain or node.code == code:
                # The words are already justified; an unspecified code claims nothing more.
                weights = [w for w in weights if w > 0]
            score = sum(weights) + 0.1 * plain + 0.3 * (node.code == code)
            if _OTHER.search(node.description):
                score -= 0.45
            if score > best_score + 1e-9:
                best, best_score = node, score
        return self._seventh(best, context), best_score

    @staticmethod
    def _weight(word: str, context: Context, missing: float) -> float:
        if word in SIDES:
            if context.sides_near:
                if word == "bilater" and {"left", "right"} <= context.sides_near:
                    return NEAR
                return NEAR if word in context.sides_near else -MISSING
            if word in context.beside:
                return BESIDE
            return FAR * context.side_share[word] if word in context.side_share else -MISSING
        if word in context.sentence:
            return NEAR
        if word in context.beside:
            return BESIDE
        if word in context.note:
            return FAR - missing / 2
        return -missing

    def _seventh(self, node: Node, context: Context) -> str:
        """Put on the 7th character for the episode of care (guideline I.C.19.a, I.C.13.c)."""
        children = self._release.children.get(node.code, ())
        if node.billable or not children:
            return node.code
        by_character = {c[-1]: c for c in children}
        for character in episode(context, frozenset(by_character)):
            if character in by_character:
                return by_character[character]
        return children[0]


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

"""Wordings read as a bag of words within one sentence ("pain in the right knee" for *knee pain*).

The words of a bag stand near each other, in any order; numbers stand beside another of
its words, and nothing that denies or parts them stands between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from data.terminology.words import stems
from models.coding.document import Token
from models.coding.shorthand import SIDES, is_handedness
from models.coding.terms import TermIndex

# How far apart the words of a bag may stand: its own words plus this many others.
BAG_SLACK = 3
BAG_ANCHORS = 4  # places of its rarest word that are tried
PHRASE_SLACK = 2  # the same for a phrase, whose words keep their order
_COURSES = frozenset(stems("acute chronic subacute recurrent persistent mild moderate severe"))


@dataclass(frozen=True, slots=True)
class Match:
    """A node read off a sentence's content tokens ``[first, last)``.

    Attributes:
        places: of a bag, where its own words stand; others may stand between them.
    """

    first: int
    last: int
    code: str
    source: str
    words: int
    places: frozenset[int] = frozenset()


_BARRIERS = frozenset(",;:.!?()|\t")


def barrier(text: str, left: Token, right: Token) -> bool:
    """Whether punctuation between two tokens keeps a wording from running across."""
    gap = text[left.end : right.start]
    return gap != " " and (not _BARRIERS.isdisjoint(gap) or "\n\n" in gap)


# A bag never reaches over these: what stands beyond them is said otherwise.
_BAG_FENCES = frozenset(
    {"no", "not", "never", "deni", "denies", "without", "negat", "but", "neg", "vs"}
)

# What a wording may say itself: "bladder does not empty", "never empty".
_SAID_DENIALS = frozenset({"not", "never"})


def _is_fence(text: str, content: list[Token], i: int) -> bool:
    """Whether a bag must not reach over a token; "w/o" is two of them."""
    token = content[i]
    return token.stem in _BAG_FENCES or (
        token.stem == "w" and text[token.end : token.end + 2].lower() == "/o"
    )


def _means_itself(text: str, content: list[Token], i: int) -> bool:
    """Whether a token is a word of a condition: the number of "#1" and a hand's side are not."""
    token = content[i]
    if token.stem.isdigit():
        return text[token.start - 1 : token.start] != "#"
    return not (token.stem in SIDES and is_handedness(content, i))


def _numbers_stand_close(bag: frozenset[str], at: dict[str, int]) -> bool:
    """Whether each number of a bag stands beside another of its words ("class 2")."""
    places = set(at.values())
    return all({at[s] - 1, at[s] + 1} & places for s in bag if s.isdigit())


def _came_from(text: str, content: list[Token], bag: frozenset[str], at: dict[str, int]) -> bool:
    """ "Metastases from the breast" are not in it: what spread and whence are no bag."""
    if "metastasi" not in bag:
        return False
    begin, end = content[min(at.values())].start, content[max(at.values())].end
    return " from " in text[begin:end]


def _is_said(text: str, content: list[Token], stems: tuple[str, ...], at: dict[str, int]) -> bool:
    """Whether a phrase's words stand in their order, near each other, in one clause."""
    places = [at[s] for s in stems]
    first, last = places[0], places[-1]
    return (
        places == sorted(places)
        and last - first < len(stems) + PHRASE_SLACK
        and not any(barrier(text, content[i], content[i + 1]) for i in range(first, last))
    )


_SIDE_WORDS = SIDES | {"r", "l"}


def _skips_a_side(
    text: str, content: list[Token], bag: frozenset[str], places: frozenset[int]
) -> bool:
    """Whether a bag takes the side of another site: "OA right knee, left hip" is no left knee."""
    if bag.isdisjoint(SIDES):
        return False
    between = range(min(places) + 1, max(places))
    if not any(i not in places and content[i].stem in _SIDE_WORDS for i in between):
        return False
    side = next(i for i in places if content[i].stem in SIDES)
    if any(content[i].stem in _SIDE_WORDS for i in (side - 1, side + 1) if i in between):
        return False  # "flat feet, right and left"
    after = side + 1
    if after < len(content) and not text[content[side].end : content[after].start].strip():
        return after not in places
    return side - 1 not in places


def as_bag(text: str, content: list[Token], index: TermIndex) -> Iterator[Match]:
    fences = [i for i in range(len(content)) if _is_fence(text, content, i)]
    positions: dict[str, list[int]] = {}
    for i, token in enumerate(content):
        if _means_itself(text, content, i):
            positions.setdefault(token.stem, []).append(i)
    present = set(positions)
    for stem in positions:
        beside = index.bags.get(stem)
        if beside is None:
            continue
        bags = [held for second in present & beside.keys() for held in beside[second]]
        for bag, entry in bags:
            if not bag <= present:
                continue
            for anchor in positions[stem][:BAG_ANCHORS]:
                at = {s: min(positions[s], key=lambda p: abs(p - anchor)) for s in bag}
                first, last = min(at.values()), max(at.values()) + 1
                if last - first > len(bag) + BAG_SLACK or any(
                    first < f < last
                    and not (content[f].stem in _SAID_DENIALS and content[f].stem in bag)
                    for f in fences
                ):
                    continue
                if not _numbers_stand_close(bag, at) or _came_from(text, content, bag, at):
                    continue
                if entry.phrase and not _is_said(text, content, entry.stems, at):
                    continue
                places = frozenset(at.values())
                if _skips_a_side(text, content, bag, places):
                    continue
                yield Match(first, last, entry.code, "bag:" + entry.source, len(bag), places)
                break


def skips_a_qualifier(m: Match, others: list[Match], content: list[Token]) -> bool:
    """Whether a bag says a course and leaves out what a wording with the same head says.

    "Chronic immune thrombocytopenia" is immune, and no chronic one of an unknown kind.
    """
    return (
        ":" in m.source
        and content[m.first].stem in _COURSES
        and any(
            ":" not in o.source and m.first < o.first and o.last == m.last and o.words >= m.words
            for o in others
        )
    )

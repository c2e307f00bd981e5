"""What stands around a mention: words said and denied, sides, weeks, kind of visit.

Shorthand counts as what it stands for (``shorthand``).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from data.schemas import Sex
from data.terminology.words import stems
from models.coding.document import Document, Sentence, Token
from models.coding.episodes import healing, open_grade, stage_of_visit
from models.coding.measures import gestation, named_trimester, trimester
from models.coding.places import Place, places_of
from models.coding.regions import counted_out
from models.coding.shorthand import (
    BOTH,
    LEFT,
    RIGHT,
    SIDES,
    hand_used,
    implied_by,
    is_handedness,
    meant,
    note_word,
    phrases_at,
)
from models.coding.sides import letter_side
from models.coding.stage import childbearing_stage, fetus_stems

__all__ = ["BOTH", "LEFT", "RIGHT", "SIDES", "Context", "ContextReader", "narrowed"]

# How far from its mention a side or a denial reaches, in words.
SIDE_REACH = 6
DENIAL_REACH = 4
SITE_REACH = 4
LEADING_SHARE = 0.75
# How many words before and behind a mention qualify it.
CLOSE_BEFORE, CLOSE_BEHIND = 2, 5

_DENIALS = re.compile(r"\b(?:w/o|without|no|not|denies|neg(?:ative)?(?:\s+for)?)\b", re.I)
# "R ankle: nl" names the other side only to compare.
_NORMAL = re.compile(r"[^.;\n]{0,40}\b(?:nl|normal|wnl|unremarkable|uninjured|unaffected)\b", re.I)
_WELL = re.compile(
    r" (?:ear |eye |side |knee |hip |hand |foot |arm |leg |breast )?(?:is |was |hearing |vision )?"
    r"(?:nl|normal|wnl|unremarkable|uninjured|unaffected|fine|ok)\b",
    re.I,
)
_LISTED = re.compile(r"(?:^|[\n,;])[ #(]*$")
_CLAUSE_END = re.compile(r"[,;.:\n]")


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds one mention.

    Attributes:
        said, beside, note: stems of the sentence, its neighbours in the section, the note.
        implied: stems of the wholes that sites of the sentence are parts of ("thigh": limb).
        hand: the hand that the patient uses, ``""`` where nobody says.
        close: stems of the mention and of the words that qualify it, right before and behind.
        places: where each the mention is said to be, if at several (:mod:`places`).
        denied: stems that the sentence or its neighbours say are absent.
        side: the side said of the mention; ``""`` where the sentence names none.
        site_sides: what the note says elsewhere: stem of a site → its side.
        only_side: the side that nearly all of the note's sides name.
        trimester: ``first``, ``second``, ``third`` or ``""``.
        text: lower-case words of the sentence and the one before.
        open_grade: of the note's gravest open fracture, as ``episodes.open_grade``.
        healing: of the note's injuries, as ``episodes.healing``.
        visit: the stage of care that the visit's kind says, as ``episodes.stage_of_visit``.
        stage: ``childbirth``, ``puerperium`` or ``""``.
    """

    said: frozenset[str]
    beside: frozenset[str]
    note: frozenset[str]
    denied: frozenset[str]
    side: str
    side_beside: str
    site_sides: Mapping[str, str]
    only_side: str
    trimester: str
    text: str
    visit: str
    open_grade: int
    healing: str
    stage: str
    implied: frozenset[str] = frozenset()
    hand: str = ""
    close: frozenset[str] = frozenset()
    places: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """A sentence's part of its contexts, the same for every mention in it."""

    said: frozenset[str]
    beside: frozenset[str]
    denied: frozenset[str]
    side_beside: str
    text: str
    implied: frozenset[str]


class ContextReader:
    """Contexts of a document's mentions."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._sides = dict(self._find_sides())
        sex = {Sex.FEMALE: "female", Sex.MALE: "male"}.get(document.note.sex or Sex.UNKNOWN)
        self._sex = frozenset(stems(sex or ""))
        self.note = frozenset(t.stem for t in document.tokens) | self._sex
        hurt = {i: side for i, side in self._sides.items() if not self._is_normal(i)}
        self._site_sides = self._find_site_sides(hurt)
        self._only_side = _leading(Counter(hurt.values()))
        weeks = gestation(document.text)
        self._trimester = trimester(weeks.weeks) if weeks else named_trimester(document.text)
        self._stage = childbearing_stage(document.text, document.note)
        self._open_grade = max(
            (open_grade(document.text[s.start : s.end].lower()) for s in document.sentences),
            default=0,
        )
        self._healing = healing(document.text.lower())
        self.visit = stage_of_visit(document.note)
        self._hand = hand_used(document.tokens)
        self._cache: dict[int, Neighbourhood] = {}

    def _find_sides(self) -> Iterator[tuple[int, str]]:
        """Token index → side."""
        text, tokens = self._document.text, self._document.tokens
        for i, token in enumerate(tokens):
            if token.stem in SIDES:
                side = token.stem
            elif token.stem == "both":
                side = BOTH
            elif token.text in ("L", "R", "l", "r"):
                side = letter_side(text, tokens, i)
            else:
                known = (note_word(token), *phrases_at(tokens, i))
                side = next((each.side for each in reversed(known) if each and each.side), "")
            if side and not is_handedness(tokens, i):
                yield i, side

    def _is_normal(self, i: int) -> bool:
        return bool(_NORMAL.match(self._document.text, self._document.tokens[i].end))

    def _is_compared(self, i: int) -> bool:
        """Whether a side is said to be well right behind it ("SNHL R, L normal")."""
        return bool(_WELL.match(self._document.text, self._document.tokens[i].end))

    def _find_site_sides(self, sides: Mapping[int, str]) -> dict[str, str]:
        """The side that the note gives to each word right of a side ("L ring finger")."""
        counts: dict[str, Counter[str]] = {}
        tokens = self._document.tokens
        for i, side in sides.items():
            for token in tokens[i + 1 : i + 1 + SITE_REACH]:
                gap = self._document.text[tokens[i].end : token.start]
                # "OS: lid": a side that heads its line.
                gap = gap.removeprefix(":")
                if _CLAUSE_END.search(gap):
                    break
                for site in meant((token,)):
                    counts.setdefault(site, Counter())[side] += 1
            # "RLE" is a site and its side at once.
            own = note_word(tokens[i])
            for site in own.stems if own else ():
                counts.setdefault(site, Counter())[side] += 1
        for found in counts.values():
            # "Pulses full in both feet" says nothing of which is hurt.
            if len(found) > 1:
                found.pop(BOTH, None)
        # Where the note names both sides of one site about as often, neither is known from afar.
        return {site: side for site, found in counts.items() if (side := _leading(found))}

    def _denied(self, sentence: Sentence) -> set[str]:
        text = self._document.text
        denied: set[str] = set()
        tokens = self._document.sentence_tokens(sentence)
        for match in _DENIALS.finditer(text, sentence.start, sentence.end):
            reached = 0
            for token in tokens:
                if token.start < match.end():
                    continue
                if reached == DENIAL_REACH or _CLAUSE_END.search(text[match.end() : token.start]):
                    break
                known = note_word(token)
                denied.update((token.stem, *(known.stems if known else ())))
                reached += 1
        return denied

    def _unnumbered(self, sentence: Sentence) -> list[Token]:
        """The sentence's words without the numbers of a list ("1 Stage 4 ulcer, 2 Stage 2")."""
        text = self._document.text
        return [
            t
            for t in self._document.sentence_tokens(sentence)
            if not (t.text.isdigit() and _LISTED.search(text[max(0, t.start - 4) : t.start]))
        ]

    def around(self, index: int) -> Neighbourhood:
        """What stands in and beside a sentence."""
        if index in self._cache:
            return self._cache[index]
        sentences = self._document.sentences
        own = sentences[index]
        denied = self._denied(own)
        said = (meant(self._unnumbered(own)) - denied) | self._sex
        said |= fetus_stems(self._document.text[own.start : own.end])
        beside: set[str] = set()
        sides: list[str] = []
        for other in (index - 1, index + 1):
            if 0 <= other < len(sentences) and sentences[other].section == own.section:
                lost = self._denied(sentences[other])
                beside |= meant(self._document.sentence_tokens(sentences[other])) - lost
                denied |= lost - said
                sides += [
                    self._sides[i]
                    for i in range(sentences[other].first, sentences[other].last)
                    if i in self._sides
                ]
        begin = sentences[max(0, index - 1)].start
        found = Neighbourhood(
            frozenset(said),
            frozenset(beside),
            frozenset(denied),
            sides[0] if len(set(sides)) == 1 else "",
            self._document.text[begin : own.end].lower(),
            implied_by(said) - said,
        )
        self._cache[index] = found
        return found

    def _side(self, sentence: Sentence, first: int, last: int) -> str:
        """The side nearest to the tokens ``[first, last)``; "left and right" is both."""
        within = range(sentence.first, sentence.last)
        near = [i for i in within if i in self._sides and not self._is_compared(i)]
        near = near or [i for i in within if i in self._sides]
        if not near:
            return ""
        inside = [i for i in near if first <= i < last]

        def distance(i: int) -> tuple[int, int]:
            return (first - i if i < first else max(0, i - last + 1), i < first)

        best = min(inside or near, key=distance)
        tokens = self._document.tokens
        for other in near:
            joined = abs(other - best) == 1 or (
                abs(other - best) == 2 and tokens[(other + best) // 2].stem == "and"
            )
            if joined and {self._sides[other], self._sides[best]} == {LEFT, RIGHT}:
                return BOTH
        if distance(best)[0] > SIDE_REACH and len({self._sides[i] for i in near}) > 1:
            return ""
        return self._sides[best]

    def _close(self, sentence: Sentence, first: int, last: int) -> frozenset[str]:
        """The mention's words with an adjective before it and what a comma may part behind it."""
        tokens, text = self._document.tokens, self._document.text
        begin, end = first, last
        while begin > max(sentence.first, first - CLOSE_BEFORE):
            if text[tokens[begin - 1].end : tokens[begin].start].strip():
                break
            begin -= 1
        while end < min(sentence.last, last + CLOSE_BEHIND):
            if _CLAUSE_END.search(text[tokens[end - 1].end : tokens[end].start].replace(",", "")):
                break
            end += 1
        return frozenset(meant(tokens[begin:end]))

    def at(self, index: int, first: int | None = None, last: int | None = None) -> Context:
        """The context of tokens ``[first, last)`` (the whole sentence by default)."""
        sentence = self._document.sentences[index]
        around = self.around(index)
        side = self._side(
            sentence,
            sentence.first if first is None else first,
            sentence.last if last is None else last,
        )
        counted = counted_out(self._document.text[sentence.start : sentence.end], side)
        return Context(
            around.said | counted,
            around.beside,
            self.note,
            around.denied,
            side,
            around.side_beside,
            self._site_sides,
            self._only_side,
            self._trimester,
            around.text,
            self.visit,
            self._open_grade,
            self._healing,
            self._stage,
            around.implied,
            self._hand,
            frozenset() if first is None or last is None else self._close(sentence, first, last),
            ()
            if first is None or last is None
            else places_of(self._document, self._sides, sentence, first, last),
        )


def narrowed(context: Context, tokens: Sequence[Token], named: frozenset[str]) -> Context:
    """The context with only ``tokens`` said of the mention, and what it is ``named`` besides."""
    said = frozenset(meant(tokens)) - context.denied | named
    return replace(context, said=said, beside=context.beside | context.said)


def _leading(sides: Counter[str]) -> str:
    """The side that at least three quarters name; ``""`` where none does."""
    if not sides:
        return ""
    side, count = sides.most_common(1)[0]
    return side if count >= LEADING_SHARE * sides.total() else ""

"""What stands around a mention: words said and denied, sides, weeks, kind of visit.

Clinicians write "R knee", "OU", "HFpEF"; ``resources/note_words.csv`` says which
words of a description and which side such shorthand stands for.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from data.schemas import Sex
from data.terminology.words import stems
from models.coding.document import RESOURCES, Document, Sentence, Token
from models.coding.measures import gestation, trimester
from models.coding.stage import childbearing_stage, fetus_stems

LEFT, RIGHT, BOTH = "left", "right", "bilater"
SIDES = frozenset({LEFT, RIGHT, BOTH})
# How far from its mention a side or a denial reaches, in words.
SIDE_REACH = 6
DENIAL_REACH = 4
SITE_REACH = 4
LEADING_SHARE = 0.75

_DENIALS = re.compile(r"\b(?:w/o|without|no|not|denies|neg(?:ative)?(?:\s+for)?)\b", re.I)
_TRIMESTER = re.compile(r"\b(first|second|third|1st|2nd|3rd)\s+trimester", re.I)
_CLAUSE_END = re.compile(r"[,;.:\n]")


@dataclass(frozen=True, slots=True)
class _NoteWord:
    stems: tuple[str, ...]
    side: str


@cache
def _note_words() -> dict[str, _NoteWord]:
    """Shorthand → stems and side; all-capitals rows match capitals only."""
    table: dict[str, _NoteWord] = {}
    with (RESOURCES / "note_words.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            side = BOTH if row["side"] == "both" else row["side"]
            table[row["word"]] = _NoteWord(stems(row["means"]), side)
    return table


def _note_word(token: Token) -> _NoteWord | None:
    table = _note_words()
    return table.get(token.text) or (
        table.get(token.text.lower()) if not token.text.isupper() else None
    )


@dataclass(frozen=True, slots=True)
class Context:
    """What surrounds one mention.

    Attributes:
        said, beside, note: stems of the sentence, its neighbours in the section, the note.
        denied: stems that the sentence or its neighbours say are absent.
        side: the side said of the mention; ``""`` where the sentence names none.
        site_sides: what the note says elsewhere: stem of a site → its side.
        only_side: the side that nearly all of the note's sides name.
        trimester: ``first``, ``second``, ``third`` or ``""``.
        text: lower-case words of the sentence and the one before.
        subsequent_visit: whether the visit is for something treated before.
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
    subsequent_visit: bool
    stage: str


@cache
def encounter_cues() -> Mapping[str, tuple[str, ...]]:
    """Kind of cue → wordings, from ``resources/encounter_cues.csv``."""
    table: dict[str, list[str]] = {}
    with (RESOURCES / "encounter_cues.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            table.setdefault(row["kind"], []).append(row["cue"])
    return {kind: tuple(cues) for kind, cues in table.items()}


@dataclass(frozen=True, slots=True)
class _Neighbourhood:
    """A sentence's part of its contexts, the same for every mention in it."""

    said: frozenset[str]
    beside: frozenset[str]
    denied: frozenset[str]
    side_beside: str
    text: str


class ContextReader:
    """Contexts of a document's mentions."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._sides = dict(self._find_sides())
        sex = {Sex.FEMALE: "female", Sex.MALE: "male"}.get(document.note.sex or Sex.UNKNOWN)
        self._sex = frozenset(stems(sex or ""))
        self._note = frozenset(t.stem for t in document.tokens) | self._sex
        self._site_sides = self._find_site_sides()
        self._only_side = _leading(Counter(self._sides.values()))
        weeks = gestation(document.text)
        self._trimester = trimester(weeks.weeks) if weeks else _named_trimester(document.text)
        self._stage = childbearing_stage(document.text)
        head = document.text[:400].lower()
        note_type = (document.note.note_type or "").lower()
        cues = encounter_cues()["subsequent"]
        self._subsequent = any(c in head or c in note_type for c in cues)
        self._cache: dict[int, _Neighbourhood] = {}

    def _find_sides(self) -> Iterator[tuple[int, str]]:
        """Token index → side."""
        text, tokens = self._document.text, self._document.tokens
        for i, token in enumerate(tokens):
            if token.stem in SIDES:
                yield i, token.stem
            elif token.stem == "both":
                yield i, BOTH
            elif token.text in ("L", "R", "l", "r"):
                side = self._letter(text, tokens, i)
                if side:
                    yield i, side
            else:
                known = _note_word(token)
                if known and known.side:
                    yield i, known.side

    @staticmethod
    def _letter(text: str, tokens: tuple[Token, ...], i: int) -> str:
        """The side of a single letter: "b/l" is both; "2 L", "r/o" and "L-spine" are none."""
        token = tokens[i]
        before, after = text[max(0, token.start - 1) : token.start], text[token.end : token.end + 1]
        previous = tokens[i - 1].text.lower() if i and before == "/" else ""
        if previous == "b" and token.text in "lL":
            return BOTH
        if after == "/" and i + 1 < len(tokens) and tokens[i + 1].text.lower() == "l":
            return BOTH  # R/L
        if before == "/" or after in ("/", "'"):
            return ""
        if after == "-" and not text[token.end + 1 :].startswith("sided"):
            return ""
        if (
            i
            and tokens[i - 1].text[:1].isdigit()
            and "\n" not in text[tokens[i - 1].end : token.start]
        ):
            return ""
        if token.text.islower() and after not in (" ", ")"):
            return ""
        return LEFT if token.text in "lL" else RIGHT

    def _find_site_sides(self) -> dict[str, str]:
        """The side that the note gives to each word right of a side ("L ring finger")."""
        counts: dict[str, Counter[str]] = {}
        tokens = self._document.tokens
        for i, side in self._sides.items():
            for token in tokens[i + 1 : i + 1 + SITE_REACH]:
                gap = self._document.text[tokens[i].end : token.start]
                if _CLAUSE_END.search(gap):
                    break
                counts.setdefault(token.stem, Counter())[side] += 1
        # Where the note names both sides of one site about as often, neither is known from afar.
        return {site: side for site, found in counts.items() if (side := _leading(found))}

    def _stems(self, sentence: Sentence) -> list[str]:
        out = []
        for token in self._document.sentence_tokens(sentence):
            out.append(token.stem)
            known = _note_word(token)
            if known:
                out += known.stems
        return out

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
                known = _note_word(token)
                denied.update((token.stem, *(known.stems if known else ())))
                reached += 1
        return denied

    def _neighbourhood(self, index: int) -> _Neighbourhood:
        if index in self._cache:
            return self._cache[index]
        sentences = self._document.sentences
        own = sentences[index]
        denied = self._denied(own)
        said = (set(self._stems(own)) - denied) | self._sex
        said |= fetus_stems(self._document.text[own.start : own.end])
        beside: set[str] = set()
        sides: list[str] = []
        for other in (index - 1, index + 1):
            if 0 <= other < len(sentences) and sentences[other].section == own.section:
                lost = self._denied(sentences[other])
                beside |= set(self._stems(sentences[other])) - lost
                denied |= lost - said
                sides += [
                    self._sides[i]
                    for i in range(sentences[other].first, sentences[other].last)
                    if i in self._sides
                ]
        begin = sentences[max(0, index - 1)].start
        found = _Neighbourhood(
            frozenset(said),
            frozenset(beside),
            frozenset(denied),
            sides[0] if len(set(sides)) == 1 else "",
            self._document.text[begin : own.end].lower(),
        )
        self._cache[index] = found
        return found

    def _side(self, sentence: Sentence, first: int, last: int) -> str:
        """The side nearest to the tokens ``[first, last)``; "left and right" is both."""
        near = [i for i in range(sentence.first, sentence.last) if i in self._sides]
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

    def at(self, index: int, first: int | None = None, last: int | None = None) -> Context:
        """The context of tokens ``[first, last)`` (the whole sentence by default)."""
        sentence = self._document.sentences[index]
        around = self._neighbourhood(index)
        side = self._side(
            sentence,
            sentence.first if first is None else first,
            sentence.last if last is None else last,
        )
        return Context(
            around.said,
            around.beside,
            self._note,
            around.denied,
            side,
            around.side_beside,
            self._site_sides,
            self._only_side,
            self._trimester,
            around.text,
            self._subsequent,
            self._stage,
        )


def _named_trimester(text: str) -> str:
    match = _TRIMESTER.search(text)
    names = {"1st": "first", "2nd": "second", "3rd": "third"}
    return names.get(match[1].lower(), match[1].lower()) if match else ""


def _leading(sides: Counter[str]) -> str:
    """The side that at least three quarters name; ``""`` where none does."""
    if not sides:
        return ""
    side, count = sides.most_common(1)[0]
    return side if count >= LEADING_SHARE * sides.total() else ""

"""Reading by example: how patients and triage nurses tell an accident, and its code.

``narratives.csv`` holds short phrases of every common cause and activity of chapter
20. A stretch of a note is compared with all of them by TF-IDF over words, where
words that tell the same deed or thing count as one (``narrative_words.csv``:
*sliced* and *chopped*, *shallots* and *onions*). It finds what no pattern foresaw,
and says how near it came; it proves nothing by itself.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache

from data.terminology.words import STOP_WORDS, stem
from models.coding.circumstances.tables import FOLDER, rows

WINDOW, STEP = 12, 6  # content words compared at once, and how far on the next begin
FLOOR = 0.3
# Shares of the phrase's and of the stretch's length in the score: a stretch says more than its
# accident, so that words it has in excess weigh less than words of the phrase that it lacks.
_PHRASE, _STRETCH = 0.72, 0.28
_LEAST_SHARED = 2
# What a score keeps where the words that tell the code's category are not among the shared ones.
_COMMON = 0.4
_SMOOTHING = 3.0  # examples in which a word is taken to stand elsewhere


@dataclass(frozen=True, slots=True)
class Told:
    """A code that a stretch of words tells, with how near it comes to an example.

    Attributes:
        first, last: the words in common, as a half-open range of the words given.
    """

    code: str
    score: float
    first: int
    last: int


@cache
def _classes() -> dict[str, str]:
    """Word → the name of what it tells; ``""`` where it tells nothing."""
    table: dict[str, str] = {}
    for row in rows(FOLDER, "narrative_words"):
        for word in row["words"].split("|"):
            name = row["class"] and "=" + row["class"]
            table.setdefault(word, name)
            if name:
                table.setdefault(stem(word), name)
    return table


@cache
def _deeds() -> frozenset[str]:
    return frozenset(
        "=" + row["class"] for row in rows(FOLDER, "narrative_words") if row["kind"] == "deed"
    )


def _normal(word: str) -> str:
    lower = word.lower()
    if lower in STOP_WORDS or lower.isdigit():
        return ""
    known = _classes().get(lower)
    if known is None:
        stemmed = stem(lower)
        known = _classes().get(stemmed, stemmed)
    return known


class Narratives:
    """The examples, with what each word weighs."""

    def __init__(self, examples: Iterable[tuple[str, str]]) -> None:
        self._codes: list[str] = []
        phrases: list[set[str]] = []
        for phrase, code in examples:
            self._codes.append(code)
            phrases.append({n for w in phrase.replace("'", " ").split() if (n := _normal(w))})
        frequency: dict[str, int] = defaultdict(int)
        for phrase_words in phrases:
            for word in phrase_words:
                frequency[word] += 1
        total = len(phrases) + 1
        self._share = _shares(phrases, self._codes)
        self._own = [
            max((self._share[w][code[:3]] for w in p), default=1.0)
            for p, code in zip(phrases, self._codes, strict=True)
        ]
        # An example that tells a deed is not met by its persons and places alone.
        self._deeds = [{w for w in p if w in _deeds()} for p in phrases]
        self._weight = {w: (math.log(total / (n + 1)) + 1) ** 2 for w, n in frequency.items()}
        self._unknown = (math.log(total) + 1) ** 2 / 3  # words of the note that no example has
        self._postings: dict[str, list[int]] = defaultdict(list)
        self._lengths: list[float] = []
        self._phrases = phrases
        for i, phrase_words in enumerate(phrases):
            self._lengths.append(sum(self._weight[w] for w in phrase_words) ** _PHRASE or 1.0)
            for word in phrase_words:
                self._postings[word].append(i)

    def read(self, words: Sequence[str]) -> list[Told]:
        """The codes told in a sentence, each by its best stretch, best first."""
        content = [
            (i, n)
            for i, w in enumerate(words)
            if (n := _normal(w)) and not (w.lower() == "ring" and _is_finger(words, i + 1))
        ]
        best: dict[str, Told] = {}
        for begin in range(0, max(1, len(content) - WINDOW + STEP), STEP):
            for told in self._nearest(content[begin : begin + WINDOW]):
                if told.code not in best or told.score > best[told.code].score:
                    best[told.code] = told
        return sorted(best.values(), key=lambda t: (-t.score, t.code))

    def _nearest(self, stretch: Sequence[tuple[int, str]]) -> Iterable[Told]:
        shared: dict[int, float] = defaultdict(float)
        count: dict[int, int] = defaultdict(int)
        length = 0.0
        words = {n for _, n in stretch}
        for word in words:
            weight = self._weight.get(word)
            length += self._unknown if weight is None else weight
            for i in self._postings.get(word, ()):
                shared[i] += weight or 0.0
                count[i] += 1
        if not length:
            return
        width = length**_STRETCH
        nearest: dict[str, tuple[float, int]] = {}
        for i, amount in shared.items():
            if count[i] < _LEAST_SHARED:
                continue
            score = amount / (self._lengths[i] * width)  # 1 where both are the same words
            if score < FLOOR:
                continue
            code = self._codes[i]
            common = words & self._phrases[i]
            if self._deeds[i] and not self._deeds[i] & common:
                continue
            own = max(self._share[w].get(code[:3], 0.0) for w in common) / self._own[i]
            score *= _COMMON + (1 - _COMMON) * own
            if score >= FLOOR and score > nearest.get(code, (0.0, 0))[0]:
                nearest[code] = (score, i)
        for code, (score, i) in nearest.items():
            places = [p for p, w in stretch if w in self._phrases[i]]
            yield Told(code, min(1.0, score), places[0], places[-1] + 1)


def _is_finger(words: Sequence[str], i: int) -> bool:
    """Whether a finger's name goes on here: a *ring finger* wears no ring."""
    return i < len(words) and words[i].lower() in ("finger", "fingertip")


def _shares(phrases: Sequence[set[str]], codes: Sequence[str]) -> dict[str, dict[str, float]]:
    """Word → category → the share of the word's examples that belong to it."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for phrase_words, code in zip(phrases, codes, strict=True):
        for word in phrase_words:
            counts[word][code[:3]] += 1
    return {
        w: {k: n / (found.total() + _SMOOTHING) for k, n in found.items()}
        for w, found in counts.items()
    }


@cache
def narratives() -> dict[str, Narratives]:
    """Kind of code (cause, activity) → its examples."""
    by_kind: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for row in rows(FOLDER, "narratives"):
        by_kind[row["kind"]].append((row["phrase"], row["code"]))
    return {kind: Narratives(examples) for kind, examples in by_kind.items()}

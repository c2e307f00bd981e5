"""Misspelt words: a word that neither the vocabulary nor English knows is read as its nearest.

Retrieval by characters over the vocabulary's words; only long words are touched, and
only where one spelling is close, since a wrong guess makes a disease of a name. The
English words are those of the dense encoder's tokenizer.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import replace
from functools import lru_cache

from rapidfuzz import fuzz, process

from data.terminology.words import stem, words
from models.coding.document import Document, Token

SHORTEST = 6
ENDING = 3  # letters by which a form of an English word may differ from the one listed
CLOSE = 86  # share of letters kept, in percent: one slip in seven letters, two in fourteen


class Speller:
    """Corrects words towards a vocabulary.

    Args:
        wordings: what the vocabulary's words stand in.
        english: words that are no slips, lower case.
    """

    def __init__(self, wordings: Iterable[str], english: Set[str]) -> None:
        self._english = english
        self._stumps = {w[:n] for w in english for n in range(SHORTEST - 1, len(w))}
        known = {w.lower() for text in wordings for w in words(text) if len(w) >= SHORTEST}
        self._known = known
        # A slip seldom changes the first letter or the length by more than one.
        self._near: dict[tuple[str, int], list[str]] = {}
        for word in sorted(known):
            if word.isalpha():
                for length in (len(word) - 1, len(word), len(word) + 1):
                    self._near.setdefault((word[0], length), []).append(word)
        self.correct = lru_cache(maxsize=50_000)(self._correct)

    def _correct(self, word: str) -> str | None:
        """The vocabulary's spelling of a lower-case word; None where it needs none or has none."""
        if len(word) < SHORTEST or not word.isalpha() or word in self._known:
            return None
        if word in self._english or stem(word) in self._english or word[:-ENDING] in self._stumps:
            return None
        near = self._near.get((word[0], len(word)), ())
        close = process.extractOne(word, near, scorer=fuzz.ratio, score_cutoff=CLOSE)
        return close[0] if close and close[0][:2] == word[:2] else None

    def corrected(self, document: Document) -> Document:
        """The document with the stems of misspelt words mended; offsets and words stay."""
        tokens = [self._mended(token) for token in document.tokens]
        if all(new is old for new, old in zip(tokens, document.tokens, strict=True)):
            return document
        return replace(document, tokens=tuple(tokens))

    def _mended(self, token: Token) -> Token:
        # Names are written with a capital; a slip in a heading is rarely the only mention.
        if not token.text.islower():
            return token
        better = self.correct(token.text)
        return replace(token, stem=stem(better)) if better else token

"""Reading this package's tables, and the phrase language they are written in.

A phrase is words as clinicians write them. A space stands for any run of
spaces, hyphens or line breaks; ``-`` for a hyphen, a space or nothing; ``...``
for up to six words; a final ``~`` for any ending; the last word may take a
plural s. A phrase without a lower-case letter and at most five characters long
("UA", "US") is matched as written, all others without regard to case. ``re:``
starts a regular expression.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Generic, NamedTuple, TypeVar

from data.terminology.procedure_codes import split_phrases

T = TypeVar("T")

RESOURCES = Path(__file__).parent / "resources"
split = split_phrases
"""The parts of a cell that lists phrases or names."""

_GAP = r"(?:[\s,/()-]+[\w'.#&-]+){0,6}?[\s,/()-]+"
_FIRST_WORD = re.compile(r"[a-z0-9]+")
_WORD = re.compile(r"[A-Za-z0-9]+")
_LITERAL = re.compile(r"re:(?:\\b)?([a-z0-9]+)\\s")
"""A regular expression that opens with one plain word and a gap."""


class TableError(ValueError):
    """A table row that does not hold; the message names file and line."""


def rows(name: str) -> Iterator[dict[str, str]]:
    """Rows of ``resources/<name>.csv``.

    Raises:
        TableError: a row has another number of columns than the header.
    """
    with (RESOURCES / f"{name}.csv").open(encoding="utf-8", newline="") as handle:
        for line, row in enumerate(csv.DictReader(handle), start=2):
            if None in row or None in row.values():
                raise TableError(
                    f"{name}.csv:{line}: wrong number of columns; quote cells with commas"
                )
            yield row


def phrase_pattern(phrase: str) -> str:
    """The regular expression of one phrase."""
    if phrase.startswith("re:"):
        return phrase[3:]
    parts = []
    for chunk in phrase.split("..."):
        words = [_word(word) for word in chunk.split()]
        parts.append(r"[\s,-]+".join(words))
    body = _GAP.join(parts)
    if len(phrase) > 3 and phrase[-1].isalpha() and phrase[-1] != "s" and phrase != phrase.upper():
        body += "s?"
    if len(phrase) <= 5 and phrase == phrase.upper() and any(c.isalpha() for c in phrase):
        body = f"(?-i:{body})"
    return rf"(?<![\w]){body}(?![\w])"


def _word(word: str) -> str:
    ending = r"\w*" if word.endswith("~") else ""
    escaped = re.escape(word.rstrip("~"))
    escaped = escaped.replace(r"\-", r"[\s-]?").replace("/", r"\s?/\s?").replace("'", "['’]?")
    return escaped + ending


@cache
def compile_phrases(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """One pattern for a list of phrases, longest first, so that it takes the longest."""
    if not phrases:
        return re.compile(r"(?!)")
    ordered = sorted(phrases, key=lambda p: (p.startswith("re:"), -len(p)))
    return re.compile("|".join(f"(?:{phrase_pattern(p)})" for p in ordered), re.IGNORECASE)


def first_words(phrase: str) -> frozenset[str] | None:
    """Words one of which opens every match of a phrase; None: cannot be said.

    A hyphen may be closed up ("xray") and the last word may take an s, so both stand here.
    """
    literal = _LITERAL.match(phrase)
    if literal is not None:
        return frozenset({literal[1]})
    opening, _, rest = phrase.lower().partition(" ")
    match = _FIRST_WORD.match(opening)
    if phrase.startswith("re:") or match is None or opening.endswith("~"):
        return None
    found = {match.group(), "".join(_FIRST_WORD.findall(opening))}
    if not rest:
        found |= {f"{word}s" for word in found}
    return frozenset(found)


def needed_words(phrase: str) -> tuple[frozenset[str], ...]:
    """Words without which a phrase cannot match: one of each set must stand in the text."""
    if phrase.startswith("re:"):
        return ()
    chunks = phrase.lower().replace("...", " ").split()
    found = []
    for number, chunk in enumerate(chunks, start=1):
        if chunk.isascii() and chunk.isalnum():
            last = number == len(chunks)
            found.append(frozenset({chunk, f"{chunk}s"} if last else {chunk}))
    return tuple(found)


def sure_letters(phrase: str) -> str:
    """Lower-case letters that stand in every match of a phrase; empty where none are sure.

    Of a regular expression the longest run of letters outside all brackets: it has no ``|``
    there, since that divides phrases (:func:`split`).
    """
    if not phrase.startswith("re:"):
        opening = _FIRST_WORD.match(phrase.lower())
        return opening.group() if opening else ""
    outside = ["\n"]
    depth, escaped = 0, False
    for character in phrase[3:]:
        if character in "?*{" and depth == 0 and not escaped:
            outside.pop()  # what may be absent is not sure
            outside.append("\n")
        if not escaped:
            depth += (character in "([{") - (character in ")]}")
        sure = depth == 0 and character.isalnum() and not escaped
        outside.append(character if sure else "\n")
        escaped = character == "\\" and not escaped
    return max("".join(outside).split("\n"), key=len).lower()


class WordIndex:
    """Where each word of a text begins; a word is a run of ASCII letters and digits, lower case."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.lower = text.lower()
        self._at: dict[str, list[int]] = {}
        # lower() may change a text's length; these runs are found in the text itself
        for match in _WORD.finditer(text):
            self._at.setdefault(match.group().lower(), []).append(match.start())

    @property
    def words(self) -> Iterable[str]:
        """The words, each once."""
        return self._at.keys()

    def __contains__(self, word: str) -> bool:
        return word in self._at

    def matches(self, pattern: re.Pattern[str], keys: Iterable[str]) -> Iterator[re.Match[str]]:
        """Matches of a pattern in order, tried only where one of its first words stands."""
        last = 0
        for start in sorted({at for key in keys for at in self._at.get(key, ())}):
            if start >= last:
                match = pattern.match(self.text, start)
                if match:
                    last = match.end()
                    yield match


class _Phrase(NamedTuple):
    """A phrase of a list: where its matches begin, and what they cannot do without."""

    row: int
    first: frozenset[str]
    needs: tuple[frozenset[str], ...]


class PhraseBook(Generic[T]):
    """Lists of phrases, each with what it stands for; only those whose words stand are tried.

    A list's pattern is compiled when a note first asks for it: a note needs few of thousands.
    """

    def __init__(self, rows: Iterable[tuple[T, tuple[str, ...]]]) -> None:
        self._rows: list[tuple[T, tuple[str, ...]]] = list(rows)
        self._loose: dict[int, tuple[tuple[str, str], ...]] = {}
        every: list[_Phrase] = []
        for number, (_, phrases) in enumerate(self._rows):
            loose = []
            for words in phrases:
                first = first_words(words)
                if first is None:
                    loose.append(words)
                else:
                    every.append(_Phrase(number, first, needed_words(words)))
            if loose:
                self._loose[number] = tuple((sure_letters(p), p) for p in loose)
        often = Counter(word for phrase in every for needs in phrase.needs for word in needs)
        self._by_word: dict[str, list[_Phrase]] = {}
        for phrase in every:
            # by the word that fewest phrases share; every match needs it
            rarest = min(phrase.needs, key=lambda n: sum(often[w] for w in n), default=phrase.first)
            for word in rarest:
                self._by_word.setdefault(word, []).append(phrase)

    def __iter__(self) -> Iterator[T]:
        """What the lists stand for, as listed."""
        return (payload for payload, _ in self._rows)

    def read(self, index: WordIndex) -> Iterator[tuple[T, Iterator[re.Match[str]]]]:
        """What each list that may stand in a text stands for, with its matches, as listed."""
        keys: dict[int, set[str]] = {}
        for word in index.words:
            for phrase in self._by_word.get(word, ()):
                if all(any(w in index for w in needs) for needs in phrase.needs):
                    keys.setdefault(phrase.row, set()).update(phrase.first)
        loose = {
            number: likely
            for number, phrases in self._loose.items()
            if (likely := tuple(phrase for letters, phrase in phrases if letters in index.lower))
        }
        for number in sorted({*keys, *loose}):
            payload, phrases = self._rows[number]
            first = keys.get(number)
            found = index.matches(compile_phrases(phrases), first) if first else iter(())
            if number in loose:
                found = _merged(found, compile_phrases(loose[number]).finditer(index.text))
            yield payload, found


def _merged(
    found: Iterator[re.Match[str]], others: Iterator[re.Match[str]]
) -> Iterator[re.Match[str]]:
    """Matches of both in order, the longer of two that meet."""
    last: re.Match[str] | None = None
    for match in sorted([*found, *others], key=lambda m: (m.start(), -m.end())):
        if last is None or match.start() >= last.end():
            last = match
            yield match

"""Phrase patterns over words, found in one pass by their first word.

A pattern is words in order: ``a|b`` alternatives (``_`` joins the words of one),
``?a|b`` may be left out, ``~3`` lets up to three words stand between, ``{name}``
is a group of ``macros.csv``. Words meet as they are but for a plural's ending: stems
would make *clear* of *cleared* and *inject* of *injection*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from data.terminology.words import as_tokens

T = TypeVar("T")


_SHORT = 3  # letters; a word no longer keeps its s ("DES", "bus")
_NO_PLURAL = ("ss", "us", "is")


def plain(word: str) -> str:
    """Lower case, without the ending of a plural or a genitive ("mother's")."""
    lower = word.lower().removesuffix("'s").removesuffix("\u2019s")
    if len(lower) > _SHORT and lower.endswith("s") and not lower.endswith(_NO_PLURAL):
        return lower[:-1]
    return lower


def _plain_words(text: str) -> tuple[str, ...]:
    return tuple(plain(word) for word in as_tokens(text))


@dataclass(frozen=True, slots=True)
class _Element:
    """One place of a pattern; ``gap`` > 0 stands for up to so many words."""

    alternatives: tuple[tuple[str, ...], ...]
    optional: bool = False
    gap: int = 0
    firsts: frozenset[str] = frozenset()  # first words of the alternatives


def _element(alternatives: tuple[tuple[str, ...], ...], optional: bool = False) -> _Element:
    return _Element(alternatives, optional, firsts=frozenset(form[0] for form in alternatives))


def _elements(pattern: str, macros: Mapping[str, str]) -> tuple[_Element, ...]:
    out: list[_Element] = []
    for name, words in macros.items():
        pattern = pattern.replace("{" + name + "}", words)
    for part in pattern.split():
        if part.startswith("~"):
            out.append(_Element((), gap=int(part[1:])))
            continue
        optional = part.startswith("?")
        forms = (_plain_words(form.replace("_", " ")) for form in part.lstrip("?").split("|"))
        out.append(_element(tuple(dict.fromkeys(f for f in forms if f)), optional))
    if not out or out[0].optional or out[0].gap or any(not (e.alternatives or e.gap) for e in out):
        raise ValueError(f"pattern {pattern!r}: begins with no word, or has an empty place")
    return tuple(out)


def _end(elements: tuple[_Element, ...], at: int, words: Sequence[str], i: int) -> int:
    """Where a match of ``elements[at:]`` beginning at word ``i`` ends; -1 where none does."""
    if at == len(elements):
        return i
    element = elements[at]
    if element.gap:
        for skipped in range(min(element.gap, len(words) - i) + 1):
            end = _end(elements, at + 1, words, i + skipped)
            if end >= 0:
                return end
        return -1
    here = i < len(words) and words[i] in element.firsts
    for form in element.alternatives if here else ():
        if tuple(words[i : i + len(form)]) == form:
            end = _end(elements, at + 1, words, i + len(form))
            if end >= 0:
                return end
    return _end(elements, at + 1, words, i) if element.optional else -1


@dataclass(frozen=True, slots=True)
class _Entry(Generic[T]):
    """A pattern under its first word; ``words`` where it is nothing but words in a row.

    ``needs`` are words one of which stands in every match behind the first place.
    """

    words: tuple[str, ...]
    elements: tuple[_Element, ...]
    payload: T
    needs: frozenset[str] = frozenset()


class PhraseTable(Generic[T]):
    """Patterns with what each stands for."""

    def __init__(self, rows: Iterable[tuple[str, T]], macros: Mapping[str, str]) -> None:
        self._by_first: dict[str, list[_Entry[T]]] = {}
        for pattern, payload in rows:
            elements = _elements(pattern, macros)
            if len(elements) == 1:
                for form in elements[0].alternatives:
                    self._by_first.setdefault(form[0], []).append(_Entry(form, (), payload))
                continue
            must = [e.firsts for e in elements[1:] if not (e.optional or e.gap)]
            needs = min(must, key=len, default=frozenset())
            for first in dict.fromkeys(form[0] for form in elements[0].alternatives):
                own = tuple(f for f in elements[0].alternatives if f[0] == first)
                narrowed = (_element(own), *elements[1:])
                entry = _Entry((), narrowed, payload, needs)
                self._by_first.setdefault(first, []).append(entry)

    def find(self, words: Sequence[str]) -> Iterator[tuple[int, int, T]]:
        """(first, last, payload) of every match in a sentence's plain words, half-open."""
        table, present = self._by_first, frozenset(words)
        for i, word in enumerate(words):
            for entry in table.get(word, ()):
                if entry.words:
                    end = i + len(entry.words)
                    if len(entry.words) == 1 or tuple(words[i:end]) == entry.words:
                        yield i, end, entry.payload
                    continue
                if entry.needs and entry.needs.isdisjoint(present):
                    continue
                end = _end(entry.elements, 0, words, i)
                if end >= 0:
                    yield i, end, entry.payload

"""The vocabulary as an index: stems of every known wording → ICD-10-CM node.

Wordings come from the lexicon, the Tabular List (descriptions and inclusion
terms) and, where the user has them, the official indexes. A wording that two
sources give to different nodes goes to the earlier source.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_terms
from data.terminology.words import STOP_WORDS, content_stems, content_words
from models.coding.document import RESOURCES

Stems = Callable[[str], tuple[str, ...]]

SOURCES = ("lexicon", "description", "inclusion", "index")
"""In order of trust."""

MAX_WORDS = 9
_BRACKETS = re.compile(r"\s*[\[(][^\])]*[\])]")
# A wording that says what is absent is no wording for what a note mentions.
_HOLLOW = re.compile(r"\b(without|unspecified whether|not|encounter for)\b|classified elsewhere")
# Words a clinician leaves out: "Type 2 diabetes mellitus" is written "type 2 diabetes".
_SILENT = frozenset({"mellitus", "primari", "essenti"})


@dataclass(frozen=True, slots=True)
class TermEntry:
    """One wording.

    Attributes:
        stems: content stems in order.
        upper: written all in capitals in the lexicon and short, so that lower case
            in a note is another word ("ALL", "AS").
        phrase: a sentence's words ("been tired"): read near each other in their order,
            in one clause, and not as a bag.
    """

    stems: tuple[str, ...]
    code: str
    source: str
    upper: bool = False
    phrase: bool = False


_COMMON_SHORT = frozenset(
    [
        "all",
        "add",
        "aids",
        "as",
        "pad",
        "cap",
        "map",
        "rad",
        "sad",
        "gad",
        "ice",
        "mad",
        "had",
        "has",
        "or",
        "an",
        "am",
        "at",
        "it",
        "us",
        "be",
        "he",
        "her",
        "his",
        "is",
        "was",
        "are",
        "so",
        "do",
        "on",
        "no",
        "go",
        "we",
        "me",
        "my",
        "by",
        "if",
        "of",
        "to",
        "up",
        "pe",
        "ms",
        "ra",
        "pt",
        "or",
        "ca",
        "mi",
        "mr",
        "do",
        "la",
        "de",
        "os",
        "od",
        "ed",
        "hs",
        "ha",
        "bs",
        "cp",
        "ad",
        "fb",
        "si",
        "can",
        "may",
        "mild",
        "old",
        "age",
        "set",
        "let",
        "out",
        "low",
        "top",
        "her",
        "him",
        "who",
        "ted",
        "tip",
        "lid",
        "leg",
        "arm",
    ]
)


def _is_upper(surface: str) -> bool:
    if not surface.isupper() or " " in surface:
        return False
    return sum(c.isalpha() for c in surface) <= 2 or surface.lower() in _COMMON_SHORT


@cache
def never_alone() -> frozenset[str]:
    """Words that name nothing by themselves, from ``resources/never_alone.csv``."""
    with (RESOURCES / "never_alone.csv").open(encoding="utf-8", newline="") as handle:
        return frozenset(row["word"] for row in csv.DictReader(handle))


def _forms(wording: str) -> tuple[str, ...]:
    """The spellings of a one-word wording: itself and, unless an abbreviation, its plural."""
    word = next(iter(content_words(wording)), "")
    lower = word.lower()
    if word.isupper() or len(word) < 4:
        return (lower,)
    if lower.endswith("y"):
        return (lower, lower[:-1] + "ies")
    return (lower, lower + "s", lower + "es")


_DENIALS = (
    (re.compile(r"\b(?:can['\u2019]t|cannot)\b", re.IGNORECASE), "can not"),
    (re.compile(r"\bwon['\u2019]t\b", re.IGNORECASE), "will not"),
    (re.compile(r"n['\u2019]t\b", re.IGNORECASE), " not"),
)


def spelled_out(wording: str) -> str:
    """A wording with what it denies said in full, as the words of a note are read."""
    for pattern, full in _DENIALS:
        wording = pattern.sub(full, wording)
    return wording


def is_content(word: str) -> bool:
    """Whether a word says something of a condition."""
    return word.lower() not in STOP_WORDS


def _wordings(release: Release) -> Iterator[tuple[str, str, str]]:
    """(wording, node code, source) of what is there beside the lexicon."""
    for node in release.nodes.values():
        if node.seventh and len(node.code) > 7:
            continue
        if not _HOLLOW.search(node.description):
            yield node.description, node.code, "description"
            bare = _BRACKETS.sub("", node.description)
            if bare != node.description:
                yield bare, node.code, "description"
        for inclusion in node.inclusion_terms:
            if not _HOLLOW.search(inclusion):
                yield _BRACKETS.sub("", inclusion), node.code, "inclusion"


class TermIndex:
    """Wordings by their first stem (read in order) and by their rarest stem (read as a bag)."""

    def __init__(
        self,
        release: Release,
        extra: Iterable[tuple[str, str]] = (),
        stems_of: Stems = content_stems,
    ) -> None:
        """Read every wording.

        Args:
            stems_of: cuts a wording into stems; remembered ones where others cut the same texts.
        """
        self.by_sequence: dict[tuple[str, ...], TermEntry] = {}
        self.by_word: dict[str, TermEntry] = {}
        self._shorter: list[TermEntry] = []
        for term in load_terms():
            if term.code in release:
                self._add(term.surface, term.code, "lexicon", stems_of, term.kind == "phrase")
        for wording, code, source in _wordings(release):
            self._add(wording, code, source, stems_of)
        for wording, code in extra:
            if code in release and not _HOLLOW.search(wording):
                self._add(wording, code, "index", stems_of)
        # What leaves a word unsaid stands behind every wording that says as much by itself:
        # "adrenal insufficiency" is not the short form of the primary one.
        for short in self._shorter:
            self.by_sequence.setdefault(short.stems, short)
        # First stem → words of the longest wording that begins with it.
        self.longest: dict[str, int] = {}
        for stems in self.by_sequence:
            self.longest[stems[0]] = max(len(stems), self.longest.get(stems[0], 0))
        frequency = Counter(s for stems in self.by_sequence for s in set(stems))
        numbers = frozenset(s for s in frequency if s.isdigit())
        ranked = sorted(frequency, key=lambda s: (frequency[s], s))
        rank = {stem: i for i, stem in enumerate(ranked)}
        # Rarest stem → next rarest → bags that hold both.
        self.bags: dict[str, dict[str, list[tuple[frozenset[str], TermEntry]]]] = {}
        for stems, entry in self.by_sequence.items():
            bag = frozenset(stems)
            if len(stems) < 2 or (len(stems) < 3 and not numbers.isdisjoint(bag)):
                continue
            if len(bag) < len(stems) and entry.phrase:
                continue  # "bone on bone" said without its second bone is another thing
            rarest, *more = sorted(bag, key=rank.__getitem__)
            of_rarest = self.bags.setdefault(rarest, {})
            of_rarest.setdefault(next(iter(more), rarest), []).append((bag, entry))

    def _add(
        self, wording: str, code: str, source: str, stems_of: Stems, phrase: bool = False
    ) -> None:
        if "n" in wording and ("'" in wording or "\u2019" in wording or "cannot" in wording):
            wording = spelled_out(wording)
        stems = stems_of(wording)
        if not stems or len(stems) > MAX_WORDS:
            return
        if len(stems) == 1 and (len(stems[0]) < 2 or stems[0].isdigit()):
            return
        upper = source == "lexicon" and _is_upper(wording)
        entry = TermEntry(stems, code, source, upper, phrase)
        if len(stems) == 1:
            # One word alone must be that word: its stem is shared by too many others.
            for form in _forms(wording):
                if form not in never_alone():
                    self.by_word.setdefault(form, entry)
            return
        self.by_sequence.setdefault(stems, entry)
        if _SILENT.isdisjoint(stems):
            return
        short = tuple(s for s in stems if s not in _SILENT)
        if len(short) > 1:
            self._shorter.append(TermEntry(short, code, source, phrase=phrase))


__all__ = ["MAX_WORDS", "SOURCES", "TermEntry", "TermIndex", "is_content", "spelled_out"]

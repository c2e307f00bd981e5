"""Finding the words that name a service: phrases, and a study or action with a site."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from data.terminology.procedure_codes import ProcedureCodes
from models.coding.document import Document, Sentence
from models.procedures.reports import titled_studies
from models.procedures.sites import Site, sites
from models.procedures.tables import PhraseBook, WordIndex, rows, split
from models.procedures.types import Mention
from models.procedures.visits import Visit, read_visit

_BLANK_LINE = re.compile(r"\n\r?\n")
_GUIDANCE = re.compile(r"(?:ly|graphically)?[\s-]*(?:guid|locali[sz]|assist)", re.IGNORECASE)
_JOINED = re.compile(
    r"[ \t]*(?:,|/|&|\+|\band\b)+[ \t]*(?:and\b)?[ \t]*"
    r"(?:(?:the|left|right|bilateral|l|r|lt|rt)[ \t]+)*",
    re.IGNORECASE,
)
_AN_ANESTHETIC = re.compile(r"an(?:a)?esth", re.IGNORECASE)
_ANESTHESIA_HEAD = re.compile(r"an(?:a)?esthesia (?:record|note|report|summary)", re.IGNORECASE)
_ANESTHESIA_HEAD_REACH = 200
_NEW_CLAUSE = re.compile(r"[;\n]")
_CLAUSE_COST = 25
_COMPLAINT = re.compile(r"\s+(?:pain|injur|swell|trauma|tender|strain)", re.IGNORECASE)
_MOST_SITES = 6
ONE_PARAGRAPH = frozenset((
    "family", "social", "allergies", "meds", "psh", "pmh", "problem_list", "ros",
    "immunizations", "health_maintenance", "exam", "vitals",
))  # fmt: skip


@dataclass(frozen=True, slots=True)
class Composition:
    """Words such as "x-ray" that need a site within reach to name a service."""

    prefix: str
    column: str
    scope: str
    before: int
    after: int


@cache
def compositions() -> PhraseBook[Composition]:
    return PhraseBook(
        (
            Composition(
                row["prefix"], row["column"], row["scope"], int(row["before"]), int(row["after"])
            ),
            split(row["phrases"]),
        )
        for row in rows("compositions")
    )


class Layout:
    """A note's sentences and sections by offset."""

    def __init__(self, document: Document) -> None:
        self.document = document
        # what later stages read off a stretch more than once, by reader and offsets
        self.readings: dict[tuple[str, int, int], Any] = {}
        self._starts = [sentence.start for sentence in document.sentences]
        self._section_ends = [section.end for section in document.sections]
        self.found: list[Mention] = []
        """Every service named in the note, once a :class:`Finder` has looked."""

    @cached_property
    def visit(self) -> Visit:
        """What kind of document the note is; its rules are looked through once a note."""
        return read_visit(self.document)

    @cached_property
    def words(self) -> WordIndex:
        """Where each word of the note begins."""
        return WordIndex(self.document.text)

    def sentence_at(self, offset: int) -> Sentence | None:
        index = bisect_right(self._starts, offset) - 1
        return self.document.sentences[index] if index >= 0 else None

    def sentence_bounds(self, offset: int) -> tuple[int, int]:
        """Bounds of the sentence around ``offset``; of its line where none was laid."""
        sentence = self.sentence_at(offset)
        if sentence is not None and sentence.start <= offset < sentence.end:
            return sentence.start, sentence.end
        text = self.document.text
        end = text.find("\n", offset)
        return text.rfind("\n", 0, offset) + 1, len(text) if end < 0 else end

    def section_index(self, offset: int) -> int:
        index = bisect_right(self._section_ends, offset)
        return min(index, max(len(self._section_ends) - 1, 0))

    def section_kind(self, offset: int) -> str:
        """Kind of the section whose header or body holds ``offset``.

        A history written on its header's own line ("FHx: father MI") ends with its
        paragraph; what follows a blank line is ``other``, not family history.
        """
        sections = self.document.sections
        if not sections:
            return "preamble"
        section = sections[self.section_index(offset)]
        if section.kind in ONE_PARAGRAPH and offset > section.start:
            text = self.document.text
            header_line_end = text.find("\n", section.start)
            inline = text[section.start : header_line_end].strip(" :-")
            if header_line_end >= 0 and inline and _BLANK_LINE.search(text, section.start, offset):
                return "other"
        return section.kind

    def section_bounds(self, offset: int) -> tuple[int, int]:
        """Bounds of the section with its header."""
        sections = self.document.sections
        if not sections:
            return 0, len(self.document.text)
        index = self.section_index(offset)
        return (sections[index - 1].end if index else 0), sections[index].end

    def header_bounds(self, offset: int) -> tuple[int, int]:
        """Bounds of the section's header; an empty stretch where it has none."""
        sections = self.document.sections
        if not sections:
            return 0, 0
        section = sections[self.section_index(offset)]
        begin = self.section_bounds(offset)[0]
        return max(begin, section.start - len(section.header) - 6), section.start

    def paragraph_bounds(self, offset: int) -> tuple[int, int]:
        """From the last blank line or header before ``offset`` to the next."""
        text = self.document.text
        first, last = self.section_bounds(offset)
        begin = text.rfind("\n\n", first, offset)
        end = text.find("\n\n", offset, last)
        return (first if begin < 0 else begin + 2), (last if end < 0 else end)


def _nearest_site(
    text: str, start: int, end: int, rule: Composition, bounds: tuple[int, int]
) -> tuple[Site, int, int] | None:
    """The site nearest to ``[start, end)``; the longer phrase where two begin together."""
    low, high = max(bounds[0], start - rule.before), min(bounds[1], end + rule.after)
    best: tuple[int, int, Site, int, int] | None = None
    named = [site for site in sites() if rule.column in site.columns]
    if rule.scope == "note":
        # far from the part itself the one the note speaks of most is meant ("finger traps" is not)
        often = [(sum(1 for _ in s.pattern.finditer(text, low, high)), s) for s in named]
        most = max((count for count, _ in often), default=0)
        named = [site for count, site in often if count == most > 0]
    for site in named:
        for found in site.pattern.finditer(text, low, high):
            first, last = found.span()
            if first < end and last > start:
                continue
            # words after the study name it more often than words before
            gap = first - end if first >= end else (start - last) * 2
            if rule.scope == "paragraph":
                between = (end, first) if first >= end else (last, start)
                gap += _CLAUSE_COST * len(_NEW_CLAUSE.findall(text, *between))
            key = (gap - (last - first), -(last - first))
            if best is None or key < best[:2]:
                best = (key[0], key[1], site, first, last)
    return None if best is None else best[2:]


def _bounds(layout: Layout, scope: str, offset: int) -> tuple[int, int]:
    if scope == "note":
        return 0, len(layout.document.text)
    return layout.section_bounds(offset) if scope == "section" else layout.paragraph_bounds(offset)


def _composed(document: Document, codes: ProcedureCodes, layout: Layout) -> list[Mention]:
    text = document.text
    found: list[Mention] = []
    for rule, matches in compositions().read(layout.words):
        for match in matches:
            bounds = _bounds(layout, rule.scope, match.start())
            near = _nearest_site(text, match.start(), match.end(), rule, bounds)
            if near is None:
                continue
            if rule.scope == "paragraph" and _GUIDANCE.match(text, match.end()):
                continue
            named = [near]
            if rule.scope == "paragraph":
                named = _joined_sites(text, near, rule, bounds)
            for site, first, last in named:
                for name in split(site.columns[rule.column]):
                    concept = codes.concepts.get(f"{rule.prefix}:{name}")
                    if concept is not None:
                        found.append(
                            Mention(concept, match.start(), match.end(), site.name, first, last)
                        )
    return found


def _joined_sites(
    text: str,
    near: tuple[Site, int, int],
    rule: Composition,
    bounds: tuple[int, int],
) -> list[tuple[Site, int, int]]:
    """A study's site with those joined to it ("head and cervical spine")."""
    found = [near]
    named = [site for site in sites() if rule.column in site.columns]
    for onward in (True, False):
        _, first, last = near
        while len(found) < _MOST_SITES:
            low, high = (last, min(bounds[1], last + 60)) if onward else (bounds[0], first)
            best: tuple[Site, int, int] | None = None
            for site in named:
                for match in site.pattern.finditer(text, max(low, first - 60), high):
                    gap = (last, match.start()) if onward else (match.end(), first)
                    if gap[0] >= gap[1] or not _JOINED.fullmatch(text, *gap):
                        continue
                    if _COMPLAINT.match(text, match.end()):
                        continue
                    if best is None or match.end() - match.start() > best[2] - best[1]:
                        best = (site, match.start(), match.end())
            if best is None:
                break
            found.append(best)
            _, first, last = best
    return found


class Finder:
    """Finds every mention of the loaded concepts in a note."""

    def __init__(self, codes: ProcedureCodes) -> None:
        self.codes = codes
        self._rules = PhraseBook(
            (concept, concept.synonyms) for concept in codes.concepts.values() if concept.synonyms
        )

    def find(self, document: Document, layout: Layout) -> list[Mention]:
        """Mentions in order; one inside a longer one is dropped."""
        found = _composed(document, self.codes, layout)
        anesthetist = _by_anesthesia(document)
        for concept, matches in self._rules.read(layout.words):
            if anesthetist or "of" not in concept.attributes:
                found += [Mention(concept, m.start(), m.end()) for m in matches]
        if layout.visit.kind == "radiology":
            found += titled_studies(document, self.codes, found)
        layout.found = _without_contained(found)
        return layout.found


def _by_anesthesia(document: Document) -> bool:
    """Whether the note is the anesthesia clinician's own."""
    note = document.note
    named = f"{note.note_type or ''} {note.specialty or ''}"
    head = document.text[:_ANESTHESIA_HEAD_REACH]
    return bool(_AN_ANESTHETIC.search(named) or _ANESTHESIA_HEAD.search(head))


def _extent(mention: Mention) -> tuple[int, int]:
    """The words of a mention with its site, where the two stand together."""
    if mention.site_start < 0 or abs(mention.site_start - mention.end) > 12:
        return mention.start, mention.end
    return min(mention.start, mention.site_start), max(mention.end, mention.site_end)


def _words(mention: Mention) -> tuple[int, int, bool]:
    return mention.start, mention.end, mention.site_start >= 0


def _layer(mention: Mention) -> str:
    """What was done, its anesthetic, with which drug and which supply are four questions."""
    family = mention.concept.family
    if "of" in mention.concept.attributes:
        return mention.concept.attributes["of"]
    return family if family in ("drug", "supply") else ""


def _without_contained(found: list[Mention]) -> list[Mention]:
    found.sort(key=lambda m: (_extent(m)[0], -_extent(m)[1], m.concept.name))
    kept: list[Mention] = []
    for mention in found:
        start, end = _extent(mention)
        covered = any(
            _extent(other)[0] <= start
            and end <= _extent(other)[1]
            and _extent(other)[1] - _extent(other)[0] > end - start
            and not (_words(other) == _words(mention) and mention.site_start >= 0)
            and _layer(mention) == _layer(other)
            for other in kept[-6:]
        )
        if not covered:
            kept.append(mention)
    return kept

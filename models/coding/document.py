"""A note's structure: tokens, sections, lists, table rows and sentences, on spaCy.

The pipeline is a blank English spaCy tokenizer with one component that lays
sections and sentences over the :class:`~spacy.tokens.Doc`; the coder reads them
back as a :class:`Document` of plain arrays, since the stages after it look at
every token many times. Everything is linear in the length of the note.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from data.schemas import MAX_NOTE_CHARACTERS, Note
from data.terminology.words import WORD, stem
from models.coding.headers import RESOURCES
from models.coding.sections import LINE, PROBLEM_KINDS, Section, find_sections

__all__ = [
    "LONGEST_SENTENCE",
    "PROBLEM_KINDS",
    "RESOURCES",
    "Document",
    "Section",
    "Sentence",
    "Token",
    "find_sections",
    "pipeline",
    "read_document",
]

_BULLET = re.compile(r"^\s*(?:[-*•·–>#]+|\(?\d{1,2}[.)](?!\d)|\(?[a-z][.)](?=\s))\s*")
# In a list of problems a number alone opens an item: "1 Febrile seizure", "#2 Dehydration".
_PROBLEM_BULLET = re.compile(
    r"^\s*(?:#?\d{1,2}(?:\s*[-–:)]|[.)](?!\d))?\s+(?=[A-Z])|[-*•·–>#]+\s*(?:\d{1,2}[.)]\s*)?"
    r"|\(?\d{1,2}[.)](?!\d)\s*|\(?[a-z][.)](?=\s)\s*)"
)
# Later stages weigh the words of a sentence against each other: a text without stops is cut
# after this many tokens (the longest sentence of the corpora at hand has 88).
LONGEST_SENTENCE = 256
# The look-behind keeps a long run of spaces from being searched again from each of them.
_TABLE_ROW = re.compile(r"\t|(?<!\s)\s{3,}\S+\s{2,}|\|")
# A single capital, a title or an abbreviation before it is no end; nor is the "?" of "? OSA".
_SENTENCE_END = re.compile(
    r"(?<!\b[A-Z])(?<!\b[Dd]r)(?<!\b[Mm]r)(?<!\bMs)(?<!\bMrs)(?<!\bSt)(?<!\bvs)(?<!\be\.g)"
    r"(?<!\bi\.e)(?<!\bincl)(?<!\bapprox)(?<!\besp)(?<!\b[Pp]oss)(?<!\b[Pp]rob)(?:[.!;]|(?<=[^\s(\[-])\?)(?=\s|$)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: offsets into the note's text, and its stem."""

    start: int
    end: int
    text: str
    stem: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A stretch of words read together.

    Attributes:
        first, last: token range, half-open.
        item: whether it begins a list item.
        section: index into ``Document.sections``.
    """

    start: int
    end: int
    first: int
    last: int
    item: bool
    table_row: bool
    section: int


@dataclass(frozen=True)
class Document:
    """A note laid out for the stages that follow."""

    note: Note
    tokens: tuple[Token, ...]
    sections: tuple[Section, ...]
    sentences: tuple[Sentence, ...]
    # What later stages read off a sentence more than once, by reader and sentence number.
    readings: dict[tuple[str, int], Any] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )

    @property
    def text(self) -> str:
        return self.note.text

    def section_of(self, sentence: Sentence) -> Section:
        return self.sections[sentence.section]

    def sentence_tokens(self, sentence: Sentence) -> tuple[Token, ...]:
        return self.tokens[sentence.first : sentence.last]


_WRAPPED = 50  # characters: a line shorter than this was ended on purpose


def _wraps(previous: str, line: str, width: int) -> bool:
    """Whether a line goes on with the one before it.

    One that begins in small letters does; another only where its first word would not have
    fitted on the line before: then the line was broken for its length.

    Args:
        width: of the longest line around.
    """
    if len(previous) < _WRAPPED:
        return False
    if line[0].islower():
        return True
    full = len(previous.rstrip()) + 1 + len(line.split(maxsplit=1)[0]) > width
    return full and (line[0].isdigit() or previous.rstrip()[-1:] not in ".:;!?")


def _pieces(text: str, section: Section) -> list[tuple[int, int, bool, bool]]:
    """Sentences of a section as (start, end, is list item, is table row)."""
    pieces: list[tuple[int, int, bool, bool]] = []
    open_start: int | None = None
    open_item = False

    def close(end: int) -> None:
        nonlocal open_start
        if open_start is not None and text[open_start:end].strip():
            begin = open_start
            for stop in _SENTENCE_END.finditer(text, open_start, end):
                pieces.append((begin, stop.end(), open_item and begin == open_start, False))
                begin = stop.end()
            if text[begin:end].strip():
                pieces.append((begin, end, open_item and begin == open_start, False))
        open_start = None

    bullets = _PROBLEM_BULLET if section.kind in PROBLEM_KINDS else _BULLET
    previous = ""
    width = max(len(line.rstrip()) for line in text[section.start : section.end].split("\n"))
    for match in LINE.finditer(text, section.start, section.end):
        line = match.group()
        if not line:
            continue
        stripped = line.strip()
        if not stripped:
            close(match.start())
            previous = ""
            continue
        bullet = bullets.match(line)
        table = bool(_TABLE_ROW.search(stripped)) and not bullet
        open_ = open_start is not None and not bullet and not table
        if not (open_ and _wraps(previous, stripped, width)):
            close(match.start())
            if table:
                pieces.append((match.start(), match.end(), False, True))
            else:
                open_start = match.start() + (bullet.end() if bullet else 0)
                open_item = bullet is not None
        previous = line
    close(section.end)
    return pieces


@Language.component("superbill_structure")
def _structure(doc: Doc) -> Doc:
    # spaCy joins the tokens anew at every access to doc.text.
    text = doc.user_data.get("superbill_text") or doc.text
    sections = find_sections(text)
    doc.user_data["superbill_sections"] = sections
    doc.user_data["superbill_sentences"] = [_pieces(text, section) for section in sections]
    return doc


@cache
def pipeline() -> Language:
    """The spaCy pipeline: tokenizer and structure."""
    nlp = spacy.blank("en")
    nlp.max_length = MAX_NOTE_CHARACTERS + 1
    nlp.add_pipe("superbill_structure")
    return nlp


def _tokens(doc: Doc, text: str) -> tuple[Token, ...]:
    """Words of the Doc's tokens; spaCy keeps "s/p" or "20mg" whole, matching does not."""
    tokens: list[Token] = []
    # One array instead of a Python object for every token.
    for start, length, space, punctuation in doc.to_array(
        ["IDX", "LENGTH", "IS_SPACE", "IS_PUNCT"]
    ):
        if space or punctuation:
            continue
        for word in WORD.finditer(text, int(start), int(start + length)):
            whole = word.group()
            tokens.append(Token(word.start(), word.end(), whole, stem(whole)))
    return tuple(tokens)


def read_document(note: Note) -> Document:
    """Lay out a note. Control characters are treated as spaces; the text itself stays as it is."""
    nlp = pipeline()
    doc = nlp.make_doc(note.text)
    doc.user_data["superbill_text"] = note.text
    doc = nlp(doc)
    sections: list[Section] = doc.user_data["superbill_sections"]
    tokens = _tokens(doc, note.text)
    starts = [token.start for token in tokens]
    sentences: list[Sentence] = []
    for index, pieces in enumerate(doc.user_data["superbill_sentences"]):
        for begin, end, item, table in pieces:
            first, last = bisect_right(starts, begin - 1), bisect_right(starts, end - 1)
            while last - first > LONGEST_SENTENCE:
                cut = first + LONGEST_SENTENCE
                stop = tokens[cut].start
                sentences.append(Sentence(begin, stop, first, cut, item, table, index))
                begin, first, item = stop, cut, False
            if last > first:
                sentences.append(Sentence(begin, end, first, last, item, table, index))
    return Document(note, tokens, tuple(sections), tuple(sentences))

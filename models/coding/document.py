"""A note's structure: tokens, sections, lists, table rows and sentences, on spaCy.

The pipeline is a blank English spaCy tokenizer with one component that lays
sections and sentences over the :class:`~spacy.tokens.Doc`; the coder reads them
back as a :class:`Document` of plain arrays, since the stages after it look at
every token many times. Everything is linear in the length of the note.
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc

from data.schemas import MAX_NOTE_CHARACTERS, Note
from data.terminology.words import WORD, stem

RESOURCES = Path(__file__).parent / "resources"

_LINE = re.compile(r"[^\n]*\n?")
_BULLET = re.compile(r"^\s*(?:[-*•·–>#]+|\(?\d{1,2}[.)](?!\d)|\(?[a-z][.)](?=\s))\s*")
_HEADER = re.compile(
    r"^\s*(?:[-*#=]+\s*)?(?P<name>[A-Za-z][A-Za-z0-9 &/+'().-]{0,48}?)"
    r"\s*(?P<colon>[:\u2013\u2014]|-(?=\s))"
)
_TRAILING_DATE = re.compile(
    r"\s+\d{1,2}/\d{1,2}(/\d{2,4})?\s*$|\s+(today|on arrival|at discharge)$"
)
_CAPITALS = re.compile(r"^\s*([A-Z][A-Z/&]{1,}(?: [A-Z/&]{2,}){0,3})(?=\s+\S)")
# Later stages weigh the words of a sentence against each other: a text without stops is cut
# after this many tokens (the longest sentence of the corpora at hand has 88).
LONGEST_SENTENCE = 256
# Sections of one thought: a blank line or any new header ends them.
SHORT_SECTIONS = frozenset({"family", "social", "allergies", "immunizations"})
# Sections that list problems: a bare line in capitals there is one of them.
PROBLEM_KINDS = frozenset(
    {
        "assessment",
        "assessment_plan",
        "discharge_diagnosis",
        "admission_diagnosis",
        "impression",
        "problem_list",
        "pmh",
    }
)
_INLINE = re.compile(r"(?<=[.;,)\]] )(?P<name>[A-Z][A-Za-z/&]{0,24}(?: [A-Za-z/&]{1,16}){0,3})\s*:")
# The look-behind keeps a long run of spaces from being searched again from each of them.
_TABLE_ROW = re.compile(r"\t|(?<!\s)\s{3,}\S+\s{2,}|\|")
_SENTENCE_END = re.compile(
    r"(?<![A-Z])(?<!\b[Dd]r)(?<!\b[Mm]r)(?<!\bvs)(?<!\be\.g)(?<!\bi\.e)[.!?;](?=\s|$)"
)


@dataclass(frozen=True, slots=True)
class Token:
    """One word: offsets into the note's text, and its stem."""

    start: int
    end: int
    text: str
    stem: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the note under one header; ``kind`` is a name of ``sections.csv``."""

    kind: str
    header: str
    start: int
    end: int


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

    @property
    def text(self) -> str:
        return self.note.text

    def section_of(self, sentence: Sentence) -> Section:
        return self.sections[sentence.section]

    def sentence_tokens(self, sentence: Sentence) -> tuple[Token, ...]:
        return self.tokens[sentence.first : sentence.last]


@cache
def section_kinds() -> dict[str, str]:
    """Header wording (lower case) → kind, from ``resources/sections.csv``."""
    table: dict[str, str] = {}
    with (RESOURCES / "sections.csv").open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            for header in row["header"].split("|"):
                tight = re.sub(r"\s*([/&+])\s*", r"\1", header.strip())
                table.setdefault(tight, row["kind"])
    return table


def _kind_of(name: str) -> str | None:
    """The kind of a header's wording: the table's, else by its words without brackets."""
    table = section_kinds()
    whole = re.sub(r"\(.*?\)?$", "", name.lower())
    for wording in (whole, _TRAILING_DATE.sub("", whole)):
        tight = re.sub(r"\s*([/&+])\s*", r"\1", re.sub(r"\s+", " ", wording)).strip(" -.,")
        kind = table.get(tight) or table.get(tight.removesuffix("s"))
        if kind:
            return kind
    return None


def _header_at(line: str) -> tuple[str, str, int] | None:
    """(kind, header, characters consumed) if the line opens a section."""
    match = _HEADER.match(line)
    if match:
        name = match["name"].strip()
        kind = _kind_of(name)
        if kind and (match["colon"] == ":" or len(name) > 2):
            return kind, name, match.end()
        if (
            kind is None
            and match["colon"] == ":"
            and name.isupper()
            and len(name) > 3
            and len(name) < 40
        ):
            return "other", name, match.end()
    capitals = _CAPITALS.match(line)
    if capitals and len(capitals[1]) > 1 and not capitals[1].isspace():
        kind = _kind_of(capitals[1])
        if kind and kind != "operative_meta":
            return kind, capitals[1], capitals.end()
    bare = line.strip().strip("=-*#_ ").rstrip(":").strip()
    if bare and len(bare) < 60:
        kind = _kind_of(bare)
        if kind and (bare.isupper() or bare.istitle() or len(bare.split()) > 1) and len(bare) > 2:
            return kind, bare, len(line.rstrip("\n"))
        plain = not any(c.isdigit() or c == ":" for c in bare)
        if kind is None and bare.isupper() and 2 <= len(bare.split()) <= 6 and plain:
            return "other", bare, 0  # a title perhaps: its words stay in what it opens
    return None


def find_sections(text: str) -> list[Section]:
    """Cut a note at its headers; what stands before the first is ``preamble``."""
    starts: list[tuple[int, int, str, str]] = []  # header start, body start, kind, header
    blank = False
    for match in _LINE.finditer(text):
        line = match.group()
        if not line:
            continue
        found = _header_at(line)
        if found and found[2] == 0 and starts and starts[-1][2] in PROBLEM_KINDS:
            found = None  # a diagnosis written in capitals, not a title
        if found:
            kind, name, used = found
            starts.append((match.start(), match.start() + used, kind, name))
        elif starts and starts[-1][2] in SHORT_SECTIONS and line.strip():
            unknown = _HEADER.match(line)
            ended = blank and text[starts[-1][1] : match.start()].strip()
            if ended or (unknown and unknown["colon"] == ":"):
                starts.append((match.start(), match.start(), "other", ""))
        blank = not line.strip()
        for inline in _INLINE.finditer(line):
            kind_inline = _kind_of(inline["name"])
            if kind_inline and (found is None or inline.start() >= found[2]):
                begin = match.start() + inline.start("name")
                starts.append((begin, match.start() + inline.end(), kind_inline, inline["name"]))
    sections: list[Section] = []
    if not starts or starts[0][0] > 0:
        sections.append(Section("preamble", "", 0, starts[0][0] if starts else len(text)))
    for i, (_, body, kind, name) in enumerate(starts):
        end = starts[i + 1][0] if i + 1 < len(starts) else len(text)
        sections.append(Section(kind, name, body, max(end, body)))
    return sections


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

    previous = ""
    for match in _LINE.finditer(text, section.start, section.end):
        line = match.group()
        if not line:
            continue
        stripped = line.strip()
        if not stripped:
            close(match.start())
            previous = ""
            continue
        bullet = _BULLET.match(line)
        table = bool(_TABLE_ROW.search(stripped)) and not bullet
        wraps = (
            open_start is not None
            and not bullet
            and not table
            and len(previous) >= 50
            and (
                stripped[0].islower()
                or stripped[0].isdigit()
                or previous.rstrip()[-1:] not in ".:;!?"
            )
        )
        if not wraps:
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

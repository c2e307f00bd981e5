"""Retrieval over every description, by words (TF-IDF) and meaning (dense).

Queries are the problems a note lists: the heads of list items and lines in its
assessment. Both rankings are fused by reciprocal rank (Cormack 2009).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_terms
from data.terminology.words import content_stems
from models.coding.dense import DenseRetriever, indexed_texts
from models.coding.document import Document
from models.coding.terms import Stems

PROBLEM_SECTIONS = frozenset(
    [
        "assessment",
        "assessment_plan",
        "discharge_diagnosis",
        "impression",
        "problem_list",
        "admission_diagnosis",
    ]
)
# Where a story is told by problems: only what has a number or a hash before it is one.
_STORIES = frozenset({"hospital_course", "other", "preamble"})
_NUMBERED = re.compile(r"^\s*(?:#|\(?\d{1,2}[.):])")
FUSION = 60
# Below both, a retrieved description shares too little with the problem to be worth a look.
LEXICAL_FLOOR, DENSE_FLOOR = 0.35, 0.6
_HEAD_END = re.compile(r"[:;(\n]|\s[-–—]+\s|\.\s|, (?=on |s/p |continue|cont |will |stable|well)|$")
MAX_PROBLEM_WORDS = 14


@dataclass(frozen=True, slots=True)
class Problem:
    """A span of the note that names a problem.

    Attributes:
        first, last: its token range in the document, half-open.
        position: its place among the problems of its section.
    """

    start: int
    end: int
    first: int
    last: int
    sentence: int
    position: int


@dataclass(frozen=True, slots=True)
class Retrieved:
    """A node found for a problem."""

    code: str
    lexical: float  # cosine of TF-IDF, 0..1
    dense: float  # cosine, -1..1
    rank: int


def find_problems(document: Document) -> list[Problem]:
    """The problems listed in the assessment-like sections, each cut at its head."""
    problems: list[Problem] = []
    positions: dict[int, int] = {}
    # A plan without an assessment before it lists the problems itself.
    listed = {section.kind for section in document.sections} & PROBLEM_SECTIONS
    numbered = _STORIES if listed - {"problem_list"} else _STORIES | {"plan"}
    for number, sentence in enumerate(document.sentences):
        kind = document.section_of(sentence).kind
        if kind not in PROBLEM_SECTIONS and not (
            kind in numbered and sentence.item and _opens_with_number(document.text, sentence.start)
        ):
            continue
        if kind == "assessment_plan" and not _opens_line(document.text, sentence.start):
            continue  # what follows a problem's line is its plan
        text = document.text[sentence.start : sentence.end]
        lead = len(text) - len(text.lstrip(" \t\n-*•#.)0123456789"))
        begin = sentence.start + lead
        match = _HEAD_END.search(document.text, begin, sentence.end)
        end = match.start() if match else sentence.end
        span = [
            i
            for i in range(sentence.first, sentence.last)
            if begin <= document.tokens[i].start < end
        ]
        if not span or len(span) > MAX_PROBLEM_WORDS:
            continue
        first, last = span[0], span[-1] + 1
        positions[sentence.section] = positions.get(sentence.section, -1) + 1
        problems.append(
            Problem(
                document.tokens[first].start,
                document.tokens[last - 1].end,
                first,
                last,
                number,
                positions[sentence.section],
            )
        )
    return problems


def _opens_line(text: str, start: int) -> bool:
    """Whether only a bullet or a number stands before ``start`` on its line."""
    begin = text.rfind("\n", 0, start) + 1
    return not text[begin:start].strip(" \t-*•#.)(0123456789")


def _opens_with_number(text: str, start: int) -> bool:
    """Whether the line up to ``start`` is a number or a hash."""
    return _NUMBERED.match(text[text.rfind("\n", 0, start) + 1 : start]) is not None


class LexicalRetriever:
    """TF-IDF over stems; rows are descriptions, inclusion terms and lexicon forms."""

    def __init__(
        self, texts: Sequence[str], codes: Sequence[str], stems_of: Stems = content_stems
    ) -> None:
        vocabulary: dict[str, int] = {}
        owner: list[int] = []  # the row of each of its words
        held: list[int] = []
        for i, text in enumerate(texts):
            own = {vocabulary.setdefault(word, len(vocabulary)) for word in stems_of(text)}
            held += own
            owner += [i] * len(own)
        rows, words = np.array(owner, dtype=np.int32), np.array(held, dtype=np.int32)
        self._vocabulary = vocabulary
        df = np.bincount(words, minlength=len(vocabulary))
        by_word = rows[np.argsort(words, kind="stable")]
        self._postings = np.split(by_word, np.cumsum(df)[:-1])
        self._idf = np.log((len(texts) + 1) / (df.astype(np.float32) + 1)) + 1
        self._unmet = float(np.log(len(texts) + 1)) + 1
        norms = np.bincount(rows, weights=self._idf[words] ** 2, minlength=len(texts))
        norms[norms == 0] = 1.0
        self._norms = np.sqrt(norms).astype(np.float32)
        self.codes = list(codes)

    @classmethod
    def of(
        cls,
        release: Release,
        extra: Sequence[tuple[str, str]] = (),
        stems_of: Stems = content_stems,
    ) -> LexicalRetriever:
        texts, codes = indexed_texts(release)
        for term in load_terms():
            if term.code in release:
                texts.append(term.surface)
                codes.append(term.code)
        for wording, code in extra:
            if code in release:
                texts.append(wording)
                codes.append(code)
        return cls(texts, codes, stems_of)

    def weight(self, stem: str) -> float:
        """How rare a stem is among the rows (inverse document frequency); the most where unmet."""
        at = self._vocabulary.get(stem)
        return float(self._idf[at]) if at is not None else self._unmet

    def search(self, query: str, k: int) -> list[tuple[str, float]]:
        """(node code, cosine) of the best rows, one a code, best first."""
        found = [self._vocabulary[w] for w in set(content_stems(query)) if w in self._vocabulary]
        if not found:
            return []
        scores = np.zeros(len(self.codes), dtype=np.float32)
        for word in found:
            scores[self._postings[word]] += self._idf[word] ** 2
        norm = float(np.sqrt(np.sum(self._idf[found] ** 2)))
        scores /= self._norms * norm
        return _best_codes(scores, self.codes, k)


def _best_codes(
    scores: NDArray[np.float32], codes: Sequence[str], k: int
) -> list[tuple[str, float]]:
    count = min(4 * k, len(scores) - 1)
    top = np.argpartition(-scores, count)[:count]
    best: dict[str, float] = {}
    for i in top[np.argsort(-scores[top], kind="stable")]:
        if scores[i] <= 0:
            break
        best.setdefault(codes[i], float(scores[i]))
        if len(best) == k:
            break
    return list(best.items())


class Retriever:
    """Both retrievers over one release, fused."""

    def __init__(
        self, lexical: LexicalRetriever, dense: DenseRetriever | None, release: Release
    ) -> None:
        self._lexical: LexicalRetriever | None = lexical
        self._dense = dense
        self._dense_codes = indexed_texts(release)[1] if dense else []

    def leave_out(self, *, lexical: bool = False, dense: bool = False) -> None:
        """Retrieve without one of the two, to see what it adds."""
        self._lexical = None if lexical else self._lexical
        self._dense = None if dense else self._dense

    def search(self, queries: Sequence[str], k: int = 10) -> list[list[Retrieved]]:
        """The nodes for each query, best first; a query that stands twice is looked up once."""
        once = list(dict.fromkeys(queries))
        found = dict(zip(once, self._search(once, k), strict=True))
        return [found[query] for query in queries]

    def _search(self, queries: Sequence[str], k: int) -> list[list[Retrieved]]:
        lexical: list[list[tuple[str, float]]] = [[] for _ in queries]
        if self._lexical is not None:
            lexical = [self._lexical.search(query, k) for query in queries]
        dense: list[list[tuple[str, float]]] = [[] for _ in queries]
        if self._dense is not None and queries:
            for i, near in enumerate(self._dense.nearest(queries, 2 * k, DENSE_FLOOR)):
                best: dict[str, float] = {}
                for row, cosine in near:
                    best.setdefault(self._dense_codes[row], cosine)
                dense[i] = list(best.items())[:k]
        return [_fuse(a, b, k) for a, b in zip(lexical, dense, strict=True)]


def _fuse(
    lexical: list[tuple[str, float]], dense: list[tuple[str, float]], k: int
) -> list[Retrieved]:
    fused: dict[str, float] = {}
    for ranking in (lexical, dense):
        for rank, (code, _) in enumerate(ranking):
            fused[code] = fused.get(code, 0.0) + 1.0 / (FUSION + rank)
    scores_l, scores_d = dict(lexical), dict(dense)
    near = [
        c
        for c in fused
        if scores_l.get(c, 0.0) >= LEXICAL_FLOOR or scores_d.get(c, 0.0) >= DENSE_FLOOR
    ]
    order = sorted(near, key=lambda c: (-fused[c], c))[:k]
    return [
        Retrieved(c, scores_l.get(c, 0.0), scores_d.get(c, 0.0), r) for r, c in enumerate(order)
    ]

"""What else stands where a candidate stands, and how much surer that is.

A coder who sees "acute toxic hepatitis" reports one code for it, whichever fits best.
The first look of the ranker scores each candidate by itself; here every candidate meets
the scores of those that claim the same words, the same category, the same note.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.coding.occurrences import Candidates

RIVAL_FEATURES: tuple[str, ...] = (
    "first_look",
    "rival_overlapping", "lead_overlapping", "rival_same_words", "rival_longer_words",
    "rival_category", "lead_category", "rival_subcategory", "lead_subcategory",
    "overlapping", "place_in_note", "likely_in_note", "best_in_note", "code_length",
)  # fmt: skip
NOBODY = -12.0  # log-odds of a rival that is not there
_SUBCATEGORY = 5  # "E11.2"


@dataclass(frozen=True)
class Meetings:
    """Which candidates of a note meet, each [n, n] without the diagonal."""

    overlapping: NDArray[np.bool_]
    same_words: NDArray[np.bool_]
    longer_words: NDArray[np.bool_]  # the column's words overlap the row's and are more
    category: NDArray[np.bool_]
    subcategory: NDArray[np.bool_]
    length: NDArray[np.float64]  # characters of each code, [n]

    @classmethod
    def of(cls, found: Candidates, codes: Sequence[str]) -> Meetings:
        """The meetings of ``codes``, in their order."""
        overlap, same, longer = _by_words(found, codes)
        category, subcategory = _alike(codes, 3), _alike(codes, _SUBCATEGORY)
        for table in (overlap, same, longer, category, subcategory):
            np.fill_diagonal(table, False)
        length = np.array([len(code.replace(".", "")) for code in codes], dtype=np.float64)
        return cls(overlap, same, longer, category, subcategory, length)

    def features(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        """Rows of :data:`RIVAL_FEATURES`, shape [n, len(RIVAL_FEATURES)].

        Args:
            scores: log-odds of the first look, shape [n].
        """
        n = len(scores)
        if not n:
            return np.empty((0, len(RIVAL_FEATURES)))

        def best(meets: NDArray[np.bool_]) -> NDArray[np.float64]:
            return np.asarray(np.where(meets, scores[None, :], NOBODY).max(axis=1))

        overlapping, category = best(self.overlapping), best(self.category)
        subcategory = best(self.subcategory)
        place = np.empty(n)
        place[np.argsort(-scores, kind="stable")] = np.arange(n)
        columns = (
            scores,
            overlapping, scores - overlapping, best(self.same_words), best(self.longer_words),
            category, scores - category, subcategory, scores - subcategory,
            self.overlapping.sum(axis=1), place,
            np.full(n, (scores > 0).sum()), np.full(n, scores.max()), self.length,
        )  # fmt: skip
        return np.column_stack([np.asarray(c, dtype=np.float64) for c in columns])


def _alike(codes: Sequence[str], length: int) -> NDArray[np.bool_]:
    heads = np.array([code[:length] for code in codes])
    return np.asarray(heads[:, None] == heads[None, :], dtype=np.bool_)


def _by_words(
    found: Candidates, codes: Sequence[str]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Whether two candidates have overlapping, the same, and (the second) longer words."""
    owners, spans = [], []
    for i, code in enumerate(codes):
        for span in {(o.start, o.end) for o in found[code].occurrences if o.words}:
            owners.append(i)
            spans.append(span)
    n = len(codes)
    overlap, same, longer = (np.zeros((n, n), dtype=np.bool_) for _ in range(3))
    if not spans:
        return overlap, same, longer
    order = sorted(range(len(spans)), key=lambda k: spans[k])
    owner = np.array([owners[k] for k in order], dtype=np.int64)
    start, end = np.array([spans[k] for k in order], dtype=np.int64).T
    # In order of start, a span overlaps those after it that begin before it ends: a few.
    reach = np.searchsorted(start, end, side="left") - np.arange(len(start)) - 1
    left = np.repeat(np.arange(len(start)), reach)
    right = left + 1 + np.arange(len(left)) - np.repeat(np.cumsum(reach) - reach, reach)
    for a, b in ((left, right), (right, left)):
        overlap[owner[a], owner[b]] = True
        alike = (start[a] == start[b]) & (end[a] == end[b])
        same[owner[a[alike]], owner[b[alike]]] = True
        wider = ~alike & ((end - start)[b] > (end - start)[a])
        longer[owner[a[wider]], owner[b[wider]]] = True
    return overlap, same, longer

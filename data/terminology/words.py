"""One way to cut text into words, for notes, descriptions and lexicon alike.

A word is a run of letters and digits ("3a", "T2DM"); the point inside a number belongs to it.
Matching works on stems (Snowball English), so that *diabetic* meets *diabetes*
and *fractures* meets *fracture*.
"""

from __future__ import annotations

import re
from functools import lru_cache

import snowballstemmer

WORD = re.compile(r"\d+\.\d+|[^\W_]+", re.UNICODE)

# Words that carry no clinical content in a term ("pain in the right knee").
STOP_WORDS = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "into",
        "is",
        "it",
        "its",
        "of",
        "on",
        "or",
        "the",
        "to",
        "was",
        "with",
        "due",
        "nos",
        "nec",
        "elsewhere",
        "classified",
        "specified",
        "unspecified",
    ]
)

_stemmer = snowballstemmer.stemmer("english")

# Where the stemmer parts what clinicians hold together, or British meets American spelling.
_IRREGULAR = {
    "hemorrhagic": "hemorrhag", "haemorrhage": "hemorrhag", "oesophageal": "esophag",
    "esophagus": "esophag", "anaemia": "anemia", "anemic": "anemia", "oedema": "edema",
    "diarrhoea": "diarrhea", "tumour": "tumor", "leukaemia": "leukemia", "paediatric": "pediatr",
    "feet": "foot", "teeth": "tooth", "vertebrae": "vertebra", "metastases": "metastasi",
    "metastatic": "metastasi", "diagnoses": "diagnosi", "renal": "renal", "left": "left",
    "lt": "left", "rt": "right", "bilat": "bilater", "bilaterally": "bilater",
}  # fmt: skip


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of one word, case ignored."""
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    # Snowball would make "hepatitis" and "hepatic" one word: an inflammation keeps its name.
    if len(lower) <= 3 or not lower.isalpha() or lower.endswith("itis"):
        return lower
    return str(_stemmer.stemWord(lower))


def words(text: str) -> list[str]:
    return WORD.findall(text)


def stems(text: str) -> tuple[str, ...]:
    """Stems of every word, in order."""
    return tuple(stem(word) for word in WORD.findall(text))


def content_stems(text: str) -> tuple[str, ...]:
    """Stems without the words that carry no content, in order."""
    return tuple(stem(w) for w in WORD.findall(text) if w.lower() not in STOP_WORDS)

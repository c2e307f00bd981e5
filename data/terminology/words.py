"""One way to cut text into words, for notes, descriptions and lexicon alike.

A word is a run of letters and digits ("3a", "T2DM"); the point inside a number belongs to it.
Matching works on stems (Snowball English), so that *diabetic* meets *diabetes*
and *fractures* meets *fracture*.
"""

from __future__ import annotations

import re
import threading
from functools import lru_cache

from Stemmer import Stemmer

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

_stemmers = threading.local()  # one is not to be used by two threads at once


def _snowball(word: str) -> str:
    """The Snowball English stem (Porter 2) of a lower-case word."""
    try:
        stemmer = _stemmers.english
    except AttributeError:
        stemmer = _stemmers.english = Stemmer("english", 0)
    return str(stemmer.stemWord(word))


# Where the stemmer parts what clinicians hold together, or British meets American spelling.
_IRREGULAR = {
    "hemorrhagic": "hemorrhag", "haemorrhage": "hemorrhag", "oesophageal": "esophag",
    "esophagus": "esophag", "anaemia": "anemia", "anemic": "anemia", "oedema": "edema",
    "diarrhoea": "diarrhea", "tumour": "tumor", "leukaemia": "leukemia", "paediatric": "pediatr",
    "feet": "foot", "teeth": "tooth", "vertebrae": "vertebra", "metastases": "metastasi",
    "metastatic": "metastasi", "diagnoses": "diagnosi", "renal": "renal", "left": "left",
    "lt": "left", "rt": "right", "bilat": "bilater", "bilaterally": "bilater",
    # What clinicians cut short, wherever it stands in a wording ("hip fx", "panc ca").
    "fx": "fractur", "fxs": "fractur", "frx": "fractur", "dz": "diseas", "mets": "metastasi",
    "adenoca": "adenocarcinoma", "panc": "pancreat", "insuff": "insuffici", "abd": "abdomin",
    "infxn": "infect", "obstr": "obstruct", "regurg": "regurgit", "degen": "degener",
    "exac": "exacerb", "periph": "peripher", "congen": "congenit", "recur": "recurr",
    "pulm": "pulmonari",
}  # fmt: skip

# Adjectives that the stemmer parts from their nouns: "osteoporotic", "ischemic", "hypoxic".
_ADJECTIVES = (("otic", "osis"), ("aemic", "emia"), ("emic", "emia"), ("oxic", "oxia"))
# They end so and have no such noun, or one that is another disease.
_NO_NOUN = frozenset({
    "antibiotic", "narcotic", "robotic", "exotic", "probiotic", "biotic", "systemic",
    "epidemic", "academic", "pandemic", "endemic", "toxic", "nontoxic", "hypoglycemic",
    "glycemic", "septic", "aseptic",
})  # fmt: skip

# Words behind which a capital "A" is no article: "hepatitis A", "influenza A", "group A".
_LETTERED = frozenset({
    "hepatitis", "hep", "influenza", "flu", "hemophilia", "haemophilia", "vitamin", "vit",
    "hypervitaminosis", "lipoprotein", "immunoglobulin", "group", "type", "class", "stage",
    "cluster", "serotype", "paratyphi", "paratyphoid", "coxsackie", "coxsackievirus", "pugh",
    "grade",
})  # fmt: skip


@lru_cache(maxsize=200_000)
def stem(word: str) -> str:
    """The stem of one word, case ignored."""
    lower = word.lower()
    if lower in _IRREGULAR:
        return _IRREGULAR[lower]
    if len(lower) > 6 and lower not in _NO_NOUN:
        for ending, noun in _ADJECTIVES:
            if lower.endswith(ending):
                lower = lower[: -len(ending)] + noun
                break
    # Snowball would make "hepatitis" and "hepatic" one word: an inflammation keeps its name.
    if len(lower) <= 3 or not lower.isalpha() or lower.endswith("itis"):
        return lower
    return _snowball(lower)


_CONTRACTION = re.compile(r"(?<=\w)(?=n['\u2019]t\b)")
# Without the apostrophe only these are known.
_BARE_CONTRACTION = re.compile(
    r"\b(ca|do|does|did|has|have|had|is|was|are|were|could|would|wo|should)nt\b", re.IGNORECASE
)


def as_tokens(text: str) -> list[str]:
    """The words of a table's phrase as those of a note's tokens: spaCy parts "hasn't", "cannot"."""
    parted = _BARE_CONTRACTION.sub(r"\1 nt", _CONTRACTION.sub(" ", text))
    return WORD.findall(parted.replace("cannot", "can not"))


def words(text: str) -> list[str]:
    return WORD.findall(text)


def stems(text: str) -> tuple[str, ...]:
    """Stems of every word, in order."""
    return tuple(stem(word) for word in WORD.findall(text))


def is_letter(previous: str, word: str) -> bool:
    """Whether an "A" names a kind ("hepatitis A") and is no article."""
    return word in ("A", "a") and previous.lower() in _LETTERED


def content_words(text: str) -> list[str]:
    """Words without those that carry no content, in order."""
    found: list[str] = WORD.findall(text)
    if "A" not in found and "a" not in found:
        return [word for word in found if word.lower() not in STOP_WORDS]
    return [
        word
        for previous, word in zip(["", *found], found, strict=False)
        if word.lower() not in STOP_WORDS or is_letter(previous, word)
    ]


def content_stems(text: str) -> tuple[str, ...]:
    """Stems without the words that carry no content, in order."""
    return tuple(stem(w) for w in content_words(text))

"""Conditions that the code set counts: one nodule of the lung, or several.

The stems that the vocabulary is read by know no number; the note's words do. Rows of
``resources/plural_codes.csv`` name the code of one and the code of several.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from data.terminology.icd10cm import Release
from models.coding.document import RESOURCES, Document
from models.coding.mentions import Mention

_SEVERAL = frozenset({"multiple", "several", "numerous", "innumerable", "two", "three", "few"})
_BEFORE = 2  # words before the mention among which a number may stand


@dataclass(frozen=True, slots=True)
class Plural:
    """``word`` of a mention of ``code``, said of several, makes it ``plural_code``."""

    code: str
    word: str
    plural_code: str


@cache
def plurals() -> tuple[Plural, ...]:
    with (RESOURCES / "plural_codes.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            Plural(row["code"], row["word"], row["plural_code"]) for row in csv.DictReader(handle)
        )


def _of_several(document: Document, mention: Mention, word: str) -> bool:
    said = [t.text.lower() for t in document.tokens[mention.first : mention.last]]
    before = document.tokens[max(0, mention.first - _BEFORE) : mention.first]
    counted = any(t.text.lower() in _SEVERAL for t in before)
    return word + "s" in said or (word in said and (counted or not _SEVERAL.isdisjoint(said)))


def count(document: Document, release: Release, mentions: Sequence[Mention]) -> list[Mention]:
    """Mentions with the code of several where the note says so."""
    out = []
    for mention in mentions:
        rule = next((p for p in plurals() if mention.code.startswith(p.code)), None)
        if rule and _of_several(document, mention, rule.word):
            several = rule.plural_code + mention.code[len(rule.code) :]
            if several in release:
                mention = replace(mention, code=several)
        out.append(mention)
    return out

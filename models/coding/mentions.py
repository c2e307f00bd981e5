"""Mentions: where the note speaks of a condition, and which node the words justify.

Three readers, cheapest first: wordings in order (longest match wins), wordings
as a bag of words within one sentence ("pain in the right knee" for *knee
pain*), and the ambiguous abbreviations whose sense the neighbourhood decides.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache, lru_cache

from data.schemas import Assertion
from data.terminology.lexicon import Sense, load_senses
from data.terminology.words import is_letter, words
from models.coding.assertion import scopes_of
from models.coding.bags import Match, as_bag, barrier, skips_a_qualifier
from models.coding.document import RESOURCES, Document, Sentence, Token
from models.coding.terms import TermEntry, TermIndex, is_content


@dataclass(frozen=True, slots=True)
class Mention:
    """A node read off the words ``tokens[first:last]`` of the document."""

    code: str
    first: int
    last: int
    start: int
    end: int
    sentence: int
    source: str
    words: int
    assertion: Assertion


def _accepts(entry: TermEntry, tokens: list[Token]) -> bool:
    if entry.upper:
        return all(t.text.isupper() for t in tokens)
    return True


def _in_order(text: str, content: list[Token], index: TermIndex) -> Iterator[Match]:
    i, n = 0, len(content)
    stems = [t.stem for t in content]
    while i < n:
        limit, longest = i + 1, min(n, i + index.longest.get(stems[i], 1))
        while limit < longest and not barrier(text, content[limit - 1], content[limit]):
            limit += 1
        for j in range(limit, i, -1):
            if j == i + 1:
                entry = index.by_word.get(content[i].text.lower())
            else:
                entry = index.by_sequence.get(tuple(stems[i:j]))
            if entry and _accepts(entry, content[i:j]):
                yield Match(i, j, entry.code, entry.source, j - i)
                if j > i + 1:
                    yield from _inside(content, index, i, j, entry.code)
                i = j - 1
                break
        i += 1


def _inside(
    content: list[Token], index: TermIndex, first: int, last: int, wider: str
) -> Iterator[Match]:
    """What a wording names besides, where its code asks for another ("BPH with nocturia")."""
    if not any(wider.startswith(one) for one, _ in _said_inside()):
        return
    stems = [t.stem for t in content[first:last]]
    for i in range(first, last):
        for j in range(last if i > first else last - 1, i, -1):
            if j == i + 1:
                entry = index.by_word.get(content[i].text.lower())
            else:
                entry = index.by_sequence.get(tuple(stems[i - first : j - first]))
            if entry and _accepts(entry, content[i:j]) and _is_asked_for(wider, entry.code):
                yield Match(i, j, entry.code, entry.source, j - i)
                break


def _speaks_for_itself(text: str, m: Match, k: Match, content: list[Token]) -> bool:
    """Whether a match in order inside a bag says more than the bag does.

    It uses none of the bag's words ("HTN, HFpEF, CKD 3" names all three), or it is
    an item of the list that the bag reaches across ("T2DM, CKD 3b, HTN").
    """
    if not k.places or m.places:
        return False
    if k.places.isdisjoint(range(m.first, m.last)):
        return True
    return m.words > 1 and any(
        any(c in text[content[i].end : content[i + 1].start] for c in ",;")
        for i in range(k.first, k.last - 1)
        if not m.first <= i < m.last - 1
    )


@cache
def _said_inside() -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Beginning of a code → beginnings of those it asks for besides, from ``said_inside.csv``."""
    with (RESOURCES / "said_inside.csv").open(encoding="utf-8", newline="") as handle:
        return tuple(
            (wider, tuple(row["inside"].split("|")))
            for row in csv.DictReader(handle)
            for wider in row["wider"].split("|")
        )


@lru_cache(maxsize=10_000)
def _is_asked_for(wider: str, inside: str) -> bool:
    """Whether a wording names two codes ("BPH with nocturia"): the wider asks for the other."""
    return any(
        wider.startswith(one) and inside.startswith(others) for one, others in _said_inside()
    )


def _keep_longest(text: str, matches: list[Match], content: list[Token]) -> list[Match]:
    """Drop a match whose words lie inside one that has more of them."""
    kept: list[Match] = []
    matches = [m for m in matches if not skips_a_qualifier(m, matches, content)]
    for m in sorted(matches, key=lambda m: (-m.words, m.last - m.first, ":" in m.source, m.code)):
        inside = (
            k.first <= m.first
            and m.last <= k.last
            and (k.words > m.words or (k.code == m.code and k.words == m.words))
            and not _speaks_for_itself(text, m, k, content)
            and not _is_asked_for(k.code, m.code)
            for k in kept
        )
        if not any(inside):
            kept.append(m)
    return kept


# What a context word counts for a reading: in the sentence, in one of the two beside.
_NEAR, _BESIDE = 2.0, 1.0


def choose_sense(
    senses: tuple[Sense, ...],
    section: str,
    specialty: str,
    near: frozenset[str],
    beside: frozenset[str] = frozenset(),
) -> Sense | None:
    """The reading of an ambiguous form; None where nothing decides and none is default.

    Args:
        section: the section's name as the lexicon's tables write it.
        specialty: of the note, lower case.
        near: stems of the sentence, without the form itself.
        beside: stems of the sentences before and after.
    """

    def weight(sense: Sense) -> float:
        words = 0.0
        for context in sense.contexts:
            if context <= near:
                words += _NEAR
            elif context <= beside:
                words += _BESIDE
        return words + (section in sense.sections) + (specialty in sense.specialties)

    ranked = sorted(senses, key=lambda s: (-weight(s), not s.default))
    best = ranked[0]
    if weight(best) > 0 and (len(ranked) == 1 or weight(best) > weight(ranked[1]) or best.default):
        return best
    return next((s for s in senses if s.default), None)


# A section's kind as the lexicon's tables name it.
_SECTION_NAMES = {
    "assessment_plan": "assessment",
    "discharge_diagnosis": "assessment",
    "admission_diagnosis": "assessment",
    "impression": "assessment",
    "problem_list": "pmh",
    "hospital_course": "hpi",
    "preamble": "hpi",
    "chief_complaint": "hpi",
    "indication": "hpi",
    "findings": "imaging",
    "technique": "imaging",
    "operative_meta": "procedure",
    "health_maintenance": "plan",
    "instructions": "plan",
}


@cache
def _sense_forms() -> dict[str, tuple[tuple[tuple[str, ...], tuple[Sense, ...]], ...]]:
    """First word, lower case → forms (their content words) that begin with it, longest first."""
    forms: dict[str, list[tuple[tuple[str, ...], tuple[Sense, ...]]]] = {}
    for surface, senses in load_senses().items():
        parts = tuple(w for w in words(surface) if is_content(w) or w.isupper())
        forms.setdefault(parts[0].lower(), []).append((parts, senses))
    return {
        first: tuple(sorted(rows, key=lambda row: (-len(row[0]), row[0][0].islower())))
        for first, rows in forms.items()
    }


def _is_form(parts: tuple[str, ...], tokens: list[Token]) -> bool:
    """Whether the tokens are the form: lower case is met in any case, capitals as written."""
    return len(parts) == len(tokens) and all(
        (t.text.lower() if part.islower() else t.text) == part
        for part, t in zip(parts, tokens, strict=True)
    )


def _content(document: Document, sentence: Sentence) -> list[Token]:
    """The sentence's words that say something; an abbreviation may look like one that does not."""
    senses = load_senses()
    tokens = document.sentence_tokens(sentence)
    return [
        _in_full(document.text, t)
        for i, t in enumerate(tokens)
        if (
            is_content(t.text)
            or t.text in senses
            or (t.text == "A" and i > 0 and is_letter(tokens[i - 1].text, t.text))
        )
        and not _of_a_contraction(document.text, t)
    ]


# "Can't" and "won't" come as "ca", "wo" and the contraction behind them.
_CLIPPED = {"ca": "can", "wo": "will"}


def _contracts(text: str, token: Token) -> bool:
    """Whether a "n" is that of "doesn't"."""
    return token.text == "n" and text[token.end : token.end + 1] in ("'", "\u2019")


def _in_full(text: str, token: Token) -> Token:
    """A word of "can't hear" as that of "can not hear"."""
    if _contracts(text, token):
        return replace(token, stem="not")
    full = _CLIPPED.get(token.stem)
    if full and text[token.end : token.end + 3] in ("n't", "n\u2019t"):
        return replace(token, stem=full)
    return token


def _of_a_contraction(text: str, token: Token) -> bool:
    """Whether a "t" is of "doesn't": read by itself it would be "T"."""
    return token.text == "t" and text[token.start - 1] in ("'", "\u2019")


def _ambiguous(document: Document, number: int, content: list[Token]) -> Iterator[Match]:
    """Readings of the ambiguous forms; the code is empty where the reading is no disease."""
    table = _sense_forms()
    sentence = document.sentences[number]
    beside: frozenset[str] | None = None
    for i, token in enumerate(content):
        for parts, senses in table.get(token.text.lower(), ()):
            last = i + len(parts)
            if not _is_form(parts, content[i:last]):
                continue
            if beside is None:
                beside = _stems_beside(document, number)
            own = {t.start for t in content[i:last]}
            near = frozenset(
                t.stem for t in document.sentence_tokens(sentence) if t.start not in own
            )
            kind = document.section_of(sentence).kind
            specialty = (document.note.specialty or "").lower()
            sense = choose_sense(senses, _SECTION_NAMES.get(kind, kind), specialty, near, beside)
            yield Match(i, last, sense.code if sense else "", "sense", last - i)
            break


def _stems_beside(document: Document, number: int) -> frozenset[str]:
    """Stems of the sentences before and after, within the same section."""
    found: set[str] = set()
    for other in (number - 1, number + 1):
        if 0 <= other < len(document.sentences):
            sentence = document.sentences[other]
            if sentence.section == document.sentences[number].section:
                found.update(t.stem for t in document.sentence_tokens(sentence))
    return frozenset(found)


def find_mentions(document: Document, index: TermIndex) -> list[Mention]:
    """Every mention of the note, in order of place.

    Cost is linear in the note's length: each sentence is read on its own.
    """
    mentions: list[Mention] = []
    for number, sentence in enumerate(document.sentences):
        content = _content(document, sentence)
        if not content:
            continue
        position = {
            t.start: sentence.first + i for i, t in enumerate(document.sentence_tokens(sentence))
        }
        senses = list(_ambiguous(document, number, content))
        decided = {(m.first, m.last) for m in senses}
        matches = [
            m
            for m in (
                *_in_order(document.text, content, index),
                *as_bag(document.text, content, index),
            )
            if (m.first, m.last) not in decided
        ]
        matches += [m for m in senses if m.code]
        matches = _keep_longest(document.text, matches, content)
        scopes = scopes_of(document, number)
        for m in matches:
            head, tail = content[m.first], content[m.last - 1]
            first, last = position[head.start], position[tail.start] + 1
            mentions.append(
                Mention(
                    code=m.code,
                    first=first,
                    last=last,
                    start=head.start,
                    end=tail.end,
                    sentence=number,
                    source=m.source,
                    words=m.words,
                    assertion=scopes.assertion(first, last),
                )
            )
    return sorted(mentions, key=lambda m: (m.start, m.end, m.code))

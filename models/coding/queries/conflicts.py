"""(c) The note says two things of one condition that cannot both be true."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from data.schemas import Assertion, Sex
from models.coding.conventions import sex_conflict
from models.coding.queries.chart import ADDRESSED, ELSEWHERE, FINAL, Chart, Raised, apart
from models.coding.queries.rule_tables import Exclusive, deniable, exclusive
from models.coding.queries.tables import vocabulary

KIND = "conflict"
SIDE_IMPORTANCE = 9
SEX_IMPORTANCE = 9
_SETTLED_REACH = 120
_REACH = 60  # characters beside a statement in which a change over time would be told

_SIDE_WORDS = frozenset({"right", "left", "rt", "lt", "r", "l"})
_BEGINNING = frozenset({"chief_complaint", "hpi", "indication", "preamble", "admission_diagnosis"})
_END = FINAL | {"procedure"}


@cache
def _sided() -> re.Pattern[str]:
    """A side, at most one word, and the part of the body."""
    part = vocabulary("body_parts").pattern.removeprefix(r"\b").removesuffix(r"\b")
    return re.compile(
        r"\b(?P<side>right|left|rt|lt|R|L)\b\.?[ \t]+(?:(?!and\b|or\b|to\b)[a-z]+[ \t]+)?"
        rf"(?P<part>{part})s?\b",
        re.IGNORECASE,
    )


def _side(word: str) -> str:
    return "right" if word[0] in "rR" else "left"


def _is_settled(chart: Chart, start: int, end: int) -> bool:
    """Whether words beside a span say which of two statements holds."""
    around = chart.text[max(0, start - _SETTLED_REACH) : end + _SETTLED_REACH]
    return bool(vocabulary("settled").search(around))


def _is_explained(words: str) -> bool:
    return bool(vocabulary("other_side").search(words) or vocabulary("settled").search(words))


def _sides(chart: Chart) -> Iterator[Raised]:
    """One part of the body is right where the note begins and left where it concludes."""
    first: dict[str, dict[str, tuple[int, int]]] = {}
    last: dict[str, dict[str, tuple[int, int]]] = {}
    everywhere: dict[str, set[str]] = {}
    for token in chart.tokens_of(_SIDE_WORDS):
        match = _sided().match(chart.text, token.start)
        if match is None:
            continue
        part, side = match["part"].lower(), _side(match["side"])
        section = chart.section_at(match.start())
        if section in ELSEWHERE or section in ("pmh", "psh", "problem_list", "social"):
            continue
        everywhere.setdefault(part, set()).add(side)
        if not chart.is_present(match.start(), match.end()):
            continue
        where = first if section in _BEGINNING else last if section in _END else None
        if where is not None:
            where.setdefault(part, {}).setdefault(side, match.span())
    for part, begun in first.items():
        ended = last.get(part, {})
        if len(begun) != 1 or len(ended) != 1 or set(begun) == set(ended):
            continue
        if vocabulary("both_sides").search(chart.text):
            continue
        (start,), (end,) = begun.values(), ended.values()
        settled = (chart.text[max(0, a - _REACH) : b + _REACH] for a, b in (start, end))
        if any(_is_explained(words) for words in settled):
            continue
        yield Raised(
            KIND,
            f"side of {part}",
            SIDE_IMPORTANCE,
            f"The note names different sides for the {part} in the places quoted here. Please "
            "clarify which side was evaluated or treated.",
            ("right", "left", "both sides"),
            apart([start, end]),
        )


def _pair(chart: Chart, row: Exclusive) -> list[tuple[int, int]] | None:
    """A place of each of two kinds, in different sentences; None where the note explains them."""
    pair: list[tuple[int, int]] = []
    for pattern in (row.first, row.second):
        spans = [match.span() for match in pattern.finditer(chart.text)]
        for start, end in spans:
            around = chart.text[max(0, start - _REACH) : end + _REACH]
            if row.unless.search(around) or _is_settled(chart, start, end):
                return None
        for start, end in spans:
            if all(end <= a or b <= start for a, b in pair) and chart.is_present(start, end):
                pair.append((start, end))
                break
        if not pair:
            return None
    if len(pair) < 2 or chart.sentence_number(pair[0][0]) == chart.sentence_number(pair[1][0]):
        return None
    return pair


def _kinds(chart: Chart) -> Iterator[Raised]:
    """Two kinds of one condition that exclude each other."""
    for row in exclusive():
        if not all(group & chart.words.keys() for group in row.triggers):
            continue
        pair = _pair(chart, row)
        if pair is None:
            continue
        yield Raised(
            KIND,
            row.subject,
            row.importance,
            f"The note documents the {row.subject} differently in the places quoted here. Please "
            "clarify.",
            row.options,
            apart(pair),
        )


def _denied(chart: Chart) -> Iterator[Raised]:
    """A condition that the note asserts in one place and denies in another."""
    for row in deniable():
        if not any(code.startswith(row.codes) for code in chart.selected):
            continue
        yes = [
            o
            for code, o in chart.spoken(row.codes, (Assertion.PRESENT,))
            if o.section not in ELSEWHERE and code in chart.selected
        ]
        no = [
            o
            for _, o in chart.spoken(row.codes, (Assertion.NEGATED,))
            if o.section in ADDRESSED | {"hpi", "pmh", "problem_list", "preamble"}
            and all(o.sentence != y.sentence for y in yes)
            and row.plain.fullmatch(chart.text, o.start, o.end)
            and not _is_settled(chart, o.start, o.end)
            and not vocabulary("temporary").search(
                chart.text[max(0, o.start - _REACH) : o.end + _REACH]
            )
        ]
        if not yes or not no:
            continue
        yes.sort(key=lambda o: (o.section not in FINAL, o.start))
        yield Raised(
            KIND,
            row.condition,
            row.importance,
            f"The note both documents and denies {row.condition} in the places quoted here. "
            "Please clarify whether it is present.",
            (
                f"{row.condition} is present",
                f"{row.condition} is not present",
                f"{row.condition} is a past condition that is resolved",
            ),
            apart([(yes[0].start, yes[0].end), (no[0].start, no[0].end)]),
        )


def _carried_forward(chart: Chart) -> Iterator[Raised]:
    """A listed problem is chosen though today's assessment calls it resolved or absent."""
    against = (Assertion.NEGATED, Assertion.HISTORICAL)
    for row in deniable():
        if not any(code.startswith(row.codes) for code in chart.selected):
            continue
        listed = [
            o
            for code, o in chart.spoken(row.codes, (Assertion.PRESENT,))
            if o.section in ("problem_list", "pmh") and code in chart.selected
        ]
        said = [o for _, o in chart.spoken(row.codes, tuple(Assertion)) if o.section in FINAL]
        if not listed or not said or any(o.assertion not in against for o in said):
            continue
        if _is_settled(chart, listed[0].start, listed[0].end):
            continue
        if listed[0].sentence == said[0].sentence:
            continue
        yield Raised(
            KIND,
            row.condition,
            row.importance,
            f"The problem list and today's assessment differ about {row.condition}. Please clarify "
            "its present status.",
            (
                f"{row.condition} is present",
                f"{row.condition} is resolved",
                f"{row.condition} was not present",
            ),
            apart([(listed[0].start, listed[0].end), (said[0].start, said[0].end)]),
        )


def _of_other_sex(chart: Chart) -> Iterator[Raised]:
    """An assessed condition that the recorded sex does not allow."""
    sex = chart.document.note.sex
    if sex not in (Sex.FEMALE, Sex.MALE):
        return
    for code, candidate in chart.found.items():
        places = [
            o
            for o in candidate.occurrences
            if o.words > 1 and o.assertion is Assertion.PRESENT and o.section in FINAL
        ]
        if places and sex_conflict(code, sex):
            yield Raised(
                KIND,
                "recorded sex",
                SEX_IMPORTANCE,
                "The condition quoted here does not agree with the sex recorded for the patient. "
                "Please clarify.",
                (
                    "the condition quoted is correct and the recorded sex needs review",
                    "the condition quoted belongs to another person or was entered in error",
                ),
                apart((o.start, o.end) for o in places[:2]),
            )
            return


def contradictions_of(chart: Chart) -> Iterator[Raised]:
    """Queries for facts that conflict."""
    yield from _sides(chart)
    yield from _kinds(chart)
    yield from _carried_forward(chart)
    yield from _denied(chart)
    yield from _of_other_sex(chart)

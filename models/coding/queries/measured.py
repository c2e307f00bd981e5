"""Values that a note measures: name, numbers and where they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from data.schemas import Assertion
from data.terminology.words import words
from models.coding.queries.chart import ELSEWHERE, Chart
from models.coding.queries.tables import Measure, measures, vocabulary

_SHORT = 3  # a name of so few letters is read as it is written: "K" is not "k", "Mg" not "mg"
_NUMBER = r"\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?"
_GAP = (
    r"[ \t]*(?:(?:was|is|of|at|to|on|now|today|level|elevated|low|high|up|down|initial(?:ly)?|"
    r"peak(?:ed)?|repeat|admission|adm|nadir|increased|decreased|dropped|rose|fell|found|RA|"
    r"\(|[=:~<>\u2013-])[ \t]*){0,4}"
)
_ARROW = re.compile(
    r"\s*(?:\(|,)?\s*(?:-{0,2}>|\u2192|=>|\bto\b|\bfrom\b|\bbaseline\b|\bbl\b|\bb/l\b|\bwas\b|"
    r"\bprior\b|\bpeak\b)(?:\s*(?:of|~|was|is|about|:))*\s*(\d+(?:\.\d+)?)(?![\d/])"
)
_AIM_REACH = 20  # characters before the name
FAHRENHEIT_FROM = 90.0
THOUSANDS_FROM = 1500.0


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, or the values of one course ("Cr 0.9 -> 1.8"), in the unit of its measure."""

    measure: str
    values: tuple[float, ...]
    start: int
    end: int


@cache
def _pattern() -> tuple[re.Pattern[str], dict[str, Measure], frozenset[str]]:
    names: dict[str, Measure] = {}
    for measure in measures():
        for name in measure.names:
            names[name if len(name) <= _SHORT else name.lower()] = measure
    exact = sorted((n for n in names if len(n) <= _SHORT), key=len, reverse=True)
    free = sorted((n for n in names if len(n) > _SHORT), key=len, reverse=True)
    either = (
        f"(?i:{'|'.join(map(re.escape, free))})(?![A-Za-z0-9])|"
        f"(?:{'|'.join(map(re.escape, exact))})(?![A-Za-z0-9])"
    )
    starts = frozenset(words(name)[0].lower() for name in names)
    return (
        re.compile(rf"(?<![\w/-])(?P<name>{either})(?P<gap>{_GAP})(?P<value>{_NUMBER})"),
        names,
        starts,
    )


def _scaled(measure: Measure, value: float) -> float:
    if measure.scale == "fahrenheit" and value >= FAHRENHEIT_FROM:
        return (value - 32) * 5 / 9
    if measure.scale == "thousands" and value >= THOUSANDS_FROM:
        return value / 1000
    return value


def _possible(measure: Measure, value: float) -> bool:
    return measure.lowest <= value <= measure.highest


def _is_aim(text: str, start: int) -> bool:
    """Whether the words before a name make its value an aim or the case of an instruction."""
    last = text[max(0, start - _AIM_REACH) : start].split("\n")[-1].split()[-2:]
    return any(vocabulary("aims").fullmatch(word.strip(",:(")) for word in last)


def read_measures(chart: Chart) -> Iterator[Reading]:
    """Every value of the note that is possible and is no aim, instruction or relative's."""
    pattern, names, first_words = _pattern()
    text, end = chart.text, 0
    for token in chart.tokens_of(first_words):
        match = pattern.match(text, token.start)
        if match is None or token.start < end:
            continue
        name = match["name"]
        measure = names.get(name) or names.get(name.lower())
        if measure is None:
            continue
        if "<" in match["gap"]:
            continue  # a bound, not a value
        after = text[match.end() : match.end() + 3]
        number = match["value"].replace(",", "")
        if re.match(r"\.?\d|/\d", after) and not (
            measure.name == "systolic" or ("." in number and after[:1] == "/")
        ):
            continue  # a date ("K 5/11") or a longer number
        value = _scaled(measure, float(number))
        if not _possible(measure, value):
            continue
        if _is_aim(text, match.start()):
            continue
        if chart.section_at(match.start()) in ELSEWHERE:
            continue
        values, end = [value], match.end()
        if after[:1] == "%" or after[:2] == " %":
            end += after.index("%") + 1
        while step := _ARROW.match(text, end):
            following = _scaled(measure, float(step[1]))
            if not _possible(measure, following):
                break
            values.append(following)
            end = step.end()
        said = chart.assertion(match.start("name"), match.end("name"))
        if said in (Assertion.HYPOTHETICAL, Assertion.FAMILY):
            continue
        yield Reading(measure.name, tuple(values), match.start(), end)

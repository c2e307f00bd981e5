"""The worksheet of a visit's level, laid out as an auditor reads it; no rule of its own.

What is counted and which level it makes is decided in :mod:`models.procedures.em`; here a
result's ``em`` is put into words by tables, and each line is tied to its words in the note.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from data.schemas import System
from serving.coding.state import Standing
from serving.web.tables import table
from serving.web.worksheet_words import (
    level_of,
    level_words,
    missing_words,
    rule_words,
    sheet_notes,
    unlevelled_words,
)

if TYPE_CHECKING:
    from serving.web.views import CodeRow

TITLES = {"problems": "Problems addressed", "data": "Data reviewed", "risk": "Risk"}
TIME_TITLE = "Total time"
NOTHING = "nothing counted"
_GONE = frozenset({Standing.REJECTED, Standing.REPLACED})

Spans = tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SheetLine:
    """One thing counted.

    Attributes:
        anchor: the line's id on the page, and owner of its marks in the note.
        words: what it is, in an auditor's words.
        code: the diagnosis that a problem stands for.
        quotes: the words of the note, in the order of the spans; empty where it quotes none.
        standing: what the coder did with the diagnosis, where it no longer stands.
    """

    anchor: str
    words: str
    spans: Spans = ()
    quotes: tuple[str, ...] = ()
    code: str = ""
    standing: str = ""
    short: bool = False
    order: str = ""


@dataclass(frozen=True)
class SheetColumn:
    """Problems, data, risk or time.

    Attributes:
        level: its level in words; empty where it has none.
        counted: the level that its lines alone make, where another one was read.
        carries: whether the visit's level rests on it.
        empty: what to say where nothing is listed.
    """

    name: str
    title: str
    level: str
    counted: str
    carries: bool
    lines: tuple[SheetLine, ...]
    empty: str = NOTHING

    @property
    def full(self) -> tuple[SheetLine, ...]:
        """Lines that stand each by itself."""
        return tuple(line for line in self.lines if not line.short)

    @property
    def short(self) -> tuple[SheetLine, ...]:
        """Lines that stand in one row, behind the words they share."""
        return tuple(line for line in self.lines if line.short)


@dataclass(frozen=True)
class SheetCode:
    """A code of the worksheet and its row in the list, if it has one there."""

    code: str
    anchor: str
    standing: str


@dataclass(frozen=True)
class Worksheet:
    """How the level of a visit came about; ``columns`` is empty where it has none."""

    code: SheetCode
    method: str
    level: str
    rule: str
    columns: tuple[SheetColumn, ...]
    notes: tuple[str, ...]
    runner_up: SheetCode | None = None
    missing: str = ""

    def lines(self) -> Iterator[SheetLine]:
        for column in self.columns:
            yield from column.lines


def worksheet_of(
    em: Mapping[str, Any] | None, text: str, rows: Sequence[CodeRow]
) -> Worksheet | None:
    """Lay out a result's ``em``; what is not in it is left out.

    Args:
        text: the note's text, that lines are quoted from.
        rows: the codes on the page.
    """
    if not em or not em.get("code"):
        return None
    diagnoses = {r.state.code: r for r in rows if r.state.system is System.ICD10CM}
    services = {r.state.code: r for r in rows if r.state.system is not System.ICD10CM}
    levelled = em.get("level") is not None
    columns = [_element(name, em, text, diagnoses) for name in TITLES if em.get(name)]
    if levelled or em.get("time"):
        columns.append(_time(em, text, levelled))
    runner = em.get("runner_up") or {}
    return Worksheet(
        code=_code(str(em["code"]), services),
        method=str(em.get("method") or ""),
        level=level_words("decision", em.get("level")),
        rule=rule_words(em) if levelled else unlevelled_words(em),
        columns=tuple(columns),
        notes=sheet_notes(em, any(column.counted for column in columns)),
        runner_up=_code(str(runner["code"]), services) if runner.get("code") else None,
        missing=missing_words(em),
    )


def _code(code: str, services: Mapping[str, CodeRow]) -> SheetCode:
    row = services.get(code)
    return SheetCode(code, row.anchor if row else "", _standing(row) if row else "")


def _standing(row: CodeRow) -> str:
    by = row.state.replaced_by
    return f"{row.state.standing} by {by.code}" if by else str(row.state.standing)


def _element(
    name: str, em: Mapping[str, Any], text: str, diagnoses: Mapping[str, CodeRow]
) -> SheetColumn:
    element = em[name]
    level = element.get("level")
    counted = level_of(str(element.get("counted") or ""))
    lines: dict[tuple[str, str, str], SheetLine] = {}
    for item in element.get("items") or ():
        line = _line(name, item, text, diagnoses)
        key = (line.words, line.code, str(item.get("label")) if line.short else "")
        # Several cues of one kind are one line with all their words.
        known = lines.get(key, line)
        lines[key] = _quoting(known, (*known.spans, *line.spans), text)
    ordered = sorted(lines.values(), key=lambda line: line.order)
    return SheetColumn(
        name,
        TITLES[name],
        level_words(name, level),
        level_words(name, counted) if counted and level and counted != level else "",
        _carries(em, level),
        tuple(replace(line, anchor=f"em-{name}-{n}") for n, line in enumerate(ordered)),
    )


def _carries(em: Mapping[str, Any], level: int | None) -> bool:
    """Whether an element is one of those that reach the level of decision making."""
    by_decision = em.get("method") != "time"
    return by_decision and level is not None and level >= (em.get("decision_level") or 0)


@cache
def _kinds() -> dict[tuple[str, str, str], dict[str, str]]:
    return {(row["element"], row["kind"], row["label"]): row for row in table("em_kinds")}


@cache
def _tests() -> dict[tuple[str, str], str]:
    return {(row["kind"], row["name"]): row["words"] for row in table("em_tests")}


def _line(
    element: str, item: Mapping[str, Any], text: str, diagnoses: Mapping[str, CodeRow]
) -> SheetLine:
    kind, label = str(item.get("kind") or ""), str(item.get("label") or "")
    kinds = _kinds()
    row = kinds.get((element, kind, label)) or kinds.get((element, kind, ""))
    words = row["words"] if row else label or kind.replace("_", " ")
    if "{name}" in words:
        name, _, status = label.rpartition(" ")
        words = words.format(
            name=_tests().get(("test", name), name.replace("_", " ")),
            status=_tests().get(("status", status), status),
        )
    spans: Spans = ((item["start"], item["end"]),) if "start" in item else ()
    code = label if element == "problems" else ""
    diagnosis = diagnoses.get(code)
    if diagnosis:
        # The result holds one word of it; the diagnosis knows how far its words go.
        whole = {span.start: span.end for span in diagnosis.state.evidence}
        spans = tuple((start, whole.get(start, end)) for start, end in spans)
    gone = diagnosis is not None and diagnosis.state.standing in _GONE
    line = SheetLine(
        anchor="",
        words=words,
        code=code,
        standing=_standing(diagnosis) if diagnosis and gone else "",
        short=kind == "drug" and bool(spans),
        order=row["order"] if row else "",
    )
    return _quoting(line, spans, text)


def _quoting(line: SheetLine, spans: Spans, text: str) -> SheetLine:
    """The line with spans that lie within the text, each once, and their words."""
    within = tuple(dict.fromkeys((a, b) for a, b in spans if 0 <= a < b <= len(text)))
    return replace(line, spans=within, quotes=tuple(text[a:b] for a, b in within))


def _time(em: Mapping[str, Any], text: str, levelled: bool) -> SheetColumn:
    time = em.get("time")
    lines: tuple[SheetLine, ...] = ()
    if time:
        line = SheetLine("em-time-0", f"{time['minutes']} minutes on the day")
        lines = (_quoting(line, ((time["start"], time["end"]),), text),)
    own = level_words("decision", em.get("time_level"))
    return SheetColumn(
        "time",
        TIME_TITLE,
        own or ("below any level" if time and levelled else ""),
        "",
        em.get("method") == "time",
        lines,
        _no_time(em),
    )


def _no_time(em: Mapping[str, Any]) -> str:
    words = {row["family"]: row["words"] for row in table("em_no_time")}
    if em.get("second"):
        return words["second"]
    return words.get(str(em.get("family")), words[""])

"""The sentences of a visit's worksheet: the rule that made the level, and what would change it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from serving.web.tables import table

ELEMENTS = ("problems", "data", "risk")
NEEDED = 2
"""Elements that decide together."""
READ = (
    "“Counted” is what the lines alone make. The level was read from the lines, "
    "the diagnoses and the encounter together."
)


@cache
def _levels() -> dict[tuple[str, int], str]:
    return {(row["element"], int(row["level"])): row["words"] for row in table("em_levels")}


def level_words(element: str, level: int | None) -> str:
    """A level as the element's own column calls it; empty where there is none."""
    return _levels().get((element, level), "") if level is not None else ""


def level_of(name: str) -> int | None:
    """The number of a level that a result names."""
    return next(
        (n for (element, n), words in _levels().items() if (element, words) == ("decision", name)),
        None,
    )


def joined(names: Sequence[str], last: str = "and") -> str:
    """Names as a sentence lists them: "a, b and c"."""
    if len(names) < NEEDED:
        return "".join(names)
    return f"{', '.join(names[:-1])} {last} {names[-1]}"


def _reaching(em: Mapping[str, Any]) -> list[str]:
    wanted = em.get("decision_level") or 0
    return [name for name in ELEMENTS if ((em.get(name) or {}).get("level") or 0) >= wanted]


def rule_words(em: Mapping[str, Any]) -> str:
    """The rule that made the level of a levelled visit."""
    decision = level_words("decision", em.get("decision_level"))
    time = em.get("time") or {}
    minutes, time_level = time.get("minutes"), em.get("time_level")
    by_time = em.get("time_code") or level_words("decision", time_level)
    if em.get("method") == "time":
        instead = em.get("decision_code") or decision
        return (
            f"Time, {minutes} minutes, reaches {by_time}; "
            f"decision making would give {instead}: the higher counts."
        )
    reaching = _reaching(em)
    said = f"Decision making is {decision}."
    if len(reaching) == len(ELEMENTS):
        said = f"All three reach {decision}."
    elif len(reaching) == NEEDED:
        said = f"Two of three reach {decision}: {joined(reaching)}."
    if time_level is None:
        return said
    if by_time in (em.get("code"), decision):
        return f"{said} Time, {minutes} minutes, reaches the same."
    return f"{said} Time, {minutes} minutes, would give {by_time}: the higher counts."


def unlevelled_words(em: Mapping[str, Any]) -> str:
    """How a visit without a level is coded."""
    words = {(row["method"], row["family"]): row["words"] for row in table("em_unlevelled")}
    return words.get((str(em.get("method")), str(em.get("family"))), words["", ""])


def missing_words(em: Mapping[str, Any]) -> str:
    """What the runner-up lacks, or what would have to fall short for it."""
    runner = em.get("runner_up") or {}
    if not runner.get("code"):
        return ""
    lacking = [
        f"{name} {level_words(name, level_of(level.strip()))}"
        for name, _, level in (str(row).partition(":") for row in runner.get("missing") or ())
    ]
    if lacking:
        needed = max(NEEDED - (len(ELEMENTS) - len(lacking)), 1)
        if needed == len(lacking):
            return f"missing: {joined(lacking)}"
        if needed == 1:
            return f"missing: {joined(lacking, 'or')}"
        return f"missing: two of {joined(lacking)}"
    reaching = _reaching(em)
    decision = level_words("decision", em.get("decision_level"))
    if em.get("method") == "time" or len(reaching) < NEEDED:
        return ""
    which = "two of the three" if len(reaching) == len(ELEMENTS) else joined(reaching, "or")
    return f"right if {which} fell short of {decision}"


def sheet_notes(em: Mapping[str, Any], counted: bool) -> tuple[str, ...]:
    """What else to know of the worksheet."""
    notes = [f"{str(note)[:1].upper()}{str(note)[1:]}." for note in em.get("notes") or ()]
    if em.get("second"):
        notes.append("This is the problem visit beside a preventive one, which has no level.")
    if counted:
        notes.append(READ)
    return tuple(notes)

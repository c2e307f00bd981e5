"""Endoscopies: one code for each technique that a scope's account names (``techniques.csv``)."""

from __future__ import annotations

import re
from functools import cache

from data.terminology.procedure_codes import Concept, ProcedureCode, ProcedureCodes
from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.tables import compile_phrases, rows, split

_ADVISED = frozenset(("plan", "instructions", "indication", "hpi", "pmh", "psh", "family"))
"""Sections whose techniques are not this account's."""


@cache
def _techniques() -> dict[str, tuple[tuple[str, re.Pattern[str]], ...]]:
    table: dict[str, list[tuple[str, re.Pattern[str]]]] = {}
    for row in rows("techniques"):
        pattern = compile_phrases(split(row["phrases"]))
        table.setdefault(row["scope"], []).append((row["technique"], pattern))
    return {scope: tuple(found) for scope, found in table.items()}


def _scope_heads(text: str, layout: Layout) -> list[tuple[int, str]]:
    """Where an account of one scope begins: it opens a line that names no other scope."""
    lines: dict[int, list[tuple[int, str]]] = {}
    for mention in layout.found:
        scope = mention.concept.attributes.get("scope")
        if scope:
            start = text.rfind("\n", 0, mention.start) + 1
            lines.setdefault(start, []).append((mention.start, scope))
    return [
        (named[0][0], named[0][1])
        for start, named in sorted(lines.items())
        if len({scope for _, scope in named}) == 1
        and not any(c.isalpha() for c in text[start : named[0][0]])
    ]


def _under(heads: list[tuple[int, str]], offset: int, scope: str) -> str:
    """The scope whose account holds ``offset``; ``scope`` itself where no two are told apart."""
    if len({name for _, name in heads}) < 2 or scope not in {name for _, name in heads}:
        return scope
    before = [name for start, name in heads if start <= offset]
    return before[-1] if before else scope


def by_technique(
    document: Document,
    layout: Layout,
    codes: ProcedureCodes,
    concept: Concept,
    scope: str,
    slots: dict[str, str | float],
) -> list[ProcedureCode]:
    """One code for each technique an endoscopy's account names; the plain look if none."""
    found: list[ProcedureCode] = []
    day = document.note.date_of_service
    heads = _scope_heads(document.text, layout)
    for technique, pattern in _techniques().get(scope, ()):
        for match in pattern.finditer(document.text):
            if _under(heads, match.start(), scope) != scope:
                continue
            kind = layout.section_kind(match.start())
            if kind in _ADVISED:
                continue
            entry = codes.pick(concept.name, {**slots, "technique": technique}, day)
            if entry is not None and entry not in found:
                found.append(entry)
            break
    if found:
        return found
    plain = codes.pick(concept.name, {k: v for k, v in slots.items() if k != "technique"}, day)
    return [plain] if plain else []

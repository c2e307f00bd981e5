"""Measure a coder on gold notes, beside a baseline on the same split."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from data.schemas import CodingResult, Convention, GoldNote, System
from models.coding.coder import Coder
from models.metrics import CodedNote


def judged(gold: GoldNote, result: CodingResult, systems: Iterable[System]) -> CodedNote:
    """One result beside its gold codes, for the systems given."""
    wanted = set(systems)
    ours = [s for s in result.suggestions if s.system in wanted]
    ours.sort(key=lambda s: -s.confidence)
    golds = [c for c in gold.codes if c.system in wanted]
    # One line a code: a code may stand twice, with other modifiers.
    best: dict[str, float] = {}
    for suggestion in ours:
        best.setdefault(suggestion.code, suggestion.confidence)
    return CodedNote(
        gold=frozenset(c.code for c in golds),
        selected=frozenset(s.code for s in ours if s.selected),
        ranking=tuple(best.items()),
        evidence={s.code: [(e.start, e.end) for e in s.evidence] for s in ours},
        gold_evidence={c.code: [(e.start, e.end) for e in c.evidence] for c in golds},
        automatic=frozenset(s.code for s in ours if s.auto_accept),
    )


def run_coder(
    coder: Coder, notes: Sequence[GoldNote], convention: Convention
) -> list[tuple[GoldNote, CodingResult]]:
    """Every note with what the coder says of it."""
    return [(gold, coder.suggest(gold.note, convention)) for gold in notes]


def table(columns: Mapping[str, Mapping[str, float]]) -> str:
    """Figures side by side: one row a measure, one column a system."""
    names = list(dict.fromkeys(name for figures in columns.values() for name in figures))
    width = max(len(n) for n in names)
    head = " ".join(f"{title:>24}" for title in columns)
    lines = [f"{'':{width}} {head}"]
    for name in names:
        cells = " ".join(
            f"{figures[name]:>24.4f}" if name in figures else f"{'':>24}"
            for figures in columns.values()
        )
        lines.append(f"{name:{width}} {cells}")
    return "\n".join(lines)

"""What is loaded: releases with dates and counts, index and licensed files, the lexicon, tables."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from data.terminology.index import read_index
from data.terminology.lexicon import load_senses, load_terms
from data.terminology.official.store import WORDS, Kept, kept_files
from data.terminology.procedure_codes import SWITCH, ProcedureCodes, cpt_is_on
from data.terminology.tabular import load_releases


def status_lines(folder: Path) -> Iterator[str]:
    """One line a source, for a person."""
    for release in load_releases(folder):
        yield (
            f"ICD-10-CM {release.name}: {release.effective_from} to {release.effective_to}, "
            f"{len(release.billable_codes)} billable codes"
        )
    for path in sorted(folder.glob("index-*")) if folder.is_dir() else []:
        count = sum(1 for _ in read_index(path))
        yield f"index {path.name.removeprefix('index-')}: {count} wordings"
    terms = load_terms()
    yield (
        f"lexicon: {len(terms)} surface forms to {len({t.code for t in terms})} nodes, "
        f"{len(load_senses())} ambiguous forms"
    )
    yield from (_official(kept) for kept in kept_files(folder))
    counts: dict[str, int] = {}
    for entry in ProcedureCodes.from_environment():
        counts[entry.system.value] = counts.get(entry.system.value, 0) + 1
    for system, count in sorted(counts.items()):
        yield f"{system} starter table: {count} codes, own wording"


def _official(kept: Kept) -> str:
    """A file of the user's: what, release, days, rows, and which file it was."""
    off = f", off by {SWITCH}" if kept.is_ama and not cpt_is_on() else ""
    return (
        f"{WORDS[kept.kind]} {kept.release}: {kept.first} to {kept.last}, {kept.rows} rows, "
        f"from {kept.source} (sha256 {kept.sha256[:16]}){off}"
    )

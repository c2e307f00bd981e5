"""The project's own notes with gold codes: invented, written for Superbill, CC BY 4.0.

One TOML file a note. Authors quote the words and say which occurrence is meant;
offsets are computed here, so that an edited text can never leave an offset stale.
Batches are folders and belong to one split each: what trains, what tunes and what
is looked at for reporting only. ``second_pass`` holds the second coder's codes.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from data.schemas import Evidence, GoldCode, GoldMention, GoldNote, Note, System

FOLDER = Path(__file__).parent
SPLITS: dict[str, tuple[str, ...]] = {
    "train": ("samples", "train", "unread"),
    "dev": ("dev",),
    "test": ("test",),
}
"""Split → batches. ``samples`` are also what a first start shows. ``unread`` trains, and nobody
who mends tables reads it, so that calibration and operating points are set on it honestly."""
BATCHES = tuple(batch for batches in SPLITS.values() for batch in batches)

_NOTE_FIELDS = set(Note.model_fields)


class AuthoredError(ValueError):
    """A note file that does not hold; the message names file, field and fix."""


def locate(text: str, quote: str, occurrence: int) -> Evidence:
    """Offsets of the ``occurrence``-th time (from 1) that ``quote`` stands in ``text``.

    Raises:
        AuthoredError: it stands there fewer times.
    """
    start = -1
    for _ in range(occurrence):
        start = text.find(quote, start + 1)
        if start < 0:
            raise AuthoredError(
                f"quote {quote!r} stands {text.count(quote)} times in the note, not {occurrence}"
            )
    return Evidence.of(text, start, start + len(quote))


def _evidence(text: str, rows: list[dict[str, Any]]) -> tuple[Evidence, ...]:
    return tuple(locate(text, row["quote"], row.get("occurrence", 1)) for row in rows)


def read_toml(path: Path) -> dict[str, Any]:
    """A file's tables.

    Raises:
        AuthoredError: it is no TOML; names the file and the line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise AuthoredError(f"{path.name}: {error}") from error


def read_gold(path: Path) -> GoldNote:
    """Read one note file.

    Raises:
        AuthoredError: bad TOML, a quote that is not in the text, or a bad field.
    """
    raw = read_toml(path)
    if "procedures" in raw:
        raise AuthoredError(f"{path.name}: procedures: they stand in procedures/<batch>/")
    try:
        note = Note.model_validate({k: v for k, v in raw.items() if k in _NOTE_FIELDS})
        codes = [
            GoldCode(
                system=System.ICD10CM,
                code=row["code"],
                sequence=number,
                evidence=_evidence(note.text, row.get("evidence", [])),
            )
            for number, row in enumerate(raw.get("diagnoses", []), start=1)
        ]
        mentions = tuple(
            GoldMention(
                evidence=locate(note.text, row["quote"], row.get("occurrence", 1)),
                assertion=row["assertion"],
            )
            for row in raw.get("mentions", [])
        )
    except (ValueError, KeyError) as error:
        raise AuthoredError(f"{path.name}: {error}") from error
    return GoldNote(note=note, codes=tuple(codes), mentions=mentions)


def note_files(batch: str) -> list[Path]:
    """The files of a batch, in order.

    Raises:
        AuthoredError: no such batch.
    """
    folder = FOLDER / batch
    if batch not in BATCHES or not folder.is_dir():
        raise AuthoredError(f"no batch {batch!r}; there are {', '.join(BATCHES)}")
    return sorted(folder.glob("*.toml"))


def load_notes(batch: str) -> list[GoldNote]:
    """Every note of a batch, in file order.

    Raises:
        AuthoredError: no such batch, or a note that does not hold.
    """
    return [read_gold(path) for path in note_files(batch)]


def load_split(split: str) -> list[GoldNote]:
    """Every note of ``train``, ``dev`` or ``test``.

    Raises:
        AuthoredError: no such split, or a note that does not hold.
    """
    if split not in SPLITS:
        raise AuthoredError(f"no split {split!r}; there are {', '.join(SPLITS)}")
    return [gold for batch in SPLITS[split] for gold in load_notes(batch)]


def hard_reasons(batch: str) -> dict[str, str]:
    """Note id → why it is hard on purpose, for the notes of a batch that are."""
    raws = (read_toml(path) for path in note_files(batch))
    return {str(raw["id"]): str(raw["hard"]) for raw in raws if raw.get("hard")}

"""The project's own notes with gold codes: invented, written for Superbill, CC BY 4.0.

One TOML file a note. Authors quote the words and say which occurrence is meant;
offsets are computed here, so that an edited text can never leave an offset stale.
``samples`` are demonstration and development data; ``blind`` was written without
sight of the lexicon and the engine and tunes nothing.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from data.schemas import Evidence, GoldCode, GoldMention, GoldNote, Note, System

FOLDER = Path(__file__).parent
BATCHES = ("samples", "blind")

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


def read_gold(path: Path) -> GoldNote:
    """Read one note file.

    Raises:
        AuthoredError: bad TOML, a quote that is not in the text, or a bad field.
    """
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8"))
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
        codes += [
            GoldCode(
                system=System(row["system"]),
                code=row["code"],
                modifiers=tuple(row.get("modifiers", ())),
                units=row.get("units", 1),
                linked_diagnoses=tuple(row.get("diagnoses", ())),
                evidence=_evidence(note.text, row.get("evidence", [])),
            )
            for row in raw.get("procedures", [])
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


def load_notes(batch: str) -> list[GoldNote]:
    """Every note of a batch, in file order.

    Raises:
        AuthoredError: no such batch, or a note that does not hold.
    """
    folder = FOLDER / batch
    if not folder.is_dir():
        raise AuthoredError(f"no batch {batch!r}; there are {', '.join(BATCHES)}")
    return [read_gold(path) for path in sorted(folder.glob("*.toml"))]

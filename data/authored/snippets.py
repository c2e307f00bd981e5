"""Short notes with their diagnoses and procedures coded: many wordings of many services.

Written blind to the tables and the engine (see the data card), one JSON object a line in
``snippets/<part>/<area>.jsonl``; CC BY 4.0 like the other authored notes. Tables are mended
while reading part ``read``; nobody who mends them reads ``unread``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

from data.authored import FOLDER, SPLITS, AuthoredError, locate
from data.authored.procedures import Done, Visit
from data.schemas import ClaimType, GoldCode, GoldNote, Note, System

PARTS = {"snippets": "read", "unread snippets": "unread"}
"""Name of a batch → its folder."""
TRAINING_BATCHES = (*SPLITS["train"], *SPLITS["dev"], *PARTS)
"""Every batch that may train; the test part only reports."""
SERVICE_DAY = date(2026, 6, 15)
_SETTINGS = {"telehealth": "outpatient", "observation": "inpatient"}
_FAMILIES = {
    "992": {"0": "office", "1": "office", "2": "hospital", "3": "hospital", "4": "consultation",
            "5": "consultation", "8": "emergency", "9": "critical care"},
    "993": {"0": "nursing facility", "1": "nursing facility", "4": "home", "5": "home",
            "8": "preventive", "9": "preventive"},
}  # fmt: skip


def _visit(raw: dict[str, Any]) -> Visit:
    code, minutes = raw["code"], raw.get("minutes")
    family = _FAMILIES.get(code[:3], {}).get(code[3], "other")
    elements = {name: raw.get(name) for name in ("problems", "data", "risk")}
    by_time = minutes is not None and None in elements.values()
    method = "time" if by_time else "none" if None in elements.values() else "decision making"
    return Visit.model_validate(
        {"code": code, "family": family, "method": method, "minutes": minutes, **elements}
    )


def _snippet(raw: dict[str, Any]) -> tuple[GoldNote, Done]:
    born = date(SERVICE_DAY.year - int(raw["age"]), 3, 1) if raw.get("age") is not None else None
    note = Note(
        id=raw["id"],
        text=raw["text"],
        date_of_service=SERVICE_DAY,
        sex=raw.get("sex"),
        birth_date=born,
        setting=_SETTINGS.get(raw["setting"], raw["setting"]),
        note_type=raw["note_type"],
        specialty=raw["specialty"],
        place_of_service=raw["place"],
        payer_type=raw["payer"],
        claim_type=ClaimType.PROFESSIONAL,
    )
    lines = tuple(
        GoldCode(
            system=System.CPT if line["code"][0].isdigit() else System.HCPCS,
            code=line["code"],
            modifiers=tuple(line.get("modifiers", ())),
            units=line.get("units", 1),
            evidence=tuple(locate(raw["text"], quote, 1) for quote in line.get("evidence", ())),
        )
        for line in raw["lines"]
    )
    codes = tuple(
        GoldCode(
            system=System.ICD10CM,
            code=found["code"],
            sequence=number,
            evidence=tuple(locate(raw["text"], quote, 1) for quote in found["evidence"]),
        )
        for number, found in enumerate(raw.get("diagnoses", ()), start=1)
    )
    visit = _visit(raw["visit"]) if raw.get("visit") else None
    return GoldNote(note=note, codes=codes), Done(note=raw["id"], lines=lines, visit=visit)


def _read(path: Path) -> Iterator[tuple[GoldNote, Done]]:
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            yield _snippet(json.loads(line))
        except (ValueError, KeyError, TypeError) as error:
            raise AuthoredError(f"{path.name}, line {number}: {error}") from error


def load_snippets(batch: str) -> list[tuple[GoldNote, Done]]:
    """Snippets of a batch with what was done; the status of their services is not coded.

    Raises:
        AuthoredError: no such batch, or a line that does not hold.
    """
    if batch not in PARTS:
        raise AuthoredError(f"no batch {batch!r}; there are {', '.join(PARTS)}")
    found = [
        s for p in sorted((FOLDER / "snippets" / PARTS[batch]).glob("*.jsonl")) for s in _read(p)
    ]
    seen: set[str] = set()
    for gold, _ in found:
        if gold.note.id in seen:
            raise AuthoredError(f"{gold.note.id} stands twice")
        seen.add(gold.note.id)
    return found

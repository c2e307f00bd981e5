"""What was done at the encounters of the authored notes, beside their diagnoses.

One TOML file a note in ``procedures/<batch>/``: the lines a professional claim would carry,
the elements that the level of an E/M visit rests on, and the status of every service that the
note names. Quotes are located in the note as for diagnoses. ``second_pass/procedures_<batch>.csv``
holds both coders' items; ``python -m data.authored.procedures`` prints counts and agreement.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal

from data.authored import BATCHES, FOLDER, AuthoredError, load_notes, locate, read_toml
from data.schemas import ClaimType, Code, Evidence, Frozen, GoldCode, GoldNote, Setting, System

COLUMNS = ("note", "item", "first", "second", "resolved", "reason")


class Status(StrEnum):
    """Whether a service named in a note was done, by whom and when."""

    PERFORMED = "performed"  # at this encounter, by who bills it
    ORDERED = "ordered"  # today, to be done later or by others
    PLANNED = "planned"  # meant for later, without an order today
    HISTORICAL = "historical"
    REFUSED = "refused"
    ELSEWHERE = "elsewhere"  # by another practice or facility around this episode


class Level(StrEnum):
    """Of an element of decision making (CPT E/M guidelines 2021 and 2023)."""

    STRAIGHTFORWARD = "straightforward"  # minimal
    LOW = "low"  # of data: limited
    MODERATE = "moderate"
    HIGH = "high"  # of data: extensive


class Service(Frozen):
    """A service that the note names."""

    evidence: Evidence
    status: Status


class Visit(Frozen):
    """An E/M service and what its level rests on.

    Attributes:
        minutes: total time of the billing clinician as the note states it.
        evidence: (element, words) of ``problems``, ``data``, ``risk`` or ``minutes``.
    """

    code: Code
    family: Literal[
        "office", "emergency", "hospital", "discharge", "critical care", "consultation",
        "nursing facility", "home", "preventive", "other",
    ]  # fmt: skip
    method: Literal["decision making", "time", "age", "none"]
    problems: Level | None = None
    data: Level | None = None
    risk: Level | None = None
    minutes: int | None = None
    evidence: tuple[tuple[Literal["problems", "data", "risk", "minutes"], Evidence], ...] = ()


class Done(Frozen):
    """What was done at one note's encounter."""

    note: str
    lines: tuple[GoldCode, ...] = ()
    visit: Visit | None = None
    services: tuple[Service, ...] = ()
    remark: str = ""


def _quoted(text: str, row: dict[str, Any]) -> Evidence:
    return locate(text, row["quote"], row.get("occurrence", 1))


def read_done(path: Path, gold: GoldNote) -> Done:
    """One note's file.

    Raises:
        AuthoredError: bad TOML, a quote that is not in the note, or a field that does not hold.
    """
    raw, text = read_toml(path), gold.note.text
    try:
        lines = [
            GoldCode(
                system=System(row["system"]),
                code=row["code"],
                modifiers=tuple(row.get("modifiers", ())),
                units=row.get("units", 1),
                linked_diagnoses=tuple(row["diagnoses"]),
                evidence=tuple(_quoted(text, quote) for quote in row["evidence"]),
            )
            for row in raw.get("lines", [])
        ]
        visit = raw.get("visit")
        if visit is not None:
            said = [(quote["element"], _quoted(text, quote)) for quote in visit.pop("evidence", [])]
            visit = Visit.model_validate({**visit, "evidence": said})
        services = [
            Service(evidence=_quoted(text, row), status=row["status"])
            for row in raw.get("services", [])
        ]
        return Done(
            note=raw["note"],
            lines=tuple(lines),
            visit=visit,
            services=tuple(services),
            remark=raw.get("remark", ""),
        )
    except (ValueError, KeyError) as error:
        raise AuthoredError(f"{path.name}: {error}") from error


def load_done(batch: str) -> dict[str, Done]:
    """Note id → what was done, of the notes of a batch that have a file."""
    out = {}
    for gold in load_notes(batch):
        path = FOLDER / "procedures" / batch / f"{gold.note.id}.toml"
        if path.exists():
            out[gold.note.id] = read_done(path, gold)
    return out


def problems_of(done: Done, gold: GoldNote) -> Iterator[str]:
    """What is wrong with one note's file, as sentences."""
    note, own = gold.note, set(gold.codes_of(System.ICD10CM))
    if done.note != note.id:
        yield f"{note.id}: its procedures say they are of {done.note}"
    inpatient = note.claim_type is ClaimType.FACILITY and note.setting is Setting.INPATIENT
    if inpatient and done.lines:
        yield f"{note.id}: a facility inpatient claim carries no CPT lines"
    for line in done.lines:
        strange = set(line.linked_diagnoses) - own
        if strange:
            yield f"{note.id}: {line.code} points to {', '.join(sorted(strange))}, not in the note"
        if not line.linked_diagnoses or not line.evidence:
            yield f"{note.id}: {line.code} lacks a pointer or evidence"
    places = Counter((s.evidence.start, s.evidence.end) for s in done.services)
    if any(n > 1 for n in places.values()):
        yield f"{note.id}: a service stands twice"
    visit = done.visit
    if visit is None:
        return
    if visit.code not in {line.code for line in done.lines}:
        yield f"{note.id}: visit {visit.code} is no line"
    if visit.method == "decision making" and None in (visit.problems, visit.data, visit.risk):
        yield f"{note.id}: visit {visit.code} rests on decision making without its three elements"
    if visit.method == "time" and visit.minutes is None:
        yield f"{note.id}: visit {visit.code} rests on a time that is not given"


def check_done(batch: str) -> list[str]:
    """Every problem of a batch's files; files of notes that do not exist too."""
    gold = {g.note.id: g for g in load_notes(batch)}
    folder = FOLDER / "procedures" / batch
    found = [f"{p.name}: no such note" for p in folder.glob("*.toml") if p.stem not in gold]
    for note, done in load_done(batch).items():
        found += problems_of(done, gold[note])
    return found


def agreement_of(batch: str) -> dict[str, tuple[int, int]]:
    """Kind of item → (items alike in both passes, items of either pass).

    Modifiers and units count only on lines that both passes have.

    Raises:
        AuthoredError: the file's columns do not hold.
    """
    path = FOLDER / "second_pass" / f"procedures_{batch}.csv"
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as handle:
        reader = csv.DictReader(handle)
        if tuple(reader.fieldnames or ()) != COLUMNS:
            raise AuthoredError(f"{path.name}: columns must be {','.join(COLUMNS)}")
        rows = list(reader)
    out: dict[str, tuple[int, int]] = {}
    for row in rows:
        kind, _, name = row["item"].partition(" ")
        if kind in ("modifiers", "units") and not (row["first"] and row["second"]):
            continue
        kind = f"visit {name}" if kind == "visit" else kind
        alike, total = out.get(kind, (0, 0))
        out[kind] = (alike + (row["first"] == row["second"]), total + 1)
    return out


def main() -> None:
    """Print what each batch holds and how far its two passes agree."""
    for batch in BATCHES:
        done = load_done(batch).values()
        if not done:
            continue
        statuses = Counter(s.status.value for d in done for s in d.services)
        print(
            f"{batch}: {len(done)} notes, {sum(len(d.lines) for d in done)} lines, "
            f"{sum(d.visit is not None for d in done)} visits, "
            f"{sum(len(line.modifiers) for d in done for line in d.lines)} modifiers; services: "
            + ", ".join(f"{n} {status}" for status, n in statuses.most_common())
        )
        for kind, (alike, total) in agreement_of(batch).items():
            print(f"  {kind}: {alike} of {total} alike")


if __name__ == "__main__":
    main()

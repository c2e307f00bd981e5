"""Notes whose procedures are coded, as training and evaluation read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from data.authored import load_notes
from data.authored.procedures import Done, load_done
from data.authored.snippets import PARTS, load_snippets
from data.schemas import GoldNote, System
from models.coding.coder import Coder
from models.coding.document import Document, read_document
from models.procedures.recognizer import Recognised, Recognitions
from models.procedures.types import Diagnoses


@dataclass(frozen=True)
class CodedNote:
    """A note with what was done, the diagnoses that a coder suggests for it, its readings."""

    gold: GoldNote
    done: Done
    document: Document
    diagnoses: Diagnoses
    recognised: Sequence[Recognised] = ()
    batch: str = ""


def coded_notes(batch: str) -> list[tuple[GoldNote, Done]]:
    """Notes of a batch whose procedures are coded.

    Raises:
        AuthoredError: no such batch, or a file that does not hold.
    """
    if batch in PARTS:
        return load_snippets(batch)
    done = load_done(batch)
    return [(g, done[g.note.id]) for g in load_notes(batch) if g.note.id in done]


def coded_note(
    coder: Coder, batch: str, gold: GoldNote, done: Done, readings: Recognitions
) -> CodedNote:
    """A note as training reads it; ``readings``: of networks that did not learn from it."""
    document = read_document(gold.note)
    recognised = readings.get(gold.note.id)
    if recognised is None:
        recognised = coder.recognised(document)
    diagnoses = suggested_diagnoses(coder, gold)
    return CodedNote(gold, done, document, diagnoses, recognised, batch)


def suggested_diagnoses(coder: Coder, gold: GoldNote) -> Diagnoses:
    """What the coder proposes, in sequence."""
    found = [
        s for s in coder.suggest(gold.note).suggestions if s.system is System.ICD10CM and s.selected
    ]
    found.sort(key=lambda s: s.sequence or 0)
    return [(s.code, [e.start for e in s.evidence]) for s in found]


def gold_diagnoses(gold: GoldNote) -> Diagnoses:
    """The note's own, in sequence."""
    return [
        (c.code, [e.start for e in c.evidence]) for c in gold.codes if c.system is System.ICD10CM
    ]

"""What is known of an encounter before a word of its note is read, as hashed features."""

from __future__ import annotations

from data.schemas import Note
from models.procedures.slots import age_on
from models.procedures.visits import Visit

GROWN = 18  # years


def encounter_features(note: Note, visit: Visit) -> list[str]:
    """What is known of the encounter before a word is read."""
    age = age_on(note)
    return [
        f"kind {visit.kind}", f"visit {visit.concept}",
        f"setting {note.setting.value if note.setting else ''}",
        f"place {note.place_of_service}", f"by {note.specialty}", f"type {note.note_type}",
        f"pays {note.payer_type}", f"claim {note.claim_type}",
        f"grown {age is None or age >= GROWN}",
    ]  # fmt: skip

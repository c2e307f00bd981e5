"""Codes that no wording of a disease yields, which professional coders report.

Drug effects and long-term drug use, status, history, social determinants, the
purpose of the visit, external causes, organisms and the other codes that qualify
a disease: each read off its own tables in one pass over the note, with what is
asserted of the place. They never select a diagnosis.
"""

from __future__ import annotations

from collections.abc import Iterator

from data.schemas import Assertion
from data.terminology.icd10cm import Release
from models.coding.circumstances.aftercare import aftercare_codes
from models.coding.circumstances.companions import (
    alcohol_level_codes,
    coma_scale_codes,
    companion_codes,
    consequence_codes,
)
from models.coding.circumstances.delivery import delivery_codes
from models.coding.circumstances.drugs import drug_codes
from models.coding.circumstances.external import external_codes, is_incidental
from models.coding.circumstances.phrases import PhraseTable
from models.coding.circumstances.pregnancy import pregnancy_codes, pregnancy_ended
from models.coding.circumstances.reading import SOURCE, Reading, sentence_at
from models.coding.circumstances.receptors import BREAST, receptor_codes
from models.coding.circumstances.status import status_codes
from models.coding.circumstances.stories import NARRATIVE
from models.coding.circumstances.tables import Rule, phrase_table
from models.coding.circumstances.vaccines import vaccine_codes
from models.coding.context import ContextReader
from models.coding.document import Document
from models.coding.measures import measured_codes
from models.coding.occurrences import Candidates, Occurrence

__all__ = ["NARRATIVE", "circumstance_codes", "is_incidental"]


def circumstance_codes(
    document: Document,
    release: Release,
    have: Candidates,
    contexts: ContextReader,
    phrases: PhraseTable[Rule] | None = None,
) -> Iterator[tuple[str, Occurrence]]:
    """(code, place) of every circumstance; only codes of the release that a claim may carry.

    Args:
        have: the candidates that the note's wordings yield, which many of these need.
        phrases: the table to read by; the packaged one by default.
    """
    reading = Reading(document, release, have, contexts, phrases or phrase_table())
    for code, place in _all(reading):
        if release.is_billable(code):
            yield code, place


def _all(reading: Reading) -> Iterator[tuple[str, Occurrence]]:
    drugs = list(drug_codes(reading))
    yield from drugs
    yield from consequence_codes(reading, [d for d in drugs if d[0].startswith("T")])
    yield from status_codes(reading)
    yield from vaccine_codes(reading)
    yield from aftercare_codes(reading)
    yield from external_codes(reading)
    yield from companion_codes(reading)
    yield from pregnancy_codes(reading)
    yield from delivery_codes(reading)
    text = reading.document.text
    measured = [
        ("measure", *found)
        for found in measured_codes(text, reading.note, reading.present, pregnancy_ended(reading))
    ]
    measured += [("measure", *found) for found in coma_scale_codes(reading)]
    measured += [("measure", *found) for found in alcohol_level_codes(reading)]
    if any(c.startswith(BREAST) for c in reading.present):
        measured += [(SOURCE, *found) for found in receptor_codes(text)]
    for source, code, start, end in measured:
        sentence = sentence_at(reading.document, start)
        yield (
            code,
            Occurrence(
                start, end, sentence, reading.kind(sentence), Assertion.PRESENT, source, 2, 0.0
            ),
        )

"""What stands at and around a service's words, as hashed features of its status and its line."""

from __future__ import annotations

from bisect import bisect_left
from itertools import pairwise

from models.coding.document import Document
from models.procedures.mentions import Layout
from models.procedures.status import Scored
from models.procedures.types import Mention
from models.procedures.visits import Visit

REACH = 7  # words on each side
_NEAREST = 3  # beyond, only the side counts
_OPENING = 3  # words that open the line


class Surroundings:
    """Reads the features of a note's services; one a note."""

    def __init__(self, document: Document, layout: Layout, visit: Visit) -> None:
        self._document, self._layout, self._visit = document, layout, visit
        self._starts = [token.start for token in document.tokens]
        note = document.note
        setting = note.setting.value if note.setting else ""
        self._general = (
            f"kind {visit.kind}", f"visit {visit.concept}", f"setting {setting}",
            f"place {note.place_of_service}", f"claim {note.claim_type}", f"by {note.specialty}",
            f"type {note.note_type}", f"pays {note.payer_type}",
        )  # fmt: skip

    def of(self, mention: Mention, scored: Scored) -> list[str]:
        """Features of one mention, for :class:`models.hashing.HashedModel`."""
        document, layout = self._document, self._layout
        start, end = mention.start, mention.end
        section = layout.section_kind(start)
        family, name = mention.concept.family, mention.concept.name
        low, high = layout.sentence_bounds(start)
        first, last = bisect_left(self._starts, start), bisect_left(self._starts, end)
        begin, stop = bisect_left(self._starts, low), bisect_left(self._starts, max(high, end))
        tokens = document.tokens
        head = document.text[slice(*layout.header_bounds(start))].lower().strip(" :\n")
        words = [
            f"section {section}", f"family {family}", f"concept {name}", f"header {head}",
            f"{family} in {section}", f"rule {scored.status}", f"{family} rule {scored.status}",
            f"{section} rule {scored.status}", f"rule by {min(int(scored.margin), 6)}",
        ]  # fmt: skip
        words += self._general
        words += [f"{family} {general}" for general in self._general[:6]]
        words += [f"{section} {general}" for general in self._general[:4]]
        words += [f"{status} {round(score)}" for status, score in scored.scores.items() if score]
        place = self._document.note.place_of_service
        for cue in scored.cues:
            words += (f"cue {cue}", f"{family} cue {cue}", f"at {place} cue {cue}")
        words += [f"inside {token.stem}" for token in tokens[first:last]]
        if first == begin:
            words.append("opens")
        words += [f"line opens {t.stem}" for t in tokens[begin : min(begin + _OPENING, first)]]
        for step in range(1, REACH + 1):
            if first - step >= begin:
                stem = tokens[first - step].stem
                words += (f"before{min(step, _NEAREST)} {stem}", f"near {stem}")
            if last - 1 + step < stop:
                stem = tokens[last - 1 + step].stem
                shape = "number" if stem[:1].isdigit() else stem
                words += (f"behind{min(step, _NEAREST)} {shape}", f"near {shape}")
        words += self._pairs(first, last, begin, stop)
        after = document.text[end : end + 2].strip()[:1]
        words.append(f"mark {after if not after.isalnum() else ''}")
        words += [f"{section} {w}" for w in words if w.startswith(("before", "near"))]
        return words

    def _pairs(self, first: int, last: int, begin: int, stop: int) -> list[str]:
        """Neighbouring words together: inside, and on each side."""
        stems = [t.stem for t in self._document.tokens[max(begin, first - 3) : min(stop, last + 3)]]
        at = first - max(begin, first - 3)
        size = last - first
        found = [f"inside {a} {b}" for a, b in pairwise(stems[at : at + size])]
        found += [f"before {a} {b}" for a, b in pairwise(stems[: at + 1])]
        found += [f"behind {a} {b}" for a, b in pairwise(stems[max(at + size - 1, 0) :])]
        if size:
            found.append(f"inside first {stems[at]}")
        return found

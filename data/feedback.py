"""From a reviewer's work to training examples."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from data.schemas import CodeRef, Evidence, GoldCode, GoldNote, Note, System

Key = tuple[System, str]


def gold_from_review(
    note: Note, signed: Sequence[CodeRef], evidence: Mapping[Key, tuple[Evidence, ...]]
) -> GoldNote:
    """A signed-off note as gold: the codes a person vouched for, each with its evidence.

    Only signed-off notes teach: on an unfinished one, what is not accepted is not rejected.
    """
    diagnoses = 0
    codes = []
    for code in signed:
        diagnoses += code.system is System.ICD10CM
        codes.append(
            GoldCode(
                system=code.system,
                code=code.code,
                evidence=evidence.get((code.system, code.code), ()),
                sequence=diagnoses if code.system is System.ICD10CM else None,
            )
        )
    return GoldNote(note=note, codes=tuple(codes))


def merge_gold(authored: Iterable[GoldNote], reviewed: Iterable[GoldNote]) -> list[GoldNote]:
    """Authored and reviewed notes, the reviewed one where both have the same note."""
    by_id = {gold.note.id: gold for gold in authored}
    by_id.update({gold.note.id: gold for gold in reviewed})
    return list(by_id.values())

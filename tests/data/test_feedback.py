"""Signed-off notes as training examples."""

from __future__ import annotations

from data.feedback import gold_from_review, merge_gold
from data.schemas import CodeRef, Evidence, GoldNote, Note, System

NOTE = Note(id="n", text="Essential hypertension.")


def test_what_was_signed_is_gold_in_its_order() -> None:
    proof = Evidence.of(NOTE.text, 0, 22)
    signed = [
        CodeRef(system=System.CPT, code="99213"),
        CodeRef(system=System.ICD10CM, code="I10"),
        CodeRef(system=System.ICD10CM, code="E11.9"),
    ]
    gold = gold_from_review(NOTE, signed, {(System.ICD10CM, "I10"): (proof,)})
    assert [(c.code, c.sequence) for c in gold.codes] == [
        ("99213", None), ("I10", 1), ("E11.9", 2),
    ]  # fmt: skip
    assert gold.codes[1].evidence == (proof,)
    assert gold.codes[2].evidence == ()
    assert gold_from_review(NOTE, [], {}).codes == ()


def test_a_review_speaks_for_its_note() -> None:
    other = GoldNote(note=Note(id="other", text="x"))
    reviewed = gold_from_review(NOTE, [CodeRef(system=System.ICD10CM, code="I10")], {})
    assert merge_gold([GoldNote(note=NOTE), other], [reviewed]) == [reviewed, other]

"""How well the engine reads what a note asserts: ``superbill evaluate assertion``.

The gold is the authored notes' own: their annotated mentions (conditions that
are not coded), and the evidence of the coded diagnoses. A system is any function
from a note and its spans to readings, so that another program is judged on the
same words (:mod:`training.context_comparison`).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data.authored import AuthoredError, load_split
from data.schemas import Assertion, ClaimType, GoldNote, Note, Setting, System
from models.coding.assertion import scopes_of
from models.coding.cues import cues
from models.coding.document import Document, Sentence, read_document
from models.metrics import f1

# ICD-10-CM categories whose codes say that the words are not the patient's present condition
# (guideline I.C.21.c.4: family history Z80-Z84, personal history Z85-Z87).
FAMILY_CATEGORIES = frozenset({"Z80", "Z81", "Z82", "Z83", "Z84"})
HISTORY_CATEGORIES = frozenset({"Z85", "Z86", "Z87"})

OLD_INFARCTION = "I25.2"  # a history code outside chapter 21 (guideline I.C.9.e.4)

# The words of guideline II.H: on a facility inpatient claim a condition coded from them is
# uncertain in the note and coded all the same.
_UNCERTAIN_WORDS = re.compile(
    r"\?|\b(?:probabl[ey]|presum\w+|suspected|likely|questionable|possibl[ey]|compatible with"
    r"|consistent with|c/w|working diagnosis|r/o|rule[d]? out|vs\.?|versus)(?=\W|$)",
    re.IGNORECASE,
)
_UNCERTAIN_REACH = 40  # characters before the evidence, on its line

Span = tuple[int, int]
Reader = Callable[[Note, Sequence[Span]], list[Assertion]]


@dataclass(frozen=True)
class AssertedSpan:
    """Words of a note naming a condition (offsets half-open), and what the note says of it."""

    start: int
    end: int
    assertion: Assertion
    coded: bool  # whether the span is the evidence of a code


@dataclass(frozen=True)
class ReadNote:
    """One note's gold spans beside a system's readings, in the same order."""

    gold: tuple[Assertion, ...]
    read: tuple[Assertion, ...]


def _evidence_assertion(note: Note, code: str, start: int, end: int) -> Assertion | None:
    """What the evidence of a code is gold for; None where it is no condition's words.

    Status, screening, aftercare and external-cause codes stand on words such as
    "s/p CABG" or "screening colonoscopy", which assert no condition: not judged.
    """
    if code[:3] in FAMILY_CATEGORIES:
        return Assertion.FAMILY
    if code[:3] in HISTORY_CATEGORIES or code == OLD_INFARCTION:
        return Assertion.HISTORICAL
    if code[0] in "VWXYZ":
        return None
    if note.claim_type is ClaimType.FACILITY and note.setting is Setting.INPATIENT:
        line = note.text.rfind("\n", 0, start) + 1
        if _UNCERTAIN_WORDS.search(note.text[max(line, start - _UNCERTAIN_REACH) : end]):
            return Assertion.UNCERTAIN
    return Assertion.PRESENT


def gold_spans(gold: GoldNote) -> list[AssertedSpan]:
    """Every judged span of a note in order of place; annotated mentions win over evidence."""
    spans = {
        (m.evidence.start, m.evidence.end): AssertedSpan(
            m.evidence.start, m.evidence.end, m.assertion, False
        )
        for m in gold.mentions
    }
    for code in gold.codes:
        if code.system is not System.ICD10CM:
            continue
        for piece in code.evidence:
            reading = _evidence_assertion(gold.note, code.code, piece.start, piece.end)
            if reading is not None:
                spans.setdefault(
                    (piece.start, piece.end),
                    AssertedSpan(piece.start, piece.end, reading, True),
                )
    return [spans[place] for place in sorted(spans)]


def _sentence_at(document: Document, offset: int) -> Sentence | None:
    held = (s for s in document.sentences if s.start <= offset < s.end)
    return next(held, None)


def framed(words: Sequence[str]) -> tuple[int, int]:
    """Range (half-open) of what is left of lower-case words without the cues at both ends.

    All of them where nothing would be left.
    """
    table = cues()
    first, last = 0, len(words)
    moved = True
    while moved and first < last:
        moved = False
        for cue in table.get(words[first], ()):
            if cue.scope and tuple(words[first : first + len(cue.words)]) == cue.words:
                first, moved = first + len(cue.words), True
                break
    moved = True
    while moved and first < last:
        moved = False
        for start in range(max(first, last - 5), last):
            tail = tuple(words[start:last])
            if any(c.words == tail and c.scope for c in table.get(tail[0], ())):
                last, moved = start, True
                break
    return (first, last) if first < last else (0, len(words))


def condition_words(document: Document, start: int, end: int) -> tuple[Sentence, int, int] | None:
    """Sentence and token range (half-open) of a gold span's condition.

    Authors quote "no gallstones" as well as "gallstones". The cue words at either
    end of a quote are no part of the condition: without them every system must find
    them beside it, as it would on words it had found itself.
    """
    inside = [i for i, t in enumerate(document.tokens) if start <= t.start and t.end <= end]
    if not inside:
        return None
    sentence = _sentence_at(document, document.tokens[inside[0]].start)
    if sentence is None:
        return None
    first, last = inside[0], min(inside[-1] + 1, sentence.last)
    words = [token.text.lower() for token in document.tokens[first:last]]
    head, tail = framed(words)
    return sentence, first + head, first + tail


def trimmed_spans(gold: GoldNote) -> list[AssertedSpan]:
    """The gold spans cut to their condition's words: what every system is given."""
    document = read_document(gold.note)
    out = []
    for span in gold_spans(gold):
        found = condition_words(document, span.start, span.end)
        if found is not None:
            _, first, last = found
            start, end = document.tokens[first].start, document.tokens[last - 1].end
            out.append(AssertedSpan(start, end, span.assertion, span.coded))
    return out


def engine_reader(note: Note, spans: Sequence[Span]) -> list[Assertion]:
    """The engine's readings of spans that lie on word borders."""
    document = read_document(note)
    starts = {token.start: i for i, token in enumerate(document.tokens)}
    readings = []
    for start, end in spans:
        first = last = starts[start]
        while last < len(document.tokens) and document.tokens[last].end <= end:
            last += 1
        number, sentence = next(
            (n, s) for n, s in enumerate(document.sentences) if s.first <= first < s.last
        )
        readings.append(scopes_of(document, number).assertion(first, min(last, sentence.last)))
    return readings


def read_notes(notes: Sequence[GoldNote], reader: Reader) -> list[ReadNote]:
    """Each note's gold beside the readings of ``reader``."""
    out = []
    for gold in notes:
        spans = trimmed_spans(gold)
        readings = reader(gold.note, [(s.start, s.end) for s in spans])
        out.append(ReadNote(tuple(s.assertion for s in spans), tuple(readings)))
    return out


def class_figures(notes: Sequence[ReadNote], assertion: Assertion) -> tuple[float, float, float]:
    """Precision, recall and F1 of one reading over all notes."""
    pairs = [pair for note in notes for pair in zip(note.gold, note.read, strict=True)]
    right = sum(g is assertion and r is assertion for g, r in pairs)
    read, gold = (sum(side is assertion for side in sides) for sides in _sides(pairs))
    return f1(right, read, gold)


def _sides(
    pairs: Sequence[tuple[Assertion, Assertion]],
) -> tuple[list[Assertion], list[Assertion]]:
    return [r for _, r in pairs], [g for g, _ in pairs]


def bootstrap_f1(
    notes: Sequence[ReadNote], assertion: Assertion, rounds: int = 400, seed: int = 1
) -> tuple[float, float]:
    """95 % interval of one reading's F1, resampling notes."""
    if not notes:
        return 0.0, 0.0
    # Counts by note: a resample is then a sum, not another pass over the spans.
    counts = np.array(
        [
            (
                sum(g is assertion and r is assertion for g, r in zip(n.gold, n.read, strict=True)),
                sum(r is assertion for r in n.read),
                sum(g is assertion for g in n.gold),
            )
            for n in notes
        ],
        dtype=np.float64,
    )
    rng = np.random.default_rng(seed)
    draws = [
        f1(*counts[rng.integers(0, len(notes), len(notes))].sum(axis=0))[2] for _ in range(rounds)
    ]
    low, high = np.percentile(draws, [2.5, 97.5])
    return float(low), float(high)


def assertion_report(notes: Sequence[ReadNote]) -> dict[str, dict[str, float]]:
    """Figures by reading: gold count, precision, recall, F1 with its 95 % interval."""
    out: dict[str, dict[str, float]] = {}
    for assertion in Assertion:
        precision, recall, score = class_figures(notes, assertion)
        low, high = bootstrap_f1(notes, assertion)
        out[assertion.value] = {
            "n": float(sum(g is assertion for n in notes for g in n.gold)),
            "precision": precision,
            "recall": recall,
            "f1": score,
            "f1_low": low,
            "f1_high": high,
        }
    total = sum(len(n.gold) for n in notes)
    right = sum(g is r for n in notes for g, r in zip(n.gold, n.read, strict=True))
    out["all"] = {"n": float(total), "accuracy": right / total if total else 0.0}
    return out


def report_table(figures: dict[str, dict[str, float]]) -> str:
    """The figures as lines for a terminal."""
    lines = [f"{'':14}{'n':>6} {'precision':>10} {'recall':>8} {'F1':>8}  95 % interval"]
    for name, row in figures.items():
        if name != "all":
            lines.append(
                f"{name:14}{row['n']:6.0f} {row['precision']:10.3f} {row['recall']:8.3f}"
                f" {row['f1']:8.3f}  {row['f1_low']:.3f} to {row['f1_high']:.3f}"
            )
    lines.append(f"{'accuracy':14}{figures['all']['n']:6.0f} {figures['all']['accuracy']:28.3f}")
    return "\n".join(lines)


def run_evaluate_assertion(
    split: str, json_output: Path | None, log: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Print, and where asked write, the engine's figures on one split's notes.

    Raises:
        AuthoredError: no such split, or it holds no notes.
    """
    notes = load_split(split)
    if not notes:
        raise AuthoredError(f"split {split!r} holds no notes yet")
    figures = assertion_report(read_notes(notes, engine_reader))
    log(f"assertion of {figures['all']['n']:.0f} gold spans in {len(notes)} {split} notes")
    log(report_table(figures))
    if json_output is not None:
        json_output.write_text(json.dumps({"split": split, **figures}, indent=1) + "\n", "utf-8")
    return figures

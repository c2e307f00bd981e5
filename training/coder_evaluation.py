"""What ``superbill evaluate coder`` measures: a bundle's coder on a split, and where it comes from.

Beside the figures of :mod:`models.metrics` stand the same F1 over codes whose words the
lexicon does not hold, figures by group of codes, calibration bins, and an ablation of
every source of candidates.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from data.authored import AuthoredError, load_split
from data.notes.codiesp import CorpusError, read_codiesp
from data.schemas import Convention, GoldNote, System
from models.bundle import BundleError, BundleStore
from models.coding.code_groups import GROUPS, group_of
from models.coding.coder import Coder
from models.coding.document import read_document
from models.coding.linking import Linker
from models.metrics import (
    CodedNote,
    brier_skill,
    confidences,
    expected_calibration_error,
    micro,
    report,
)
from training.ablation import ablation
from training.baseline import bag_of_words
from training.coder_examples import as_gold
from training.errors import TrainingError
from training.evaluation import judged, run_coder, table
from training.tracking import tracked

DIAGNOSES = (System.ICD10CM,)
LEXICON_SOURCES = frozenset({"lexicon", "bag:lexicon", "sense"})
RELIABILITY_BINS = 10


def known_to_lexicon(linker: Linker, gold: GoldNote) -> set[str]:
    """Codes that some wording of the lexicon yields in this note."""
    found = linker.candidates(read_document(gold.note))
    return {
        code
        for code, candidate in found.items()
        if any(o.source in LEXICON_SOURCES for o in candidate.occurrences)
    }


def outside_lexicon(
    linker: Linker, golds: Sequence[GoldNote], notes: Sequence[CodedNote]
) -> dict[str, float]:
    """Micro F1 over the codes, right or proposed, that no wording of the lexicon yields."""
    rest = []
    for gold, note in zip(golds, notes, strict=True):
        known = known_to_lexicon(linker, gold)
        rest.append(replace(note, gold=note.gold - known, selected=note.selected - known))
    p, r, f = micro(rest)
    return {
        "gold_codes_outside_lexicon": float(sum(len(n.gold) for n in rest)),
        "micro_precision_outside_lexicon": p,
        "micro_recall_outside_lexicon": r,
        "micro_f1_outside_lexicon": f,
    }


def by_group(notes: Sequence[CodedNote]) -> dict[str, dict[str, float]]:
    """Micro figures and calibration of each group of codes."""
    out = {}
    for group in GROUPS:
        part = [_only(note, group) for note in notes]
        p, r, f = micro(part)
        confidence, right = confidences(part, selected_only=True)
        out[group] = {
            "gold_codes": float(sum(len(n.gold) for n in part)),
            "selected_codes": float(sum(len(n.selected) for n in part)),
            "micro_precision": p,
            "micro_recall": r,
            "micro_f1": f,
            "ece_selected": expected_calibration_error(confidence, right),
            "brier_skill_selected": brier_skill(confidence, right),
        }
    return out


def _only(note: CodedNote, group: str) -> CodedNote:
    return replace(
        note,
        gold=frozenset(c for c in note.gold if group_of(c) == group),
        selected=frozenset(c for c in note.selected if group_of(c) == group),
        ranking=tuple((c, v) for c, v in note.ranking if group_of(c) == group),
    )


def reliability(notes: Sequence[CodedNote], floor: float = 0.1) -> list[tuple[float, float, int]]:
    """(mean confidence, share right, n) in bins of equal mass over everything from ``floor``."""
    confidence, right = confidences(notes, selected_only=False, floor=floor)
    parts = np.array_split(np.argsort(confidence, kind="stable"), RELIABILITY_BINS)
    return [(float(confidence[p].mean()), float(right[p].mean()), len(p)) for p in parts if len(p)]


def run_evaluate_coder(
    ref: str | None,
    splits: Sequence[str],
    codiesp: Path | None,
    json_output: Path | None,
    with_ablation: bool,
    var: Path,
    log: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """All figures of the coder, printed as tables and logged; returned by data set and system.

    Raises:
        TrainingError: no such bundle, split or corpus.
    """
    try:
        bundle = BundleStore(var / "bundles").resolve(ref)
        coder = Coder.load(bundle, var / "terminology")
        out: dict[str, dict[str, float]] = {}
        for split in splits:
            _evaluate_split(coder, split, out, log)
            if with_ablation:
                linker, selection = coder.newest_linker, coder.selection(Convention.BILLING)
                stages = ablation(linker, selection, load_split(split), log)
                log(f"\n== {split}: what each source adds\n{by_row(stages)}")
                out.update({f"{split} / {name}": figures for name, figures in stages.items()})
        if codiesp is not None:
            train, dev = (as_gold(read_codiesp(codiesp / f"{p}.jsonl")) for p in ("train", "dev"))
            results = run_coder(coder, dev, Convention.EVERY_MENTION)
            columns = {
                "superbill every-mention": report([judged(g, r, DIAGNOSES) for g, r in results]),
                "bag of words": report(bag_of_words(train, dev)),
            }
            _show("codiesp dev", columns, out, log)
    except (BundleError, CorpusError, AuthoredError) as error:
        raise TrainingError(str(error)) from error
    with tracked(f"evaluate coder {bundle.id}", var) as run:
        run.params({"bundle": bundle.id})
        for name, figures in out.items():
            prefix = "".join(c if c.isalnum() else "_" for c in name) + "."
            run.metrics(figures, prefix)
    if json_output is not None:
        json_output.write_text(json.dumps({"bundle": bundle.id, **out}, indent=1) + "\n", "utf-8")
    return out


def _evaluate_split(
    coder: Coder, split: str, out: dict[str, dict[str, float]], log: Callable[[str], None]
) -> None:
    golds = load_split(split)
    results = run_coder(coder, golds, Convention.BILLING)
    diagnoses = [judged(gold, result, DIAGNOSES) for gold, result in results]
    ours = report(diagnoses) | outside_lexicon(coder.newest_linker, golds, diagnoses)
    columns = {"superbill ICD-10-CM": ours}
    if split != "train":
        columns["bag of words ICD-10-CM"] = report(bag_of_words(load_split("train"), golds))
    title = split if split == "test" else f"{split} (tuned on these)"
    _show(title, columns, out, log)
    groups = by_group(diagnoses)
    log(f"\n== {title}: by group of codes\n{by_row(groups)}")
    out.update({f"{title} / {name}": figures for name, figures in groups.items()})
    log("\nconfidence, share right, codes (everything listed from 0.1)")
    for mean, right, n in reliability(diagnoses):
        log(f"{mean:10.3f} {right:10.3f} {n:6}")


def _show(
    name: str,
    columns: dict[str, dict[str, float]],
    out: dict[str, dict[str, float]],
    log: Callable[[str], None],
) -> None:
    log(f"\n== {name}\n{table(columns)}")
    for title, figures in columns.items():
        out[f"{name} / {title}"] = figures


def by_row(columns: Mapping[str, Mapping[str, float]]) -> str:
    """Figures with one row a system and one column a measure."""
    names = list(dict.fromkeys(n for figures in columns.values() for n in figures))
    width = max(len(title) for title in columns)
    lines = [" " * width + "".join(f"{n:>22}" for n in names)]
    for title, figures in columns.items():
        lines.append(f"{title:{width}}" + "".join(f"{figures[n]:>22.3f}" for n in names))
    return "\n".join(lines)

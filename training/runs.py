"""What the command line's ``train`` and ``evaluate`` do, logged to MLflow."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from data.authored import load_notes
from data.authored.snippets import PARTS, TRAINING_BATCHES, load_snippets
from data.claims.jsonl import read_jsonl
from data.feedback import merge_gold
from data.notes.codiesp import CorpusError, read_codiesp
from data.schemas import Claim, Convention, GoldNote, Outcome
from data.terminology.tabular import load_releases
from models.bundle import Bundle, BundleError, BundleStore, building, seal
from models.coding.dense import DenseRetriever
from models.coding.linking import Linker
from models.coding.selection import Selection
from training.coder import train_selection
from training.coder_examples import as_gold, make_examples
from training.coder_fit import CoderConfig
from training.errors import TrainingError
from training.evaluation import table
from training.tracking import tracked

Log = Callable[[str], None]

UNREAD_BATCHES = ("unread", *PARTS)
"""Batches by which nobody mended what finds diagnoses: operating points are set on them."""


def authored_notes(batch: str) -> list[GoldNote]:
    """Notes of a batch, snippets among them."""
    return [gold for gold, _ in load_snippets(batch)] if batch in PARTS else load_notes(batch)


def target_of(output: str, var: Path) -> Path:
    """Where a bundle goes: a bare name lies in the store, anything else is a folder."""
    return (
        var / "bundles" / output if "/" not in output and output not in (".", "") else Path(output)
    )


def data_hash(notes: Sequence[GoldNote]) -> str:
    """SHA-256 over the notes and their codes, in order."""
    digest = hashlib.sha256()
    for note in notes:
        digest.update(note.model_dump_json().encode())
    return digest.hexdigest()


def _base(ref: str | None, store: BundleStore) -> Bundle | None:
    try:
        return store.resolve(ref)
    except BundleError:
        if ref is not None:
            raise
        return None  # the very first bundle has none to start from


def run_train_coder(
    output: str,
    base: str | None,
    codiesp: Path | None,
    seed: int,
    var: Path,
    log: Log,
    reviewed: Sequence[GoldNote] = (),
    batches: Sequence[str] = TRAINING_BATCHES,
) -> Bundle:
    """Fit both conventions' rankers; write, register and return the bundle.

    Args:
        reviewed: notes whose codes reviewers signed off; they train beside the authored ones.
        batches: of the authored notes, those that train.

    Raises:
        TrainingError: base or output do not hold, a corpus is missing, or a batch may not train.
    """
    config = CoderConfig(seed=seed)
    wrong = [batch for batch in batches if batch not in TRAINING_BATCHES]
    if wrong:
        raise TrainingError(
            f"--authored {wrong[0]}: choose among {', '.join(TRAINING_BATCHES)}; "
            "the test part only reports"
        )
    authored = [note for batch in dict.fromkeys(batches) for note in authored_notes(batch)]
    gold = as_gold(merge_gold(authored, reviewed))
    if not gold:
        raise TrainingError(
            "no note with a code to train on: give --authored, or review some notes"
        )
    release = load_releases(var / "terminology")[-1]
    try:
        started = _base(base, BundleStore(var / "bundles"))
        with building(target_of(output, var), started) as work:
            linker_part = work / "linker"
            dense = DenseRetriever.open(linker_part) if linker_part.is_dir() else None
            linker = Linker(release, dense)
            with tracked(f"train coder {output}", var) as run:
                run.params({**asdict(config), "notes": len(gold), "data": data_hash(gold)})
                run.params({"reviewed_notes": len(reviewed), "release": release.name})
                run.params({"authored": " ".join(batches)})
                # Reviewed notes are unread too: nobody mends tables by them.
                fresh = [n for b in UNREAD_BATCHES if b in batches for n in authored_notes(b)]
                unread = [n.note.id for n in (*fresh, *reviewed)]
                figures = _fit(linker, gold, Convention.BILLING, config, work, log, unread)
                run.metrics(figures, "billing.")
                facts = {"billing": figures}
                if codiesp is not None:
                    cases = as_gold(read_codiesp(codiesp / "train.jsonl"))
                    every = _fit(linker, cases, Convention.EVERY_MENTION, config, work, log)
                    run.metrics(every, "every-mention.")
                    facts["every-mention"] = every
                elif not (work / "coder" / Convention.EVERY_MENTION.value).is_dir():
                    _copy_billing(work)
                bundle = seal(
                    work,
                    Path(output).name,
                    {
                        **(dict(started.manifest) if started else {}),
                        "coder_figures": facts,
                        "coder_data": data_hash(gold),
                        "reviewed_notes": len(reviewed),
                        "mlflow_run": run.id,
                    },
                )
                _ = bundle
        done = Bundle.open(target_of(output, var))
        _register(done, var)
    except (BundleError, CorpusError) as error:
        raise TrainingError(str(error)) from error
    log(f"coder: wrote {done.id}; `superbill models promote {Path(output).name}` serves it")
    return done


def _fit(
    linker: Linker,
    notes: Sequence[GoldNote],
    convention: Convention,
    config: CoderConfig,
    work: Path,
    log: Log,
    unread: Collection[str] = (),
) -> dict[str, float]:
    log(f"coder: {len(notes)} notes under the {convention.value} convention")
    examples = make_examples(linker, notes, convention, log, unread=frozenset(unread))
    selection, figures = train_selection(examples, config)
    selection.save(work / "coder" / convention.value)
    log(f"coder: out-of-fold micro F1 {figures['oof_micro_f1']:.3f}")
    return figures


def _copy_billing(work: Path) -> None:
    """Without a corpus of the other convention, it starts from the billing ranker."""
    Selection.load(work / "coder" / "billing").save(work / "coder" / "every-mention")


def _register(bundle: Bundle, var: Path) -> None:
    from training.tracking import Run, client

    Run(client(var), str(bundle.manifest["mlflow_run"])).register(bundle)


def run_train_linker(
    output: str, index: Sequence[Path], epochs: float, var: Path, log: Log
) -> Bundle:
    """Train the dense retriever into a copy of the current bundle."""
    from training.linker import LinkerConfig, train_linker

    missing = [str(p) for p in index if not p.is_file()]
    if missing:
        raise TrainingError(f"{missing[0]}: no such file")
    config = LinkerConfig(epochs=epochs, index_files=tuple(index))
    release = load_releases(var / "terminology")[-1]
    started = _base(None, BundleStore(var / "bundles"))
    with (
        tracked(f"train linker {output}", var) as run,
        building(target_of(output, var), started) as work,
    ):
        run.params(asdict(config))
        try:
            figures = train_linker(release, work / "linker", config, log)
        except FileNotFoundError as error:
            raise TrainingError(str(error)) from error
        run.metrics(figures)
        facts = {**(dict(started.manifest) if started else {}), "mlflow_run": run.id}
        seal(work, Path(output).name, {**facts, "linker_figures": figures})
    return Bundle.open(target_of(output, var))


def run_train_denial(
    output: str,
    folder: Path | None,
    n: int,
    seed: int,
    var: Path,
    log: Log,
    base: str | None = None,
) -> Bundle:
    """Train the denial model on simulated claims into a copy of the current bundle.

    Args:
        folder: one that ``simulate claims`` wrote; without it ``n`` claims are made.
    """
    from data.simulation.files import write_simulation
    from models.claims.edits import EditEngine
    from models.claims.edits.code_set import TabularCodeSet
    from training.denial import TrainingDataError, train_denial

    started = _base(base, BundleStore(var / "bundles"))
    with tempfile.TemporaryDirectory() as scratch:
        if folder is None:
            log(f"denial: simulating {n} claims, seed {seed}")
            folder = Path(scratch)
            write_simulation(folder, n_claims=n, seed=seed)
        claims, outcomes, card = read_simulation(folder)
        edits = EditEngine(TabularCodeSet(load_releases(var / "terminology")))
        try:
            with (
                tracked(f"train denial {output}", var) as run,
                building(target_of(output, var), started) as work,
            ):
                run.params({"claims": len(claims), "seed": seed, "data": card["kind"]})
                figures = train_denial(
                    claims, outcomes, work / "denial", seed, edits=edits, data=card, log=run.metrics
                )
                facts = {**(dict(started.manifest) if started else {}), "mlflow_run": run.id}
                seal(work, Path(output).name, {**facts, "denial_figures": figures})
        except (TrainingDataError, BundleError) as error:
            raise TrainingError(str(error)) from error
    done = Bundle.open(target_of(output, var))
    _register(done, var)
    log(f"denial: wrote {done.id}; AUROC {figures['auroc']:.3f} on simulated claims")
    return done


def read_simulation(folder: Path) -> tuple[list[Claim], list[Outcome], dict[str, Any]]:
    """Claims, outcomes and card of a folder that ``simulate claims`` wrote.

    Raises:
        TrainingError: the folder is none, or holds a line that is no claim.
    """
    try:
        card = json.loads((folder / "data_card.json").read_text("utf-8"))
        with (folder / "claims.jsonl").open("rb") as handle:
            claims = list(read_jsonl(handle))
        with (folder / "outcomes.jsonl").open(encoding="utf-8") as lines:
            outcomes = [Outcome.model_validate_json(line) for line in lines]
    except (OSError, ValueError) as error:
        raise TrainingError(
            f"{folder}: not a folder that `simulate claims` wrote ({error})"
        ) from error
    good = [c for c in claims if isinstance(c, Claim)]
    if len(good) < len(claims):
        raise TrainingError(f"{folder}/claims.jsonl: {len(claims) - len(good)} lines are no claims")
    return good, outcomes, card


def run_evaluate_denial(
    ref: str | None, n: int, seed: int, json_output: Path | None, var: Path, log: Log
) -> dict[str, float]:
    """Judge a bundle's denial model on simulated claims of another seed."""
    from models.claims.assessor import Assessor
    from training.denial_evaluation import evaluate_simulated
    from training.denial_examples import TrainingDataError

    try:
        bundle = BundleStore(var / "bundles").resolve(ref)
        assessor = Assessor.load(bundle, var / "terminology")
        log(f"denial: simulating {n} claims, seed {seed} (every figure is from simulated claims)")
        figures = evaluate_simulated(assessor.model, assessor.edits, n, seed)
    except (BundleError, TrainingDataError) as error:
        raise TrainingError(str(error)) from error
    with tracked(f"evaluate denial {bundle.id}", var) as run:
        run.params({"bundle": bundle.id, "seed": seed, "data": "simulated"})
        run.metrics(figures)
    log(table({"simulated": figures}))
    if json_output is not None:
        json_output.write_text(
            json.dumps({"bundle": bundle.id, **figures}, indent=1) + "\n", "utf-8"
        )
    return figures

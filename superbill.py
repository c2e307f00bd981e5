"""Superbill's command line: clinical notes to codes, draft claims to denial risk.

Commands import what they need when called, so that ``superbill --help`` is quick.
The contract (options, JSON lines, exit status) is stable: additions only.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, NoReturn

import typer

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Reads clinical notes and suggests codes; scores draft claims for denial risk.",
)
train_app = typer.Typer(no_args_is_help=True, help="Train a part of a model bundle.")
evaluate_app = typer.Typer(no_args_is_help=True, help="Measure a model bundle.")
models_app = typer.Typer(no_args_is_help=True, help="List, promote and roll back model bundles.")
simulate_app = typer.Typer(no_args_is_help=True, help="Make simulated data (labelled as such).")
data_app = typer.Typer(no_args_is_help=True, help="Fetch, load and show code releases.")
db_app = typer.Typer(no_args_is_help=True, help="The server's database.")
for name, group in (
    ("train", train_app),
    ("evaluate", evaluate_app),
    ("models", models_app),
    ("simulate", simulate_app),
    ("data", data_app),
    ("db", db_app),
):
    app.add_typer(group, name=name)

BundleOption = Annotated[
    str | None, typer.Option(help="Bundle folder or alias; the champion, else the shipped one.")
]
VarOption = Annotated[
    Path, typer.Option("--var", envvar="SUPERBILL_VAR_DIR", help="Folder of run-time state.")
]
InputOption = Annotated[str, typer.Option("--input", "-i", help="A file, or - for standard input.")]
OutputOption = Annotated[
    Path | None, typer.Option("--output", "-o", help="Where to write; standard output without it.")
]


def fail(message: str) -> NoReturn:
    """A user's error: one line on standard error, exit status 2."""
    print(f"superbill: {message}", file=sys.stderr)
    raise typer.Exit(2)


def say(message: str) -> None:
    """Progress for a person; quiet when standard error is no terminal."""
    if sys.stderr.isatty():
        print(message, file=sys.stderr)


@app.command()
def suggest(
    input: InputOption,
    output: OutputOption = None,
    bundle: BundleOption = None,
    convention: Annotated[str, typer.Option(help="billing or every-mention.")] = "billing",
    var: VarOption = Path("var"),
) -> None:
    """Suggest ICD-10-CM, CPT and HCPCS codes for notes (JSON lines, or one text file)."""
    from data.notes.readers import NoteSourceError, read_notes
    from data.schemas import Convention
    from data.terminology.icd10cm import ReleaseError
    from models.bundle import BundleError, BundleStore
    from models.coding.stream import suggest_lines

    try:
        wanted = Convention(convention)
    except ValueError:
        fail(f"--convention {convention!r}: choose billing or every-mention")
    try:
        from models.coding.coder import Coder

        coder = Coder.load(BundleStore(var / "bundles").resolve(bundle), var / "terminology")
        lines = suggest_lines(coder, read_notes(input), wanted)
        failed = write_lines(lines, input, output, "notes")
    except (NoteSourceError, BundleError, ReleaseError) as error:
        fail(str(error))
    raise typer.Exit(1 if failed else 0)


@app.command()
def assess(
    input: InputOption,
    output: OutputOption = None,
    bundle: BundleOption = None,
    var: VarOption = Path("var"),
) -> None:
    """Assess draft claims (JSON lines, an 837P file, a folder of them) for denial risk."""
    from data.claims.readers import ClaimSourceError, read_claims
    from models.bundle import BundleError, BundleStore
    from models.claims.stream import assess_lines

    try:
        from models.claims.assessor import Assessor

        assessor = Assessor.load(BundleStore(var / "bundles").resolve(bundle))
        failed = write_lines(assess_lines(assessor, read_claims(input)), input, output, "claims")
    except (ClaimSourceError, BundleError) as error:
        fail(str(error))
    raise typer.Exit(1 if failed else 0)


def write_lines(lines: object, source: str, output: Path | None, unit: str) -> int:
    """Write (line, is error) pairs as they come, with a progress bar on a terminal.

    Returns:
        How many lines stand for a bad input.
    """
    import contextlib
    import io
    from collections.abc import Iterable
    from itertools import chain
    from typing import cast

    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    if output and output.exists() and Path(source).exists() and output.samefile(source):
        fail(f"{output}: is the input as well; choose another --output")
    pairs = iter(cast("Iterable[tuple[str, bool]]", lines))
    # The first line before the output is opened: a source that cannot be read empties no file.
    begin = [pair for pair in (next(pairs, None),) if pair is not None]
    failed = 0
    try:
        handle = output.open("w", encoding="utf-8") if output else sys.stdout
    except OSError as error:
        fail(
            f"{output}: {(error.strerror or 'cannot be written').lower()}; choose another --output"
        )
    if isinstance(handle, io.TextIOWrapper):
        handle.reconfigure(encoding="utf-8")  # JSON lines are UTF-8, whatever the terminal is
    columns = (SpinnerColumn(), TextColumn("{task.completed} " + unit), TimeElapsedColumn())
    quiet = not sys.stderr.isatty()
    try:
        with Progress(*columns, console=Console(stderr=True), disable=quiet) as progress:
            task = progress.add_task(unit, total=None)
            for line, is_error in chain(begin, pairs):
                handle.write(line + "\n")
                failed += is_error
                progress.advance(task)
        handle.flush()
        if output:
            handle.close()
    except OSError as error:
        if output:
            with contextlib.suppress(OSError):
                handle.close()
        else:
            sys.stdout = open("/dev/null", "w", encoding="utf-8")  # noqa: SIM115
        # A reader that has had enough (`| head`) is no error, and nothing more is to say.
        if not isinstance(error, BrokenPipeError):
            fail(
                f"{output or 'standard output'}: {(error.strerror or 'cannot be written').lower()}"
            )
    return failed


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8000,
    var: VarOption = Path("var"),
) -> None:
    """Serve the API and the web page."""
    import os

    os.environ["SUPERBILL_HOST"] = host
    os.environ["SUPERBILL_PORT"] = str(port)
    os.environ["SUPERBILL_VAR_DIR"] = str(var)
    from pydantic import ValidationError

    from serving.app import serve as run

    try:
        run()
    except ValidationError as error:
        fail("; ".join(e["msg"] for e in error.errors(include_input=False)))


@train_app.command("coder")
def train_coder(
    output: Annotated[str, typer.Option(help="Name in the store, or a folder.")],
    base: Annotated[str | None, typer.Option(help="Bundle to start from.")] = None,
    codiesp: Annotated[
        Path | None, typer.Option(help="CodiEsp folder, to retrain the every-mention convention.")
    ] = None,
    authored: Annotated[
        list[str] | None,
        typer.Option(help="Batch of the authored notes to train on; may be repeated. Else all."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 20260401,
    var: VarOption = Path("var"),
) -> None:
    """Fit ranker and calibration on the gold notes and the stored decisions; register a bundle."""
    from serving.coding.export import reviewed_gold
    from serving.database import Database
    from serving.settings import Settings
    from training.runs import TRAINING_BATCHES, TrainingError, run_train_coder

    database = Database(Settings(var_dir=var).url)
    database.upgrade()
    try:
        reviewed = list(reviewed_gold(database))
        batches = tuple(authored or TRAINING_BATCHES)
        run_train_coder(output, base, codiesp, seed, var, print, reviewed, batches)
    except TrainingError as error:
        fail(str(error))


@train_app.command("linker")
def train_linker(
    output: Annotated[str, typer.Option(help="Name in the store, or a folder.")],
    index: Annotated[
        list[Path] | None, typer.Option(help="Official index files to learn from.")
    ] = None,
    epochs: Annotated[float, typer.Option(help="Passes over the phrases.")] = 2.0,
    var: VarOption = Path("var"),
) -> None:
    """Train the dense retriever on the Tabular List, the lexicon and index files."""
    from training.runs import TrainingError, run_train_linker

    try:
        run_train_linker(output, tuple(index or ()), epochs, var, print)
    except TrainingError as error:
        fail(str(error))


@train_app.command("recognizer")
def train_recognizer(
    output: Annotated[str, typer.Option(help="Name in the store, or a folder.")],
    base: Annotated[str | None, typer.Option(help="Bundle to start from.")] = None,
    var: VarOption = Path("var"),
) -> None:
    """Train what tells services that a note charts in words of its own (slow)."""
    from training.errors import TrainingError
    from training.recognizer import run_train_recognizer

    try:
        run_train_recognizer(output, base, var, print)
    except TrainingError as error:
        fail(str(error))


@train_app.command("procedures")
def train_procedures(
    output: Annotated[str, typer.Option(help="Name in the store, or a folder.")],
    base: Annotated[str | None, typer.Option(help="Bundle to start from.")] = None,
    authored: Annotated[
        list[str] | None,
        typer.Option(help="Batch of the authored notes to train on; may be repeated. Else all."),
    ] = None,
    var: VarOption = Path("var"),
) -> None:
    """Train what is learned of procedures: statuses, elements of a visit, lines."""
    from data.authored.snippets import TRAINING_BATCHES
    from training.errors import TrainingError
    from training.procedures import run_train_procedures

    try:
        run_train_procedures(output, base, var, print, tuple(authored or TRAINING_BATCHES))
    except TrainingError as error:
        fail(str(error))


@train_app.command("denial")
def train_denial(
    output: Annotated[str, typer.Option(help="Name in the store, or a folder.")],
    claims: Annotated[
        Path | None, typer.Option(help="Folder written by `simulate claims`.")
    ] = None,
    n: Annotated[
        int, typer.Option(help="Simulated claims to make where no folder is given.")
    ] = 60_000,
    base: Annotated[str | None, typer.Option(help="Bundle to start from.")] = None,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 20260401,
    var: VarOption = Path("var"),
) -> None:
    """Train the denial classifier on simulated claims."""
    from training.runs import TrainingError, run_train_denial

    try:
        run_train_denial(output, claims, n, seed, var, print, base)
    except TrainingError as error:
        fail(str(error))


@evaluate_app.command("coder")
def evaluate_coder(
    bundle: BundleOption = None,
    codiesp: Annotated[
        Path | None, typer.Option(help="CodiEsp folder (train.jsonl, dev.jsonl).")
    ] = None,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
    split: Annotated[
        list[str] | None, typer.Option(help="Authored notes: test, dev or train; may be repeated.")
    ] = None,
    ablation: Annotated[
        bool, typer.Option(help="Also leave out each source of candidates in turn.")
    ] = False,
    var: VarOption = Path("var"),
) -> None:
    """Measure a bundle on the authored notes and on CodiEsp dev, beside a bag-of-words baseline."""
    from training.coder_evaluation import run_evaluate_coder
    from training.errors import TrainingError

    try:
        splits = split or ["test"]
        run_evaluate_coder(bundle, splits, codiesp, json_output, ablation, var, print)
    except TrainingError as error:
        fail(str(error))


@evaluate_app.command("assertion")
def evaluate_assertion(
    split: Annotated[str, typer.Option(help="train, dev or test.")] = "dev",
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
) -> None:
    """Measure what the notes say of each mention (negated, family, ...) on a split's gold spans."""
    from data.authored import AuthoredError
    from training.assertion_evaluation import run_evaluate_assertion

    try:
        run_evaluate_assertion(split, json_output, print)
    except AuthoredError as error:
        fail(str(error))


@evaluate_app.command("procedures")
def evaluate_procedures(
    bundle: BundleOption = None,
    split: Annotated[str, typer.Option(help="Authored notes: test, dev or train.")] = "test",
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
    var: VarOption = Path("var"),
) -> None:
    """Measure lines, visit levels, modifiers and statuses on the authored notes."""
    from training.errors import TrainingError
    from training.procedure_evaluation import run_evaluate_procedures

    try:
        run_evaluate_procedures(bundle, split, json_output, var, print)
    except TrainingError as error:
        fail(str(error))


@evaluate_app.command("denial")
def evaluate_denial(
    bundle: BundleOption = None,
    n: Annotated[int, typer.Option(help="Simulated claims.")] = 60_000,
    seed: Annotated[int, typer.Option(help="Seed of the simulation; not the one trained on.")] = 7,
    json_output: Annotated[
        Path | None, typer.Option("--json", help="Also write the figures here.")
    ] = None,
    var: VarOption = Path("var"),
) -> None:
    """Measure a bundle's denial risk on simulated claims beside rules only."""
    from training.runs import TrainingError, run_evaluate_denial

    try:
        run_evaluate_denial(bundle, n, seed, json_output, var, print)
    except TrainingError as error:
        fail(str(error))


@simulate_app.command("claims")
def simulate_claims(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder to write.")],
    n: Annotated[int, typer.Option(help="How many claims.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 20260401,
    months: Annotated[int, typer.Option(help="Months of service.")] = 24,
) -> None:
    """Write simulated claims with their outcomes (labelled as simulated)."""
    from data.simulation.files import write_simulation

    card = write_simulation(output, n_claims=n, seed=seed, months=months)
    print(f"{output}: {card['claims']} simulated claims, {card['denied']} denied")


@models_app.command("list")
def models_list(var: VarOption = Path("var")) -> None:
    """Bundles of the store, aliases and what was promoted when."""
    from models.bundle import SHIPPED, Bundle, BundleError, BundleStore

    store = BundleStore(var / "bundles")
    try:
        aliases = store.aliases()
        current = store.resolve().id
        bundles = [Bundle.open(SHIPPED), *(store.resolve(name) for name in store.names())]
    except BundleError as error:
        fail(str(error))
    for bundle in bundles:
        marks = [a for a, name in aliases.items() if name == bundle.path.name]
        note = "  <- serving" if bundle.id == current else ""
        print(f"{bundle.id}  {bundle.manifest['created']}  {' '.join(marks)}{note}")
    for event in store.history():
        print("{at}  {action} {alias}: {from} -> {to} by {by}".format(**event))


@models_app.command("promote")
def models_promote(
    bundle: Annotated[str, typer.Argument(help="Name of a bundle in the store, or default.")],
    var: VarOption = Path("var"),
) -> None:
    """Serve a bundle from now on; running servers take it over."""
    _switch(var, bundle)


@models_app.command("rollback")
def models_rollback(var: VarOption = Path("var")) -> None:
    """Serve again what was served before the last promotion."""
    _switch(var, None)


def _switch(var: Path, bundle: str | None) -> None:
    import getpass

    from models.bundle import BundleError, BundleStore

    store = BundleStore(var / "bundles")
    try:
        now = (
            store.promote(bundle, getpass.getuser())
            if bundle
            else store.rollback(getpass.getuser())
        )
    except BundleError as error:
        fail(str(error))
    print(f"champion is now {now.id}")


@data_app.command("fetch")
def data_fetch(
    what: Annotated[str, typer.Argument(help="icd10cm")],
    release: Annotated[str, typer.Option(help="Release name, YYYY-04 or YYYY-10.")],
    var: VarOption = Path("var"),
) -> None:
    """Get an earlier code release out of an earlier version of its package (needs a network)."""
    from data.terminology.icd10cm import ReleaseError
    from data.terminology.releases import fetch_release

    if what != "icd10cm":
        fail(f"data fetch {what}: only icd10cm can be fetched")
    try:
        got = fetch_release(release, var / "terminology")
    except ReleaseError as error:
        fail(str(error))
    print(f"ICD-10-CM {got.name}: {len(got.billable_codes)} billable codes")


@data_app.command("load")
def data_load(
    what: Annotated[str, typer.Argument(help="icd10cm, index, cpt, hcpcs or fees")],
    file: Annotated[Path, typer.Option(help="The official file, under its own name.")],
    release: Annotated[
        str | None,
        typer.Option(help="Release name, as 2026-10; cpt: 2026. Needed where no name tells it."),
    ] = None,
    var: VarOption = Path("var"),
) -> None:
    """Check and keep an official file: a Tabular List XML, an index (XML or CSV), one of the
    AMA's CPT files, CMS's HCPCS Level II file (ANWEB) or fee schedule (PPRRVU)."""
    from data.terminology.icd10cm import ReleaseError
    from data.terminology.index import keep_index
    from data.terminology.official.store import READERS, WORDS, keep_official
    from data.terminology.releases import keep_release

    if not file.is_file():
        fail(f"{file}: no such file")
    try:
        if what == "icd10cm":
            if release is None:
                fail("--release: name the release, for example 2026-10")
            got = keep_release(file, release, var / "terminology")
            print(f"ICD-10-CM {got.name}: {len(got.billable_codes)} billable codes")
        elif what == "index":
            print(f"index: {keep_index(file, var / 'terminology')} wordings")
        elif what in READERS:
            kept = keep_official(what, file, var / "terminology", release)
            days = f"{kept.first} to {kept.last}"
            print(f"{WORDS[kept.kind]} {kept.release}: {days}, {kept.rows} rows")
        else:
            fail(f"data load {what}: choose icd10cm, index, {', '.join(READERS)}")
    except ReleaseError as error:
        fail(str(error))


@data_app.command("status")
def data_status(var: VarOption = Path("var")) -> None:
    """Which code sets are loaded, with their dates and counts."""
    from data.terminology.icd10cm import ReleaseError
    from data.terminology.status import status_lines

    try:
        for line in status_lines(var / "terminology"):
            print(line)
    except ReleaseError as error:
        fail(str(error))


@db_app.command("upgrade")
def db_upgrade(var: VarOption = Path("var")) -> None:
    """Create the database or bring it to this version's tables."""
    from serving.database import Database
    from serving.settings import Settings

    Database(Settings(var_dir=var).url).upgrade()
    print("database is up to date")


def main() -> None:
    """Entry point of the ``superbill`` script."""
    app()


if __name__ == "__main__":
    main()

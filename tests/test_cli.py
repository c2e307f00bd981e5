"""The command line as a user has it: real processes, the contract's fields, exit statuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from data.schemas import Convention, Note
from models.bundle import SHIPPED, Bundle, BundleStore, building, seal
from models.coding.coder import Coder
from models.coding.stream import suggest_lines
from tests.data.terminology.official.delivered import WHOLE, delivered, hcpcs_lines

NAME = "Ottoline Quandt"
TEXT = (
    f"HISTORY OF PRESENT ILLNESS\nMrs {NAME} – 65 ans, naïve to insulin – denies chest pain.\r\n"
    "Mother had breast cancer.\n\n"
    "ASSESSMENT AND PLAN\n"
    "1. Essential hypertension, controlled. Continue lisinopril.\n"
    "2. Type 2 diabetes mellitus with diabetic polyneuropathy. Continue metformin.\n"
)
NOTE: dict[str, Any] = {
    "id": "n1",
    "text": TEXT,
    "date_of_service": "2026-05-14",
    "sex": "F",
    "birth_date": "1961-03-02",
    "setting": "outpatient",
    "patient_status": "established",
}
CLAIM: dict[str, Any] = {
    "claim_id": "c1",
    "patient_sex": "M",
    "patient_birth_date": "1970-02-03",
    "payer_id": "PAYER",
    "payer_type": "commercial",
    "member_id": "M1",
    "billing_npi": "1234567893",
    "rendering_npi": "1234567890",
    "place_of_service": "11",
    "submission_date": "2026-05-20",
    "diagnoses": [{"code": "I10"}],
    "lines": [
        {
            "number": 1, "system": "CPT", "code": "99213", "charge": "100.00",
            "diagnosis_pointers": [1], "date_of_service": "2026-05-12",
        }
    ],
}  # fmt: skip

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def var(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("var")


def _environment(var: Path, **more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith("SUPERBILL_")}
    return kept | {"SUPERBILL_VAR_DIR": str(var)} | more


@pytest.fixture(scope="module")
def run(root: Path, var: Path) -> Run:
    def start(
        *arguments: str, stdin: str | bytes = "", **environment: str
    ) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "superbill.py", *arguments],
            cwd=root,
            env=_environment(var, **environment),
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            check=False,
        )
        text = (done.stdout.decode("utf-8"), done.stderr.decode("utf-8"))
        assert "Traceback" not in text[1], text[1]
        return subprocess.CompletedProcess(done.args, done.returncode, *text)

    return start


def _jsonl(*rows: object) -> str:
    return "".join(
        (row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)) + "\n"
        for row in rows
    )


def _keys(value: dict[str, Any], required: dict[str, Any], optional: dict[str, Any]) -> None:
    """Every required key with its type; every other key known, with its type."""
    assert required.keys() <= value.keys() <= required.keys() | optional.keys()
    for key, kind in (required | optional).items():
        if key in value:
            assert isinstance(value[key], kind), (key, value[key])
            assert kind is bool or not isinstance(value[key], bool), key


def _check_evidence(rows: list[dict[str, Any]], text: str) -> None:
    for row in rows:
        _keys(row, {"start": int, "end": int, "text": str}, {})
        assert row["text"] == text[row["start"] : row["end"]] != ""


def check_suggest_line(line: dict[str, Any], text: str) -> None:
    """One result line against the contract, field by field."""
    _keys(
        line,
        {"id": str, "bundle": str, "suggestions": list, "suppressed": list, "queries": list,
         "release": str, "warnings": list},
        {"em": dict},
    )  # fmt: skip
    for suggestion in line["suggestions"]:
        _keys(
            suggestion,
            {"system": str, "code": str, "description": str, "confidence": float,
             "selected": bool, "auto_accept": bool, "linked_diagnoses": list, "modifiers": list,
             "assertion": str, "sources": list, "evidence": list, "notes": list},
            {"sequence": int, "units": int},
        )  # fmt: skip
        assert suggestion["system"] in {"ICD-10-CM", "CPT", "HCPCS"}
        assert 0 <= suggestion["confidence"] <= 1
        assert suggestion["selected"] or not suggestion["auto_accept"]
        assert suggestion["description"]
        assert suggestion["evidence"]
        assert all(isinstance(word, str) for word in suggestion["notes"] + suggestion["sources"])
        _check_evidence(suggestion["evidence"], text)
    for row in line["suppressed"]:
        _keys(
            row,
            {"system": str, "code": str, "reason": str, "evidence": list, "description": str},
            {"assertion": str},
        )
        assert row["reason"]
        _check_evidence(row["evidence"], text)
    for system in ("ICD-10-CM", "CPT", "HCPCS"):
        confidences = [s["confidence"] for s in line["suggestions"] if s["system"] == system]
        assert confidences == sorted(confidences, reverse=True)
    sequence = sorted(s["sequence"] for s in line["suggestions"] if "sequence" in s)
    assert sequence == list(range(1, len(sequence) + 1))
    assert all(isinstance(warning, str) for warning in line["warnings"])


HTML = "<script>alert('x')</script><img src=x onerror=alert(1)> Essential hypertension."
CONTROL = "Essential\x00 hypertension.\x07 \x1b[31mType 2 diabetes mellitus.\u202e"


@pytest.fixture(scope="module")
def mixed(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """One run over good notes, every bad one, and good ones again."""
    path = tmp_path_factory.mktemp("in") / "notes.jsonl"
    rows = [
        NOTE,
        NOTE | {"id": "empty", "text": ""},
        NOTE | {"id": "html", "text": HTML},
        NOTE | {"id": "unknown", "sexx": "F"},
        NOTE | {"id": "date", "date_of_service": "14.05.2026"},
        f'{{"id": "cut", "text": "{NAME}',
        NOTE | {"id": "control", "text": CONTROL},
        NOTE | {"id": "huge", "text": f"{NAME} " * 70_000},
        NOTE | {"id": "late", "date_of_service": "2026-11-23"},
        {"id": "undated", "text": TEXT},
    ]
    latin = json.dumps(NOTE | {"id": "latin"}, ensure_ascii=False).replace("–", "-")
    raw = _jsonl(*rows).encode() + latin.encode("latin-1") + b"\n" + _jsonl(NOTE).encode()
    path.write_bytes(raw)
    done = run("suggest", "--input", str(path))
    return done, [json.loads(line) for line in done.stdout.splitlines()]


def test_suggest_keeps_the_contract(mixed: Any) -> None:
    _, lines = mixed
    check_suggest_line(lines[0], TEXT)
    assert lines[0]["id"] == "n1"
    assert lines[0]["bundle"] == Bundle.open(SHIPPED).id
    assert lines[0]["release"] == "ICD-10-CM 2026-04"
    assert lines[0]["warnings"] == []
    chosen = {s["code"] for s in lines[0]["suggestions"] if s["selected"]}
    assert {"I10", "E11.42"} <= chosen
    assert {s["system"] for s in lines[0]["suggestions"]} >= {"ICD-10-CM", "CPT"}
    assert "em" in lines[0]
    assert lines[-1] == lines[0]


def test_what_is_negated_or_of_the_family_is_not_suggested(mixed: Any) -> None:
    _, lines = mixed
    suppressed = {row["code"]: row for row in lines[0]["suppressed"]}
    assert suppressed["R07.9"]["assertion"] == "negated"
    assert not {"R07.9", "C50.919"} & {s["code"] for s in lines[0]["suggestions"]}


def test_bad_lines_stand_in_their_place(mixed: Any) -> None:
    done, lines = mixed
    assert done.returncode == 1
    ids = [line.get("id") for line in lines]
    assert ids == ["n1", "empty", "html", "unknown", "date", None, "control", "huge", "late",
                   "undated", None, "n1"]  # fmt: skip
    errors = {i: line for i, line in enumerate(lines, start=1) if "error" in line}
    assert sorted(errors) == [2, 4, 5, 6, 8, 11]
    for number, line in errors.items():
        _keys(line, {"error": dict}, {"id": str, "line": int})
        _keys(line["error"], {"code": str, "message": str}, {})
        assert line["line"] == number
    codes = [line["error"]["code"] for line in errors.values()]
    assert codes == ["invalid_note"] * 3 + ["not_json", "invalid_note", "not_utf8"]
    assert "did you mean sex?" in lines[3]["error"]["message"]
    assert "YYYY-MM-DD" in lines[4]["error"]["message"]


def test_a_bad_notes_words_are_not_repeated(mixed: Any) -> None:
    done, lines = mixed
    assert not any(NAME.split()[1] in json.dumps(line) for line in lines if "error" in line)
    assert NAME.split()[1] not in done.stderr


def test_a_run_that_no_terminal_watches_is_quiet(mixed: Any) -> None:
    assert mixed[0].stderr == ""


def test_markup_and_control_characters_are_only_text(mixed: Any) -> None:
    _, lines = mixed
    by_id = {line.get("id"): line for line in lines}
    check_suggest_line(by_id["html"], HTML)
    check_suggest_line(by_id["control"], CONTROL)
    assert "I10" in {s["code"] for s in by_id["html"]["suggestions"]}
    assert "E11.9" in {s["code"] for s in by_id["control"]["suggestions"]}


def test_a_date_that_no_release_covers_is_warned_of(mixed: Any) -> None:
    by_id = {line.get("id"): line for line in mixed[1]}
    (warning,) = by_id["late"]["warnings"]
    assert "2026-11-23" in warning
    (warning,) = by_id["undated"]["warnings"]
    assert "no date of service" in warning
    assert by_id["late"]["release"] == by_id["undated"]["release"] == "ICD-10-CM 2026-04"


def test_suggest_from_standard_input_with_every_mention(run: Run, tmp_path: Path) -> None:
    many = "\n".join(
        f"{i}. {words}." for i, words in enumerate(
            ("Asthma", "Gout", "Psoriasis", "Migraine", "Anemia", "Cataract", "Glaucoma",
             "Obesity", "Hypothyroidism", "Osteoporosis", "Pneumonia", "Sinusitis", "Cellulitis",
             "Appendicitis", "Hernia", "Gallstones", "Pancreatitis", "Hepatitis C", "Scabies",
             "Urticaria", "Insomnia", "Vertigo", "Tinnitus", "Conjunctivitis", "Tonsillitis",
             "Bronchitis", "Hemorrhoids", "Constipation", "Diverticulosis", "Endometriosis",
             "Sciatica", "Scoliosis", "Epilepsy", "Depression", "Schizophrenia"), 1)
    )  # fmt: skip
    out = tmp_path / "out.jsonl"
    done = run(
        "suggest", "--input", "-", "--convention", "every-mention", "--output", str(out),
        stdin=_jsonl(NOTE, NOTE | {"id": "many", "text": many}),
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    first, second = (json.loads(line) for line in out.read_text("utf-8").splitlines())
    check_suggest_line(first, TEXT)
    check_suggest_line(second, many)
    assert 25 < len(second["suggestions"]) <= 100
    assert {s["system"] for s in second["suggestions"]} == {"ICD-10-CM"}


def test_suggest_on_a_text_file(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "診察–7.txt"
    path.write_bytes(TEXT.encode())
    # JSON lines are UTF-8, whatever a terminal would be sent.
    done = run("suggest", "-i", str(path), PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    (line,) = (json.loads(line) for line in done.stdout.splitlines())
    check_suggest_line(line, TEXT)
    assert line["id"] == "診察–7"


def test_suggest_on_text_from_standard_input(run: Run) -> None:
    done = run("suggest", "-i", "-", stdin=TEXT)
    assert done.returncode == 0
    line = json.loads(done.stdout)
    check_suggest_line(line, TEXT)
    assert line["id"] == "stdin"


def test_a_reader_that_has_had_enough_ends_the_run_quietly(root: Path, var: Path) -> None:
    """As ``superbill suggest … | head -1``: the pipe is closed while lines still come."""
    lines = _jsonl(*(NOTE | {"id": str(i)} for i in range(60))).encode()
    with subprocess.Popen(
        [sys.executable, "superbill.py", "suggest", "--input", "-"],
        cwd=root,
        env=_environment(var),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin
        assert process.stdout
        assert process.stderr
        process.stdin.write(lines)
        process.stdin.close()
        first = json.loads(process.stdout.readline())
        process.stdout.close()
        errors = process.stderr.read()
    assert first["id"] == "0"
    assert errors == b""
    assert process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("suggest", "-i", "-", "--bundle", "nothing"), "no bundle 'nothing'"),
        (("suggest", "-i", "-", "--convention", "all"), "choose billing or every-mention"),
        (("assess", "-i", "-", "--bundle", "nothing"), "no bundle 'nothing'"),
        (("models", "promote", "nothing"), "no bundle 'nothing'"),
        (("train", "coder", "--output", "x", "--authored", "test"), "the test part only reports"),
        (("train", "procedures", "--output", "x", "--authored", "test"), "choose among samples"),
        (("evaluate", "procedures", "--bundle", "nothing"), "no bundle 'nothing'"),
        (("data", "fetch", "icd10cm", "--release", "2019-10"), "no package holds it"),
        (("data", "load", "icd10cm", "--file", "none.xml"), "no such file"),
        (("data", "load", "icd10cm", "--file", "README.md"), "--release"),
        (("data", "load", "index", "--file", "pyproject.toml"), "pyproject.toml"),
        (("data", "load", "icd10cm", "--file", "pyproject.toml", "--release", "2026-10"), "line 1"),
    ],
)
def test_a_users_error_is_one_line(
    run: Run, root: Path, arguments: tuple[str, ...], says: str
) -> None:
    if "README.md" in arguments and not (root / "README.md").exists():
        arguments = tuple("LICENSE" if a == "README.md" else a for a in arguments)
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("superbill: ")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_a_missing_input_empties_no_output(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    out.write_text("results of yesterday\n", encoding="utf-8")
    done = run("assess", "-i", str(tmp_path / "none.jsonl"), "-o", str(out))
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert out.read_text(encoding="utf-8") == "results of yesterday\n"


def test_the_output_is_not_written_over_the_input(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(_jsonl(CLAIM), encoding="utf-8")
    done = run("assess", "-i", str(path), "-o", str(path))
    assert done.returncode == 2
    assert "is the input as well" in done.stderr
    assert path.read_text(encoding="utf-8") == _jsonl(CLAIM)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full: Linux only")
def test_a_full_disk_is_told(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(_jsonl(CLAIM), encoding="utf-8")
    done = run("assess", "-i", str(path), "-o", "/dev/full")
    assert done.returncode == 2
    assert done.stderr == "superbill: /dev/full: no space left on device\n"


def test_assess_keeps_the_contract(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "claims.jsonl"
    path.write_text(
        _jsonl(CLAIM, CLAIM | {"claim_id": "bad", "linez": []}, "{", CLAIM | {"claim_id": "c4"}),
        encoding="utf-8",
    )
    done = run("assess", "--input", str(path))
    assert (done.returncode, done.stderr) == (1, "")
    first, unknown, cut, last = (json.loads(line) for line in done.stdout.splitlines())
    for line in (first, last):
        _keys(
            line,
            {"claim_id": str, "bundle": str, "risk": float, "expected_loss": float,
             "findings": list, "reasons": list, "probability_by_category": dict, "fixes": list,
             "abstained": bool, "trained_on": dict},
            {},
        )  # fmt: skip
        assert 0 <= line["risk"] <= 1
        assert 0 <= line["expected_loss"] <= 100
        for finding in line["findings"]:
            _keys(
                finding,
                {"rule": str, "severity": str, "message": str, "source": str},
                {"line": int, "fix": str},
            )
            assert finding["severity"] in {"error", "warning"}
        for reason in line["reasons"]:
            _keys(reason, {"category": str, "contribution": float, "message": str}, {})
        for fix in line["fixes"]:
            _keys(fix, {"change": str, "risk_after": float}, {})
        assert all(0 <= p <= 1 for p in line["probability_by_category"].values())
        _keys(line["trained_on"], {"kind": str, "real_outcomes": int}, {})
        assert line["trained_on"]["kind"] in {"simulated", "real", "mixed"}
    # The rendering provider's NPI has a wrong check digit.
    (error,) = [f for f in first["findings"] if f["severity"] == "error"]
    assert error["rule"] == "npi-check-digit"
    assert (unknown["claim_id"], unknown["line"]) == ("bad", 2)
    assert "did you mean lines?" in unknown["error"]["message"]
    assert (cut["line"], cut["error"]["code"]) == (3, "not_json")
    assert last["claim_id"] == "c4"


def test_models_are_listed_promoted_and_rolled_back(run: Run, var: Path) -> None:
    store = BundleStore(var / "bundles")
    with building(store.root / "mine", base=Bundle.open(SHIPPED)) as work:
        seal(work, "mine", {})
    mine, shipped = store.resolve("mine").id, Bundle.open(SHIPPED).id
    before = run("models", "list").stdout.splitlines()
    assert [line.split()[0] for line in before] == [shipped, mine]
    assert before[0].endswith("<- serving")
    assert run("models", "promote", "mine").stdout == f"champion is now {mine}\n"
    after = run("models", "list").stdout.splitlines()
    assert after[1].endswith("champion  <- serving")
    assert "promote champion: default -> mine by" in after[2]
    assert run("models", "rollback").stdout == f"champion is now {shipped}\n"
    again = run("models", "rollback")
    assert again.returncode == 2
    assert "nothing to roll back" in again.stderr


def test_data_status(run: Run) -> None:
    done = run("data", "status")
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ICD-10-CM 2026-04: 2026-04-01 to 2026-09-30, 74719 billable codes")
    for source in ("lexicon:", "CPT starter table:", "HCPCS starter table:"):
        assert any(line.startswith(source) for line in lines)


def test_an_index_is_loaded_and_counted(run: Run, var: Path, tmp_path: Path) -> None:
    path = tmp_path / "Index.csv"
    path.write_text("Level,Term,Code\n0,Zebra fever,A68.9\n", encoding="utf-8")
    assert run("data", "load", "index", "--file", str(path)).stdout == "index: 1 wordings\n"
    assert "index Index.csv: 1 wordings" in run("data", "status").stdout
    (var / "terminology" / "index-Index.csv").unlink()


def test_official_files_are_loaded_listed_and_refused(run: Run, var: Path, tmp_path: Path) -> None:
    whole = hcpcs_lines(WHOLE)
    path = delivered(tmp_path, "HCPC2026_APR_ANWEB.txt", whole)
    done = run("data", "load", "hcpcs", "--file", str(path))
    kept = f"HCPCS Level II 2026-04: 2026-04-01 to 2026-06-30, {WHOLE} rows"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{kept}\n", "")
    before = run("data", "status").stdout
    assert f"{kept}, from HCPC2026_APR_ANWEB.txt (sha256 " in before
    delivered(tmp_path, path.name, whole[:-30])
    cut = run("data", "load", "hcpcs", "--file", str(path))
    assert cut.returncode == 2
    assert cut.stderr.startswith(f"superbill: {path.name}: line {WHOLE}: the file ends in the")
    assert cut.stderr.count("\n") == 1
    assert run("data", "status").stdout == before
    delivered(tmp_path, path.name, whole)
    unknown = run("data", "load", "cpt", "--file", str(path), "--release", "2026")
    assert "give it the name it was delivered under" in unknown.stderr
    assert (
        "choose icd10cm, index, cpt, hcpcs, fees"
        in run("data", "load", "codes", "--file", str(path)).stderr
    )
    (var / "terminology" / "hcpcs-2026-04.tsv").unlink()


def test_a_damaged_kept_file_is_told_in_one_line(run: Run, var: Path) -> None:
    path = var / "terminology" / "cpt-medium-2026.tsv"
    path.parent.mkdir(exist_ok=True)
    path.write_text("{", encoding="utf-8")
    for command in (("data", "status"), ("suggest", "--input", "-")):
        done = run(*command, stdin=_jsonl(NOTE))
        assert done.returncode == 2
        assert "is damaged or of another version; load it again" in done.stderr
        assert done.stderr.count("\n") == 1
    path.unlink()


def test_notes_stream_one_at_a_time(shipped_coder: Coder) -> None:
    """Ten thousand notes take no more memory than one: none is read before it is asked for."""
    asked = 0

    def notes() -> Iterator[Note]:
        nonlocal asked
        for i in range(10_000):
            asked += 1
            yield Note(id=str(i), text="Hypertension.")

    lines = suggest_lines(shipped_coder, notes(), Convention.BILLING)
    assert asked == 0
    for expected in range(1, 40):
        line, bad = next(lines)
        assert json.loads(line)["id"] == str(expected - 1)
        assert not bad
        assert asked == expected


def test_a_note_that_fails_does_not_end_the_run() -> None:
    class Failing:
        """Fails on one note, as a defect would, with the note's words in the error."""

        def suggest(self, note: Note, convention: Convention) -> None:
            raise RuntimeError(note.text)

    notes = [Note(id=str(i), text=NAME) for i in range(2)]
    lines = list(suggest_lines(Failing(), notes, Convention.BILLING))  # type: ignore[arg-type]
    assert [json.loads(line)["id"] for line, _ in lines] == ["0", "1"]
    assert all(bad for _, bad in lines)
    assert not any(NAME in line for line, _ in lines)
    assert "RuntimeError" in lines[0][0]


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of MLflow's packages
def test_procedures_are_trained_and_evaluated(
    shipped_coder: Coder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In this process, on a few notes with few features: eight minutes else."""
    import superbill
    from training import procedure_evaluation, procedure_tables, procedures

    config = procedures.ProcedureConfig(folds=2)
    few = procedures.coded_notes("samples")[::8]
    monkeypatch.setattr(procedure_tables, "WIDTH", 1 << 9)
    monkeypatch.setattr(procedures, "ProcedureConfig", lambda: config)
    monkeypatch.setattr(procedures, "coded_notes", lambda _batch: few)
    monkeypatch.setattr(procedure_evaluation, "coded_notes", lambda _batch: few[:2])
    monkeypatch.setattr(Coder, "load", lambda *_: shipped_coder)
    where = ("--var", str(tmp_path))
    asked = CliRunner().invoke(
        superbill.app, ["train", "procedures", "--output", "few", "--authored", "samples", *where]
    )
    assert asked.exit_code == 0, asked.output
    made = BundleStore(tmp_path / "bundles").resolve("few")
    assert f"procedures: wrote {made.id}" in asked.output
    assert made.manifest["procedure_notes"] == len(few)
    assert 0 < made.manifest["procedure_figures"]["out_of_fold_f1"] <= 1
    assert (made.part("procedures") / "status.npz").stat().st_size < 40_000
    assert (made.part("coder") / "billing").is_dir()  # the base's other parts go along
    assert "mlflow.db" in {path.name for path in tmp_path.iterdir()}
    path = tmp_path / "figures.json"
    asked = CliRunner().invoke(
        superbill.app,
        [
            "evaluate",
            "procedures",
            "--bundle",
            "few",
            "--split",
            "dev",
            "--json",
            str(path),
            *where,
        ],
    )
    assert asked.exit_code == 0, asked.output
    assert "== dev (tuned on these): 2 notes, authored" in asked.output
    assert json.loads(path.read_text("utf-8"))["bundle"] == made.id
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "mine.txt").write_text("kept", "utf-8")
    folder = str(tmp_path / "full")
    asked = CliRunner().invoke(
        superbill.app, ["train", "procedures", "--output", folder, "--authored", "samples", *where]
    )
    assert asked.exit_code == 2
    assert "exists and is no bundle" in asked.output
    assert [p.name for p in (tmp_path / "full").iterdir()] == ["mine.txt"]

"""Both loops end to end, on one real server process with the shipped bundle.

Notes are reviewed and signed off through the API; their decisions train a bundle
that the running server takes over and gives back again; their draft claims are
assessed, worked and released.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from data.authored import load_notes
from data.authored.procedures import load_done
from data.claims.jsonl import write_line
from data.schemas import Claim, GoldNote, Note
from tests.serving.process import ROOT, ServerProcess

REVIEWED = 8
TAKE_OVER_SECONDS = 180.0
UNTOUCHED = "loop-never-reviewed"


@dataclass
class Loop:
    """A server with reviewed notes behind it."""

    server: ServerProcess
    http: httpx.Client
    bundle: str  # the one that coded the reviewed notes
    decisions: list[str]  # kinds, in the order they were stored
    signed: dict[str, dict[str, Any]]  # sign-off views by note id

    @property
    def var(self) -> Path:
        return self.server.var_dir

    def superbill(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run the command line beside the server, on the same folder."""
        keep = {k: v for k, v in os.environ.items() if not k.startswith(("SUPERBILL_", "MLFLOW_"))}
        done = subprocess.run(
            [sys.executable, "superbill.py", *arguments, "--var", str(self.var)],
            cwd=ROOT,
            env=keep,
            capture_output=True,
            text=True,
            timeout=1500,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done

    def served(self) -> str:
        return str(self.http.get("/v1/models").json()["current"])

    def wait_for(self, wanted: Callable[[str], bool]) -> str:
        deadline = time.monotonic() + TAKE_OVER_SECONDS
        while time.monotonic() < deadline and not wanted(self.served()):
            time.sleep(0.1)
        assert wanted(self.served()), self.server.log[-4000:]
        return self.served()

    def result_of(self, note_id: str) -> dict[str, Any]:
        view: dict[str, Any] = self.get(f"/v1/notes/{note_id}")
        result: dict[str, Any] = view["result"]
        return result

    def get(self, path: str, **query: Any) -> Any:
        answer = self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 201) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def loop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loop]:
    server = ServerProcess(tmp_path_factory.mktemp("loop")).start().wait_ready()
    with server.client() as http:
        loop = Loop(server, http, "", [], {})
        loop.bundle = loop.served()
        for gold in load_notes("samples")[:REVIEWED]:
            review(loop, gold)
        yield loop
    server.stop()


def stored_note(note: Note, note_id: str) -> dict[str, Any]:
    fields: dict[str, Any] = note.model_dump(mode="json", exclude_none=True)
    return {**fields, "id": note_id}


def review(loop: Loop, gold: GoldNote) -> None:
    """Review a note as its author coded it: accept, reject, replace, add, sign off."""
    note_id = f"loop-{gold.note.id}"
    view = loop.post("/v1/notes", stored_note(gold.note, note_id))
    lines = load_done("samples")[gold.note.id].lines
    wanted = {(c.system.value, c.code): c for c in (*gold.codes, *lines)}
    missing = dict(wanted)
    wrong = []
    for code in view["state"]["codes"]:
        key = (code["system"], code["code"])
        if key in wanted:
            missing.pop(key)
            _decide(loop, note_id, decision="accept", system=key[0], code=key[1])
        elif code["standing"] == "proposed":
            wrong.append(key)
    kept = [key for key in wanted if key not in missing]
    if not missing and len(kept) > 1:
        # Where nothing is missing the reviewer rejects a right code, then takes it back.
        systems = {system for system, _ in wrong}
        key = next((k for k in reversed(kept) if k[0] in systems), kept[-1])
        _decide(loop, note_id, decision="reject", system=key[0], code=key[1])
        missing[key] = wanted[key]
    for key in wrong:
        # A code that is missing stands in the place of a wrong one.
        near = next((m for m in missing if m[0] == key[0]), None)
        body: dict[str, Any] = {"decision": "reject"}
        if near is not None:
            missing.pop(near)
            body = {"decision": "replace", "replacement": {"system": near[0], "code": near[1]}}
        _decide(loop, note_id, system=key[0], code=key[1], **body)
    for key in missing:
        evidence = [e.model_dump() for e in wanted[key].evidence]
        _decide(loop, note_id, decision="add", system=key[0], code=key[1], evidence=evidence)
    signed = loop.post(f"/v1/notes/{note_id}/sign-off", {})
    assert {(c["system"], c["code"]) for c in signed["sign_off"]["codes"]} == set(wanted)
    loop.signed[note_id] = signed


def _decide(loop: Loop, note_id: str, **body: Any) -> None:
    stored = loop.post(f"/v1/notes/{note_id}/decisions", body)["decision"]
    assert stored["bundle"] == loop.bundle
    loop.decisions.append(stored["decision"])


# -- claims ---------------------------------------------------------------------------


def test_the_review_took_every_kind_of_decision(loop: Loop) -> None:
    assert set(loop.decisions) == {"accept", "reject", "replace", "add"}
    assert len(loop.signed) == REVIEWED


def test_a_signed_off_note_is_a_draft_claim_that_the_command_line_assesses(
    loop: Loop, tmp_path: Path
) -> None:
    claims = [Claim.model_validate(view["claim"]) for view in loop.signed.values()]
    source, out = tmp_path / "claims.jsonl", tmp_path / "assessed.jsonl"
    source.write_text("".join(map(write_line, claims)), "utf-8")
    loop.superbill("assess", "--bundle", "default", "-i", str(source), "-o", str(out))
    lines = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    assert [line["claim_id"] for line in lines] == [claim.claim_id for claim in claims]
    for line, view in zip(lines, loop.signed.values(), strict=True):
        # The server said the same of it at sign-off.
        shown = view["assessment"]
        assert line["risk"] == pytest.approx(shown["risk"], abs=1e-6)
        assert [f["rule"] for f in line["findings"]] == [f["rule"] for f in shown["findings"]]
        assert 0 < line["risk"] < 1
        assert line["bundle"] == loop.bundle
        assert line["trained_on"] == {"kind": "simulated", "real_outcomes": 0}
        assert line["reasons"]
        assert all(reason["message"] for reason in line["reasons"])
    assert len({line["risk"] for line in lines}) > 1


def test_the_billers_list_shows_risk_amount_and_reasons(loop: Loop) -> None:
    page = loop.get("/v1/claims", limit=200)
    ours = {view["claim"]["claim_id"]: view for view in loop.signed.values()}
    listed = [line for line in page["claims"] if line["claim_id"] in ours]
    assert len(listed) == REVIEWED
    losses = [line["expected_loss"] for line in listed]
    assert losses == sorted(losses, reverse=True)
    for line in listed:
        claim, assessment = (ours[line["claim_id"]][k] for k in ("claim", "assessment"))
        assert float(line["charge"]) == pytest.approx(
            sum(float(x["charge"]) for x in claim["lines"])
        )
        assert line["risk"] == pytest.approx(assessment["risk"])
        assert line["reasons"]
        said = [f["message"] for f in assessment["findings"]]
        said += [r["message"] for r in assessment["reasons"]]
        assert set(line["reasons"]) <= set(said)


def test_what_a_biller_does_is_kept_for_good(loop: Loop) -> None:
    claim_id = clean_claim(loop)
    path = f"/v1/claims/{claim_id}/actions"
    for action, status in (("flag", "flagged"), ("hold", "held"), ("release", "released")):
        body = {"action": action, "reason": f"{action} for the test"}
        assert loop.post(path, body)["status"] == status
    events = loop.get(f"/v1/claims/{claim_id}")["events"]
    assert [event["action"] for event in events] == ["drafted", "flag", "hold", "release"]
    database = sqlite3.connect(loop.var / "superbill.db")
    try:
        for change in ("UPDATE claim_events SET action = 'hold'", "DELETE FROM claim_events"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(change)
    finally:
        database.close()
    assert loop.get(f"/v1/claims/{claim_id}")["events"] == events


def clean_claim(loop: Loop) -> str:
    """The first reviewed claim without error findings."""
    for view in loop.signed.values():
        if all(f["severity"] != "error" for f in view["assessment"]["findings"]):
            return str(view["claim"]["claim_id"])
    raise AssertionError("every reviewed claim has an error finding")


def test_a_planted_error_is_found_and_holds_the_claim(loop: Loop) -> None:
    """An add-on vaccination, 90472, without its primary service."""
    note = load_notes("samples")[REVIEWED].note
    note_id = "loop-planted"
    view = loop.post("/v1/notes", stored_note(note, note_id))
    for code in view["state"]["codes"]:
        if code["standing"] == "proposed" and code["system"] != "ICD-10-CM":
            key = {"system": code["system"], "code": code["code"]}
            loop.post(f"/v1/notes/{note_id}/decisions", {"decision": "reject", **key})
    for code in ("99213", "90472"):
        body = {"decision": "add", "system": "CPT", "code": code}
        loop.post(f"/v1/notes/{note_id}/decisions", body)
    signed = loop.post(f"/v1/notes/{note_id}/sign-off", {"undecided": "accept"})
    errors = [f for f in signed["assessment"]["findings"] if f["severity"] == "error"]
    planted = next(f for f in errors if f["rule"] == "add-on-without-primary")
    line = signed["claim"]["lines"][planted["line"] - 1]
    assert line["code"] == "90472"
    assert "primary service" in planted["fix"]

    path = f"/v1/claims/{signed['claim']['claim_id']}/actions"
    problem = loop.post(path, {"action": "release"}, status=409)
    assert planted["fix"] in {error["fix"] for error in problem["errors"]}
    told = {"action": "release", "reason": "the primary service went out last week"}
    assert loop.post(path, told)["status"] == "released"


# -- retraining -----------------------------------------------------------------------


def test_reviews_train_a_bundle_that_the_running_server_takes_over_and_gives_back(
    loop: Loop,
) -> None:
    reviewed = next(iter(loop.signed))
    fresh = load_notes("samples")[REVIEWED + 1].note
    loop.post("/v1/notes", stored_note(fresh, UNTOUCHED))
    before = {note_id: loop.result_of(note_id) for note_id in (reviewed, UNTOUCHED)}
    pid = loop.server.pid

    # The samples alone beside the reviewed notes: a minute instead of six.
    loop.superbill("train", "coder", "--output", "reviewed-1", "--authored", "samples")
    new = _expect_trained(loop)

    with constant_requests(loop, stored_note(fresh, "asked-all-along")) as answers:
        loop.superbill("models", "promote", "reviewed-1")
        assert loop.wait_for(lambda bundle: bundle == new) == new
    assert answers
    assert set(answers) <= {(200, loop.bundle), (200, new)}

    asked = loop.post("/v1/suggestions", stored_note(fresh, "asked"), status=200)
    assert asked["bundle"] == new
    later = loop.post("/v1/notes", stored_note(fresh, "loop-later"))
    assert later["result"]["bundle"] == new
    # What was stored keeps the bundle that made it, until it is asked for again.
    assert {note_id: loop.result_of(note_id) for note_id in before} == before
    again = loop.post(f"/v1/notes/{UNTOUCHED}/suggestions", None, status=200)
    assert again["result"]["bundle"] == new
    assert again["result"]["suggestions"] != before[UNTOUCHED]["suggestions"]

    loop.superbill("models", "rollback")
    loop.wait_for(lambda bundle: bundle == loop.bundle)
    back = loop.post("/v1/suggestions", stored_note(fresh, UNTOUCHED), status=200)
    assert back == before[UNTOUCHED]
    assert loop.result_of("loop-later") == later["result"]
    assert loop.server.pid == pid
    assert loop.server.process is not None
    assert loop.server.process.poll() is None
    history = loop.superbill("models", "list").stdout
    assert "promote champion: default -> reviewed-1" in history
    assert "rollback champion: reviewed-1 -> default" in history


def _expect_trained(loop: Loop) -> str:
    """The bundle stands in the store and in MLflow; returns its id."""
    bundle_id, version = json.loads(
        # A process of its own: MLflow's imports warn, and warnings are errors here.
        subprocess.run(
            [sys.executable, "-c", REGISTERED, str(loop.var)],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    )
    manifest = json.loads((loop.var / "bundles" / "reviewed-1" / "manifest.json").read_text())
    assert bundle_id == f"reviewed-1@{manifest['hash'][:8]}"
    signed = loop.get("/v1/notes", status="signed_off", limit=1)["total"]
    assert manifest["reviewed_notes"] == signed >= REVIEWED
    assert version["reviewed_notes"] == str(signed)
    assert version["status"] == "FINISHED"
    assert version["run"] == manifest["mlflow_run"]
    assert 0 < version["oof_micro_f1"] <= 1
    shown = loop.get("/v1/models")
    assert shown["current"] == loop.bundle  # registered is not promoted
    assert bundle_id in {bundle["id"] for bundle in shown["bundles"]}
    return str(bundle_id)


REGISTERED = """
import json, sys
from pathlib import Path
from training.tracking import REGISTERED_MODEL, client
mlflow = client(Path(sys.argv[1]))
[version] = mlflow.search_model_versions(f"name='{REGISTERED_MODEL}'")
run = mlflow.get_run(version.run_id)
print(json.dumps([version.tags["bundle"], {
    "run": version.run_id,
    "status": run.info.status,
    "reviewed_notes": run.data.params["reviewed_notes"],
    "oof_micro_f1": run.data.metrics["billing.oof_micro_f1"],
}]))
"""


@contextmanager
def constant_requests(loop: Loop, note: dict[str, Any]) -> Iterator[list[tuple[int, str]]]:
    """Asks for suggestions without a pause; collects (status, bundle) of every answer."""
    answers: list[tuple[int, str]] = []
    stop = threading.Event()

    def ask() -> None:
        with loop.server.client() as http:
            while not stop.is_set():
                try:
                    answer = http.post("/v1/suggestions", json=note)
                    answers.append((answer.status_code, answer.json().get("bundle", "")))
                except httpx.HTTPError:
                    answers.append((0, ""))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join(60)

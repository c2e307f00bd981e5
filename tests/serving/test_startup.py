"""Start: light, alive at once, ready later, samples once, promotions taken over."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from data.authored import load_notes
from models.bundle import SHIPPED, BundleStore, seal
from tests.serving import postgres
from tests.serving.process import ROOT, ServerProcess, free_port

HEAVY = ("mlflow", "sklearn", "torch", "transformers", "pandas")


def test_the_server_imports_nothing_heavy() -> None:
    script = (
        "import sys, serving.app; serving.app.create_app(); "
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == "[]"


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="reads /proc: Linux only")
def test_a_working_server_holds_no_training_library(server: ServerProcess) -> None:
    with server.client() as client:
        client.post("/v1/suggestions", json={"id": "a", "text": "Essential hypertension."})
    mapped = Path(f"/proc/{server.pid}/maps").read_text()
    assert [name for name in ("libtorch", "/sklearn/", "/mlflow/") if name in mapped] == []


def test_alive_before_ready(tmp_path: Path) -> None:
    """A server whose bundle is missing answers, says 503, and keeps notes safe from it."""
    environment = {"SUPERBILL_BUNDLE": "no-such-bundle"}
    server = ServerProcess(tmp_path, environment).start()
    with server.client() as client:
        assert client.get("/healthz").json() == {"status": "ok"}
        for path in ("/readyz", "/v1/codes/search?q=a", "/v1/models"):
            response = client.get(path)
            assert response.status_code == 503
            assert response.headers["content-type"] == "application/problem+json"
            assert response.headers["retry-after"]
        note = {"id": "a", "text": "Essential hypertension."}
        assert client.post("/v1/suggestions", json=note).status_code == 503
        assert client.post("/v1/notes", json=note).status_code == 503
        assert client.get("/v1/notes").json()["total"] == 0
        assert client.get("/version").json()["schema_revision"] == "0001"
    server.stop()
    assert "Traceback" not in server.log


def test_uvicorn_finds_the_app_and_does_not_log_paths(tmp_path: Path) -> None:
    port = free_port()
    server = ServerProcess(tmp_path, {"SUPERBILL_BUNDLE": "no-such-bundle"}, port=port)
    command = [sys.executable, "-m", "uvicorn", "serving.app:app", "--port", str(port)]
    server.start(command)
    with server.client() as client:
        assert client.get("/v1/notes/a-private-id?q=a-private-word").status_code == 404
    server.stop()
    assert "a-private" not in server.log


def test_samples_are_loaded_once_and_keep_their_decisions(tmp_path: Path) -> None:
    samples = {gold.note.id for gold in load_notes("samples")}
    server = ServerProcess(tmp_path, {"SUPERBILL_SAMPLES": "true"}).start().wait_ready()
    with server.client() as client:
        page = client.get("/v1/notes", params={"limit": 200}).json()
        assert {line["id"] for line in page["notes"]} == samples
        with_codes = next(line for line in page["notes"] if line["selected"])
        path = f"/v1/notes/{with_codes['id']}"
        view = client.get(path).json()
        code = view["state"]["codes"][0]
        decision = {"decision": "accept", "system": code["system"], "code": code["code"]}
        assert client.post(f"{path}/decisions", json=decision).status_code == 201
        before = client.get(path).json()
    server.stop()
    server.start().wait_ready()
    with server.client() as client:
        assert client.get("/v1/notes", params={"limit": 1}).json()["total"] == len(samples)
        assert client.get(path).json() == before
    server.stop()


def test_a_promoted_bundle_is_taken_over_by_a_running_server(
    tmp_path: Path, make_note: Callable[..., dict[str, Any]]
) -> None:
    """Promoted and rolled back under load: no request fails, each answer names its bundle."""
    store = BundleStore(tmp_path / "bundles")
    other = store.root / "second"
    shutil.copytree(SHIPPED, other)
    (other / "manifest.json").unlink()
    second = seal(other, "second", {})
    server = ServerProcess(tmp_path).start().wait_ready()
    note = make_note()
    with server.client() as client:

        def until(bundle: str) -> None:
            deadline = time.monotonic() + 120
            while time.monotonic() < deadline:
                response = client.post("/v1/suggestions", json=note)
                assert response.status_code == 200
                if response.json()["bundle"] == bundle:
                    return
            raise AssertionError(f"{bundle} was not taken over")

        first = client.get("/v1/models").json()["current"]
        stored = client.post("/v1/notes", json=note).json()
        store.promote("second", actor="test")
        until(second.id)
        models = client.get("/v1/models").json()
        assert models["current"] == second.id
        assert {b["id"]: b["current"] for b in models["bundles"]} == {
            first: False,
            second.id: True,
        }
        kept = client.get(f"/v1/notes/{note['id']}").json()
        assert kept["result"]["bundle"] == first
        again = client.post(f"/v1/notes/{note['id']}/suggestions").json()
        assert again["result"]["bundle"] == second.id
        assert again["result_id"] > stored["result_id"]
        store.rollback(actor="test")
        until(first)
    server.stop()


def test_the_same_server_over_postgresql(
    tmp_path: Path, postgres_url: str, make_note: Callable[..., dict[str, Any]]
) -> None:
    """From the note to the claim, with the database given by its URL alone."""
    url = postgres.fresh_database(postgres_url)
    server = ServerProcess(tmp_path, {"SUPERBILL_DATABASE_URL": url}).start().wait_ready()
    note = make_note(text="Essential hypertension.\x00\r\nContinue lisinopril.")
    with server.client() as client:
        assert client.post("/v1/notes", json=note).status_code == 201
        path = f"/v1/notes/{note['id']}"
        signed = client.post(f"{path}/sign-off", json={"undecided": "accept"})
        assert signed.status_code == 201, signed.text
        view = client.get(path).json()
        assert view["note"]["text"] == note["text"]
        claim = client.get(f"/v1/claims/{view['claim_id']}").json()
        assert claim["claim"] == signed.json()["claim"]
    server.stop()
    assert not (tmp_path / "superbill.db").exists()

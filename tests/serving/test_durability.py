"""What was acknowledged survives a killed process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from tests.serving.process import ServerProcess


def test_kill_9_in_a_stream_of_decisions_loses_none_acknowledged(
    tmp_path: Path, make_note: Callable[..., dict[str, Any]]
) -> None:
    """Two reviewers write as fast as they can; the process is killed; all 201s are there."""
    server = ServerProcess(tmp_path).start().wait_ready()
    note = make_note()
    with server.client() as client:
        view = client.post("/v1/notes", json=note).json()
    code = view["state"]["codes"][0]
    decision = {"decision": "accept", "system": code["system"], "code": code["code"]}
    acknowledged: list[int] = []
    enough = threading.Event()

    def review() -> None:
        with server.client() as client:
            while True:
                try:
                    response = client.post(f"/v1/notes/{note['id']}/decisions", json=decision)
                except httpx.TransportError:
                    return
                if response.status_code == 201:
                    acknowledged.append(response.json()["decision"]["decision_id"])
                if len(acknowledged) >= 60:
                    enough.set()

    reviewers = [threading.Thread(target=review) for _ in range(2)]
    for reviewer in reviewers:
        reviewer.start()
    assert enough.wait(120)
    server.kill()
    for reviewer in reviewers:
        reviewer.join()

    server.start()
    with server.client() as client:
        after = client.get(f"/v1/notes/{note['id']}").json()
    server.stop()
    kept = {d["decision_id"] for d in after["decisions"]}
    assert len(set(acknowledged)) == len(acknowledged) >= 60
    assert set(acknowledged) <= kept
    assert after["note"] == view["note"]

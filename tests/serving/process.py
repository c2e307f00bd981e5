"""A real server process on a free port, for every test that speaks HTTP."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
START_SECONDS = 180.0
"""The models may be read from a cold disk on a busy machine."""


@dataclass
class ServerProcess:
    """``python -m serving`` over a folder of its own.

    ``start`` returns when the process listens; ``wait_ready`` when it can code.
    """

    var_dir: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def log_path(self) -> Path:
        return self.var_dir / "server.log"

    @property
    def log(self) -> str:
        return self.log_path.read_text("utf-8", errors="replace")

    @property
    def pid(self) -> int:
        assert self.process is not None
        return self.process.pid

    def start(self, command: Sequence[str] = (sys.executable, "-m", "serving")) -> ServerProcess:
        self.var_dir.mkdir(parents=True, exist_ok=True)
        self.port = self.port or free_port()
        settings = {
            "SUPERBILL_VAR_DIR": str(self.var_dir),
            "SUPERBILL_PORT": str(self.port),
            "SUPERBILL_SAMPLES": "false",
            "SUPERBILL_BUNDLE_POLL_SECONDS": "0.1",
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("SUPERBILL_")}
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=inherited | settings | self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_for("/healthz")
        return self

    def wait_ready(self) -> ServerProcess:
        self._wait_for("/readyz")
        return self

    def _wait_for(self, path: str) -> None:
        assert self.process is not None
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise RuntimeError(f"the server ended:\n{self.log[-4000:]}")
            try:
                answer = httpx.get(self.url + path, timeout=5)
                if answer.status_code == 200:
                    return
                if "could not be loaded" in answer.text:
                    break
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        self.kill()
        raise RuntimeError(f"{path} did not answer 200:\n{self.log[-4000:]}")

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, timeout=300)

    def stop(self) -> None:
        """End it as a user does (Ctrl-C)."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=30)

    def kill(self) -> None:
        """End it as a power cut does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(timeout=30)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

"""A temporary PostgreSQL server from the system's own binaries."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.serving.process import free_port

_numbers = itertools.count(1)


def _binary(name: str) -> str | None:
    found = shutil.which(name)
    if found:
        return found
    candidates = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(candidates[-1]) if candidates else None


def _account() -> str | None:
    """PostgreSQL refuses to run as root: who runs it then."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    return None


def missing() -> str | None:
    """What these tests lack, in words; None when all is there."""
    if importlib.util.find_spec("psycopg") is None:
        return "PostgreSQL tests need psycopg: pip install -e '.[postgresql]'"
    if _binary("initdb") is None or _binary("pg_ctl") is None:
        return "PostgreSQL tests need its server: apt-get install postgresql"
    return None


@contextmanager
def temporary() -> Iterator[str]:
    """A server in a folder of its own until the block ends; yields its URL.

    Not under pytest's folder: another test run closes that to other accounts.
    """
    account = _account()
    kind: dict[str, Any] = {"user": account} if account else {}
    with tempfile.TemporaryDirectory(prefix="superbill-postgres-") as name:
        folder = Path(name)
        if account:
            os.chown(folder, pwd.getpwnam(account).pw_uid, -1)
        data, port = folder / "data", free_port()

        def run(*command: str) -> None:
            done = subprocess.run(command, capture_output=True, text=True, cwd=folder, **kind)
            if done.returncode != 0:
                raise RuntimeError(f"{command[0]}: {done.stdout}{done.stderr}")

        initdb, control = _binary("initdb") or "", _binary("pg_ctl") or ""
        run(initdb, "-D", str(data), "-U", "superbill", "-A", "trust", "-E", "UTF8")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        log = str(folder / "log")
        run(control, "-D", str(data), "-w", "-l", log, "-o", options, "start")
        try:
            yield f"postgresql+psycopg://superbill@127.0.0.1:{port}/postgres"
        finally:
            run(control, "-D", str(data), "-w", "-m", "immediate", "stop")


def fresh_database(url: str) -> str:
    """An empty database in the server at ``url``; returns its URL."""
    from sqlalchemy import create_engine, text

    name = f"test_{next(_numbers)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.rsplit("/", 1)[0] + f"/{name}"

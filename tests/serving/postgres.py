"""A temporary PostgreSQL server from the system's own binaries."""

from __future__ import annotations

import importlib.util
import itertools
import os
import pwd
import shutil
import subprocess
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
def temporary(folder: Path) -> Iterator[str]:
    """A server under ``folder`` until the block ends; yields its URL."""
    account = _account()
    kind: dict[str, Any] = {"user": account} if account else {}
    if account:
        for parent in [folder, *folder.parents]:
            if parent.stat().st_uid == 0 and parent != Path("/") and parent.name != "tmp":
                parent.chmod(parent.stat().st_mode | 0o011)
        os.chown(folder, pwd.getpwnam(account).pw_uid, -1)
    data, port = folder / "data", free_port()

    def run(*command: str) -> None:
        subprocess.run(command, check=True, capture_output=True, cwd=folder, **kind)

    run(_binary("initdb") or "", "-D", str(data), "-U", "superbill", "-A", "trust", "-E", "UTF8")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
    log = str(folder / "log")
    run(_binary("pg_ctl") or "", "-D", str(data), "-w", "-l", log, "-o", options, "start")
    try:
        yield f"postgresql+psycopg://superbill@127.0.0.1:{port}/postgres"
    finally:
        run(_binary("pg_ctl") or "", "-D", str(data), "-w", "-m", "immediate", "stop")


def fresh_database(url: str) -> str:
    """An empty database in the server at ``url``; returns its URL."""
    from sqlalchemy import create_engine, text

    name = f"test_{next(_numbers)}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.rsplit("/", 1)[0] + f"/{name}"

"""Model bundles: a folder of weights and JSON with a manifest, found by path or alias.

A bundle has parts (``coder``, ``linker``, ``denial``), each a sub-folder. The
manifest names every file with its SHA-256, so that a cut or edited bundle is
refused. No pickles: safetensors, ONNX, ``npz`` without objects, JSON.

A :class:`BundleStore` keeps bundles side by side under one folder and the
aliases (``champion``, ``default``) in ``aliases.json``, replaced atomically; a
server notices a promotion by that file's stamp.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).parent / "bundles" / "default"
CHAMPION = "champion"
MANIFEST = "manifest.json"
FORMAT = 1


class BundleError(ValueError):
    """A bundle that is missing, cut, altered or of another format."""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _files(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != MANIFEST)


@dataclass(frozen=True)
class Bundle:
    """An opened bundle.

    Attributes:
        id: name and the first eight digits of the content's hash, ``default@1a2b3c4d``.
    """

    path: Path
    manifest: Mapping[str, Any]

    @property
    def id(self) -> str:
        return f"{self.manifest['name']}@{str(self.manifest['hash'])[:8]}"

    @property
    def name(self) -> str:
        return str(self.manifest["name"])

    def part(self, name: str) -> Path:
        """Folder of one part.

        Raises:
            BundleError: the bundle has no such part.
        """
        folder = self.path / name
        if not folder.is_dir():
            raise BundleError(
                f"bundle {self.id} has no part {name!r}; train it or use another bundle"
            )
        return folder

    @classmethod
    def open(cls, path: Path) -> Bundle:
        """Open and verify a bundle folder.

        Raises:
            BundleError: no manifest, a foreign format, or a file that does not match.
        """
        try:
            manifest = json.loads((path / MANIFEST).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise BundleError(
                f"{path}: no readable {MANIFEST}; is this a bundle folder?"
            ) from error
        if not isinstance(manifest, dict):
            raise BundleError(f"{path}: no readable {MANIFEST}; is this a bundle folder?")
        if manifest.get("format") != FORMAT:
            raise BundleError(
                f"{path}: bundle format {manifest.get('format')}, this program reads {FORMAT}"
            )
        files = manifest.get("files")
        if not isinstance(files, dict) or not {"name", "hash"} <= manifest.keys():
            raise BundleError(f"{path}: no readable {MANIFEST}; restore the bundle")
        for name, expected in files.items():
            file = path / name
            if not file.is_file() or _sha256(file) != expected:
                raise BundleError(f"{path}: {name} is missing or altered; restore the bundle")
        return cls(path, manifest)


def seal(folder: Path, name: str, facts: Mapping[str, Any]) -> Bundle:
    """Write the manifest of a bundle folder whose parts stand, and open it."""
    files = {str(p.relative_to(folder)): _sha256(p) for p in _files(folder)}
    digest = hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
    manifest = {
        **facts,  # may come from an older manifest: what is said of this bundle wins
        "format": FORMAT,
        "name": name,
        "hash": digest,
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "files": files,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")
    return Bundle.open(folder)


@contextmanager
def building(target: Path, base: Bundle | None = None) -> Iterator[Path]:
    """A folder to build a bundle in, starting from ``base``'s parts; moved to ``target`` when done.

    Nothing is left half-written: an exception leaves ``target`` as it was.

    Raises:
        BundleError: ``target`` exists and is no bundle.
    """
    if target.exists() and not (target / MANIFEST).exists() and any(target.iterdir()):
        raise BundleError(f"{target}: exists and is no bundle; choose another --output")
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".bundle-", dir=target.parent))
    try:
        if base is not None:
            shutil.copytree(base.path, work, dirs_exist_ok=True)
        yield work
        if target.exists():
            shutil.rmtree(target)
        work.chmod(0o755)
        os.replace(work, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)


class BundleStore:
    """The bundles of one installation and their aliases."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._aliases = root / "aliases.json"

    def current_alias_stamp(self) -> float | None:
        """Modification time of the alias file; changes with every promotion."""
        try:
            return self._aliases.stat().st_mtime_ns / 1e9
        except FileNotFoundError:
            return None

    def _read(self) -> dict[str, Any]:
        try:
            state: dict[str, Any] = json.loads(self._aliases.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {"aliases": {}, "history": []}
        except json.JSONDecodeError as error:
            raise BundleError(
                f"{self._aliases}: not valid JSON; restore it or delete it"
            ) from error
        return state

    def aliases(self) -> dict[str, str]:
        return dict(self._read()["aliases"])

    def history(self) -> list[dict[str, str]]:
        """Promotions and rollbacks, oldest first."""
        return list(self._read()["history"])

    def names(self) -> list[str]:
        if not self.root.is_dir():
            return []
        return sorted(
            p.parent.name for p in self.root.glob(f"*/{MANIFEST}") if p.parent.name[0] != "."
        )

    def resolve(self, ref: str | None = None) -> Bundle:
        """Open a bundle by path, name or alias; by default the champion, else the shipped one.

        Raises:
            BundleError: nothing answers to ``ref``.
        """
        if ref is None:
            name = self.aliases().get(CHAMPION)
            return Bundle.open(self.root / name) if name else Bundle.open(SHIPPED)
        if ref == "default":
            return Bundle.open(SHIPPED)
        name = self.aliases().get(ref, ref)
        if (self.root / name / MANIFEST).exists():
            return Bundle.open(self.root / name)
        if name == "default" or name == CHAMPION:
            return Bundle.open(SHIPPED)
        if Path(ref).is_dir():
            return Bundle.open(Path(ref))
        known = ", ".join(["default", *self.names(), *self.aliases()])
        raise BundleError(f"no bundle {ref!r}: give a folder or one of {known}")

    def promote(
        self, ref: str, actor: str, alias: str = CHAMPION, action: str = "promote"
    ) -> Bundle:
        """Point ``alias`` at a bundle of the store (or the shipped one); servers take it over."""
        bundle = self.resolve(ref)
        name = "default" if bundle.path == SHIPPED else bundle.path.name
        if name != "default" and bundle.path.parent.resolve() != self.root.resolve():
            raise BundleError(
                f"{ref}: lies outside the store {self.root}; train with --output there"
            )
        state = self._read()
        before = state["aliases"].get(alias, "default")
        if name == "default":
            state["aliases"].pop(alias, None)
        else:
            state["aliases"][alias] = name
        state["history"].append(
            {
                "at": datetime.now(UTC).isoformat(timespec="seconds"),
                "by": actor,
                "action": action,
                "alias": alias,
                "from": before,
                "to": name,
                "bundle": bundle.id,
            }
        )
        self._write(state)
        return bundle

    def rollback(self, actor: str, alias: str = CHAMPION) -> Bundle:
        """Back to what ``alias`` meant before the last promotion that has not been rolled back.

        Raises:
            BundleError: there is nothing to go back to.
        """
        stack: list[str] = []
        for event in self._read()["history"]:
            if event["alias"] != alias:
                continue
            if event["action"] == "promote":
                stack.append(event["from"])
            elif stack:
                stack.pop()
        if not stack:
            raise BundleError(f"alias {alias!r} was never promoted; nothing to roll back")
        return self.promote(stack[-1], actor, alias, action="rollback")

    def _write(self, state: Mapping[str, Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".aliases-", dir=self.root)
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(state, out, indent=1)
            out.flush()
            os.fsync(out.fileno())
        os.replace(name, self._aliases)

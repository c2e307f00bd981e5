"""The page's own files: style, modules and htmx, read once and served from memory.

Their addresses carry a hash of all of them (``/static/3f9a…/js/review.js``), so
browsers may keep them for good and modules that import each other by relative
address always get files of the same make.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    media_type: str


@dataclass(frozen=True)
class Assets:
    """All files under ``static/`` by their path there, and the hash over them."""

    files: dict[str, Asset]
    version: str

    def url(self, path: str) -> str:
        """The address of one file.

        Raises:
            KeyError: there is no such file.
        """
        if path not in self.files:
            raise KeyError(f"serving/web/static holds no {path}")
        return f"/static/{self.version}/{path}"


def _walk(folder: Traversable, prefix: str = "") -> dict[str, Asset]:
    found: dict[str, Asset] = {}
    for item in sorted(folder.iterdir(), key=lambda entry: entry.name):
        path = f"{prefix}{item.name}"
        if item.is_dir():
            found.update(_walk(item, f"{path}/"))
            continue
        media_type = MEDIA_TYPES.get(f".{item.name.rpartition('.')[2]}")
        if media_type is not None:
            found[path] = Asset(item.read_bytes(), media_type)
    return found


@cache
def assets() -> Assets:
    """The packaged files; only what is listed here can be asked for, so no path leads out."""
    files = _walk(resources.files("serving.web") / "static")
    digest = hashlib.sha256()
    for path, asset in files.items():
        digest.update(path.encode() + b"\0" + asset.body + b"\0")
    return Assets(files, digest.hexdigest()[:12])

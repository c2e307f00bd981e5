"""Which bundle is served: load it once, notice a promotion, swap without a gap.

One daemon thread loads the bundle at start and then looks, at most once in
``bundle_poll_seconds``, at the time stamp of the alias file. When it changed,
the new bundle is loaded beside the old one and one assignment puts it in its
place: a request holds the bundle that it began with to its end, so none is
dropped and none mixes two bundles. A bundle that cannot be loaded leaves the
old one serving and is tried again only when the aliases change again.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import BaseModel

from data.bulk import settled
from models.bundle import MANIFEST, SHIPPED, Bundle, BundleStore
from serving.database import now
from serving.deps import AssessorLike, CatalogLike, CoderLike
from serving.errors import Problem, log_scrubbed
from serving.settings import Settings

if TYPE_CHECKING:
    from data.terminology.catalog import Catalog

log = logging.getLogger("superbill.models")

SLOWEST_RETRY_SECONDS = 30.0


@dataclass(frozen=True)
class LoadedBundle:
    """A bundle with all that it brings, ready to answer."""

    bundle: Bundle
    coder: CoderLike
    assessor: AssessorLike
    loaded_at: datetime = field(default_factory=now)

    @property
    def id(self) -> str:
        return self.bundle.id


class BundleView(BaseModel):
    """A bundle that the server knows."""

    id: str
    name: str
    current: bool = False
    aliases: list[str] = []
    created: str | None = None


class ModelsView(BaseModel):
    """The bundle being served and all in the store."""

    current: str
    loaded_at: datetime
    bundles: list[BundleView]


class Loader(Protocol):
    """Reads from disk what a server needs; slow, called in the watching thread."""

    def stamp(self) -> float | None: ...
    def catalog(self) -> CatalogLike: ...
    def resolve(self) -> Bundle: ...
    def load(self, bundle: Bundle) -> LoadedBundle: ...
    def listed(self) -> list[BundleView]: ...


class BundleLoader:
    """The loader over the bundle store under ``var/bundles``."""

    def __init__(self, settings: Settings) -> None:
        self.ref = settings.bundle
        self.store = BundleStore(settings.bundles_dir)
        self.terminology = settings.terminology_dir
        self._catalog: Catalog | None = None

    def stamp(self) -> float | None:
        return self.store.current_alias_stamp()

    def catalog(self) -> CatalogLike:
        from data.terminology.catalog import Catalog

        self._catalog = Catalog.load(self.terminology)
        return self._catalog

    def resolve(self) -> Bundle:
        return self.store.resolve(self.ref)

    def load(self, bundle: Bundle) -> LoadedBundle:
        from models.claims.assessor import Assessor
        from models.coding.coder import Coder

        coder = Coder.load(bundle, self.terminology)
        assessor = Assessor.load(bundle, self.terminology)
        if self._catalog is not None:
            # The type-ahead's index takes seconds: coding does not wait for it, a search does.
            # After a promotion it stands already, and this is one look-up.
            threading.Thread(target=self._catalog.warm, name="search-index", daemon=True).start()
        settled()
        return LoadedBundle(bundle, coder, assessor)

    def listed(self) -> list[BundleView]:
        """The shipped bundle and those of the store; their files are not verified here."""
        aliases: dict[str, list[str]] = {}
        for alias, name in self.store.aliases().items():
            aliases.setdefault(name, []).append(alias)
        folders = [("default", SHIPPED)]
        folders += [(name, self.store.root / name) for name in self.store.names()]
        found = []
        for name, folder in folders:
            try:
                manifest = json.loads((folder / MANIFEST).read_text("utf-8"))
            except (OSError, json.JSONDecodeError):
                continue
            bundle = Bundle(folder, manifest)
            found.append(
                BundleView(
                    id=bundle.id,
                    name=name,
                    aliases=aliases.get(name, []),
                    created=manifest.get("created"),
                )
            )
        return found


class ModelService:
    """The served bundle and the code catalogue; any thread may ask.

    Args:
        loader: what reads the files.
        poll_seconds: least time between two looks at the alias file.
        on_ready: run once, in the watching thread, after the first load and
            before the server calls itself ready.
    """

    def __init__(
        self,
        loader: Loader,
        poll_seconds: float,
        on_ready: Callable[[], object] | None = None,
    ) -> None:
        self.loader = loader
        self.poll_seconds = poll_seconds
        self.on_ready = on_ready
        self.ready = threading.Event()
        self.failure: str | None = None
        self._current: LoadedBundle | None = None
        self._catalog: CatalogLike | None = None
        self._stamp: float | None = None
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def current(self) -> LoadedBundle:
        """The bundle to answer with; keep the reference for a whole request.

        Raises:
            Problem: 503 while none is loaded.
        """
        if self._current is None:
            raise self.not_ready()
        return self._current

    @property
    def catalog(self) -> CatalogLike:
        """The code catalogue.

        Raises:
            Problem: 503 while it is not loaded.
        """
        if self._catalog is None:
            raise self.not_ready()
        return self._catalog

    @property
    def bundle_id(self) -> str | None:
        return self._current.id if self._current else None

    def not_ready(self) -> Problem:
        detail = self.failure or "The models are being loaded; try again in a few seconds."
        return Problem("not-ready", detail, headers={"retry-after": "3"})

    def describe(self, code: tuple[Any, str]) -> str:
        """A code's description, or nothing when the catalogue does not know it yet."""
        entry = self._catalog.lookup(*code) if self._catalog else None
        return str(entry.description) if entry else ""

    def view(self) -> ModelsView:
        """The served bundle and the list of all."""
        current = self.current
        bundles = self.loader.listed()
        if current.id not in {bundle.id for bundle in bundles}:
            # Served from a folder of its own, or deleted from the store since.
            bundles.insert(0, BundleView(id=current.id, name=current.bundle.name))
        for bundle in bundles:
            bundle.current = bundle.id == current.id
        return ModelsView(current=current.id, loaded_at=current.loaded_at, bundles=bundles)

    def start(self) -> None:
        """Begin to load and to watch, in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="bundle-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; a load under way is left to die with the process."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(timeout=0.5)

    def _run(self) -> None:
        wait = self.poll_seconds
        while not self._stop.is_set():
            try:
                self._look()
                wait = self.poll_seconds
            except Exception as error:
                # No note is in play here, so the message may be logged with its place.
                log_scrubbed("bundle not loaded", error)
                log.error("bundle not loaded: %s", error)
                wait = min(wait * 2, SLOWEST_RETRY_SECONDS)
                if self._current is None:
                    self.failure = (
                        f"The models could not be loaded ({type(error).__name__}); "
                        "see the server's log."
                    )
            self._stop.wait(wait)

    def _look(self) -> None:
        stamp = self.loader.stamp()
        # A failed first load is tried again at every look: the bundle may be being built.
        if self._current is not None and stamp == self._stamp:
            self._finish_start()
            return
        # Remembered first: a bundle that cannot be loaded is not tried every second.
        self._stamp = stamp
        bundle = self.loader.resolve()
        if self._current is not None and bundle.id == self._current.id:
            return
        if self._catalog is None:
            self._catalog = self.loader.catalog()
        loaded = self.loader.load(bundle)
        before = self.bundle_id
        self._current = loaded
        self.failure = None
        log.info("bundle=%s replaces=%s", loaded.id, before or "-")
        self._finish_start()

    def _finish_start(self) -> None:
        if self.ready.is_set():
            return
        if self.on_ready is not None:
            try:
                self.on_ready()
            except Exception as error:  # a demo without samples still codes notes
                log_scrubbed("not done at start", error)
        self.ready.set()

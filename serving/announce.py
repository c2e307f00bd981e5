"""Tells the person who started the server how far it is and where to look."""

from __future__ import annotations

import json
import threading
import time
import urllib.error
import urllib.request

from rich.console import Console

from serving.settings import Settings

POLL_SECONDS = 0.3


def announce(settings: Settings) -> threading.Thread:
    """Watch the server come up, in a thread of its own, and say so on standard error."""
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    thread = threading.Thread(
        target=_watch, args=(f"http://{host}:{settings.port}", settings), daemon=True
    )
    thread.start()
    return thread


def _watch(url: str, settings: Settings) -> None:
    console = Console(stderr=True, highlight=False)
    began = time.monotonic()
    doing = "Loading code sets and model bundle"
    if settings.demo and settings.samples:
        doing += " (the first start also codes the sample notes)"
    with console.status(doing + " …"):
        if not console.is_terminal:
            console.print(doing)
        failure = None
        while True:
            time.sleep(POLL_SECONDS)
            ready, now_failing = _ask(url)
            if ready:
                break
            if now_failing and now_failing != failure:
                failure = now_failing
                console.print(f"Not ready: {failure}")
    console.print(f"Superbill is ready ({time.monotonic() - began:.1f} s)")
    console.print(f"  page  {url}/")
    console.print(f"  API   {url}/v1, described by {url}/openapi.json", soft_wrap=True)
    console.print(f"  data  {settings.var_dir.resolve()}", soft_wrap=True)


def _ask(url: str) -> tuple[bool, str | None]:
    """(whether the server is ready, what keeps it from it)."""
    try:
        with urllib.request.urlopen(f"{url}/readyz", timeout=5):  # noqa: S310
            return True, None
    except urllib.error.HTTPError as error:
        try:
            detail = json.loads(error.read()).get("detail")
        except (ValueError, AttributeError):
            detail = None
        waiting = detail is None or "being loaded" in detail
        return False, None if waiting else str(detail)
    except OSError:
        return False, None

"""A real Chromium in front of the real server."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from tests.serving.process import ROOT, ServerProcess

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
ARTIFACTS = ROOT / "var" / "test-artifacts"
REFUSALS = ("status of 409", "Status Error Code 409")
"""What the browser and htmx log when the server rightly refuses."""


@dataclass
class Desk:
    """A page with what the browser complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        self.page.goto(self.url + path)

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def stored(self, words: str = "Stored") -> str:
        """Wait until the status line says so; what it says."""
        line = self.page.locator("#said")
        self.page.wait_for_function(
            "words => document.getElementById('said').textContent.includes(words)", arg=words
        )
        return line.inner_text()

    def standing(self, code: str) -> str | None:
        return self.page.locator(f'#codes .code[data-code="{code}"]').get_attribute("data-standing")

    def proposed(self) -> list[str]:
        """Codes of the page that are proposed, in its order."""
        rows = self.page.locator('#codes .code[data-standing="proposed"]')
        return [row.get_attribute("data-code") or "" for row in rows.all()]

    def current(self) -> str | None:
        return self.page.locator("#codes .code.current").get_attribute("data-code")

    def shoot(self, name: str) -> Path:
        ARTIFACTS.mkdir(parents=True, exist_ok=True)
        path = ARTIFACTS / f"{name}.png"
        # Hiding the caret writes a style attribute, which the policy reports.
        self.page.screenshot(path=path, caret="initial")
        return path


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Chromium, or a skip that says what to install."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(
            "no Chromium on this machine; install it (Debian: apt-get install chromium) "
            "to run the browser tests"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def open_desk(browser: Browser, server: ServerProcess) -> Iterator[Callable[..., Desk]]:
    """Opens pages; a test ends with an error when the browser complained on any."""
    desks: list[Desk] = []

    def make(width: int = 1280, height: int = 800, **context: object) -> Desk:
        viewport = {"width": width, "height": height}
        page = browser.new_context(viewport=viewport, **context).new_page()  # type: ignore[arg-type]
        page.set_default_timeout(15_000)
        desk = Desk(page, server.url)

        def heard(message: ConsoleMessage) -> None:
            refused = any(words in message.text for words in REFUSALS)
            if message.type in {"error", "warning"} and not refused:
                desk.complaints.append(message.text)

        page.on("console", heard)
        page.on("pageerror", lambda error: desk.complaints.append(str(error)))
        desks.append(desk)
        return desk

    yield make
    for desk in desks:
        desk.page.context.close()
    assert [complaint for desk in desks for complaint in desk.complaints] == []


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """One page of ordinary size."""
    return open_desk()

"""The worksheet of a visit's level in a real browser, by key and by mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.web.conftest import Desk

MakeNote = Callable[..., dict[str, Any]]

NOTE = (
    "OFFICE VISIT\n" + "Mr Quill feels as he did before.\n" * 60 + "ASSESSMENT AND PLAN\n"
    "1. Essential hypertension <b>, not at goal. Increase lisinopril to 20 mg daily.\n"
    "2. Type 2 diabetes mellitus, stable. Continue metformin 500 mg.\n"
    "CBC and CMP ordered. Total time 42 minutes on the day of the visit.\n"
)


@pytest.fixture
def levelled(client: httpx.Client, make_note: MakeNote) -> dict[str, Any]:
    """A stored office visit whose time counts more than its decisions."""
    response = client.post("/v1/notes", json=make_note(text=NOTE, patient_status="established"))
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    assert view["result"]["em"]["method"] == "time"
    return view


FOCUSED = "document.activeElement.closest('.element').dataset.element"
LIT = "[...document.querySelectorAll('#text .on')].map(span => span.textContent).join('')"


def _lines(desk: Desk, element: str) -> list[str]:
    lines = desk.page.locator(f'#visit [data-element="{element}"] button.line')
    return [line.inner_text() for line in lines.all()]


def test_focus_lights_the_words_of_a_line_and_arrows_move_on(
    desk: Desk, levelled: dict[str, Any]
) -> None:
    desk.open(f"/notes/{levelled['note']['id']}")
    before = desk.page.evaluate(LIT)
    desk.press("v")  # visit level
    first = desk.page.get_by_role("button", name="chronic illness, worse")
    assert first.evaluate("line => line === document.activeElement")
    assert "hypertension" in desk.page.evaluate(LIT)
    desk.press("ArrowDown")
    assert "iabetes" in desk.page.evaluate(LIT)
    desk.press("ArrowRight", "ArrowRight")
    assert desk.page.evaluate(FOCUSED) == "risk"
    desk.press("v")  # and back
    assert desk.page.evaluate(LIT) == before
    assert desk.page.evaluate("document.activeElement.matches('.code.current')")


def test_hover_lights_and_a_click_scrolls_there(desk: Desk, levelled: dict[str, Any]) -> None:
    desk.open(f"/notes/{levelled['note']['id']}")
    before = desk.page.evaluate(LIT)
    line = desk.page.locator('#visit [data-element="time"] button.line')
    line.hover()
    assert desk.page.evaluate(LIT) == "Total time 42 minutes"
    top = "document.querySelector('.paper').scrollTop"
    line.click()
    assert desk.page.evaluate(top) > 0
    box = desk.page.locator("#text .on").first.bounding_box()
    frame = desk.page.locator(".paper").bounding_box()
    assert box is not None
    assert frame is not None
    assert frame["y"] <= box["y"] <= frame["y"] + frame["height"]
    assert "Total time 42 minutes" in desk.stored("Shown in the note")
    desk.page.locator("#notebar h1").click()  # leaves the line
    desk.page.wait_for_function(f"words => {LIT} === words", arg=before)


def test_the_worksheet_says_rule_levels_and_code(desk: Desk, levelled: dict[str, Any]) -> None:
    desk.open(f"/notes/{levelled['note']['id']}")
    code = levelled["result"]["em"]["code"]
    rule = desk.page.locator("#visit .rule").inner_text()
    assert f"Time, 42 minutes, reaches {code}; decision making would give" in rule
    assert "unique test: CBC, ordered" in " ".join(_lines(desk, "data"))
    assert "prescription drug management" in " ".join(_lines(desk, "risk"))
    assert desk.page.get_by_role("region", name="Total time").count() == 1
    desk.page.get_by_role("link", name=code).first.click()
    assert desk.current() == code
    desk.page.click(f'button[aria-label="Accept {code}"]')
    desk.stored(f"{code} accepted")
    assert "accepted" in desk.page.locator("#visit .rule").inner_text()


def test_a_folded_worksheet_stays_folded_when_the_list_is_renewed(
    desk: Desk, levelled: dict[str, Any]
) -> None:
    desk.open(f"/notes/{levelled['note']['id']}")
    desk.page.click("#visit > summary")
    desk.press("k", "a")
    desk.stored("accepted")
    assert desk.page.locator("#visit").get_attribute("open") is None
    desk.press("v")
    assert desk.page.locator("#visit").get_attribute("open") is not None


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_four_columns_stand_side_by_side(
    open_desk: Callable[..., Desk],
    levelled: dict[str, Any],
    scheme: str,
    width: int,
    height: int,
) -> None:
    desk = open_desk(width, height, color_scheme=scheme)
    desk.open(f"/notes/{levelled['note']['id']}")
    boxes = "[...document.querySelectorAll('#visit .element')].map(e => e.getBoundingClientRect())"
    before = desk.page.evaluate(f"JSON.stringify({boxes})")
    tops = desk.page.evaluate(f"{boxes}.map(box => box.top)")
    assert len(tops) == 4
    assert len(set(tops)) == 1
    desk.page.locator("#visit button.line").first.hover()
    assert desk.page.evaluate(f"JSON.stringify({boxes})") == before  # nothing moves
    assert desk.page.evaluate("document.documentElement.scrollWidth") <= width
    desk.shoot(f"worksheet-{scheme}-{width}")

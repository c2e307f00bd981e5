"""A coder's work in a real browser, by key and by mouse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.serving.web.conftest import Desk

MakeNote = Callable[..., dict[str, Any]]

TEXT = (
    "HISTORY OF PRESENT ILLNESS\r\n"
    "Mr Quill 🧑🏽‍🦳 is seen for follow-up of essential hypertension – “stable” 👍.\r\n"
    "She denies chest pain.\0\r\n\r\n"
    "ASSESSMENT AND PLAN\r\n"
    "1. Essential hypertension, controlled 💊. Continue lisinopril.\r\n"
    "2. Type 2 diabetes mellitus without complications. Continue metformin.\r\n"
    "3. Gout, as before ✅ settled.\r\n"
)

OFFSETS = """owner => {
  // Where the marks of one code begin and end, in code points from the note's start.
  const text = document.getElementById('text');
  const points = range => [...range.toString()].length;
  return [...text.querySelectorAll(`[data-of~="${owner}"]`)].map(span => {
    const before = document.createRange();
    before.setStart(text, 0);
    before.setEndBefore(span);
    return [points(before), points(before) + [...span.textContent].length];
  });
}"""

SELECT = """words => {
  const walker = document.createTreeWalker(document.getElementById('text'), NodeFilter.SHOW_TEXT);
  for (let node; (node = walker.nextNode());) {
    const at = node.data.indexOf(words);
    if (at < 0) continue;
    getSelection().setBaseAndExtent(node, at, node, at + words.length);
    return true;
  }
  return false;
}"""


@pytest.fixture
def note(client: httpx.Client, make_note: MakeNote) -> dict[str, Any]:
    response = client.post("/v1/notes", json=make_note(text=TEXT))
    assert response.status_code == 201, response.text
    view: dict[str, Any] = response.json()
    assert view["state"]["proposed"] >= 2
    return view


def _view(client: httpx.Client, note: dict[str, Any]) -> dict[str, Any]:
    view: dict[str, Any] = client.get(f"/v1/notes/{note['note']['id']}").json()
    return view


def _standings(view: dict[str, Any]) -> dict[str, str]:
    return {code["code"]: code["standing"] for code in view["state"]["codes"]}


def test_accept_reject_and_add_are_there_after_a_reload(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    desk.open("/?limit=200")
    desk.page.click(f'a.row[href="/notes/{note["note"]["id"]}"]')
    first, second = desk.proposed()[:2]
    assert desk.current() == first

    desk.press("a")
    desk.stored(f"{first} accepted")
    assert desk.current() == second  # one key to accept and move on
    desk.press("x", "2")
    desk.stored(f"{second} rejected")
    desk.press("/")
    desk.page.keyboard.type("chronic gout unsp without")
    desk.page.wait_for_selector('[role=option][aria-selected=true][data-code="M1A.9XX0"]')
    desk.press("Enter")
    desk.stored("M1A.9XX0 added")
    desk.shoot("review-decided")

    desk.page.reload()
    assert desk.standing(first) == "accepted"
    assert desk.standing(second) == "rejected"
    assert desk.standing("M1A.9XX0") == "accepted"
    view = _view(client, note)
    assert [d["decision"] for d in view["decisions"]] == ["accept", "reject", "add"]
    assert view["decisions"][1]["reason"] == "Negated or ruled out"
    assert all(d["seconds"] >= 0 for d in view["decisions"])
    assert view["decisions"][0]["rank_shown"] is not None


def test_the_same_by_mouse(desk: Desk, client: httpx.Client, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    first, second = desk.proposed()[:2]
    desk.page.click(f'button[aria-label="Accept {first}"]')
    desk.stored(f"{first} accepted")
    desk.page.click(f'button[aria-label="Reject {second}"]')
    desk.page.click("#reject button[data-key='1']")
    desk.stored(f"{second} rejected")
    desk.page.click("#add-button")
    desk.page.fill("#picker-query", "Z60.2")
    desk.page.click('[role=option][data-code="Z60.2"]')
    desk.stored("Z60.2 added")
    desk.page.click("#undo-button")
    desk.stored("Z60.2 put back as it was")
    standings = _standings(_view(client, note))
    assert standings[first] == "accepted"
    assert standings[second] == "rejected"
    assert "Z60.2" not in standings


def test_keys_pressed_faster_than_the_server_answers_are_all_stored(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    codes = desk.proposed()
    for _ in codes:
        desk.press("a")
    desk.page.wait_for_function(
        "() => !document.querySelector('#codes .code[data-standing=proposed]')"
    )
    view = _view(client, note)
    assert [d["code"] for d in view["decisions"]] == codes
    assert view["state"]["proposed"] == 0


def test_a_decision_is_shown_only_when_it_is_stored(desk: Desk, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    first = desk.proposed()[0]
    held: list[Any] = []
    desk.page.route("**/decisions", lambda route: held.append(route))
    desk.press("a")
    row = f'#codes .code[data-code="{first}"]'
    desk.page.wait_for_selector(f"{row}.pending[aria-busy=true]")
    assert desk.standing(first) == "proposed"
    while not held:
        desk.page.wait_for_timeout(10)
    held[0].continue_()
    desk.stored(f"{first} accepted")
    assert desk.standing(first) == "accepted"


def test_a_failed_request_changes_nothing_and_says_so(
    open_desk: Callable[..., Desk], client: httpx.Client, note: dict[str, Any]
) -> None:
    desk = open_desk()
    desk.open(f"/notes/{note['note']['id']}")
    first = desk.proposed()[0]
    desk.page.route("**/decisions", lambda route: route.abort())
    desk.press("a")
    desk.page.wait_for_selector("#failed:not(:empty)")
    assert "Not stored" in desk.page.inner_text("#failed")
    assert desk.standing(first) == "proposed"
    assert desk.page.locator("#codes .pending").count() == 0
    desk.page.unroute("**/decisions")
    desk.page.click(f'button[aria-label="Accept {first}"]')
    desk.stored(f"{first} accepted")
    assert desk.page.inner_text("#failed") == ""
    assert len(_view(client, note)["decisions"]) == 1
    desk.complaints.clear()  # the browser logs the request that was cut off


def test_two_people_on_one_note_a_refusal_is_said(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    path = f"/v1/notes/{note['note']['id']}"
    desk.open(f"/notes/{note['note']['id']}")
    assert client.post(f"{path}/sign-off", json={"undecided": "accept"}).status_code == 201
    desk.press("a")
    desk.page.wait_for_selector("#failed:not(:empty)")
    assert "can no longer be changed" in desk.page.inner_text("#failed")


def test_marks_stand_where_the_evidence_is(desk: Desk, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    text = desk.page.evaluate("document.getElementById('text').textContent")
    assert text == TEXT.replace("\0", "␀")
    checked = 0
    for code in note["state"]["codes"]:
        owner = desk.page.locator(f'.code[data-code="{code["code"]}"]').get_attribute("id")
        marked = {p for a, b in desk.page.evaluate(OFFSETS, owner) for p in range(a, b)}
        said = {p for span in code["evidence"] for p in range(span["start"], span["end"])}
        assert marked == said, code["code"]
        for span in code["evidence"]:
            assert TEXT[span["start"] : span["end"]] == span["text"]
            checked += 1
    assert checked


def test_what_the_note_denies_is_marked_as_denied(desk: Desk, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    denied = desk.page.locator("#text .negated", has_text="chest pain")
    assert denied.count() == 1
    assert denied.get_attribute("data-said") == "negated"
    desk.press("w")  # why not
    row = desk.page.locator("#why .code", has_text="R07.9")
    row.click()
    assert desk.page.locator("#text .negated.on", has_text="chest pain").count() == 1
    row.get_by_role("button").click()  # added all the same, on the words it was dropped for
    desk.stored("R07.9 added")
    assert desk.standing("R07.9") == "accepted"


def test_words_selected_in_the_note_become_evidence(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    assert desk.page.evaluate(SELECT, "before ✅ ")
    desk.page.wait_for_function(
        "() => document.getElementById('add-button').textContent.includes('selection')"
    )
    desk.press("/")
    assert desk.page.input_value("#picker-query") == "before ✅"
    desk.page.fill("#picker-query", "M10.9")
    desk.page.wait_for_selector('[role=option][aria-selected=true][data-code="M10.9"]')
    desk.press("Enter")
    desk.stored("M10.9 added")
    decision = _view(client, note)["decisions"][-1]
    start = TEXT.index("before ✅")
    assert decision["evidence"] == [{"start": start, "end": start + 8, "text": "before ✅"}]
    # … and are marked in the note without a reload.
    assert desk.page.evaluate(OFFSETS, "icd10cm-M10.9") == [[start, start + 8]]


def test_focus_on_a_code_lights_its_evidence(
    open_desk: Callable[..., Desk], client: httpx.Client, make_note: MakeNote
) -> None:
    text = "Essential hypertension, controlled.\n" + "Nothing of note.\n" * 200
    text += "ASSESSMENT\nType 2 diabetes mellitus. Continue metformin.\n"
    created = make_note(text=text)
    view = client.post("/v1/notes", json=created).json()
    desk = open_desk()
    desk.open(f"/notes/{created['id']}")
    for code in view["state"]["codes"]:
        if code["standing"] != "proposed" or not code["evidence"]:
            continue
        desk.page.click(f'#codes .code[data-code="{code["code"]}"] .name')
        lit = desk.page.locator("#text .on")
        assert lit.count() >= 1
        best = code["evidence"][0]["start"]
        first = desk.page.locator(f'#text .on[data-at="{best}"]').bounding_box()
        frame = desk.page.locator(".paper").bounding_box()
        assert first
        assert frame
        assert frame["y"] <= first["y"] < frame["y"] + frame["height"]


def test_replacing_offers_siblings(desk: Desk, client: httpx.Client, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    code = next(code for code in desk.proposed() if code.startswith("E11"))
    desk.page.click(f'#codes .code[data-code="{code}"] .name')
    desk.press("r")
    desk.page.wait_for_selector("[role=option][aria-selected=true]")
    desk.shoot("review-replace")
    desk.page.click('[role=option][data-category][data-code="E11.6"]')
    desk.page.wait_for_selector('[role=option][data-code="E11.69"]')
    desk.page.fill("#picker-query", "E11.65")
    desk.page.wait_for_selector('[role=option][aria-selected=true][data-code="E11.65"]')
    desk.press("Enter")
    desk.stored(f"{code} replaced by E11.65")
    standings = _standings(_view(client, note))
    assert standings[code] == "replaced"
    assert standings["E11.65"] == "accepted"
    desk.press("u")
    desk.stored(f"{code} put back as it was")
    assert _standings(_view(client, note))[code] == "proposed"


def test_a_category_opens_instead_of_being_taken(desk: Desk, note: dict[str, Any]) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    desk.press("/")
    desk.page.fill("#picker-query", "E11.2")
    desk.page.click('[role=option][data-category][data-code="E11.2"]')
    desk.page.wait_for_selector('[role=option][data-code="E11.22"]')
    assert desk.page.locator("#picker[open]").count() == 1
    desk.press("Escape")
    assert desk.page.locator("#picker[open]").count() == 0


def test_markup_in_a_note_runs_nothing(
    desk: Desk, client: httpx.Client, make_note: MakeNote
) -> None:
    payload = '<script>window.ran=1</script><img src=x onerror="window.ran=1"><b>bold</b>'
    created = make_note(text=f"Essential hypertension {payload}. Type 2 diabetes mellitus.")
    assert client.post("/v1/notes", json=created).status_code == 201
    desk.open(f"/notes/{created['id']}")
    desk.press("a")
    desk.stored("accepted")
    assert payload in desk.page.inner_text("#text")
    assert desk.page.locator("#text script, #text img, #text b").count() == 0
    assert desk.page.evaluate("window.ran") is None


def test_sign_off_drafts_a_claim_and_names_what_is_undecided(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    undecided = desk.proposed()
    desk.press("a")
    desk.stored("accepted")
    desk.press("Enter")
    dialog = desk.page.locator("#signoff")
    dialog.wait_for()
    for code in undecided[1:]:
        assert code in dialog.inner_text()
    desk.shoot("review-sign-off")
    desk.press("Space")  # the first choice: accept them
    desk.press("Enter")
    desk.stored("Signed off")
    assert desk.page.locator("#signoff[open]").count() == 0
    assert desk.page.locator("#codes [data-act]").count() == 0
    view = _view(client, note)
    assert view["status"] == "signed_off"
    claim = view["claim_id"]
    desk.page.click(f'#codes a[href="/claims/{claim}"]')
    assert desk.page.inner_text("h1") == claim
    desk.open("/claims?limit=200")
    assert desk.page.locator(f'a.row[href="/claims/{claim}"]').count() == 1


def test_help_and_turning_the_keys_off(
    desk: Desk, client: httpx.Client, note: dict[str, Any]
) -> None:
    desk.open(f"/notes/{note['note']['id']}")
    desk.press("?")
    assert "sign off" in desk.page.inner_text("#help")
    desk.shoot("review-help")
    desk.page.uncheck("#keys-on")
    desk.press("Escape")
    desk.press("a")
    desk.page.wait_for_timeout(200)
    assert _view(client, note)["decisions"] == []
    desk.page.click("#help-button")
    desk.page.check("#keys-on")
    desk.press("Escape", "a")
    desk.stored("accepted")


def test_the_browser_keeps_no_copy_of_a_note(desk: Desk, note: dict[str, Any]) -> None:
    desk.open("/")
    desk.page.select_option("select[name=setting]", "outpatient")
    desk.page.wait_for_url("**/?setting=outpatient")
    desk.open(f"/notes/{note['note']['id']}")
    desk.press("a")
    desk.stored("accepted")
    kept = desk.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "hypertension" not in kept
    assert "htmx-history-cache" not in kept


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_the_pages_at_both_sizes_and_schemes(
    open_desk: Callable[..., Desk],
    note: dict[str, Any],
    scheme: str,
    width: int,
    height: int,
) -> None:
    desk = open_desk(width, height, color_scheme=scheme)
    for name, path in (
        ("notes", "/"),
        ("review", f"/notes/{note['note']['id']}"),
        ("claims", "/claims"),
    ):
        desk.open(path)
        desk.shoot(f"{name}-{scheme}-{width}")
        # Nothing is cut off at the side.
        assert desk.page.evaluate("document.documentElement.scrollWidth") <= width

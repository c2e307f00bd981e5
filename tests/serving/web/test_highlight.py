"""Cutting a note into stretches loses nothing, whatever the text and the marks."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serving.web.highlight import Mark, shown, stretches

KINDS = ("evidence", "negated", "family", "dropped")
texts = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("\r\n\t\0\x1b\x85‮😀é")),
    max_size=60,
)
marks = st.lists(
    st.builds(
        Mark,
        start=st.integers(-3, 70),
        end=st.integers(-3, 70),
        owner=st.sampled_from(["a", "b", "c"]),
        kind=st.sampled_from(KINDS),
    ),
    max_size=8,
)


@given(texts)
def test_one_character_shown_for_each_received(text: str) -> None:
    page = shown(text)
    assert len(page) == len(text)
    for was, now in zip(text, page, strict=True):
        assert now == was or was < " " or "\x7f" <= was <= "\x9f" or was in "‪‫‬‭‮⁦⁧⁨⁩"
    assert not set(page) & {chr(n) for n in range(32) if chr(n) not in "\t\n\r"}


@given(texts, marks)
def test_stretches_cover_the_text_once_and_in_order(text: str, marks: list[Mark]) -> None:
    cut = stretches(text, marks)
    assert "".join(piece.text for piece in cut) == shown(text)
    assert [piece.start for piece in cut] == [0, *(piece.end for piece in cut[:-1])][: len(cut)]
    assert all(len(piece.text) == piece.end - piece.start > 0 for piece in cut)


@given(texts, marks)
def test_each_character_carries_exactly_the_marks_over_it(text: str, marks: list[Mark]) -> None:
    for piece in stretches(text, marks):
        for position in range(piece.start, piece.end):
            over = [mark for mark in marks if mark.start <= position < mark.end]
            assert set(piece.owners) == {mark.owner for mark in over}
            assert set(piece.kinds) == {mark.kind for mark in over}


def test_evidence_comes_first_and_a_closing_mark_says_its_kind() -> None:
    cut = stretches("no chest pain", [Mark(3, 13, "a", "negated"), Mark(3, 8, "b", "evidence")])
    assert [piece.text for piece in cut] == ["no ", "chest", " pain"]
    assert cut[1].kinds == ("evidence", "negated")
    assert cut[1].closing == ("evidence",)
    assert cut[2].closing == ("negated",)


def test_a_heading_is_told_apart() -> None:
    cut = stretches("PLAN: rest", [], [(0, 5)])
    assert [(piece.text, piece.heading) for piece in cut] == [("PLAN:", True), (" rest", False)]


def test_a_lone_carriage_return_ends_a_line_and_a_pair_stays() -> None:
    assert shown("a\rb\r\nc\0") == "a\nb\r\nc␀"

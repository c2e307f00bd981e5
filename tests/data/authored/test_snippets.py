"""Snippets and charted sentences hold together, and no code of theirs is malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.authored import AuthoredError, charted, snippets
from data.authored.charted import load_charted
from data.authored.snippets import PARTS, load_snippets
from data.terminology.procedure_codes import ProcedureCodes


@pytest.mark.parametrize("batch", PARTS)
def test_every_snippet_is_read_with_evidence_that_stands_in_it(batch: str) -> None:
    found = load_snippets(batch)
    assert len(found) > 250
    for gold, done in found:
        for line in done.lines:
            assert len(line.code) == 5, gold.note.id
            assert line.units > 0, gold.note.id
            assert line.evidence, gold.note.id


def test_the_parts_share_no_snippet() -> None:
    read, unread = ({g.note.text for g, _ in load_snippets(b)} for b in PARTS)
    assert not read & unread


def test_a_bad_line_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "snippets" / "read").mkdir(parents=True)
    (tmp_path / "snippets" / "read" / "x.jsonl").write_text('{"id": "x-1"}\n', "utf-8")
    monkeypatch.setattr(snippets, "FOLDER", tmp_path)
    with pytest.raises(AuthoredError, match=r"x\.jsonl, line 1"):
        load_snippets("snippets")
    with pytest.raises(AuthoredError, match="no batch"):
        load_snippets("nonsense")


def test_charted_sentences_name_concepts_of_the_tables() -> None:
    codes = ProcedureCodes.load()
    found = load_charted()
    assert len(found) > 5000
    assert {concept for concept, _ in found} <= set(codes.concepts)


def test_a_charted_line_without_a_tab_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "charted").mkdir()
    (tmp_path / "charted" / "x.tsv").write_text("intubation\ttube passed\nno tab\n", "utf-8")
    monkeypatch.setattr(charted, "FOLDER", tmp_path)
    with pytest.raises(AuthoredError, match=r"x\.tsv, line 2"):
        load_charted()

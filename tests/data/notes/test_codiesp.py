"""CodiEsp lines as gold notes, on an invented case."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from data.notes.codiesp import CorpusError, read_codiesp
from data.schemas import System

CASE: dict[str, Any] = {
    "id": "c1",
    "text": "An invented case of fever.",
    "codes": [
        {"system": "ICD-10-CM", "code": "r50.9"},
        {"system": "ICD-10-CM", "code": "R50.9"},
        {"system": "ICD-10-PCS", "code": "bw03zzz"},
    ],
}


def _write(folder: Path, *rows: object) -> Path:
    path = folder / "dev.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return path


def test_codes_are_upper_case_and_counted_once(tmp_path: Path) -> None:
    (gold,) = read_codiesp(_write(tmp_path, CASE))
    assert gold.note.id == "c1"
    assert gold.codes_of(System.ICD10CM) == ("R50.9",)
    assert gold.codes_of(System.ICD10PCS) == ("BW03ZZZ",)
    assert all(code.evidence == () for code in gold.codes)


@pytest.mark.parametrize(
    "bad",
    [
        {"id": "c2"},
        {"id": "c2", "text": "", "codes": []},
        {"id": "c2", "text": "x", "codes": [{"system": "ICD-9", "code": "R50.9"}]},
        {"id": "c2", "text": "x", "codes": [{"system": "ICD-10-CM", "code": "?"}]},
        {"id": "c2", "text": "x", "codes": None},
        ["c2"],
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, bad: object) -> None:
    with pytest.raises(CorpusError, match=r"dev\.jsonl: line 2"):
        read_codiesp(_write(tmp_path, CASE, bad))


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="give the folder"):
        read_codiesp(tmp_path / "dev.jsonl")

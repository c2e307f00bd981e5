"""One door for claims: file, folder or stdin, format told by content."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from data.claims.readers import ClaimSourceError, read_claims
from data.schemas import Claim, ErrorLine

JSON = b'{"claim_id": "j1"}\n'


def x12(segments: list[str]) -> bytes:
    return ("~\r\n".join(segments) + "~\r\n").encode()


def ids(source: str | Path) -> list[str]:
    return [i.claim_id if isinstance(i, Claim) else "error" for i in read_claims(source)]


def test_the_content_tells_the_format(tmp_path: Path, segments: list[str]) -> None:
    (tmp_path / "named.jsonl").write_bytes(x12(segments))
    (tmp_path / "named.837").write_bytes(JSON)
    assert ids(tmp_path / "named.jsonl") == ["CLAIM1", "CLAIM2"]
    assert ids(tmp_path / "named.837") == ["j1"]


def test_a_folder_is_read_in_order_and_names_its_files(tmp_path: Path, segments: list[str]) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "c.EDI").write_bytes(x12(segments))
    (tmp_path / "a.jsonl").write_bytes(JSON + b"{\n")
    (tmp_path / "d.txt").write_bytes(x12(segments))
    (tmp_path / "notes.txt").write_bytes(b"not claims")
    (tmp_path / "card.json").write_bytes(b"{}")
    assert ids(tmp_path) == ["j1", "error", "CLAIM1", "CLAIM2", "CLAIM1", "CLAIM2"]
    error = next(i for i in read_claims(tmp_path) if isinstance(i, ErrorLine))
    assert error.error.message.startswith("a.jsonl: ")


def test_stdin(monkeypatch: pytest.MonkeyPatch, segments: list[str]) -> None:
    for raw, expected in ((JSON, ["j1"]), (x12(segments), ["CLAIM1", "CLAIM2"]), (b"", [])):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
        assert ids("-") == expected


def test_what_cannot_be_opened_is_said(tmp_path: Path) -> None:
    with pytest.raises(ClaimSourceError, match="no such file"):
        ids(tmp_path / "missing.837")
    with pytest.raises(ClaimSourceError, match="no claim files"):
        ids(tmp_path)

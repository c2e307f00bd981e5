"""A file is replaced in one step, or stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.files import replace_file


def test_the_target_is_replaced(tmp_path: Path) -> None:
    source, target = tmp_path / "new", tmp_path / "kept"
    source.write_bytes(b"new")
    target.write_bytes(b"old")
    replace_file(source, target)
    assert target.read_bytes() == source.read_bytes() == b"new"
    assert sorted(os.listdir(tmp_path)) == ["kept", "new"]


def test_a_failed_copy_leaves_the_old_file_alone(tmp_path: Path) -> None:
    target = tmp_path / "kept"
    target.write_bytes(b"old")
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "none", target)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["kept"]

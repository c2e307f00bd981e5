"""A delivered file is kept whole, or refused while what was kept before stays."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from data.terminology.official.store import (
    LEAST,
    READERS,
    keep_official,
    kept_files,
    kept_in_use,
    read_rows,
)
from data.terminology.official.text import OfficialFileError
from data.terminology.procedure_codes import SWITCH
from tests.data.terminology.official.delivered import (
    WHOLE,
    clinician_lines,
    consumer_lines,
    cpt_lines,
    delivered,
    fee_lines,
    hcpcs_lines,
)

FILES: dict[str, tuple[str, str, Callable[[int], str], str]] = {
    "cpt-short": ("cpt", "SHORTU.txt", cpt_lines, "2026"),
    "cpt-medium": ("cpt", "MEDU.txt", cpt_lines, "2026"),
    "cpt-long": ("cpt", "LONGULT.txt", lambda n: cpt_lines(n, tab=True), "2026"),
    "cpt-consumer": ("cpt", "ConsumerDescriptor.txt", consumer_lines, "2026"),
    "cpt-clinician": ("cpt", "ClinicianDescriptor.txt", clinician_lines, "2026"),
    "hcpcs": ("hcpcs", "HCPC2026_APR_ANWEB.txt", hcpcs_lines, "2026-04"),
    "fees": ("fees", "PPRRVU2026_Apr_nonQPP.csv", fee_lines, "2026-04"),
}


def _hashes(folder: Path) -> dict[str, str]:
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in folder.iterdir()}


@pytest.mark.parametrize("kind", FILES)
def test_a_whole_file_is_kept(kind: str, tmp_path: Path) -> None:
    what, name, lines, release = FILES[kind]
    path, folder = delivered(tmp_path, name, lines(WHOLE)), tmp_path / "terminology"
    kept = keep_official(what, path, folder, release)
    assert os.listdir(folder) == [f"{kind}-{release}.tsv"]
    assert (kept.kind, kept.release, kept.source) == (kind, release, name)
    assert kept.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert kept.rows >= WHOLE
    assert kept_files(folder) == [kept]
    assert len(read_rows(kept, folder)) == kept.rows


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: b"", "the file is empty"),
        (lambda data: b"<html><body>Licence</body></html>\n", "line 1: a web page"),
        (lambda data: data[:-7], "line {last}: the file ends in the middle"),
        (
            lambda data: data[: data.index(b"\n", len(data) // 4) - 6],
            "line {last}: the file ends in",
        ),
        (lambda data: data[: data.index(b"\n", len(data) // 4) + 1], "line {last}: the file ends"),
        (lambda data: data + data.split(b"\n")[-2] + b"\n", "line {last}: "),
        (lambda data: data.replace(b"\n", b"\n\x81", 9), "byte 0x81 is neither"),
    ],
    ids=["empty", "html", "cut", "quarter", "quarter-at-line-end", "twice", "encoding"],
)
def test_a_spoilt_file_is_refused_and_what_was_kept_stays(
    kind: str, spoil: Callable[[bytes], bytes], reason: str, tmp_path: Path
) -> None:
    what, name, lines, release = FILES[kind]
    whole = lines(WHOLE).encode()
    folder = tmp_path / "terminology"
    keep_official(what, delivered(tmp_path, name, whole), folder, release)
    before = _hashes(folder)
    data = spoil(whole)
    last = data.count(b"\n") + (not data.endswith(b"\n"))
    with pytest.raises(OfficialFileError) as refused:
        keep_official(what, delivered(tmp_path, name, data), folder, release)
    message = str(refused.value)
    assert message.startswith(f"{name}: ")
    assert reason.format(last=last) in message
    assert _hashes(folder) == before


@pytest.mark.parametrize(
    ("kind", "release", "reason"),
    [
        ("cpt-medium", "2024", "copyright 2025, which is CPT 2026, and --release 2024"),
        ("cpt-medium", "2026-13", "release '2026-13': write YYYY"),
        ("cpt-consumer", None, "add --release, as 2026"),
        ("hcpcs", "2025-04", "--release says 2025-04, the file's name says 2026-04"),
        ("fees", "2025-04", "--release says 2025-04, the file's name says 2026-04"),
    ],
)
def test_a_wrong_year_is_refused(
    kind: str, release: str | None, reason: str, tmp_path: Path
) -> None:
    what, name, lines, _ = FILES[kind]
    with pytest.raises(OfficialFileError, match=reason):
        keep_official(what, delivered(tmp_path, name, lines(WHOLE)), tmp_path / "t", release)
    assert not (tmp_path / "t").exists()


def test_the_name_and_the_rows_must_be_of_one_year(tmp_path: Path) -> None:
    path = delivered(tmp_path, "HCPC2027_APR_ANWEB.txt", hcpcs_lines(WHOLE))
    with pytest.raises(OfficialFileError, match="newest change is of 2026-01-01, so it is not of"):
        keep_official("hcpcs", path, tmp_path / "t")
    path = delivered(tmp_path, "PPRRVU25.csv", fee_lines(WHOLE))
    with pytest.raises(OfficialFileError, match="the file's name says 2025"):
        keep_official("fees", path, tmp_path / "t")


def test_the_release_is_found_in_name_notice_and_heading(tmp_path: Path) -> None:
    folder = tmp_path / "terminology"
    for kind in ("cpt-medium", "hcpcs", "fees"):
        what, name, lines, release = FILES[kind]
        kept = keep_official(what, delivered(tmp_path, name, lines(WHOLE)), folder)
        assert kept.release == release
    path = delivered(tmp_path, "fees.csv", fee_lines(WHOLE))
    assert keep_official("fees", path, folder).release == "2026-04"


def test_days_of_a_release(tmp_path: Path) -> None:
    what, name, lines, release = FILES["hcpcs"]
    kept = keep_official(what, delivered(tmp_path, name, lines(WHOLE)), tmp_path / "t", release)
    assert (kept.first, kept.last) == (date(2026, 4, 1), date(2026, 6, 30))


def test_cpt_switched_off_keeps_the_amas_files_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "t"
    for kind in ("cpt-medium", "hcpcs", "fees"):
        what, name, lines, release = FILES[kind]
        keep_official(what, delivered(tmp_path, name, lines(WHOLE)), folder, release)
    monkeypatch.setenv(SWITCH, "off")
    assert {kept.kind for kept in kept_in_use(folder)} == {"hcpcs", "fees"}
    assert len(kept_files(folder)) == 3
    monkeypatch.setenv(SWITCH, "on")
    assert len(kept_in_use(folder)) == 3


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: text.replace('"form": 1', '"form": 2'),
        lambda text: text.replace("2026-04-01", "2026-14-01"),
        lambda text: "",
        lambda text: "{}\n",
        lambda text: "[1]\n" + text,
        lambda text: text.replace('"fees"', '"hcpcs"', 1),
    ],
)
def test_a_damaged_kept_file_says_how_to_mend_it(
    spoil: Callable[[str], str], tmp_path: Path
) -> None:
    what, name, lines, release = FILES["fees"]
    folder = tmp_path / "t"
    kept = keep_official(what, delivered(tmp_path, name, lines(WHOLE)), folder, release)
    path = folder / kept.name
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(OfficialFileError, match="load it again with `superbill data load fees`"):
        kept_files(folder)


def test_a_kept_file_that_lost_rows_is_not_read(tmp_path: Path) -> None:
    what, name, lines, release = FILES["fees"]
    folder = tmp_path / "t"
    kept = keep_official(what, delivered(tmp_path, name, lines(WHOLE)), folder, release)
    text = (folder / kept.name).read_text("utf-8")
    (folder / kept.name).write_text(text[: len(text) // 2], "utf-8")
    with pytest.raises(OfficialFileError, match="load it again"):
        read_rows(kept, folder)


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way", "utf-8")
    what, name, lines, release = FILES["hcpcs"]
    path = delivered(tmp_path, name, lines(WHOLE))
    with pytest.raises(OfficialFileError, match="cannot be written: "):
        keep_official(what, path, tmp_path / "file" / "t", release)


def test_a_failed_write_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    what, name, lines, release = FILES["hcpcs"]
    path, folder = delivered(tmp_path, name, lines(WHOLE)), tmp_path / "t"
    keep_official(what, path, folder, release)
    before = _hashes(folder)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(OfficialFileError, match="no space left"):
        keep_official(what, path, folder, release)
    assert _hashes(folder) == before


def test_tables_name_every_kind() -> None:
    assert set(FILES) == set(LEAST)
    assert {what for what, *_ in FILES.values()} == set(READERS)


def test_the_first_line_is_json(tmp_path: Path) -> None:
    what, name, lines, release = FILES["hcpcs"]
    kept = keep_official(what, delivered(tmp_path, name, lines(WHOLE)), tmp_path / "t", release)
    said = json.loads((tmp_path / "t" / kept.name).read_text("utf-8").split("\n")[0])
    assert said["rows"] == WHOLE
    assert kept_files(None) == []
    assert kept_files(tmp_path / "none") == []

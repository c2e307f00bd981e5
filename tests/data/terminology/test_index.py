"""Official index files in both layouts, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.terminology.icd10cm import ReleaseError
from data.terminology.index import keep_index, read_index

XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <version>invented</version>
  <letter><title>Z</title>
    <mainTerm><title>Zebra fever<nemod>(acute)</nemod></title><code>A68.9</code>
      <term level="1"><title>tick-borne</title><code>A68.1</code>
        <term level="2"><title>with ankle</title><code>S93.401-</code></term>
      </term>
      <term level="1"><title>in the stable</title><see>Horse</see></term>
    </mainTerm>
    <mainTerm><title>Zoster</title><see>Herpes</see></mainTerm>
  </letter>
</ICD10CM.index>
"""
CSV = """RowID,Letter,Level,Term,See,SeeAlso,Code
1,Z,0,Zebra fever,,,A68.9
2,Z,1,tick-borne,,,A68.1
3,Z,2,with ankle,,,S93.401-
4,Z,1,in the stable,Horse,,
5,Z,0,Zoster,Herpes,,
6,Z,1,of the eye,,,B02.30
"""
WORDINGS = [
    ("Zebra fever", "A68.9"),
    ("Zebra fever tick-borne", "A68.1"),
    ("Zebra fever tick-borne with ankle", "S93.401"),
]


def _file(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_official_xml(tmp_path: Path) -> None:
    assert list(read_index(_file(tmp_path, "eindex.xml", XML))) == WORDINGS


def test_csv_by_level(tmp_path: Path) -> None:
    found = list(read_index(_file(tmp_path, "Index.csv", CSV)))
    assert found == [*WORDINGS, ("Zoster of the eye", "B02.30")]


def test_an_index_is_kept_under_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "terminology"
    assert keep_index(_file(tmp_path, "eindex.xml", XML), folder) == 3
    assert keep_index(_file(tmp_path, "Index.csv", "\ufeff" + CSV), folder) == 4
    assert sorted(p.name for p in folder.iterdir()) == ["index-Index.csv", "index-eindex.xml"]
    assert (folder / "index-eindex.xml").read_text(encoding="utf-8") == XML


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("cut.xml", XML[: XML.index("in the stable")], "line 9"),
        ("empty.xml", "", "line 1"),
        ("other.xml", "<html><body>no index</body></html>", "no wordings with codes"),
        ("other.csv", "a,b\n1,2\n", "not an index file of a known layout"),
        ("level.csv", CSV.replace("1,Z,0,", "1,Z,first,"), "not an index file of a known layout"),
        ("short.csv", CSV + "7,Z\n", "not an index file of a known layout"),
        ("shorter.csv", CSV + "7,Z,1\n", "not an index file of a known layout"),
        ("negative.csv", CSV.replace("2,Z,1,", "2,Z,-1,"), "not an index file of a known layout"),
        ("coded.csv", CSV.replace("tick-borne", "t\xefck").encode("latin-1"), "known layout"),
        ("nocodes.csv", "RowID,Letter,Level,Term,Code\n1,Z,0,Zebra,\n", "no wordings with codes"),
        ("nothing.csv", "", "no wordings with codes"),
        ("wide.csv", "Level,Term\n0," + "x" * 200_000, "known layout"),
    ],
)
def test_refused_and_nothing_is_kept(
    tmp_path: Path, name: str, content: str | bytes, says: str
) -> None:
    folder = tmp_path / "terminology"
    with pytest.raises(ReleaseError) as refused:
        keep_index(_file(tmp_path, name, content), folder)
    assert says in str(refused.value)
    assert str(refused.value).startswith(name)
    assert not folder.exists()


def test_what_was_kept_before_stays(tmp_path: Path) -> None:
    folder = tmp_path / "terminology"
    keep_index(_file(tmp_path, "eindex.xml", XML), folder)
    with pytest.raises(ReleaseError):
        keep_index(_file(tmp_path, "eindex.xml", XML[:200]), folder)
    assert (folder / "index-eindex.xml").read_text(encoding="utf-8") == XML

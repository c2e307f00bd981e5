"""Official index files in both layouts, and what is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from data.terminology.icd10cm import Release, ReleaseError
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


TABLE_XML = """<?xml version="1.0" encoding="utf-8"?>
<ICD10CM.index>
  <indexHeading>
    <head col="1">{title}</head>
    <head col="2">{two}</head>
    <head col="3">{three}</head>
  </indexHeading>
  <letter><title>Z</title>
    <mainTerm><title>{main}</title><cell col="2">C80.1</cell><cell col="3">--</cell>
      <term level="1"><title>zebra, zebraic<nemod>(wild)</nemod>, left</title>
        <cell col="2">C76.2</cell><cell col="3">C79.8-</cell>
      </term>
    </mainTerm>
  </letter>
</ICD10CM.index>
"""


def test_table_of_neoplasms(tmp_path: Path) -> None:
    text = TABLE_XML.format(
        title="Neoplasm",
        two="Malignant Primary",
        three="Malignant Secondary",
        main="Neoplasm, neoplastic",
    )
    assert list(read_index(_file(tmp_path, "neoplasm.xml", text))) == [
        ("malignant neoplasm", "C80.1"),
        ("malignant neoplasm zebra, left", "C76.2"),
        ("secondary malignant neoplasm zebra, left", "C79.8"),
    ]


def test_table_of_drugs_never_gives_a_bare_drug(tmp_path: Path) -> None:
    text = TABLE_XML.format(
        title="Substance", two="Adverse effect", three="Underdosing", main="Zebrine"
    )
    found = list(read_index(_file(tmp_path, "drug.xml", text)))
    assert found[0] == ("adverse effect of Zebrine", "C80.1")
    assert all(w.startswith(("adverse effect of ", "underdosing of ")) for w, _ in found)


def test_tables_as_csv(tmp_path: Path) -> None:
    drugs = (
        "RowID,Letter,Level,Term,SeeAlso,PoisoningAccidental,AdverseEffect,Underdosing\n"
        "1,Z,0,Zebrine,,T50.991,--,T50.996\n"
    )
    assert list(read_index(_file(tmp_path, "Drugs.csv", drugs))) == [
        ("poisoning by Zebrine", "T50.991"),
        ("underdosing of Zebrine", "T50.996"),
    ]
    neoplasms = "RowID,Level,Term,MalignantPrimary,Benign\n1,0,Stripe,C76.2,D36.7\n"
    assert list(read_index(_file(tmp_path, "neoplasms.csv", neoplasms))) == [
        ("malignant neoplasm Stripe", "C76.2"),
        ("benign neoplasm Stripe", "D36.7"),
    ]


def test_what_only_points_elsewhere_takes_that_code(tmp_path: Path) -> None:
    text = CSV + '7,Z,0,Striped fever,"Zebra fever, tick-borne",,\n8,Z,0,Lost,Nowhere,,\n'
    found = dict(read_index(_file(tmp_path, "Index.csv", text)))
    assert found["Striped fever"] == "A68.1"
    assert "Lost" not in found


def test_modifiers_inside_a_title_are_left_out(tmp_path: Path) -> None:
    text = XML.replace(
        "Zebra fever<nemod>(acute)</nemod>", "Zebra<nemod>(acute)</nemod> fever<nemod>(x)</nemod>"
    )
    assert list(read_index(_file(tmp_path, "eindex.xml", text))) == WORDINGS


OFFICIAL = os.environ.get("SUPERBILL_INDEX_FOLDER", "")


@pytest.mark.skipif(not OFFICIAL, reason="SUPERBILL_INDEX_FOLDER names no folder of index files")
def test_official_files_are_read_whole(release: Release) -> None:
    files = [p for p in Path(OFFICIAL).rglob("*") if p.suffix.lower() in (".xml", ".csv")]
    assert files
    for path in files:
        found = list(read_index(path))
        known = sum(code in release for _, code in found)
        assert len(found) > 5_000, path.name
        assert known / len(found) > 0.95, path.name

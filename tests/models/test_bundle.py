"""Bundles: sealed, verified, built whole or not at all, switched with a history."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import pytest

from models.bundle import (
    MANIFEST,
    SHIPPED,
    Bundle,
    BundleError,
    BundleStore,
    building,
    seal,
)


def _make(root: Path, name: str, content: str = "weights") -> Bundle:
    with building(root / name) as work:
        (work / "coder").mkdir()
        (work / "coder" / "ranker.json").write_text(json.dumps(content), encoding="utf-8")
        seal(work, name, {"trained_on": "nothing"})
    return Bundle.open(root / name)


@pytest.fixture
def store(tmp_path: Path) -> BundleStore:
    for name in ("one", "two", "three"):
        _make(tmp_path / "bundles", name, name)
    return BundleStore(tmp_path / "bundles")


def test_the_shipped_bundle_opens() -> None:
    bundle = Bundle.open(SHIPPED)
    assert bundle.name == "default"
    assert bundle.id == f"default@{bundle.manifest['hash'][:8]}"
    for part in ("coder", "linker", "denial"):
        assert bundle.part(part).is_dir()


def test_the_shipped_bundle_is_small_and_holds_no_pickle() -> None:
    root = SHIPPED.parent
    files = [path for path in root.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 80_000_000
    for path in files:
        assert path.suffix in {".json", ".gz", ".npz", ".onnx", ".md", ".safetensors", ".txt"}, path
        assert path.read_bytes()[:2] not in {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"}


def test_arrays_hold_no_objects() -> None:
    import numpy as np

    found = 0
    for path in SHIPPED.rglob("*.npz"):
        with np.load(path, allow_pickle=False) as arrays:
            for name in arrays.files:
                assert arrays[name].dtype != object
                found += 1
    assert found


def test_every_shipped_file_is_in_the_manifest() -> None:
    manifest = Bundle.open(SHIPPED).manifest
    files = {str(p.relative_to(SHIPPED)) for p in SHIPPED.rglob("*") if p.is_file()}
    assert files - {MANIFEST} == set(manifest["files"])


def test_seal_names_every_file_with_its_hash(tmp_path: Path) -> None:
    bundle = _make(tmp_path, "one")
    data = (bundle.path / "coder" / "ranker.json").read_bytes()
    assert bundle.manifest["files"] == {"coder/ranker.json": hashlib.sha256(data).hexdigest()}
    assert bundle.manifest["trained_on"] == "nothing"
    assert bundle.manifest["created"].endswith("+00:00")


def test_the_hash_is_of_the_content_alone(tmp_path: Path) -> None:
    one, same, other = (
        _make(tmp_path, name, content) for name, content in (("a", "x"), ("b", "x"), ("c", "y"))
    )
    assert one.manifest["hash"] == same.manifest["hash"] != other.manifest["hash"]
    assert one.id.startswith("a@")


def test_an_older_manifest_does_not_speak_for_a_new_bundle(tmp_path: Path) -> None:
    """Facts are often carried over; name, hash, files and format are the new bundle's own."""
    old = _make(tmp_path, "old")
    with building(tmp_path / "new", base=old) as work:
        (work / "coder" / "ranker.json").write_text('"changed"', encoding="utf-8")
        new = seal(work, "new", {**old.manifest, "created": "1999", "format": 0, "more": 1})
    new = Bundle.open(tmp_path / "new")
    assert new.name == "new"
    assert new.manifest["hash"] != old.manifest["hash"]
    assert new.manifest["more"] == 1
    assert new.manifest["created"] != "1999"


@pytest.mark.parametrize("harm", ["edit", "cut", "remove"])
def test_an_altered_file_is_refused(tmp_path: Path, harm: str) -> None:
    path = _make(tmp_path, "one").path
    file = path / "coder" / "ranker.json"
    if harm == "edit":
        file.write_text('"Weights"', encoding="utf-8")
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-1])
    else:
        file.unlink()
    with pytest.raises(BundleError, match=r"ranker\.json is missing or altered"):
        Bundle.open(path)


@pytest.mark.parametrize(
    ("manifest", "says"),
    [
        (None, "no readable manifest"),
        ("{", "no readable manifest"),
        ('{"format": 99}', "bundle format 99, this program reads 1"),
        ("{}", "bundle format None"),
        ("[]", "no readable manifest"),
        ('{"format": 1}', "no readable manifest"),
        ('{"format": 1, "name": "x", "hash": "y", "files": []}', "no readable manifest"),
    ],
)
def test_a_folder_that_is_no_bundle(tmp_path: Path, manifest: str | None, says: str) -> None:
    if manifest is not None:
        (tmp_path / MANIFEST).write_text(manifest, encoding="utf-8")
    with pytest.raises(BundleError, match=says):
        Bundle.open(tmp_path)


def test_a_part_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BundleError, match="no part 'denial'"):
        _make(tmp_path, "one").part("denial")


def _build_and_fail(target: Path, base: Bundle | None = None) -> None:
    with building(target, base) as work:
        (work / "half.json").write_text("1", encoding="utf-8")
        raise RuntimeError("training fell over")


def test_a_failed_build_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError):
        _build_and_fail(tmp_path / "bundles" / "new")
    assert list((tmp_path / "bundles").iterdir()) == []


def test_a_failed_build_leaves_what_was_there(tmp_path: Path) -> None:
    old = _make(tmp_path, "one")
    with pytest.raises(RuntimeError):
        _build_and_fail(old.path, base=old)
    assert [p.name for p in tmp_path.iterdir()] == ["one"]
    assert Bundle.open(old.path).manifest == old.manifest


def test_a_build_starts_from_its_base_and_replaces_the_target(tmp_path: Path) -> None:
    old = _make(tmp_path, "one")
    with building(old.path, base=old) as work:
        assert (work / "coder" / "ranker.json").read_text(encoding="utf-8") == '"weights"'
        (work / "more.json").write_text("1", encoding="utf-8")
        seal(work, "one", {})
    assert set(Bundle.open(old.path).manifest["files"]) == {"coder/ranker.json", "more.json"}
    assert [p.name for p in tmp_path.iterdir()] == ["one"]


def test_a_folder_of_other_things_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work", encoding="utf-8")
    with (
        pytest.raises(BundleError, match="exists and is no bundle"),
        building(tmp_path),
    ):
        pass
    assert (tmp_path / "thesis.txt").read_text(encoding="utf-8") == "years of work"


def test_resolve(store: BundleStore, tmp_path: Path) -> None:
    assert store.resolve().path == SHIPPED
    assert store.resolve("default").path == SHIPPED
    assert store.resolve("champion").path == SHIPPED
    assert store.resolve("one").name == "one"
    outside = _make(tmp_path / "elsewhere", "outside")
    assert store.resolve(str(outside.path)).id == outside.id
    store.promote("two", "tester")
    assert store.resolve().name == "two"
    assert store.resolve("champion").name == "two"
    assert store.resolve("default").path == SHIPPED
    assert store.names() == ["one", "three", "two"]


def test_an_unknown_bundle_is_told_with_those_there_are(store: BundleStore) -> None:
    with pytest.raises(BundleError, match="no bundle 'four': give a folder or one of default, one"):
        store.resolve("four")


def test_an_empty_store_serves_the_shipped_bundle(tmp_path: Path) -> None:
    store = BundleStore(tmp_path / "none")
    assert store.resolve().path == SHIPPED
    assert (store.names(), store.aliases(), store.history()) == ([], {}, [])
    assert store.current_alias_stamp() is None
    assert not (tmp_path / "none").exists()


def test_promotions_and_rollbacks_are_kept_in_order(store: BundleStore) -> None:
    store.promote("one", "ann")
    store.promote("two", "ben")
    assert store.rollback("cas").name == "one"
    assert store.rollback("cas").path == SHIPPED
    events = [(e["action"], e["from"], e["to"], e["by"]) for e in store.history()]
    assert events == [
        ("promote", "default", "one", "ann"),
        ("promote", "one", "two", "ben"),
        ("rollback", "two", "one", "cas"),
        ("rollback", "one", "default", "cas"),
    ]
    with pytest.raises(BundleError, match="nothing to roll back"):
        store.rollback("cas")


def test_a_promotion_after_a_rollback_can_be_rolled_back(store: BundleStore) -> None:
    store.promote("one", "ann")
    store.promote("two", "ann")
    store.rollback("ann")
    store.promote("three", "ann")
    assert store.rollback("ann").name == "one"
    assert store.resolve().name == "one"


def test_aliases_are_apart(store: BundleStore) -> None:
    store.promote("one", "ann", alias="challenger")
    assert store.resolve().path == SHIPPED
    assert store.resolve("challenger").name == "one"
    with pytest.raises(BundleError, match="never promoted"):
        store.rollback("ann")


def test_only_bundles_of_the_store_can_be_promoted(store: BundleStore, tmp_path: Path) -> None:
    outside = _make(tmp_path / "elsewhere", "outside")
    with pytest.raises(BundleError, match="lies outside the store"):
        store.promote(str(outside.path), "ann")
    with pytest.raises(BundleError, match="no bundle"):
        store.promote("four", "ann")
    assert store.history() == []
    assert store.current_alias_stamp() is None


def test_an_altered_bundle_cannot_be_promoted(store: BundleStore) -> None:
    (store.root / "one" / "coder" / "ranker.json").write_text("2", encoding="utf-8")
    with pytest.raises(BundleError, match="altered"):
        store.promote("one", "ann")
    assert store.resolve().path == SHIPPED


def test_a_promotion_changes_the_stamp(store: BundleStore) -> None:
    store.promote("one", "ann")
    before = store.current_alias_stamp()
    assert before is not None
    store.promote("two", "ann")
    assert store.current_alias_stamp() != before
    assert sorted(p.name for p in store.root.iterdir()) == ["aliases.json", "one", "three", "two"]


def test_broken_aliases_are_told(store: BundleStore) -> None:
    (store.root / "aliases.json").write_text("{", encoding="utf-8")
    with pytest.raises(BundleError, match="not valid JSON; restore it"):
        store.resolve()


def test_a_champion_that_was_deleted_is_told(store: BundleStore) -> None:
    store.promote("one", "ann")
    shutil.rmtree(store.root / "one")
    with pytest.raises(BundleError, match="no readable manifest"):
        store.resolve()

"""The tables of injuries: every node exists, every name has wordings, regions agree."""

from __future__ import annotations

from data.terminology.icd10cm import Release
from models.coding.circumstances.tables import rows
from models.coding.injuries.tables import FOLDER, chain, nodes, nodes_at, wider


def test_every_node_is_of_the_release_and_of_its_chapter(release: Release) -> None:
    for pair, found in nodes().items():
        for node in found:
            assert node in release, (pair, node)
            assert release.nodes[node].chapter in (13, 19), (pair, node)


def test_every_kind_and_site_has_a_wording() -> None:
    worded = {r["kind"] for r in rows(FOLDER, "kinds")} | {r["site"] for r in rows(FOLDER, "sites")}
    # Degrees and foreign bodies are put together from two kinds.
    made = {f"{b}{d}" for b in ("burn", "corrosion") for d in "123"}
    made |= {"laceration_fb", "puncture_fb", "superficial_bite"}
    for kind, site in nodes():
        assert kind in worded | made, kind
        assert all(part in worded for part in site.split("+") if part), site


def test_sites_end_in_one_that_is_part_of_nothing() -> None:
    for site in wider():
        assert len(list(chain(site))) < 6


def test_kinds_agree_with_the_descriptions(release: Release) -> None:
    words = {"burn2": "second degree", "sprain": "", "abrasion": "abrasion", "fracture": "fracture"}
    for (kind, _), found in nodes().items():
        word = words.get(kind)
        if word and not found[0].startswith(("T26", "T28", "T27")):
            assert word in release.description(found[0]).lower(), (kind, found)


def test_a_narrower_site_is_read_as_the_wider_one() -> None:
    assert nodes_at("laceration", "finger_ring") == nodes_at("laceration", "finger")
    assert nodes_at("laceration", "finger_ring", "flexor_tendon") == ("S66.12",)
    assert nodes_at("laceration", "chin") == ("S01.81",)
    assert nodes_at("sprain", "spleen") == ()

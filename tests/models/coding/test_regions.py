"""Vertebral levels, hours on the breast and lids in the words of descriptions."""

from __future__ import annotations

import pytest

from data.terminology.words import stems
from models.coding.regions import counted_out
from models.coding.shorthand import LEFT, RIGHT


@pytest.mark.parametrize(
    ("text", "side", "means"),
    [
        ("L3-4 vertebral osteomyelitis", "", "lumbar"),
        ("L5-S1 disc extrusion", "", "lumbosacral"),
        ("T12 compression fracture", "", "thoracic"),
        ("C5-6 HNP", "", "c5 c6 level"),
        ("Left breast mass at two o'clock", LEFT, "upper outer quadrant"),
        ("Right breast mass at 2:00", RIGHT, "upper inner quadrant"),
        ("Left breast mass, 7 o'clock", LEFT, "lower inner quadrant"),
        ("MGD U+L OU", "", "upper lower eyelids"),
    ],
)
def test_regions_are_counted_out(text: str, side: str, means: str) -> None:
    assert set(stems(means)) <= counted_out(text, side)


@pytest.mark.parametrize("text", ["T2 hyperintense lesion", "anal tag at 12 o'clock", "S1 S2"])
def test_other_numbers_count_out_nothing(text: str) -> None:
    assert not counted_out(text, LEFT)

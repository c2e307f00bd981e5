"""Colours that carry words meet WCAG AA (4.5:1) on every ground they stand on, in both schemes."""

from __future__ import annotations

import re

import pytest

from serving.web.assets import assets

GROUNDS = ("ground", "paper", "raised", "hover", "current")
PAIRS = (
    *((ink, ground) for ink in ("ink", "muted", "ok", "bad") for ground in GROUNDS),
    *((ink, "paper") for ink in ("accent", "negated", "family", "historical", "uncertain")),
    *((ink, "calm-ground") for ink in ("negated", "family", "historical", "uncertain", "muted")),
    ("ink", "evidence"),
    ("lit-ink", "lit"),
    ("accent-ink", "accent"),
    ("ok", "ok-ground"),
    ("bad", "bad-ground"),
    ("warn", "warn-ground"),
    ("warn", "current"),
    ("ink", "calm-ground"),
)


def _colours(block: str) -> dict[str, str]:
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6});", block))


def _schemes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(
        r":root \{(.*?)\}", assets().files["app.css"].body.decode(), flags=re.DOTALL
    )
    return {"light": _colours(light), "dark": _colours(light) | _colours(dark)}


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_contrast(scheme: str, ink: str, ground: str) -> None:
    colours = _schemes()[scheme]
    low, high = sorted((_luminance(colours[ink]), _luminance(colours[ground])))
    assert (high + 0.05) / (low + 0.05) >= 4.5

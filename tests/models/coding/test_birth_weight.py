"""Birth weight and weeks of a small or early newborn (P07)."""

from __future__ import annotations

import pytest

from models.coding.birth_weight import birth_weight_codes, weeks_code, weight_code

EARLY = {"P07.30"}


@pytest.mark.parametrize(
    ("grams", "code"),
    [(480, "P07.01"), (999, "P07.03"), (1000, "P07.14"), (1790, "P07.17"), (2499, "P07.18")],
)
def test_weight(grams: float, code: str) -> None:
    assert weight_code(grams) == code


@pytest.mark.parametrize("grams", [0, 150, 2500, 3400])
def test_weight_that_is_not_low(grams: float) -> None:
    assert weight_code(grams) is None


@pytest.mark.parametrize(
    ("weeks", "code"),
    [(22, "P07.21"), (23, "P07.22"), (27, "P07.26"), (28, "P07.31"), (36, "P07.39")],
)
def test_weeks(weeks: int, code: str) -> None:
    assert weeks_code(weeks) == code


def test_term_has_no_code() -> None:
    assert weeks_code(37) is None


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("Preterm 32w4d / 1790 g", ["P07.17", "P07.35"]),
        ("Late preterm 35 weeker, BW 2.1 kg. Now PMA 36w2d", ["P07.18", "P07.38"]),
        ("PMA 36w5d today. Born at 29+3/7, birth weight 1,180 g", ["P07.14", "P07.32"]),
        ("Preterm, birth weight 2600 g", []),
    ],
)
def test_reads(text: str, codes: list[str]) -> None:
    assert [code for code, _, _ in birth_weight_codes(text, EARLY)] == codes


def test_says_nothing_of_a_child_nobody_calls_early() -> None:
    assert not list(birth_weight_codes("BW 1790 g at 32w4d", {"J06.9"}))

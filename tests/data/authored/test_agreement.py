"""Two passes over the same notes: figures, resolution, and files that do not hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from data.authored import BATCHES, AuthoredError
from data.authored.agreement import agreement, read_second_pass, second_pass_of, unresolved

HEAD = "note,code,first,second,resolved,reason\n"


def written(tmp_path: Path, rows: str) -> Path:
    path = tmp_path / "x.csv"
    path.write_text(HEAD + rows, encoding="utf-8")
    return path


def test_figures_of_a_small_case(tmp_path: Path) -> None:
    rows = list(
        read_second_pass(
            written(
                tmp_path,
                "a,I10,1,1,1,\n"
                "a,E11.9,2,,0,history only\n"
                "a,E11.65,,2,1,hyperglycemia is stated\n"
                "b,J06.9,1,1,1,\n",
            )
        )
    )
    exact = agreement(rows)
    assert exact["micro_f1"] == pytest.approx(2 * 2 / 6)
    assert exact["notes"] == 2
    assert exact["notes_coded_alike"] == 0.5
    assert (exact["codes_differing"], exact["resolved_for_second"]) == (2, 2)
    assert agreement(rows, lambda code: code[:3])["micro_f1"] == 1.0


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("a,I10,1,,1,\n", "line 2.*reason"),
        ("a,I10,x,1,1,\n", "line 2"),
        ("a,I10,1,1,maybe,\n", "line 2"),
    ],
)
def test_rows_that_do_not_hold_are_named(tmp_path: Path, rows: str, says: str) -> None:
    with pytest.raises(AuthoredError, match=says):
        list(read_second_pass(written(tmp_path, rows)))


def test_columns_are_checked(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("note,code\n", encoding="utf-8")
    with pytest.raises(AuthoredError, match="columns must be"):
        list(read_second_pass(path))


@pytest.mark.parametrize("batch", BATCHES)
def test_gold_is_what_was_resolved(batch: str) -> None:
    assert unresolved(batch) == []


def test_the_test_part_was_coded_twice() -> None:
    rows = second_pass_of("test")
    assert agreement(rows)["notes"] >= 150

"""One nodule or several."""

from __future__ import annotations

import pytest

from data.terminology.icd10cm import Release
from models.coding.coder import Coder
from models.coding.plurals import plurals
from tests.models.coding.reading import document


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("lung nodules", "R91.8"),
        ("Multiple pulmonary nodules", "R91.8"),
        ("6 mm lung nodule", "R91.1"),
        ("Thyroid nodules", "E04.2"),
        ("Thyroid nodule", "E04.1"),
    ],
)
def test_number(shipped_coder: Coder, release: Release, text: str, code: str) -> None:
    found = shipped_coder.linker_for(release).mentions(document(text))
    assert [m.code for m in found] == [code]


def test_rows_name_nodes(release: Release) -> None:
    assert all(p.code in release and p.plural_code in release for p in plurals())

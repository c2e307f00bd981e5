"""What rows of status phrases ask for beside their words."""

from __future__ import annotations

import pytest

from data.terminology.icd10cm import Release
from models.coding.linking import Linker
from models.coding.occurrences import CHOSEN
from tests.models.coding.reading import document


@pytest.fixture(scope="module")
def linker(release: Release) -> Linker:
    return Linker(release, None)


def chosen(linker: Linker, text: str) -> set[str]:
    return {
        code
        for code, c in linker.candidates(document(text)).items()
        if any(
            o.source in ("circumstance", "history", "drug") and o.role == CHOSEN
            for o in c.occurrences
        )
    }


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("He smokes and drives a truck.", "F17.200"),
        ("Cigs: 8/d", "F17.210"),
        ("He smokes two cigars a day.", "F17.290"),
        ("He left off cigarettes in 2021.", "Z87.891"),
        ("Hasn't had a cigarette since 2018.", "Z87.891"),
        ("Cephalexin 500 mg nightly to prevent cellulitis", "Z79.2"),
        ("Ceftriaxone IV, week 4 of 6", "Z79.2"),
        ("Lynch syndrome, MSH2 carrier, yearly urine cytology", "Z15.07"),
        ("Right foot: 2nd toe absent", "Z89.421"),
        ("He takes clopidogrel (aspirin gave him hives)", "Z88.6"),
        ("Living in his truck since February", "Z59.02"),
        ("She took an overdose in 2018", "Z91.51"),
        ("Glaucoma: father", "Z83.511"),
        ("Family: sister (breast, 41)", "Z80.3"),
        ("Prior bleomycin and cisplatin for germ cell tumor", "Z92.21"),
        ("Patient is JW, refuses blood", "Z53.1"),
    ],
)
def test_rows_hold_where_their_when_is_so(linker: Linker, text: str, code: str) -> None:
    assert code in chosen(linker, text)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("He smokes marijuana nightly.", "F17.200"),
        ("She smokes not at all.", "F17.200"),
        ("Smokes half a pack a day, cigarettes.", "F17.200"),
        ("His wife smokes.", "F17.200"),
        ("Cefazolin 2 g for surgical prophylaxis", "Z79.2"),
        ("Antibiotics do not prevent colds", "Z79.2"),
        ("Nail of the right 2nd toe removed today", "Z89.421"),
        ("Gastric bypass in 2012", "Z95.1"),
        ("New rash after starting Bactrim 3 days ago", "Z88.2"),
        ("Tolerated penicillin without rash", "Z88.0"),
        ("X-ray RT foot done", "Z92.3"),
        ("Glaucoma: father reports that she drops her bottle", "Z83.511"),
    ],
)
def test_rows_do_not_hold_where_it_is_not(linker: Linker, text: str, code: str) -> None:
    assert code not in chosen(linker, text)

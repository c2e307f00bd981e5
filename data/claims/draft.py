"""From a signed-off note's accepted codes to a draft professional claim."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Protocol

from data.claims.fees import FeeTable, starter_fees
from data.schemas import Claim, ClaimDiagnosis, ClaimLine, ClaimType, Note, System

MAX_POINTERS = 4  # 837P SV107 and CMS-1500 box 24E
_DEFAULT_PLACE = "11"


class AcceptedCode(Protocol):
    """What a draft needs of a code: GoldCode and Suggestion both have it."""

    @property
    def system(self) -> System: ...
    @property
    def code(self) -> str: ...
    @property
    def modifiers(self) -> tuple[str, ...]: ...
    @property
    def units(self) -> int | None: ...
    @property
    def linked_diagnoses(self) -> tuple[str, ...]: ...
    @property
    def sequence(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class ClaimDefaults:
    """What the practice and the registration desk know and the note does not."""

    billing_npi: str | None = None
    rendering_npi: str | None = None
    taxonomy: str | None = None
    payer_id: str | None = None
    payer_type: str | None = None
    member_id: str | None = None
    prior_authorization: str | None = None
    referral: str | None = None
    submission_date: date | None = None


def draft_claim(
    note: Note,
    codes: Sequence[AcceptedCode],
    *,
    claim_id: str,
    defaults: ClaimDefaults | None = None,
    fees: FeeTable | None = None,
) -> Claim:
    """A draft claim for one note.

    Diagnoses stand in their sequence (those without one behind, in the order
    given), each once. A line points at its linked diagnoses that are on the
    claim, else at the first four. Charges are fee x units.

    Raises:
        pydantic.ValidationError: ``claim_id`` is empty or a unit count absurd.
    """
    defaults = defaults or ClaimDefaults()
    fees = fees or starter_fees()
    diagnoses = _diagnoses(codes)
    place = place_of_service(note)
    lines = tuple(
        _line(number, code, diagnoses, fees, note.date_of_service)
        for number, code in enumerate(_in_sequence(codes, diagnoses=False), start=1)
    )
    return Claim(
        claim_id=claim_id,
        note_id=note.id,
        patient_id=note.patient_id,
        patient_sex=note.sex,
        patient_birth_date=note.birth_date,
        payer_id=defaults.payer_id,
        payer_type=defaults.payer_type or note.payer_type,
        member_id=defaults.member_id,
        billing_npi=defaults.billing_npi,
        rendering_npi=defaults.rendering_npi,
        taxonomy=defaults.taxonomy,
        specialty=note.specialty,
        place_of_service=place,
        claim_type=note.claim_type or ClaimType.PROFESSIONAL,
        prior_authorization=defaults.prior_authorization,
        referral=defaults.referral,
        submission_date=defaults.submission_date,
        total_charge=sum((line.charge for line in lines), Decimal(0)),
        diagnoses=tuple(ClaimDiagnosis(code=code) for code in diagnoses),
        lines=lines,
    )


def place_of_service(note: Note) -> str:
    """Two-digit place of service: the note's own, else by setting and note type."""
    if note.place_of_service:
        return note.place_of_service
    kind = (note.note_type or "").lower()
    setting = note.setting.value if note.setting else "outpatient"
    for row_setting, contains, place in _place_rows():
        if row_setting == setting and contains in kind:
            return place
    return _DEFAULT_PLACE


@cache
def _place_rows() -> tuple[tuple[str, str, str], ...]:
    text = (resources.files("data.claims") / "place_defaults.csv").read_text("utf-8")
    return tuple(
        (row["setting"], row["note_type_contains"], row["place_of_service"])
        for row in csv.DictReader(text.splitlines())
    )


def _in_sequence(codes: Iterable[AcceptedCode], *, diagnoses: bool) -> list[AcceptedCode]:
    wanted = [c for c in codes if (c.system is System.ICD10CM) == diagnoses]
    wanted = [c for c in wanted if c.system is not System.ICD10PCS]  # not on professional claims
    return sorted(wanted, key=lambda c: (c.sequence is None, c.sequence or 0))


def _diagnoses(codes: Iterable[AcceptedCode]) -> list[str]:
    return list(dict.fromkeys(code.code for code in _in_sequence(codes, diagnoses=True)))


def _line(
    number: int, code: AcceptedCode, diagnoses: list[str], fees: FeeTable, day: date | None
) -> ClaimLine:
    places = {diagnosis: place for place, diagnosis in enumerate(diagnoses, start=1)}
    linked = [places[d] for d in code.linked_diagnoses if d in places]
    pointers = linked or list(range(1, len(diagnoses) + 1))
    units = Decimal(code.units or 1)
    return ClaimLine(
        number=number,
        system=code.system,
        code=code.code,
        modifiers=code.modifiers,
        units=units,
        charge=fees.charge(code.code, units),
        diagnosis_pointers=tuple(pointers[:MAX_POINTERS]),
        date_of_service=day,
    )

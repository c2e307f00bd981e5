"""Professional claims from X12 837P files (005010X222A1), tolerantly.

The walk follows the guide's hierarchy: HL 20 (billing provider, 2000A), 22
(subscriber, 2000B), 23 (patient, 2000C), CLM (2300), SBR after CLM (another
payer, 2320: skipped here), LX/SV1 (2400). What is wrong is reported with the
ordinal of its segment as :class:`ErrorLine`, and reading goes on with the next
segment; a claim that can still be built is yielded too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from typing import BinaryIO, TypeVar

from pydantic import ValidationError

from data.claims.codes import dotted, payer_type_by_filing_indicator, procedure_system
from data.claims.segments import Segment, SegmentDefect, read_segments
from data.claims.validation import error_line
from data.claims.x12_draft import ClaimDraft
from data.claims.x12_values import parse_amount, parse_date, parse_units
from data.schemas import Claim, ClaimDiagnosis, ErrorLine, Sex
from data.validation import printable

_ICD9_QUALIFIERS = {"BK", "BF"}  # seen in the field in front of ICD-10-CM codes: read and reported
_DIAGNOSIS_QUALIFIERS = {"ABK", "ABF"} | _ICD9_QUALIFIERS
_HIERARCHY = {"20", "22", "23"}
_T = TypeVar("_T")


class Reader837:
    """State of one file's walk; feed it segments, it yields claims and defects."""

    def __init__(self) -> None:
        self._transaction: str | None = None  # ST02 of the open 837
        self._skipping = False
        self._counted = 0
        self._submission: date | None = None
        self._billing: dict[str, object] = {}
        self._subscriber: dict[str, object] = {}
        self._entity = ""  # NM101 of the loop we are in
        self._claim: ClaimDraft | None = None
        self._pending: list[ErrorLine] = []
        self._handlers: dict[str, Callable[[Segment], None]] = {
            "BHT": self._bht,
            "NM1": self._nm1,
            "PRV": self._prv,
            "SBR": self._sbr,
            "DMG": self._dmg,
            "REF": self._ref,
            "HI": self._hi,
            "LX": self._lx,
            "SV1": self._sv1,
            "SV2": self._sv2,
            "DTP": self._dtp,
        }

    def feed(self, segment: Segment | SegmentDefect) -> Iterator[Claim | ErrorLine]:
        """Take one segment; yield what it completed."""
        if isinstance(segment, SegmentDefect):
            self._say(segment.position, "envelope", segment.message)
        else:
            yield from self._take(segment)
        yield from self._drain()

    def finish(self) -> Iterator[Claim | ErrorLine]:
        """Yield what the end of the file completes."""
        yield from self._close_claim()
        if self._transaction is not None and not self._skipping:
            self._say(None, "ST/SE", "the transaction has no SE segment; the file may be cut")
        yield from self._drain()

    def _take(self, segment: Segment) -> Iterator[Claim | ErrorLine]:
        tag = segment.tag
        if tag == "ST":
            yield from self._close_claim()
            self._open_transaction(segment)
            return
        self._counted += 1
        if tag in ("SE", "GE", "IEA"):
            yield from self._close_claim()
            if tag == "SE":
                self._close_transaction(segment)
        elif self._skipping:
            return
        elif tag == "HL":
            yield from self._close_claim()
            self._hl(segment)
        elif tag == "CLM":
            yield from self._close_claim()
            self._clm(segment)
        elif handler := self._handlers.get(tag):
            handler(segment)

    def _drain(self) -> Iterator[ErrorLine]:
        yield from self._pending
        self._pending.clear()

    def _say(self, position: int | None, where: str, message: str) -> None:
        place = f"segment {position} ({where})" if position else where
        claim = self._claim.values["claim_id"] if self._claim else None
        self._pending.append(
            error_line(
                "x12_defect",
                f"{place}: {message}",
                line=position,
                claim_id=str(claim) if claim else None,
            )
        )

    # --- transaction and hierarchy -------------------------------------------------

    def _open_transaction(self, segment: Segment) -> None:
        if self._transaction is not None and not self._skipping:
            self._say(segment.position, "ST", "the transaction before has no SE segment")
        self._transaction, self._counted = segment.get(2), 1
        self._billing, self._subscriber, self._submission = {}, {}, None
        self._entity = ""
        version = segment.get(3)
        self._skipping = segment.get(1) != "837" or "X224" in version
        if self._skipping:
            kind = "dental claims (X224)" if "X224" in version else "not claims (837)"
            self._say(segment.position, "ST", f"{kind}; this transaction is skipped")

    def _close_transaction(self, segment: Segment) -> None:
        stated = segment.get(1)
        if not self._skipping and stated != str(self._counted):
            self._say(
                segment.position,
                "SE01",
                f"states {printable(stated, 10)} segments, {self._counted} were read; "
                "segments may be missing",
            )
        self._transaction = None

    def _hl(self, segment: Segment) -> None:
        level = segment.get(3)
        self._entity = ""
        if level == "20":
            self._billing, self._subscriber = {}, {}
        elif level == "22":
            self._subscriber = {}
        elif level == "23":
            for name in ("patient_sex", "patient_birth_date", "patient_id"):
                self._subscriber.pop(name, None)
        elif level not in _HIERARCHY:
            self._say(segment.position, "HL03", "a level other than 20, 22 or 23")

    def _bht(self, segment: Segment) -> None:
        self._submission = self._date(segment, 4, segment.get(4))

    # --- parties -------------------------------------------------------------------

    def _nm1(self, segment: Segment) -> None:
        self._entity = entity = segment.get(1)
        identifier, qualifier = segment.get(9) or None, segment.get(8)
        claim = self._claim
        if claim is not None and claim.in_other_payer:
            return
        if entity == "85":
            self._billing["billing_npi"] = identifier
        elif entity == "82" and claim is not None:
            if claim.lines:
                claim.rendering_on_line = claim.rendering_on_line or identifier
            else:
                claim.values["rendering_npi"] = identifier
        elif claim is None and entity == "IL":
            self._subscriber["member_id"] = identifier
            self._subscriber["patient_id"] = identifier
        elif claim is None and entity == "PR":
            self._subscriber["payer_id"] = identifier
        if entity in ("85", "82") and identifier and qualifier not in ("XX", ""):
            self._say(segment.position, "NM108", "the provider's identifier is not an NPI (XX)")

    def _prv(self, segment: Segment) -> None:
        role, code = segment.get(1), segment.get(3) or None
        if role == "BI":
            self._billing["taxonomy"] = code
        elif role == "PE" and self._claim is not None and not self._claim.in_other_payer:
            self._claim.values["taxonomy"] = code

    def _sbr(self, segment: Segment) -> None:
        if self._claim is not None:
            self._claim.in_other_payer = True  # loop 2320: another payer's coverage
            return
        indicator = segment.get(9)
        payer_type = payer_type_by_filing_indicator().get(indicator)
        if indicator and indicator != "ZZ" and payer_type is None:
            self._say(segment.position, "SBR09", "unknown claim filing indicator")
        self._subscriber["payer_type"] = payer_type

    def _dmg(self, segment: Segment) -> None:
        if self._claim is not None:
            return
        self._subscriber["patient_birth_date"] = self._date(segment, 2, segment.get(2))
        sex = segment.get(3)
        if sex and sex not in {s.value for s in Sex}:
            self._say(segment.position, "DMG03", "sex is none of F, M, U")
            sex = ""
        self._subscriber["patient_sex"] = sex or None

    # --- claim ---------------------------------------------------------------------

    def _clm(self, segment: Segment) -> None:
        place = segment.components(5)
        values: dict[str, object] = {**self._billing, **self._subscriber}
        values["claim_id"] = segment.get(1)
        values["submission_date"] = self._submission
        values["place_of_service"] = place[0] or None
        values["frequency_code"] = (place[2] if len(place) > 2 else "") or "1"
        self._claim = ClaimDraft(segment.position, values)
        self._entity = ""
        values["total_charge"] = self._amount(segment, 2)

    def _ref(self, segment: Segment) -> None:
        claim = self._claim
        if claim is None or claim.in_other_payer:
            return
        names = {"G1": "prior_authorization", "9F": "referral", "F8": "original_reference"}
        name = names.get(segment.get(1))
        if name and (not claim.lines or claim.values.get(name) is None):
            claim.values[name] = segment.get(2) or None

    def _hi(self, segment: Segment) -> None:
        if self._claim is None:
            self._say(segment.position, "HI", "diagnoses outside a claim")
            return
        for index in range(1, len(segment.elements)):
            parts = segment.components(index)
            if parts[0] not in _DIAGNOSIS_QUALIFIERS or len(parts) < 2:
                continue
            place = f"HI{index:02d}"
            if parts[0] in _ICD9_QUALIFIERS:
                self._say(segment.position, place, "the ICD-9 qualifier; ICD-10-CM is ABK and ABF")
            try:
                self._claim.diagnoses.append(ClaimDiagnosis(code=dotted(parts[1])))
            except ValidationError:
                # The place is kept, or every pointer behind it would name another code.
                self._claim.diagnoses.append(ClaimDiagnosis(code="INVALID"))
                self._say(segment.position, place, "not the form of a diagnosis code")

    def _lx(self, segment: Segment) -> None:
        if self._claim is not None:
            self._claim.in_other_payer = False

    def _sv1(self, segment: Segment) -> None:
        claim = self._claim
        if claim is None:
            self._say(segment.position, "SV1", "a service line outside a claim")
            return
        claim.in_other_payer = False
        product = segment.components(1)
        code = (product[1] if len(product) > 1 else "").upper()
        modifiers = []
        for modifier in (m.upper() for m in product[2:6] if m):
            if len(modifier) == 2 and modifier.isalnum() and modifier.isascii():
                modifiers.append(modifier)
            else:
                self._say(segment.position, "SV101", "a modifier is not two letters or digits")
        pointers = []
        for part in segment.components(7):
            if part.isascii() and part.isdigit() and len(part) < 4:
                pointers.append(int(part))
            elif part:
                self._say(segment.position, "SV107", "a diagnosis pointer is not a number")
        units = self._value(segment, 4, lambda: parse_units(segment.get(4)))
        claim.line_positions.append(segment.position)
        claim.lines.append(
            {
                "number": len(claim.lines) + 1,
                "system": procedure_system(code),
                "code": code,
                "modifiers": tuple(modifiers),
                "charge": self._amount(segment, 2) or Decimal(0),
                "units": Decimal(1) if units is None else units,
                "place_of_service": segment.get(5) or None,
                "diagnosis_pointers": tuple(pointers),
            }
        )

    def _sv2(self, segment: Segment) -> None:
        if self._claim is not None and self._claim.institutional is None:
            self._claim.institutional = segment.position

    def _dtp(self, segment: Segment) -> None:
        if segment.get(1) == "472" and self._claim is not None and self._claim.lines:
            day = self._date(segment, 3, segment.get(3).split("-")[0])
            self._claim.lines[-1]["date_of_service"] = day

    def _close_claim(self) -> Iterator[Claim | ErrorLine]:
        draft = self._claim
        if draft is not None:
            yield from self._drain()
            self._claim = None
            yield draft.build()

    # --- elements ------------------------------------------------------------------

    def _date(self, segment: Segment, index: int, text: str) -> date | None:
        return self._value(segment, index, lambda: parse_date(text))

    def _amount(self, segment: Segment, index: int) -> Decimal | None:
        return self._value(segment, index, lambda: parse_amount(segment.get(index)))

    def _value(self, segment: Segment, index: int, parse: Callable[[], _T | None]) -> _T | None:
        try:
            return parse()
        except ValueError as error:
            self._say(segment.position, f"{segment.tag}{index:02d}", str(error))
            return None


def read_837(stream: BinaryIO) -> Iterator[Claim | ErrorLine]:
    """Claims of one X12 837P file, one claim held in memory at a time.

    Yields:
        Each :class:`Claim`, preceded by an :class:`ErrorLine` for each of its
        defects; ``line`` is the ordinal of the segment in the file, from 1.
    """
    reader = Reader837()
    for segment in read_segments(stream):
        yield from reader.feed(segment)
    yield from reader.finish()

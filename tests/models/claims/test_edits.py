"""Every edit rule: one claim that breaks it, one near it that does not."""

from __future__ import annotations

import csv
import re
from collections import Counter
from datetime import date
from importlib import resources
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.schemas import Claim, ClaimLine, Finding, Severity
from models.claims.edits import EditEngine, is_npi, load_rules
from models.claims.edits.context import REGISTRY
from models.claims.edits.tables import EditTableError, family_of, load_tables
from models.claims.features import rule_categories
from tests.models.claims.conftest import NPI, clean

VISIT = {"code": "99213"}
MRI = {"code": "73721", "modifiers": ["RT"]}

# rule, changes that break it, changes near them that do not
CASES: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("required-field", {"member_id": None}, {"member_id": None, "payer_type": "self_pay"}),
    ("required-field", {"place_of_service": None}, {"place_of_service": "22"}),
    ("npi-check-digit", {"rendering_npi": "1234567890"}, {"rendering_npi": NPI}),
    ("npi-check-digit", {"billing_npi": "123456789"}, {"billing_npi": NPI}),
    ("diagnosis-missing", {"diagnoses": []}, {"diagnoses": ["I10"]}),
    (
        "diagnosis-too-many",
        {"diagnoses": [f"Z79.8{i}" for i in range(10)] + ["I10", "E11.9", "E78.5"]},
        {"diagnoses": [f"Z79.8{i}" for i in range(10)] + ["I10", "E11.9"]},
    ),
    ("diagnosis-repeated", {"diagnoses": ["I10", "I10"]}, {"diagnoses": ["I10", "E11.9"]}),
    ("diagnosis-unknown", {"diagnoses": ["I10.99"]}, {"diagnoses": ["I10"]}),
    ("diagnosis-not-billable", {"diagnoses": ["E11"]}, {"diagnoses": ["E11.9"]}),
    ("diagnosis-not-billable", {"diagnoses": ["S93"]}, {"diagnoses": ["S93.401"]}),
    ("diagnosis-seventh-character", {"diagnoses": ["S93.401"]}, {"diagnoses": ["S93.401A"]}),
    ("diagnosis-seventh-character", {"diagnoses": ["T38.0X5"]}, {"diagnoses": ["T38.0X"]}),
    ("diagnosis-excludes1", {"diagnoses": ["E11.9", "E10.9"]}, {"diagnoses": ["E11.9", "I10"]}),
    (
        "diagnosis-manifestation-first",
        {"diagnoses": ["G63", "E85.1"]},
        {"diagnoses": ["E85.1", "G63"]},
    ),
    (
        "diagnosis-external-cause-first",
        {"diagnoses": ["W01.0XXA", "S93.401A"]},
        {"diagnoses": ["S93.401A", "W01.0XXA"]},
    ),
    ("diagnosis-sex-conflict", {"diagnoses": ["N40.1"]}, {"diagnoses": ["N92.0"]}),
    (
        "diagnosis-sex-conflict",
        {"diagnoses": ["N92.0"], "patient_sex": "M"},
        {"diagnoses": ["N92.0"], "patient_sex": "U"},
    ),
    (
        "diagnosis-age-conflict",
        {"diagnoses": ["Z00.129"]},
        {"diagnoses": ["Z00.129"], "patient_birth_date": "2019-06-01"},
    ),
    ("diagnosis-age-conflict", {"diagnoses": ["Z38.00"]}, {"diagnoses": ["Z00.00"]}),
    ("diagnosis-unspecified", {"diagnoses": ["M25.569"]}, {"diagnoses": ["M25.561"]}),
    (
        "diagnosis-unspecified",
        {"diagnoses": ["M25.569"]},
        {"diagnoses": ["M25.569"], "payer_type": "medicare"},
    ),
    ("line-missing", {"lines": []}, {"lines": [VISIT]}),
    (
        "line-too-many",
        {"lines": [{"code": f"8{i:04d}"} for i in range(100, 151)]},
        {"lines": [{"code": f"8{i:04d}"} for i in range(100, 150)]},
    ),
    ("line-duplicate", {"lines": [VISIT, VISIT]}, {"lines": [VISIT, {"code": "83036"}]}),
    (
        "line-duplicate",
        {"lines": [{"code": "93000"}, {"code": "93000"}]},
        {"lines": [{"code": "93000"}, {"code": "93000", "modifiers": ["76"]}]},
    ),
    ("procedure-form", {"lines": [{"code": "9921"}]}, {"lines": [VISIT]}),
    ("pointer-missing", {"lines": [{**VISIT, "diagnosis_pointers": []}]}, {}),
    (
        "pointer-out-of-range",
        {"lines": [{**VISIT, "diagnosis_pointers": [3]}]},
        {"lines": [{**VISIT, "diagnosis_pointers": [2]}]},
    ),
    ("pointer-out-of-range", {"lines": [{**VISIT, "diagnosis_pointers": [0]}]}, {}),
    (
        "pointer-too-many",
        {
            "diagnoses": ["I10", "E11.9", "E78.5", "E03.9", "K21.9"],
            "lines": [{**VISIT, "diagnosis_pointers": [1, 2, 3, 4, 5]}],
        },
        {
            "diagnoses": ["I10", "E11.9", "E78.5", "E03.9", "K21.9"],
            "lines": [{**VISIT, "diagnosis_pointers": [1, 2, 3, 4]}],
        },
    ),
    (
        "modifier-unknown",
        {"lines": [{**VISIT, "modifiers": ["98"]}]},
        {"lines": [{**VISIT, "modifiers": ["25"]}]},
    ),
    (
        "modifier-unlisted",
        {"lines": [{**VISIT, "modifiers": ["ZZ"]}]},
        {"lines": [{**VISIT, "modifiers": ["GC"]}]},
    ),
    (
        "modifier-family",
        {"lines": [{**VISIT, "modifiers": ["RT"]}]},
        {"lines": [{"code": "73562", "modifiers": ["RT"]}]},
    ),
    (
        "modifier-repeated",
        {"lines": [{**VISIT, "modifiers": ["25", "25"]}]},
        {"lines": [{**VISIT, "modifiers": ["25", "GC"]}]},
    ),
    (
        "modifier-bilateral-side",
        {"lines": [{"code": "20610", "modifiers": ["50", "LT"]}]},
        {"lines": [{"code": "20610", "modifiers": ["50"]}]},
    ),
    (
        "modifier-25-missing",
        {"lines": [VISIT, {"code": "20610", "modifiers": ["RT"]}]},
        {"lines": [{**VISIT, "modifiers": ["25"]}, {"code": "20610", "modifiers": ["RT"]}]},
    ),
    (
        "modifier-25-missing",
        {"lines": [VISIT, {"code": "17000"}]},
        {"lines": [VISIT, {"code": "17000", "date_of_service": "2026-05-13"}]},
    ),
    (
        "modifier-25-missing",
        {"lines": [VISIT, {"code": "96372"}]},
        {"lines": [VISIT, {"code": "36415"}]},
    ),
    (
        "component-place",
        {"place_of_service": "22", "lines": [{"code": "71046"}]},
        {"place_of_service": "22", "lines": [{"code": "71046", "modifiers": ["26"]}]},
    ),
    (
        "component-place",
        {"lines": [{"code": "71046", "place_of_service": "23"}]},
        {"lines": [{"code": "71046"}]},
    ),
    (
        "add-on-without-primary",
        {"lines": [{"code": "17003"}]},
        {"lines": [{"code": "17000"}, {"code": "17003"}]},
    ),
    ("place-unknown", {"place_of_service": "48"}, {"place_of_service": "49"}),
    (
        "place-unknown",
        {"lines": [{**VISIT, "place_of_service": "00"}]},
        {"lines": [{**VISIT, "place_of_service": "19"}]},
    ),
    ("place-family", {"place_of_service": "21"}, {"place_of_service": "22"}),
    (
        "place-family",
        {"lines": [{"code": "99284"}]},
        {"lines": [{"code": "99284"}], "place_of_service": "23"},
    ),
    (
        "telehealth-modifier",
        {"place_of_service": "10"},
        {"place_of_service": "10", "lines": [{**VISIT, "modifiers": ["95"]}]},
    ),
    (
        "telehealth-modifier",
        {"place_of_service": "10"},
        {"place_of_service": "10", "payer_type": "medicare"},
    ),
    (
        "telehealth-place",
        {"lines": [{**VISIT, "modifiers": ["95"]}]},
        {"lines": [{**VISIT, "modifiers": ["95"]}], "place_of_service": "02"},
    ),
    (
        "telehealth-code",
        {"lines": [{"code": "85025"}], "place_of_service": "10"},
        {"lines": [{"code": "85025"}]},
    ),
    (
        "units-limit",
        {"lines": [{**VISIT, "units": 2}]},
        {"lines": [{"code": "J3301", "units": 4}]},
    ),
    (
        "units-limit",
        {"lines": [{"code": "97110", "units": 5}, {"code": "97110", "units": 4}]},
        {"lines": [{"code": "97110", "units": 4}, {"code": "97110", "units": 4}]},
    ),
    ("units-not-positive", {"lines": [{**VISIT, "units": 0}]}, {}),
    ("units-not-positive", {"lines": [{**VISIT, "units": -1}]}, {}),
    ("charge-not-positive", {"lines": [{**VISIT, "charge": "0"}]}, {}),
    ("charge-not-positive", {"lines": [{**VISIT, "charge": "-5.00"}]}, {}),
    ("charge-total", {"total_charge": "99.99"}, {"total_charge": "100"}),
    ("frequency-unknown", {"frequency_code": "5"}, {"frequency_code": "1"}),
    (
        "corrected-without-reference",
        {"frequency_code": "7"},
        {"frequency_code": "7", "original_reference": "X1"},
    ),
    ("corrected-without-reference", {"frequency_code": "8"}, {"frequency_code": "1"}),
    ("date-missing", {"lines": [VISIT, {"code": "83036", "date_of_service": None}]}, {}),
    (
        "date-future",
        {"submission_date": "2026-05-11"},
        {"submission_date": "2026-05-12"},
    ),
    (
        "date-before-birth",
        {"patient_birth_date": "2026-05-13"},
        {"patient_birth_date": "2026-05-12"},
    ),
    ("timely-filing", {"submission_date": "2026-11-09"}, {"submission_date": "2026-11-08"}),
    (
        "timely-filing",
        {"submission_date": "2027-05-13", "payer_type": "medicare"},
        {"submission_date": "2027-05-12", "payer_type": "medicare"},
    ),
    ("authorization-missing", {"lines": [MRI]}, {"lines": [MRI], "prior_authorization": "A1"}),
    (
        "authorization-missing",
        {"lines": [MRI]},
        {"lines": [MRI], "payer_type": "medicare"},
    ),
]


def rules_of(findings: tuple[Finding, ...]) -> set[str]:
    return {finding.rule for finding in findings}


def test_the_clean_claim_is_clean(edits: EditEngine) -> None:
    assert edits.run(clean()) == ()


@pytest.mark.parametrize(
    ("rule", "breaks", "holds"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_rule(edits: EditEngine, rule: str, breaks: dict[str, Any], holds: dict[str, Any]) -> None:
    findings = [f for f in edits.run(clean(**breaks)) if f.rule == rule]
    assert findings
    for finding in findings:
        assert finding.message[0].isupper() or finding.message[0].isdigit()
        assert "{" not in finding.message + str(finding.fix)
        assert finding.source
        assert finding.fix
    assert rule not in rules_of(edits.run(clean(**holds)))


def test_every_rule_has_a_case() -> None:
    assert {case[0] for case in CASES} == set(REGISTRY)


def test_table_and_functions_match_one_to_one(edits: EditEngine) -> None:
    assert {row.id for row in load_rules()} == set(REGISTRY) == set(edits.rule_ids)
    assert set(rule_categories()) == set(REGISTRY)


def test_rows_of_a_rule_do_not_overlap() -> None:
    rows = [
        (row.id, payer_type, row.effective_from)
        for row in load_rules()
        for payer_type in row.payer_types
    ]
    assert [key for key, count in Counter(rows).items() if count > 1] == []


def test_a_rule_without_a_function_is_refused(edits: EditEngine) -> None:
    import dataclasses

    from models.claims.edits import TabularCodeSet

    stray = dataclasses.replace(load_rules()[0], id="no-such-rule")
    with pytest.raises(EditTableError, match="no-such-rule"):
        EditEngine(TabularCodeSet(()), rules=[stray])


def test_a_finding_names_its_line(edits: EditEngine) -> None:
    claim = clean(lines=[VISIT, {"code": "83036", "diagnosis_pointers": []}])
    (finding,) = edits.run(claim)
    assert (finding.rule, finding.line, finding.severity) == (
        "pointer-missing",
        2,
        Severity.ERROR,
    )


def test_errors_stand_before_warnings(edits: EditEngine) -> None:
    claim = clean(diagnoses=["E11.9", "E10.9"], lines=[VISIT, VISIT], member_id=None)
    severities = [f.severity for f in edits.run(claim)]
    assert severities == sorted(severities, key=lambda s: s is not Severity.ERROR)
    assert set(severities) == {Severity.ERROR, Severity.WARNING}


@pytest.mark.parametrize(
    ("payer_type", "day", "severity"),
    [
        ("medicare", "2024-09-30", Severity.ERROR),
        ("medicare", "2024-10-01", None),  # deactivated by CMS
        ("commercial", "2024-10-01", Severity.WARNING),
        ("commercial", "2024-09-30", Severity.WARNING),
    ],
)
def test_a_rule_holds_for_its_dates_and_payers(
    edits: EditEngine, payer_type: str, day: str, severity: Severity | None
) -> None:
    claim = clean(
        diagnoses=["N40.1"],
        payer_type=payer_type,
        submission_date=day,
        lines=[{**VISIT, "date_of_service": day}],
    )
    found = [f.severity for f in edits.run(claim) if f.rule == "diagnosis-sex-conflict"]
    assert found == ([severity] if severity else [])


def test_without_a_submission_date_the_day_of_assessment_counts(edits: EditEngine) -> None:
    claim = clean(submission_date=None)
    assert rules_of(edits.run(claim, today=date(2026, 5, 12))) == set()
    assert rules_of(edits.run(claim, today=date(2026, 5, 11))) == {"date-future"}
    assert rules_of(edits.run(claim, today=date(2027, 5, 11))) == {"timely-filing"}


@pytest.mark.parametrize("digits", range(10))
def test_npi_takes_one_check_digit(digits: int) -> None:
    assert is_npi(f"123456789{digits}") == (digits == 3)


@given(st.text(max_size=12))
def test_npi_of_any_text(text: str) -> None:
    if is_npi(text):
        assert re.fullmatch(r"[12][0-9]{9}", text)


@given(st.integers(0, 8), st.integers(1, 9))
def test_npi_catches_every_wrong_digit(place: int, add: int) -> None:
    wrong = NPI[:place] + str((int(NPI[place]) + add) % 10) + NPI[place + 1 :]
    assert not is_npi(wrong)


def test_every_fee_and_modifier_family_is_known() -> None:
    text = (resources.files("data.claims") / "fees.csv").read_text()
    assert [
        r["code"] for r in csv.DictReader(text.splitlines()) if family_of(r["code"]) == "other"
    ] == []
    families = {
        row["family"]
        for row in csv.DictReader(
            (resources.files("models.claims.edits") / "tables" / "code_families.csv")
            .read_text()
            .splitlines()
        )
    }
    tables = load_tables()
    named = set().union(*tables.modifiers.values()) - {"*"}
    named |= set(tables.family_places) | set(tables.component_places)
    named |= tables.visit_families | tables.procedure_families
    assert named <= families | {"eye-test"}, named - families


codes = st.sampled_from(["99213", "20610", "71046", "J3301", "17003", "ZZZ", "99284", "80053"])
modifiers = st.lists(
    st.sampled_from(["25", "26", "50", "RT", "LT", "95", "98", "ZZ"]), max_size=4
).map(tuple)
lines = st.builds(
    ClaimLine,
    number=st.integers(1, 60),
    system=st.just("CPT"),
    code=codes,
    modifiers=modifiers,
    units=st.decimals(-10, 10**6, places=3),
    charge=st.decimals(-10, 10**6, places=2),
    diagnosis_pointers=st.lists(st.integers(-2, 20), max_size=6).map(tuple),
    date_of_service=st.none() | st.dates(),
    place_of_service=st.none() | st.text(max_size=4),
)
claims = st.builds(
    Claim,
    claim_id=st.just("any"),
    patient_birth_date=st.none() | st.dates(),
    payer_type=st.none() | st.sampled_from(["medicare", "commercial", "self_pay", "?"]),
    billing_npi=st.none() | st.text(max_size=12),
    frequency_code=st.text(max_size=3),
    place_of_service=st.none() | st.text(max_size=3),
    submission_date=st.none() | st.dates(),
    total_charge=st.none() | st.decimals(-10, 10**6, places=2),
    diagnoses=st.lists(
        st.sampled_from(["I10", "E11", "S93.401", "W01.0XXA", "N40.1", "M25.569", "X"]).map(
            lambda code: {"code": code if len(code) > 1 else "INVALID"}
        ),
        max_size=14,
    ),
    lines=st.lists(lines, max_size=5).map(tuple),
)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None, max_examples=150)
@given(claim=claims)
def test_any_claim_is_answered(edits: EditEngine, claim: Claim) -> None:
    numbers = {line.number for line in claim.lines}
    for finding in edits.run(claim, today=date(2026, 5, 20)):
        assert finding.rule in REGISTRY
        assert finding.line is None or finding.line in numbers
        assert finding.message

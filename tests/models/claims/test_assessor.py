"""The model and the assessor: exact reasons, honest fixes, abstention, storage."""

from __future__ import annotations

import json
from datetime import date
from math import log
from pathlib import Path

import numpy as np
import pytest

from data.schemas import Claim, Outcome, RiskAssessment
from models.claims.assessor import Assessor, load_fixes
from models.claims.denial import DenialModel, DenialModelError
from models.claims.edits.context import REGISTRY
from models.claims.features import facts_of, feature_vector, load_features, rule_categories
from tests.models.claims.conftest import clean

Pairs = list[tuple[Claim, Outcome]]
KNOWN = {"lines": [{"code": "99213"}], "diagnoses": ["I10"]}


def test_reasons_add_up_to_the_risk(assessor: Assessor, simulated: Pairs) -> None:
    for claim, _ in simulated[-200:]:
        scored = assessor.model.score(claim, assessor.edits.run(claim))
        total = scored.base + sum(scored.contributions.values())
        assert log(scored.risk / (1 - scored.risk)) == pytest.approx(total, abs=1e-9)
        shares = scored.probability_by_category
        assert sum(shares.values()) == pytest.approx(scored.risk)
        assert all(0 <= p <= scored.risk for p in shares.values())


def test_an_assessment_is_what_the_contract_says(assessor: Assessor, simulated: Pairs) -> None:
    for claim, _ in simulated[-60:]:
        assessment = assessor.assess(claim)
        assert assessment.claim_id == claim.claim_id
        assert assessment.bundle == "test@00000000"
        assert assessment.trained_on.kind == "simulated"
        assert assessment.trained_on.real_outcomes == 0
        assert 0 <= assessment.expected_loss <= float(claim.charge) * 2
        assert RiskAssessment.model_validate_json(assessment.model_dump_json()) == assessment
        assert assessor.assess(claim) == assessment


def test_findings_do_not_depend_on_the_model(assessor: Assessor, simulated: Pairs) -> None:
    for claim, _ in simulated[-60:]:
        assert assessor.assess(claim).findings == assessor.edits.run(claim)


def test_expected_loss_is_risk_times_expected_payment(assessor: Assessor) -> None:
    assessment = assessor.assess(clean(**KNOWN))
    share = assessor.model.paid_shares["SIMNORTH|99213"]
    assert assessment.expected_loss == pytest.approx(assessment.risk * 100 * share, abs=0.006)
    assert 0 < share < 1


def test_a_defect_raises_the_risk_and_its_fix_takes_it_back(assessor: Assessor) -> None:
    whole, broken = clean(**KNOWN), clean(**KNOWN, member_id=None)
    before, after = assessor.assess(broken), assessor.assess(whole)
    assert before.risk > after.risk
    fix = next(f for f in before.fixes if "Complete the missing fields" in f.change)
    assert fix.risk_after == pytest.approx(after.risk)
    assert "identification number" in fix.change


def test_authorization_is_proposed_where_it_helps(assessor: Assessor, simulated: Pairs) -> None:
    helped = 0
    for claim, _ in simulated[-800:]:
        assessment = assessor.assess(claim)
        proposed = [f for f in assessment.fixes if "authorization" in f.change]
        if proposed:
            helped += 1
            with_number = claim.model_copy(update={"prior_authorization": "A1"})
            assert proposed[0].risk_after == pytest.approx(assessor.assess(with_number).risk)
        if claim.prior_authorization:
            assert not proposed
    assert helped > 5


def test_fixes_lower_the_risk_the_best_first(assessor: Assessor, simulated: Pairs) -> None:
    for claim, _ in simulated[-400:]:
        assessment = assessor.assess(claim)
        after = [fix.risk_after for fix in assessment.fixes]
        assert after == sorted(after)
        assert all(value < assessment.risk for value in after)


def test_no_fix_restates_the_care_given() -> None:
    rules = {row.rule for row in load_fixes()}
    assert rules <= set(REGISTRY)
    assert {row.kind for row in load_fixes()} == {"data", "documentation", "authorization"}
    # Codes of services, modifiers, units, places and dates of care are not for the model to change.
    care = {r for r in REGISTRY if r.startswith(("modifier-", "units-", "place-", "telehealth-"))}
    care |= {"component-place", "add-on-without-primary", "line-duplicate", "timely-filing"}
    care |= {"diagnosis-excludes1", "diagnosis-sex-conflict", "diagnosis-age-conflict"}
    assert rules.isdisjoint(care)


@pytest.mark.parametrize(
    ("changes", "unseen"),
    [
        ({"payer_id": "NEVERMET"}, "this payer"),
        ({"payer_id": None}, "this payer"),
        ({"lines": [{"code": "33533"}]}, "33533"),
    ],
)
def test_it_abstains_on_what_it_never_met(
    assessor: Assessor, changes: dict[str, object], unseen: str
) -> None:
    assessment = assessor.assess(clean(**{**KNOWN, **changes}))
    assert assessment.abstained
    assert assessment.reasons[0].category == "unseen"
    assert unseen in assessment.reasons[0].message
    assert not assessor.assess(clean(**KNOWN)).abstained


def test_a_claim_without_anything_is_assessed(assessor: Assessor) -> None:
    assessment = assessor.assess(Claim(claim_id="bare"), today=date(2026, 5, 20))
    assert 0 < assessment.risk < 1
    assert assessment.abstained
    assert assessment.expected_loss == 0
    assert {"diagnosis-missing", "line-missing"} <= {f.rule for f in assessment.findings}


def test_a_draft_is_judged_as_sent_on_the_day_of_assessment(assessor: Assessor) -> None:
    draft = clean(**KNOWN, submission_date=None)
    today = date(2026, 5, 20)
    sent = draft.model_copy(update={"submission_date": today})
    assert assessor.assess(draft, today=today) == assessor.assess(sent)


def test_reasons_are_words(assessor: Assessor, simulated: Pairs) -> None:
    for claim, _ in simulated[-200:]:
        for reason in assessor.assess(claim).reasons:
            assert "{" not in reason.message
            assert reason.category
            assert reason.message


def test_a_stored_model_scores_the_same(
    assessor: Assessor, model_folder: Path, tmp_path: Path, simulated: Pairs
) -> None:
    assessor.model.save(tmp_path)
    again = DenialModel.load(tmp_path)
    for claim, _ in simulated[-50:]:
        findings = assessor.edits.run(claim)
        assert again.score(claim, findings).risk == pytest.approx(
            assessor.model.score(claim, findings).risk, abs=1e-12
        )
    assert again.trained_on == assessor.model.trained_on
    assert again.card == assessor.model.card
    names = sorted(p.name for p in model_folder.iterdir())
    assert names == ["denial.npz", "metrics.json", "model.json"]


def test_no_pickle_and_no_patient_in_the_stored_model(model_folder: Path, simulated: Pairs) -> None:
    with np.load(model_folder / "denial.npz", allow_pickle=False) as stored:
        text = " ".join(
            key for name in stored.files if name.endswith(".keys") for key in stored[name].tolist()
        )
    text += (model_folder / "model.json").read_text()
    for claim, _ in simulated[::50]:
        for value in (claim.patient_id, claim.member_id, claim.claim_id):
            assert value is None or value not in text


@pytest.mark.parametrize("damage", ["missing", "cut", "format", "arrays", "features"])
def test_a_damaged_model_is_refused(model_folder: Path, tmp_path: Path, damage: str) -> None:
    for name in ("model.json", "denial.npz"):
        (tmp_path / name).write_bytes((model_folder / name).read_bytes())
    described = json.loads((tmp_path / "model.json").read_text())
    if damage == "missing":
        (tmp_path / "denial.npz").unlink()
    elif damage == "cut":
        (tmp_path / "denial.npz").write_bytes((tmp_path / "denial.npz").read_bytes()[:500])
    elif damage == "arrays":
        np.savez(tmp_path / "denial.npz", allow_pickle=False, mean=np.zeros(3))
    else:
        described |= {"format": 99} if damage == "format" else {"features": ["other"]}
        (tmp_path / "model.json").write_text(json.dumps(described))
    with pytest.raises(DenialModelError, match="train"):
        DenialModel.load(tmp_path)


def test_features_are_known_before_submission(simulated: Pairs, assessor: Assessor) -> None:
    """What a claim's own outcome says cannot change its features: they are not given it."""
    names = [feature.name for feature in load_features()]
    assert len(set(names)) == len(names)
    assert {f"rule_{rule}" for rule in rule_categories()} <= set(names)
    claim = simulated[-1][0]
    findings = assessor.edits.run(claim)
    vector = feature_vector(claim, findings, assessor.model.rates)
    assert len(vector) == len(names)
    assert np.isfinite(vector).all()
    facts = facts_of(claim, findings)
    assert len(facts) == len(claim.lines)
    held = {value for line in facts for value in line.values()}
    assert not {claim.patient_id, claim.member_id, claim.claim_id} & held

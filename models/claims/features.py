"""What is known of a claim before it is sent, as numbers.

Only the claim itself, the findings of the edits and the rates of outcomes that
had been posted by then; nothing of the claim's own remittance.
"""

from __future__ import annotations

import csv
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from math import log, log1p

from data.schemas import Claim, ClaimLine, Finding
from models.claims.rates import Rates

DEAR_DOLLARS = 700
"""Charge from which payers tend to ask for records; splits the records views."""

OLD_CLAIM_DAYS = 85
"""Submission later than the shortest usual filing limit of 90 days, less a margin."""

LAG_BANDS = (85, 115, 175, 355)
"""Ends, in days from service to submission, between the usual filing limits of payers."""

_TELEHEALTH_PLACES = frozenset({"02", "10"})
_LOWEST_RATE = 1e-5


@dataclass(frozen=True, slots=True)
class Feature:
    """A feature's name and the category under which a biller reads of it.

    Attributes:
        rising: more of it never means less risk, whatever a sample of claims says.
    """

    name: str
    category: str
    rising: bool


@cache
def rule_categories() -> dict[str, str]:
    """Edit rule → denial category, from ``rule_categories.csv``."""
    text = (resources.files("models.claims") / "rule_categories.csv").read_text("utf-8")
    return {r["rule"]: r["category"] for r in csv.DictReader(text.splitlines())}


@cache
def load_features() -> tuple[Feature, ...]:
    """Features in the order of the vector: ``features.csv``, then one flag a rule."""
    text = (resources.files("models.claims") / "features.csv").read_text("utf-8")
    plain = [
        Feature(r["feature"], r["category"], r["sign"] == "+")
        for r in csv.DictReader(text.splitlines())
    ]
    flags = [
        Feature(f"rule_{rule}", category, True) for rule, category in rule_categories().items()
    ]
    return (*plain, *flags)


def facts_of(claim: Claim, findings: Sequence[Finding]) -> tuple[dict[str, str], ...]:
    """The facts that key the rates, one mapping a line (one in all for a claim without lines)."""
    rules = {finding.rule for finding in findings}
    claim_facts = {
        "payer": claim.payer_id or "",
        "payer_type": claim.payer_type or "",
        "practice": claim.billing_npi or "",
        "provider": claim.rendering_npi or "",
        "authorized": "with" if claim.prior_authorization else "without",
        "lag": str(bisect_left(LAG_BANDS, lag_days(claim))),
        "dear": "dear" if claim.charge > DEAR_DOLLARS else "small",
        "unmarked": "unmarked" if "modifier-25-missing" in rules else "marked",
        "unspecified": "unspecified" if "diagnosis-unspecified" in rules else "specified",
    }
    if not claim.lines:
        return ({**claim_facts, "code": "", "diagnosis": ""},)
    return tuple(
        {**claim_facts, "code": line.code, "diagnosis": _category_of(claim, line)}
        for line in claim.lines
    )


def _category_of(claim: Claim, line: ClaimLine) -> str:
    """Three-character category of the line's first diagnosis, else of the claim's first."""
    place = line.diagnosis_pointers[0] if line.diagnosis_pointers else 1
    if not 1 <= place <= len(claim.diagnoses):
        place = 1
    return claim.diagnoses[place - 1].code[:3] if claim.diagnoses else ""


def lag_days(claim: Claim) -> int:
    """Days from the earliest service to submission; 0 where either is unknown."""
    day, sent = claim.date_of_service, claim.submission_date
    return max(0, (sent - day).days) if day and sent else 0


def feature_vector(
    claim: Claim,
    findings: Sequence[Finding],
    rates: Rates,
    facts: Sequence[dict[str, str]] | None = None,
) -> list[float]:
    """The features in the order of :func:`load_features`, shape (features,)."""
    facts = facts or facts_of(claim, findings)
    first = facts[0]
    values = _rate_features(rates, first, facts)
    day, lag = claim.date_of_service, lag_days(claim)
    values |= {
        "january": float(day is not None and day.month == 1),
        "days_to_submission": log1p(lag),
        "old_claim": float(lag > OLD_CLAIM_DAYS),
        "charge": log1p(max(0.0, float(claim.charge))),
        "lines": float(len(claim.lines)),
        "diagnoses": float(len(claim.diagnoses)),
        "corrected": float(claim.frequency_code in ("7", "8")),
        "telehealth": float((claim.place_of_service or "") in _TELEHEALTH_PLACES),
        "authorized": float(claim.prior_authorization is not None),
    }
    for finding in findings:
        values[f"rule_{finding.rule}"] = 1.0
    return [values.get(feature.name, 0.0) for feature in load_features()]


def _rate_features(
    rates: Rates, first: dict[str, str], facts: Sequence[dict[str, str]]
) -> dict[str, float]:
    def rate(view: str) -> float:
        return rates.rate(view, first)

    def by_line(view: str) -> list[float]:
        return [rates.rate(view, line) for line in facts]

    authorization = by_line("authorization_payer_code")
    necessity = by_line("necessity_pair")
    coverage = by_line("coverage_payer_code")
    eligibility, information = rate("eligibility_practice"), rate("information_practice")
    coding, unmarked = rate("coding_payer"), rate("coding_unmarked")
    unspecified, timely = rate("coding_unspecified"), rate("timely_payer")
    return {
        "hazard_authorization": _hazard(authorization),
        "hazard_necessity": _hazard(necessity),
        "hazard_coverage": _hazard(coverage),
        "hazard_eligibility": _hazard([eligibility]),
        "hazard_information": _hazard([information]),
        "hazard_coding": _hazard([unmarked, unspecified]),
        "hazard_timely": _hazard([timely]),
        "rate_everything": _logit(rate("payer")),
        "rate_eligibility": _log(eligibility),
        "rate_information": _log(information),
        "rate_authorization": _log(max(authorization)),
        "rate_necessity": _log(max(necessity)),
        "rate_necessity_provider": _log(rate("necessity_provider")),
        "rate_coverage": _log(max(coverage)),
        "rate_coding": _log(coding),
        "rate_coding_unmarked": _log(unmarked),
        "rate_coding_unspecified": _log(unspecified),
        "rate_timely": _log(timely),
        "rate_records": _log(rate("records_payer")),
    }


def _hazard(rates: Sequence[float]) -> float:
    return sum(-log1p(-min(rate, 0.999)) for rate in rates)


def _log(rate: float) -> float:
    return log(max(rate, _LOWEST_RATE))


def _logit(rate: float) -> float:
    bounded = min(max(rate, _LOWEST_RATE), 1 - _LOWEST_RATE)
    return log(bounded / (1 - bounded))

"""A draft claim assessed: what the edits find, and what the learned model expects.

The two stay apart: a finding is a rule's and stands whatever the risk; the risk
is a probability and stands whatever the findings.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path

from data.claims.codes import dotted
from data.schemas import Claim, Finding, Fix, Reason, RiskAssessment
from data.terminology.tabular import load_releases
from models.bundle import Bundle
from models.claims.denial import DenialModel, Scored
from models.claims.edits import EditEngine
from models.claims.edits.code_set import TabularCodeSet
from models.claims.features import lag_days, rule_categories

MAX_REASONS = 5
MAX_FIXES = 5
SMALLEST_REASON = 0.05  # log-odds
SMALLEST_GAIN = 0.005  # of risk, for a fix to be worth a line
_VIEWS = {
    "payer_history": "payer",
    "eligibility": "eligibility_practice",
    "missing_information": "information_practice",
    "authorization": "authorization_payer_code",
    "medical_necessity": "necessity_pair",
    "non_covered": "coverage_payer_code",
    "coding": "coding_payer",
    "attachments": "records_payer",
}
_LINE_CATEGORIES = frozenset({"authorization", "medical_necessity", "non_covered"})
_FEW_CLAIMS = 3.0


@dataclass(frozen=True, slots=True)
class _FixRow:
    rule: str
    kind: str  # data, documentation or authorization: nothing that restates the care given
    change: str


@cache
def load_fixes() -> tuple[_FixRow, ...]:
    """The rows of ``fixes.csv``."""
    return tuple(_FixRow(r["rule"], r["kind"], r["change"]) for r in _rows("fixes"))


@cache
def _reason_words() -> dict[str, tuple[str, str]]:
    return {r["category"]: (r["message"], r["plain"]) for r in _rows("reasons")}


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = (resources.files("models.claims") / f"{name}.csv").read_text("utf-8")
    yield from csv.DictReader(text.splitlines())


class Assessor:
    """Edits and denial model of one bundle. Without state: safe to share between threads."""

    def __init__(self, edits: EditEngine, denial_model: DenialModel, bundle_id: str) -> None:
        self.edits = edits
        self.model = denial_model
        self.bundle_id = bundle_id

    @classmethod
    def load(cls, bundle: Bundle, terminology: Path | None = None) -> Assessor:
        """Open a bundle's denial part over the loaded releases.

        Args:
            terminology: folder of the user's own releases, if any.

        Raises:
            BundleError: the bundle has no denial part.
        """
        edits = EditEngine(TabularCodeSet(load_releases(terminology)))
        return cls(edits, DenialModel.load(bundle.part("denial")), bundle.id)

    def assess(self, claim: Claim, today: date | None = None) -> RiskAssessment:
        """What ``superbill assess`` says of one claim.

        Args:
            today: the day of assessment, where the claim has no submission date.
        """
        if claim.submission_date is None:  # a draft would be sent today
            claim = claim.model_copy(update={"submission_date": today or date.today()})
        findings = self.edits.run(claim)
        scored = self.model.score(claim, findings)
        allowed = self.model.expected_allowed(claim)
        return RiskAssessment(
            claim_id=claim.claim_id,
            bundle=self.bundle_id,
            risk=scored.risk,
            expected_loss=round(scored.risk * allowed, 2),
            findings=findings,
            reasons=tuple(self._reasons(claim, findings, scored)),
            probability_by_category={
                name: round(p, 6) for name, p in scored.probability_by_category.items()
            },
            fixes=tuple(self._fixes(claim, findings, scored)),
            abstained=bool(scored.unseen),
            trained_on=self.model.trained_on,
        )

    def _reasons(
        self, claim: Claim, findings: Sequence[Finding], scored: Scored
    ) -> Iterator[Reason]:
        if scored.unseen:
            named = ", ".join(
                "this payer" if u == "payer" else (u or "no code") for u in scored.unseen
            )
            yield Reason(
                category="unseen",
                contribution=0.0,
                message=f"Too few earlier claims of {named}: the risk is a rough one",
            )
        ranked = sorted(scored.contributions.items(), key=lambda item: -abs(item[1]))
        for category, contribution in ranked[:MAX_REASONS]:
            if abs(contribution) >= SMALLEST_REASON:
                yield Reason(
                    category=category,
                    contribution=round(contribution, 4),
                    message=self._words(category, claim, findings, scored),
                )

    def _words(
        self, category: str, claim: Claim, findings: Sequence[Finding], scored: Scored
    ) -> str:
        categories = rule_categories()
        found = next((f for f in findings if categories.get(f.rule) == category), None)
        if found is not None:
            return found.message
        message, plain = _reason_words()[category]
        view = _VIEWS.get(category)
        facts = scored.facts[0]
        values: dict[str, object] = {
            "payer": claim.payer_id or "this payer",
            "lines": len(claim.lines),
            "diagnoses": len(claim.diagnoses),
            "charge": f"{claim.charge:.2f}",
        }
        if category == "timely_filing":
            values["days"] = lag_days(claim)
        if view is not None:
            if category in _LINE_CATEGORIES:
                facts = max(scored.facts, key=lambda line: self.model.rates.rate(view, line))
            count, rate = self.model.rates.seen(view, facts)
            if count < _FEW_CLAIMS:
                return plain
            values |= {
                "rate": f"{rate:.0%}",
                "count": round(count),
                "code": facts["code"],
                "diagnosis": dotted(facts["diagnosis"]),
                "authorized": f"{facts['authorized']} an authorization",
            }
        return message.format_map(values)

    def _fixes(self, claim: Claim, findings: Sequence[Finding], scored: Scored) -> Iterator[Fix]:
        found: list[Fix] = []
        for row in load_fixes():
            mine = [f for f in findings if f.rule == row.rule]
            changed = claim
            if row.kind == "authorization":
                if claim.prior_authorization or not claim.lines:
                    continue
                changed = claim.model_copy(update={"prior_authorization": "OBTAINED"})
            elif not mine:
                continue
            # The draft after the repair: the same claim without the finding. What the
            # repaired field would hold is not known, and no feature reads its value.
            rest = [f for f in findings if f.rule != row.rule]
            after = self.model.score(changed, rest).risk
            if scored.risk - after >= SMALLEST_GAIN:
                named = "; ".join(dict.fromkeys(f.message for f in mine))
                change = f"{row.change} ({named})" if named else row.change
                found.append(Fix(change=change, risk_after=after))
        yield from sorted(found, key=lambda fix: fix.risk_after)[:MAX_FIXES]

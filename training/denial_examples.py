"""Claims and outcomes as training examples, encoded in the order of time.

Rates are encoded as they stood on each claim's submission date, from outcomes
that had been posted by then; labels that came later are never looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from data.schemas import Claim, Finding, Outcome, Severity
from models.claims.denial import paid_share_keys
from models.claims.features import facts_of, feature_vector
from models.claims.rates import Rates

if TYPE_CHECKING:
    from models.claims.edits import EditEngine

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Progress = Callable[[str, int, int], None]
"""Called with stage, done and total."""

MINIMUM_CLAIMS = 500


class TrainingDataError(ValueError):
    """Claims and outcomes that cannot train a model; the message says what is missing."""


@dataclass(frozen=True)
class Examples:
    """n claims in order of submission, encoded without looking ahead; F features.

    Attributes:
        day: (n,) ordinal of submission.
        features: (n, F).
        categories: denial category of each claim, "" where paid.
        dollars: (n,) charge; expected: (n,) expected payment.
        rule_score: (n,) errors plus half the warnings of the edits.
    """

    day: NDArray[np.int64]
    features: Floats
    denied: Bools
    categories: NDArray[np.str_]
    payer_type: NDArray[np.str_]
    dollars: Floats
    expected: Floats
    rule_score: Floats

    def part(self, keep: Bools) -> Examples:
        return Examples(**{name: values[keep] for name, values in vars(self).items()})


def match(claims: Iterable[Claim], outcomes: Iterable[Outcome]) -> list[tuple[Claim, Outcome]]:
    """Claims with a submission date and their posted outcomes, in order of submission.

    Raises:
        TrainingDataError: fewer than ``MINIMUM_CLAIMS`` match.
    """
    by_id = {outcome.claim_id: outcome for outcome in outcomes}
    pairs = [
        (claim, by_id[claim.claim_id])
        for claim in claims
        if claim.submission_date
        and claim.claim_id in by_id
        # An outcome posted before its claim was sent belongs to another claim.
        and (by_id[claim.claim_id].posted or date.min) >= claim.submission_date
    ]
    if len(pairs) < MINIMUM_CLAIMS:
        raise TrainingDataError(
            f"{len(pairs)} claims with a submission date and a posted outcome; "
            f"at least {MINIMUM_CLAIMS} are needed"
        )
    return sorted(pairs, key=lambda pair: (pair[0].submission_date or date.min, pair[0].claim_id))


def encode(
    pairs: list[tuple[Claim, Outcome]],
    edits: EditEngine,
    freeze_day: int,
    progress: Progress | None = None,
) -> tuple[Examples, Rates, dict[str, float]]:
    """Features of each claim as known on the day it was sent.

    Args:
        pairs: in order of submission.
        freeze_day: from this ordinal day on, outcomes no longer enter the rates.

    Returns:
        The examples, the rates as of ``freeze_day``, and the shares of charges paid.
    """
    posted = sorted(range(len(pairs)), key=lambda i: (_posted(pairs[i][1]), i))
    facts_kept: list[tuple[dict[str, str], ...]] = []
    rates, paid, waiting = Rates(), PaidShares(), 0
    rows: list[list[float]] = []
    rule_score, expected = np.zeros(len(pairs)), np.zeros(len(pairs))
    for index, (claim, _) in enumerate(pairs):
        sent = (claim.submission_date or date.min).toordinal()
        horizon = min(sent, freeze_day)
        while waiting < len(posted) and _posted(pairs[posted[waiting]][1]) < horizon:
            known, outcome = pairs[posted[waiting]]
            # A claim's outcome is posted after it was sent, so its facts are here already.
            rates.add(
                facts_kept[posted[waiting]], _posted(outcome), outcome.denied, outcome.category
            )
            paid.add(known, outcome)
            waiting += 1
        findings = edits.run(claim)
        facts = facts_of(claim, findings)
        facts_kept.append(facts)
        rows.append(feature_vector(claim, findings, rates, facts))
        rule_score[index] = rule_score_of(findings)
        expected[index] = float(claim.charge) * paid.share(claim)
        if progress is not None and index % 1000 == 0:
            progress("encode", index, len(pairs))
    examples = examples_of(pairs, np.array(rows), expected, rule_score)
    return examples, rates, paid.table()


def examples_of(
    pairs: Sequence[tuple[Claim, Outcome]], features: Floats, expected: Floats, rule_score: Floats
) -> Examples:
    """Encoded claims with what became of them."""
    return Examples(
        day=np.array([(c.submission_date or date.min).toordinal() for c, _ in pairs]),
        features=features,
        denied=np.array([o.denied for _, o in pairs]),
        categories=np.array([(o.category or "other") if o.denied else "" for _, o in pairs]),
        payer_type=np.array([c.payer_type or "" for c, _ in pairs]),
        dollars=np.array([float(c.charge) for c, _ in pairs]),
        expected=expected,
        rule_score=rule_score,
    )


def rule_score_of(findings: Iterable[Finding]) -> float:
    """The rules-only baseline's score: errors, and half the warnings."""
    return sum(1.0 if f.severity is Severity.ERROR else 0.5 for f in findings)


def _posted(outcome: Outcome) -> int:
    return (outcome.posted or date.max).toordinal()


class PaidShares:
    """Share of the charge that is paid on claims not denied, by payer and first code."""

    SMALLEST_CHARGES = 3000.0  # dollars charged from which a key's own share is used

    def __init__(self) -> None:
        self._sums: dict[str, list[float]] = {"": [1.0, 2.0]}  # half, until anything is known

    def add(self, claim: Claim, outcome: Outcome) -> None:
        if outcome.denied or claim.charge <= 0:
            return
        for key in dict.fromkeys(paid_share_keys(claim)):
            entry = self._sums.setdefault(key, [0.0, 0.0])
            entry[0] += float(outcome.paid)
            entry[1] += float(claim.charge)

    def share(self, claim: Claim) -> float:
        """The share of the narrowest key with enough charges behind it."""
        for key in paid_share_keys(claim):
            entry = self._sums.get(key)
            if entry is not None and (entry[1] >= self.SMALLEST_CHARGES or key == ""):
                return entry[0] / entry[1]
        return 0.5

    def table(self) -> dict[str, float]:
        """Key → share, for keys with enough charges and for the whole ("")."""
        return {
            key: paid / charged
            for key, (paid, charged) in sorted(self._sums.items())
            if charged >= self.SMALLEST_CHARGES or key == ""
        }

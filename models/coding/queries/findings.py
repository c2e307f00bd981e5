"""(b) An abnormal value or culture was treated and no diagnosis names it (guideline III.B).

A value never selects a diagnosis. Any mention of a diagnosis that would name it, denied or
suspected as well, answers the question: the clinician has thought of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from data.schemas import Assertion
from models.coding.queries.chart import Chart, Raised, apart
from models.coding.queries.measured import Reading
from models.coding.queries.tables import AbnormalFinding, abnormal_findings

KIND = "missing_diagnosis"
ADULT = 18.0  # age taken where none is known


def _is_abnormal(finding: AbnormalFinding, reading: Reading) -> bool:
    if finding.direction == "above":
        return max(reading.values) > finding.threshold
    return min(reading.values) < finding.threshold


def _abnormal(
    chart: Chart, finding: AbnormalFinding, readings: Sequence[Reading]
) -> list[tuple[int, int]]:
    """Places of the values or words that make a finding."""
    if finding.found is not None:
        return chart.matches(finding.found, 2)
    ours = [r for r in readings if r.measure == finding.measure]
    if finding.direction != "rise":
        return [(r.start, r.end) for r in ours if _is_abnormal(finding, r)]
    if not ours:
        return []
    low = min(ours, key=lambda r: min(r.values))
    high = max(ours, key=lambda r: max(r.values))
    if max(high.values) < finding.threshold * min(low.values) or max(high.values) < 1.2:
        return []
    return [(high.start, high.end), (low.start, low.end)]


def _is_named(chart: Chart, finding: AbnormalFinding) -> bool:
    if any(code.startswith(finding.conditions) for code in chart.selected):
        return True
    if finding.words is not None and finding.words.search(chart.text):
        return True
    said = [a for a in Assertion if a is not Assertion.FAMILY]
    return next(chart.spoken(finding.conditions, said), None) is not None


def unnamed_findings(chart: Chart, readings: Sequence[Reading]) -> Iterator[Raised]:
    """Queries for treated findings without a diagnosis."""
    age = ADULT if chart.age is None else chart.age
    measured = {r.measure for r in readings}
    for finding in abnormal_findings():
        importance = finding.importance[chart.setting]
        youngest, oldest = finding.ages
        if not importance or not youngest <= age <= oldest:
            continue
        if finding.measure and finding.measure not in measured:
            continue
        places = _abnormal(chart, finding, readings)
        if not places or _is_named(chart, finding):
            continue
        treated = chart.matches(finding.treatment, 2)
        if not treated:
            continue
        yield Raised(
            KIND,
            finding.id,
            importance,
            f"The note documents the {finding.finding} and the treatment quoted here. What "
            "diagnosis, if any, is associated with them?",
            finding.options,
            apart([*places[:2], *treated]),
        )

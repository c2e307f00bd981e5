"""(d) A diagnosis of a facility inpatient note without its indicators or without its link."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from data.schemas import Setting
from models.coding.queries.chart import Chart, Raised, apart
from models.coding.queries.measured import Reading
from models.coding.queries.rule_tables import Validity, links, validity

KIND = "clinical_validity"


def _met(chart: Chart, row: Validity, readings: Sequence[Reading]) -> list[tuple[int, int]]:
    """Places of different criteria that the note fulfils, as many as are needed."""
    found: dict[str, tuple[int, int]] = {}
    for name, sign, threshold in row.values:
        for reading in readings:
            if reading.measure != name:
                continue
            met = (
                max(reading.values) > threshold if sign == ">" else min(reading.values) < threshold
            )
            if met:
                found.setdefault(name, (reading.start, reading.end))
    if row.words is not None:
        for match in row.words.finditer(chart.text):
            if len(found) >= row.needed:
                break
            if chart.is_present(*match.span()):
                found.setdefault(match.group().lower(), match.span())
    return list(found.values())


def _unsupported(chart: Chart, readings: Sequence[Reading]) -> Iterator[Raised]:
    for row in validity():
        code = next((c for c in chart.documented if c.startswith(row.codes)), None)
        importance = row.importance[chart.setting]
        if code is None or not importance:
            continue
        places = chart.addressed(code)
        met = _met(chart, row, readings) if places else []
        if not places or len(met) >= row.needed:
            continue
        yield Raised(
            KIND,
            row.condition,
            importance,
            f"The note documents {row.condition}. Please clarify whether the diagnosis is "
            "clinically supported and, if it is, which indicators support it.",
            (
                f"{row.condition} is confirmed (please state the supporting indicators)",
                f"{row.condition} is ruled out",
                "another condition explains the findings (please state)",
            ),
            apart([*((o.start, o.end) for o in places[:2]), *met]),
        )


def _unlinked(chart: Chart) -> Iterator[Raised]:
    for row in links():
        importance = row.importance[chart.setting]
        if not importance or (
            row.absent and any(c.startswith(row.absent) for c in chart.documented)
        ):
            continue
        one = next((c for c in chart.documented if c.startswith(row.conditions)), None)
        other = next((c for c in chart.documented if c.startswith(row.beside)), None)
        if one is None or other is None or row.linked.search(chart.text):
            continue
        ours, theirs = chart.addressed(one), chart.addressed(other)
        if ours and theirs:
            yield Raised(
                KIND,
                row.id,
                importance,
                row.question,
                row.options,
                apart((o.start, o.end) for o in (ours[0], theirs[0])),
            )


def doubtful_diagnoses(chart: Chart, readings: Sequence[Reading]) -> Iterator[Raised]:
    """Queries for diagnoses whose support or relation is not documented (facility inpatient)."""
    if chart.setting is not Setting.INPATIENT or not chart.facility_inpatient:
        return
    yield from _unsupported(chart, readings)
    yield from _unlinked(chart)

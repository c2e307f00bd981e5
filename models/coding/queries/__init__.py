"""Provider queries: questions a coder can send to the clinician.

After the AHIMA/ACDIS "Guidelines for Achieving a Compliant Query Practice": a query quotes
the clinical indicators of the note, does not lead, offers choices that include *other* and
*unable to determine*, and says nothing of payment, codes or scores. Drugs and values select
no diagnosis anywhere in the coder; what they do is raise these questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from data.schemas import Evidence, Query
from data.terminology.icd10cm import Release
from models.coding.candidates import Candidates
from models.coding.document import Document
from models.coding.queries.chart import Chart, Raised
from models.coding.queries.conflicts import contradictions_of
from models.coding.queries.findings import unnamed_findings
from models.coding.queries.measured import read_measures
from models.coding.queries.specificity import missing_specificity
from models.coding.queries.treatments import untreated_questions
from models.coding.queries.validity import doubtful_diagnoses

__all__ = ["KINDS", "MOST", "OTHER", "UNABLE", "provider_queries"]

KINDS = ("specificity", "missing_diagnosis", "conflict", "clinical_validity")
MOST = 5
"""Queries of one note at the most; a clinician who is asked more answers none."""
OTHER, UNABLE = "Other (please specify)", "Unable to determine"

# Of two queries about one thing the one that stands first here is asked.
_PRECEDENCE = {"conflict": 0, "clinical_validity": 1, "missing_diagnosis": 2, "specificity": 3}


def _sentence_case(option: str) -> str:
    return option[:1].upper() + option[1:]


def _different(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The first place of each wording, without those that say less of the same."""
    kept: list[Evidence] = []
    for span in sorted(evidence, key=lambda e: -len(e.text)):
        if all(span.text.lower() not in k.text.lower() for k in kept):
            kept.append(span)
    return tuple(e for e in evidence if e in kept)


def _worded(chart: Chart, raised: Raised) -> Query:
    evidence = chart.evidence(raised.spans)
    options = (*(_sentence_case(o) for o in raised.options), OTHER, UNABLE)
    return Query(
        kind=raised.kind,
        question=raised.question,
        options=tuple(dict.fromkeys(options)),
        # Where two statements conflict, both places matter, whatever their words.
        evidence=evidence if raised.kind == "conflict" else _different(evidence),
    )


def _first_of_each(raised: Iterable[Raised]) -> list[Raised]:
    """One query about a thing, most important first.

    Nor a second one that quotes what an earlier one rests on, or rests on what that quotes: a
    query rests on the words it quotes first.
    """
    ranked = sorted(raised, key=lambda r: (_PRECEDENCE[r.kind], -r.importance, r.spans))
    kept: list[Raised] = []
    for query in ranked:
        if any(
            query.about == k.about or query.spans[0] in k.spans or k.spans[0] in query.spans
            for k in kept
        ):
            continue
        kept.append(query)
    return sorted(kept, key=lambda r: (-r.importance, _PRECEDENCE[r.kind], r.spans))


def provider_queries(
    document: Document,
    found: Candidates,
    selected: Sequence[str],
    release: Release,
    confidence: Mapping[str, float],
) -> tuple[Query, ...]:
    """The questions that a note leaves open, most important first, :data:`MOST` at the most.

    Args:
        found: every candidate of the note.
        selected: the diagnoses proposed for it.
        confidence: of the candidates that no convention left out.
    """
    chart = Chart(document, found, selected, release, confidence)
    readings = list(read_measures(chart))
    raised = [
        *contradictions_of(chart),
        *doubtful_diagnoses(chart, readings),
        *untreated_questions(chart),
        *unnamed_findings(chart, readings),
        *missing_specificity(chart),
    ]
    asked = _first_of_each(r for r in raised if r.spans)
    return tuple(_worded(chart, query) for query in asked[:MOST])

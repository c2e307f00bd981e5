"""Whether each service that a note names was done here and now: learned, over the tables' cues.

The tables' weights (:mod:`models.procedures.status`) and the words around a service are
features of a multinomial logistic regression, trained on gold services.
"""

from __future__ import annotations

from collections.abc import Sequence

from data.schemas import System
from data.terminology.procedure_codes import Concept
from models.coding.document import Document
from models.hashing import HashedModel
from models.procedures.mentions import Finder, Layout
from models.procedures.status import Scored, score
from models.procedures.surroundings import Surroundings
from models.procedures.types import Judged, Mention, Status
from models.procedures.visits import Visit

UNNAMED = Concept("", "", System.CPT, "", {}, ())
"""Stands for a service that the tables do not know."""
OWN_STUDY = 5.0
"""Weight of a report's head, which names its own studies."""
_HEAD = 300
_BODY = frozenset((
    "indication", "hpi", "technique", "findings", "impression", "labs", "assessment",
))  # fmt: skip
_STATUSES = tuple(Status)


def own_studies(document: Document, layout: Layout, mentions: Sequence[Mention]) -> set[int]:
    """Offsets of a report's own studies: those its head names; others are compared or advised."""
    limit = min(
        [s.start - len(s.header) for s in document.sections if s.kind in _BODY and s.start > 40]
        + [_HEAD, len(document.text)]
    )
    head = [m for m in mentions if m.start < limit]
    if not head:
        performing = ("technique", "procedure")
        head = [m for m in mentions if layout.section_kind(m.start) in performing]
    return {m.start for m in head or mentions[:1]}


def scored_mentions(
    document: Document, layout: Layout, visit: Visit, mentions: Sequence[Mention]
) -> list[Scored]:
    """The tables' weights for each mention, a report's own studies before others."""
    own = own_studies(document, layout, mentions) if visit.kind == "radiology" else None
    out = []
    for mention in mentions:
        scored = score(document, layout, mention, visit.kind)
        if own is not None:
            at = Status.PERFORMED if mention.start in own else Status.HISTORICAL
            scores = {**scored.scores, at: scored.scores[at] + OWN_STUDY}
            scored = Scored(scores, (*scored.cues, f"report:{at}"))
        out.append(scored)
    return out


def judge(
    document: Document,
    layout: Layout,
    visit: Visit,
    mentions: Sequence[Mention],
    model: HashedModel,
) -> list[Judged]:
    """The status of each mention with the probability that it was done.

    Args:
        model: of :class:`Status`, in its order.
    """
    around = Surroundings(document, layout, visit)
    scored = scored_mentions(document, layout, visit, mentions)
    rows = [around.of(m, s) for m, s in zip(mentions, scored, strict=True)]
    found = model.probabilities(rows)
    done = _STATUSES.index(Status.PERFORMED)
    return [
        Judged(m, _STATUSES[int(p.argmax())], float(p[done]) * m.told, s.cues, tuple(row))
        for m, s, row, p in zip(mentions, scored, rows, found, strict=True)
    ]


def mentions_at(
    document: Document, layout: Layout, finder: Finder, spans: Sequence[tuple[int, int]]
) -> list[Mention]:
    """A mention at each span: of what the tables find there, or :data:`UNNAMED`."""
    known = finder.find(document, layout)
    out = []
    for start, end in spans:
        over = [m for m in known if m.start < end and m.end > start]
        best = max(over, key=lambda m: min(m.end, end) - max(m.start, start), default=None)
        out.append(Mention(best.concept if best else UNNAMED, start, end))
    return out

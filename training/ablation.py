"""What each source of candidates adds: ``superbill evaluate coder --ablation``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from data.schemas import GoldNote, System
from models.coding.circumstances.phrases import PhraseTable
from models.coding.document import Document, read_document
from models.coding.features import features
from models.coding.linking import Linker
from models.coding.mentions import Mention
from models.coding.retrieval import Retrieved
from models.coding.selection import Selection


@dataclass(frozen=True)
class Stage:
    """One source of candidates that can be left out.

    Attributes:
        mentions: sources of mentions that go.
        lexical, dense, speller, circumstances: what else goes.
    """

    name: str
    mentions: frozenset[str] = frozenset()
    lexical: bool = False
    dense: bool = False
    speller: bool = False
    circumstances: bool = False


def _bags(*sources: str) -> frozenset[str]:
    return frozenset(s for source in sources for s in (source, f"bag:{source}"))


_ALL_BAGS = frozenset(f"bag:{s}" for s in ("lexicon", "description", "inclusion", "index"))
STAGES = (
    Stage("everything"),
    Stage("without lexicon wordings", mentions=_bags("lexicon") | {"sense"}),
    Stage("without Tabular List wordings", mentions=_bags("description", "inclusion")),
    Stage("without ambiguous forms", mentions=frozenset({"sense"})),
    Stage("without wordings read as bags", mentions=_ALL_BAGS),
    Stage("without retrieval by words", lexical=True),
    Stage("without dense retrieval", dense=True),
    Stage("without any retrieval", lexical=True, dense=True),
    Stage("without spelling by characters", speller=True),
    Stage("without circumstances", circumstances=True),
)


class _Ablated(Linker):
    """A linker without one of its sources; it shares the rest with the one it is made of."""

    def __init__(self, whole: Linker, stage: Stage) -> None:
        self.__dict__.update(whole.__dict__)
        self._stage = stage
        if stage.speller:
            self.speller = None
        if stage.circumstances:
            self.phrases = PhraseTable((), {})
        if stage.lexical or stage.dense:
            self.retriever = copy.copy(whole.retriever)
            self.retriever.leave_out(lexical=stage.lexical, dense=stage.dense)

    def mentions(self, document: Document) -> list[Mention]:
        return [m for m in super().mentions(document) if m.source not in self._stage.mentions]

    def retrieved(self, queries: Sequence[str]) -> list[list[Retrieved]]:
        if self._stage.lexical and self._stage.dense:
            return [[] for _ in queries]
        return super().retrieved(queries)


def ablation(
    linker: Linker, selection: Selection, golds: Sequence[GoldNote], log: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Share of gold codes that are candidates, and among the ranker's first 10 and 25, by stage."""
    out: dict[str, dict[str, float]] = {}
    for stage in STAGES:
        log(f"ablation: {stage.name}")
        part = _Ablated(linker, stage)
        total = held = top10 = top25 = count = 0
        for gold in golds:
            document = read_document(gold.note)
            found = part.candidates(document)
            codes = sorted(found)
            wanted = set(gold.codes_of(System.ICD10CM))
            total += len(wanted)
            count += len(codes)
            if not codes:
                continue
            rows = features(document, found, codes, part.facts)
            beside = selection.ranker.beside(document, found, codes)
            scores = selection.ranker.scores(rows, codes, beside)
            ranking = [codes[i] for i in np.argsort(-scores, kind="stable")]
            held += len(wanted & set(codes))
            top10 += len(wanted & set(ranking[:10]))
            top25 += len(wanted & set(ranking[:25]))
        out[stage.name] = {
            "candidate_recall": held / max(1, total),
            "recall_at_10": top10 / max(1, total),
            "recall_at_25": top25 / max(1, total),
            "candidates_a_note": count / max(1, len(golds)),
        }
    return out

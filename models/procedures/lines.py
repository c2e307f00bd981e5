"""What speaks for a line standing on the claim, as hashed features."""

from __future__ import annotations

from bisect import bisect
from collections import Counter
from collections.abc import Sequence

from data.schemas import Note
from data.terminology.procedure_codes import ProcedureCode
from models.procedures.em import LevelledVisit
from models.procedures.encounters import encounter_features
from models.procedures.recognizer import Recognised, chance_at
from models.procedures.types import Diagnoses, Line
from models.procedures.visits import Visit

LENGTHS = (60, 120, 200, 350)
"""Words of a note: a long one names more that was not done."""
STEPS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
"""A probability is told by the steps it passes: a linear model over them bends as it needs."""


def steps(name: str, value: float) -> list[str]:
    """``name>0.1``, ``name>0.2`` … up to the value."""
    return [f"{name}>{step}" for step in STEPS if value > step]


class LineFeatures:
    """Reads the features of one note's lines."""

    def __init__(
        self,
        note: Note,
        visit: Visit,
        lines: Sequence[Line],
        recognised: Sequence[Recognised] = (),
    ) -> None:
        self._recognised = recognised
        self._words = len(note.text.split())
        self._encounter = encounter_features(note, visit)
        self._families = Counter(line.concept.family for line in lines if line.chance > 0.5)
        self._concepts = Counter(line.concept.name for line in lines)
        self._best: dict[str, float] = {}
        for line in lines:
            family = line.concept.family
            self._best[family] = max(self._best.get(family, 0.0), line.chance)

    def of(self, line: Line) -> list[str]:
        """Features of a line made of what the note names."""
        concept, family = line.concept.name, line.concept.family
        code = line.entry.code
        length = f"length {bisect(LENGTHS, self._words)}"
        found = ["service", f"code {code}", f"concept {concept}", f"family {family}"]
        found += steps("chance", line.chance) + steps(f"{family} chance", line.chance)
        likely = [item for item in line.judged if item.chance > 0.5]
        found += [length, f"{length} {family}"]
        found += [f"{length} {step}" for step in steps("chance", line.chance)]
        found += [f"told {min(len(line.judged), 4)}", f"done {min(len(likely), 3)}"]
        found += [f"{family} {what}" for what in self._encounter] + self._encounter
        found += [f"noted {note.partition(':')[0]}" for note in line.notes]
        found += [f"{slot} {value}" for slot, value in line.slots.items() if slot != "age"]
        found += [f"among {name}" for name in self._families if name != family]
        found.append(f"kin {min(self._families[family], 3)}")
        if line.chance < self._best[family]:
            found.append("kin likelier")
        if self._concepts[concept] > 1:
            found.append("one of several")
        best = max(line.judged, key=lambda item: item.chance, default=None)
        if best is not None:
            found += [f"at {feature}" for feature in best.features]
        found += self._told(line)
        return found

    def _told(self, line: Line) -> list[str]:
        """What the sentences say of the line's concept, whether named or not."""
        if not self._recognised or not line.judged:
            return []
        concept, family = line.concept.name, line.concept.family
        way = "charted" if line.charted else "named"
        told = max(
            max(
                chance_at(self._recognised, concept, item.mention.start, item.mention.end),
                item.mention.told if item.mention.told < 1 else 0.0,
            )
            for item in line.judged
        )
        anywhere = max((r.chance for r in self._recognised if r.concept == concept), default=0.0)
        rivals = max(
            (
                r.chance
                for r in self._recognised
                if r.concept != concept
                for item in line.judged
                if r.start < item.mention.end and item.mention.start < r.end
            ),
            default=0.0,
        )
        return [
            way, f"{family} {way}", *steps(f"{way} told", told), *steps("told anywhere", anywhere),
            *steps(f"{way} rivals", rivals), *steps(f"{family} told", told),
        ]  # fmt: skip


class VisitFeatures:
    """Reads the features of a visit's code."""

    def __init__(
        self, note: Note, visit: Visit, performed: Sequence[Line], diagnoses: Diagnoses
    ) -> None:
        self._encounter = encounter_features(note, visit)
        self._telehealth = visit.telehealth
        self._families = sorted({line.concept.family for line in performed})
        self._diagnoses = [code[:3] for code, _ in diagnoses]

    def of(self, levelled: LevelledVisit, entry: ProcedureCode, chance: float) -> list[str]:
        """Features of one code of it; ``chance``: that its level is the right one."""
        sheet = levelled.worksheet
        found = ["visit", f"visit {entry.concept}", f"code {entry.code}"]
        found += steps("level", chance) + steps(f"{entry.family} level", chance)
        found += [f"visit {what}" for what in self._encounter]
        found += [f"visit beside {family}" for family in self._families]
        found.append(f"visit beside {min(len(self._families), 3)}")
        found += [f"visit for {category}" for category in self._diagnoses]
        if self._diagnoses:
            found.append(f"visit first {self._diagnoses[0]}")
        found += [f"telehealth {self._telehealth}", f"by {sheet.get('method')}"]
        if entry is levelled.runner_up:
            found.append("runner-up")
        if levelled.second:
            found.append("second visit")
            found += [
                f"second {feature}" for feature in levelled.features if " reaches " in feature
            ]
        return found

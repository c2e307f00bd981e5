"""How far each element of decision making goes: learned, over what the tables count.

The tables count problems, data and risk as the CPT rules define them; what they cannot tell
(is this illness stable? was that drug managed or only listed?) a multinomial logistic
regression weighs from what was counted, the diagnoses and the encounter. The level of the
visit is then the rules' alone. The words of assessment and plan as further features made it
no better.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from data.schemas import Note
from models.hashing import HashedModel
from models.procedures.elements import Element
from models.procedures.encounters import encounter_features
from models.procedures.leveler import HIGHEST, LOWEST, decision_level
from models.procedures.types import Diagnoses
from models.procedures.visits import Visit

LEVELS = HIGHEST - LOWEST + 1
_MOST = 6  # of a kind: more say no more


@dataclass(frozen=True)
class Weighed:
    """Probabilities of the levels of each element, shape [levels] each."""

    problems: NDArray[np.float64]
    data: NDArray[np.float64]
    risk: NDArray[np.float64]

    def combinations(self) -> Iterator[tuple[tuple[int, int, int], float]]:
        """Every choice of levels of problems, data and risk with its probability."""
        for a, b, c in product(range(LEVELS), repeat=3):
            chance = float(self.problems[a] * self.data[b] * self.risk[c])
            yield (LOWEST + a, LOWEST + b, LOWEST + c), chance

    def decision(self) -> NDArray[np.float64]:
        """Probabilities of the levels of decision making, shape [levels], elements apart."""
        out = np.zeros(LEVELS)
        for levels, chance in self.combinations():
            out[decision_level(*levels) - LOWEST] += chance
        return out

    def levels(self, decision: int) -> tuple[int, int, int]:
        """The likeliest levels of problems, data and risk that give a level of decision making."""
        fitting = (
            (chance, levels)
            for levels, chance in self.combinations()
            if decision_level(*levels) == decision
        )
        return max(fitting, key=lambda row: row[0])[1]


def _certain(level: int) -> NDArray[np.float64]:
    out = np.zeros(LEVELS)
    out[level - LOWEST] = 1.0
    return out


def _counted(name: str, element: Element) -> list[str]:
    """An element as the tables count it."""
    kinds = Counter(item.kind for item in element.items)
    found = [f"{name} counts {element.level}"]
    found += [f"{name} reaches {level}" for level in range(LOWEST, element.level + 1)]
    for kind, count in kinds.items():
        found += [f"{name} {kind}>={n}" for n in range(1, min(count, _MOST) + 1)]
    if name != "problems":
        found += [f"{name} {item.kind} {item.label}" for item in element.items]
    return found


def element_features(
    note: Note,
    visit: Visit,
    diagnoses: Diagnoses,
    counted: Mapping[str, Element],
    performed: Sequence[str],
) -> list[str]:
    """Features of a visit, the same for all three elements.

    Args:
        performed: families of the services done beside it.
    """
    found = encounter_features(note, visit)
    for name, element in counted.items():
        found += _counted(name, element)
    by_decision = decision_level(*(counted[n].level for n in ("problems", "data", "risk")))
    found.append(f"together {by_decision}")
    found += [f"performed {family}" for family in performed]
    own = [code for code, _ in diagnoses if code[:1] not in "ZVWXY"]
    found += [f"diagnoses>={n}" for n in range(1, min(len(own), _MOST) + 1)]
    found += [f"diagnosis {code[:3]}" for code, _ in diagnoses]
    found += [f"chapter {code[:1]}" for code in own]
    if own:
        found.append(f"first {own[0][:3]}")
    return found


def weigh(
    counted: Mapping[str, Element], features: Sequence[str], models: Mapping[str, HashedModel]
) -> Weighed:
    """Levels of the elements; as counted where there is no model."""
    each = [
        models[name].probabilities([features])[0] if name in models else _certain(element.level)
        for name, element in counted.items()
    ]
    return Weighed(*each)

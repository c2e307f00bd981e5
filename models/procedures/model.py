"""What was learned of procedures, as a bundle holds it: statuses, elements, lines.

``training/procedures.py`` fits it. The tables say what may be billed and which code it takes;
this says whether a service was done, how far each element of a visit goes, and how likely a
line made from both stands on the claim.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.calibration import GroupedCalibration
from models.hashing import HashedModel
from models.procedures.types import Status

ELEMENTS = ("problems", "data", "risk")
LEVELS = ("straightforward", "low", "moderate", "high")
"""Of an element, in order; the first is level 2 of the visit codes."""


@dataclass(frozen=True)
class ProcedureModel:
    """Everything learned.

    Attributes:
        status: logits of :class:`Status` for the words of a service.
        elements: for each of :data:`ELEMENTS` logits of :data:`LEVELS` for a visit.
        lines: log-odds that a line is billed.
        calibration: of these, by kind of line (``visit``, ``service``).
        select: probability from which a line is proposed.
    """

    status: HashedModel
    elements: dict[str, HashedModel]
    lines: HashedModel
    calibration: GroupedCalibration
    select: float

    def __post_init__(self) -> None:
        if self.status.labels != tuple(status.value for status in Status):
            raise ValueError("procedures: the bundle tells other statuses apart; retrain it")
        if any(self.elements[name].labels != LEVELS for name in ELEMENTS):
            raise ValueError("procedures: the bundle's elements have other levels; retrain it")

    def save(self, folder: Path) -> None:
        """Write every part into ``folder``."""
        folder.mkdir(parents=True, exist_ok=True)
        self.status.save(folder / "status.npz")
        self.lines.save(folder / "lines.npz")
        for name, model in self.elements.items():
            model.save(folder / f"{name}.npz")
        raw = {"select": self.select, "calibration": self.calibration.to_json()}
        (folder / "selection.json").write_text(json.dumps(raw, indent=1) + "\n", "utf-8")

    @classmethod
    def load(cls, folder: Path) -> ProcedureModel:
        """Read what :meth:`save` wrote.

        Raises:
            OSError: a file is missing.
            ValueError: one does not hold.
        """
        raw = json.loads((folder / "selection.json").read_text("utf-8"))
        return cls(
            HashedModel.load(folder / "status.npz"),
            {name: HashedModel.load(folder / f"{name}.npz") for name in ELEMENTS},
            HashedModel.load(folder / "lines.npz"),
            GroupedCalibration.from_json(raw["calibration"]),
            float(raw["select"]),
        )

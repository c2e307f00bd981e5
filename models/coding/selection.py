"""A convention's operating points: ranker, calibration, thresholds, as a bundle holds them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from models.calibration import GroupedCalibration
from models.coding.ranking import Ranker


@dataclass(frozen=True)
class Selection:
    """Operating points of one convention: P ≥ ``select`` is proposed, ≥ ``auto_accept`` is safe."""

    ranker: Ranker
    calibration: GroupedCalibration
    select: float
    auto_accept: float

    @classmethod
    def load(cls, folder: Path) -> Selection:
        raw = json.loads((folder / "selection.json").read_text("utf-8"))
        return cls(
            Ranker.load(folder),
            GroupedCalibration.from_json(raw["calibration"]),
            float(raw["select"]),
            float(raw["auto_accept"]),
        )

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ranker.save(folder)
        raw = {
            "select": self.select,
            "auto_accept": self.auto_accept,
            "calibration": self.calibration.to_json(),
        }
        (folder / "selection.json").write_text(json.dumps(raw, indent=1) + "\n", "utf-8")

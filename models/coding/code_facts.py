"""What holds of a code in every note: its kind, how well the lexicon knows it, how common it is."""

from __future__ import annotations

import math
from collections import Counter

from data.terminology.icd10cm import Release
from data.terminology.lexicon import load_common, load_terms

_PERSONAL = ("Z85", "Z86", "Z87")
_FAMILY = ("Z80", "Z81", "Z82", "Z83", "Z84")
_LATE_SYMPTOMS = ("M25.5", "M79.6", "M54.2", "M54.5", "M54.6", "M54.9", "G89", "N64.4", "H57.1")
COMMON_TIERS = 5  # weight of a code is this less its tier of common_conditions.csv


class CodeFacts:
    """Of each code of a release, made when first asked for."""

    def __init__(self, release: Release) -> None:
        self.release = release
        forms = Counter(term.code for term in load_terms())
        self._forms = {code: math.log1p(n) for code, n in forms.items()}
        self._common = {code: (COMMON_TIERS - tier) / 4 for code, tier in load_common().items()}
        self._common_category: dict[str, float] = {}
        for code, weight in self._common.items():
            self._common_category[code[:3]] = max(weight, self._common_category.get(code[:3], 0.0))
        self._kinds: dict[str, dict[str, float]] = {}

    def _known(self, code: str) -> float:
        """How many forms the lexicon has for the code or the nodes above it (log)."""
        above = (self._forms.get(node.code, 0.0) for node in self.release.ancestors(code))
        return max(self._forms.get(code, 0.0), *above, 0.0)

    def kind(self, code: str) -> dict[str, float]:
        """The features that hold of a code in every note."""
        if code not in self._kinds:
            node = self.release.nodes[code]
            text = node.description.lower()
            unspecified = "unspecified" in text
            self._kinds[code] = {
                "is_symptom": float(is_symptom(code, self.release)),
                "is_status": float(node.chapter == 21),
                "is_history": float(code.startswith(_PERSONAL)),
                "is_family_history": float(code.startswith(_FAMILY)),
                "is_drug_status": float(code.startswith("Z79")),
                "is_external_cause": float(code[0] in "VWXY"),
                "is_injury": float(code[0] in "ST"),
                "is_pregnancy": float(code[0] == "O"),
                "is_neoplasm": float(node.chapter == 2),
                "is_unspecified": float(unspecified),
                "is_other": float(text.startswith("other") or " other " in text),
                "is_sided_open": float(unspecified and ("side" in text or "eye" in text)),
                "knownness": self._known(code),
                "common": self._common.get(code, 0.0),
                "common_category": self._common_category.get(code[:3], 0.0),
            }
        return self._kinds[code]


def is_symptom(code: str, release: Release) -> bool:
    """Whether a code says a symptom or a sign, of chapter 18 or of a body system."""
    return release.nodes[code].chapter == 18 or code.startswith(_LATE_SYMPTOMS)

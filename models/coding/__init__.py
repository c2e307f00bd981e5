"""Notes to codes.

spaCy's array library imports torch wherever it finds it, which costs a process
seconds and 200 MB; nothing that codes a note uses it. So spaCy is imported here
first, as if torch were not installed.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import cast


def _import_spacy_without_torch() -> None:
    if "torch" in sys.modules or "spacy" in sys.modules:
        return
    modules = cast("dict[str, ModuleType | None]", sys.modules)
    modules["torch"] = None  # makes "import torch" raise ImportError
    try:
        import spacy  # noqa: F401
    finally:
        del modules["torch"]


_import_spacy_without_torch()

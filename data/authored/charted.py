"""Sentences as services are charted, each with the concept of the procedure tables it charts.

Invented for Superbill, CC BY 4.0; ``charted/<area>.tsv`` holds ``concept<TAB>sentence``. They
teach the recognizer (``training/recognizer.py``), and nothing is measured on them.
"""

from __future__ import annotations

from data.authored import FOLDER, AuthoredError


def load_charted() -> list[tuple[str, str]]:
    """(concept, sentence) pairs.

    Raises:
        AuthoredError: a line without both; names file, line and fix.
    """
    out = []
    for path in sorted((FOLDER / "charted").glob("*.tsv")):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
            concept, _, sentence = line.partition("\t")
            if not concept.strip() or not sentence.strip() or "\t" in sentence:
                raise AuthoredError(
                    f"{path.name}, line {number}: write concept, one tab and the sentence"
                )
            out.append((concept, sentence.strip()))
    return out

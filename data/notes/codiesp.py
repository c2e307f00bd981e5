"""CodiEsp v4 (Miranda-Escalada et al., CLEF eHealth 2020; CC BY 4.0) as gold notes.

Coded by another convention than US billing: every mention counts, negated ones
too, and evidence offsets are into the Spanish text; so it is read without
evidence and used under ``every-mention`` only. Lines are
``{"id", "text", "codes": [{"system", "code"}]}``, text in machine-translated English.
"""

from __future__ import annotations

import json
from pathlib import Path

from data.schemas import GoldCode, GoldNote, Note, System


class CorpusError(ValueError):
    """A corpus file that does not hold; the message names the line."""


def read_codiesp(path: Path) -> list[GoldNote]:
    """Every case of one part.

    Raises:
        CorpusError: no such file, or a line of another form.
    """
    if not path.is_file():
        raise CorpusError(
            f"{path}: no such file; give the folder that holds train.jsonl and dev.jsonl"
        )
    notes = []
    with path.open(encoding="utf-8") as handle:
        for number, line in enumerate(handle, start=1):
            try:
                raw = json.loads(line)
                unique = {(c["system"], c["code"].upper()) for c in raw["codes"]}
                codes = tuple(
                    GoldCode(system=System(system), code=code) for system, code in sorted(unique)
                )
                notes.append(GoldNote(note=Note(id=raw["id"], text=raw["text"]), codes=codes))
            except (KeyError, TypeError, ValueError) as error:
                raise CorpusError(f"{path.name}: line {number}: {error}") from error
    return notes

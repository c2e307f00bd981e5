"""Runs in medspaCy's own environment: JSON lines of notes in, ConText's categories out.

Started by :mod:`training.context_comparison`; it imports nothing of this project. A line
is ``{"text", "spans": [[start, end], ...]}``; the answer holds a list of categories for
each span. The last line is ``{"seconds"}``: what reading all notes took, set-up apart.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """Read every line of standard input, answer each on standard output."""
    import importlib

    import spacy
    from spacy.util import filter_spans

    # By name: the package belongs to this environment, not to the project's requirements.
    package = importlib.import_module("medspacy.context")
    nlp = spacy.blank("en")
    nlp.max_length = 2_000_000
    nlp.add_pipe("medspacy_pyrush")
    context = package.ConText(nlp)
    notes = [json.loads(line) for line in sys.stdin]
    nlp("Warm up.")
    answers = []
    seconds = 0.0
    for note in notes:
        begin = time.perf_counter()
        doc = nlp(note["text"])
        found: list[list[str]] = [[] for _ in note["spans"]]
        spans = [
            span
            for start, end in note["spans"]
            if (span := doc.char_span(start, end, label="CONDITION", alignment_mode="expand"))
        ]
        if len(spans) < len(note["spans"]):
            raise ValueError("a span lies outside its note")
        left = list(range(len(spans)))
        while left:  # entities may not overlap: those that do are read in a second pass
            doc.ents = filter_spans([spans[i] for i in left])
            taken = {(e.start, e.end) for e in doc.ents}
            context(doc)
            if len(left) == len(spans):  # a second pass is ours, not the program's: not timed
                seconds += time.perf_counter() - begin
            for entity in doc.ents:
                names = [m.category for m in entity._.modifiers]
                for i in left:
                    if (spans[i].start, spans[i].end) == (entity.start, entity.end):
                        found[i] = names
            left = [i for i in left if (spans[i].start, spans[i].end) not in taken]
        answers.append(found)
    for found in answers:
        print(json.dumps(found))
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()

"""Runs in medspaCy's own environment: JSON lines of note texts in, seconds of each out.

Started by :mod:`training.bench_medspacy`; it imports nothing of this project. The pipeline
is what ``medspacy.load()`` gives by default (tokenizer, PyRuSH sentences, target matcher,
ConText), with the target rules of its first line, as a user must write some.
"""

from __future__ import annotations

import json
import sys
import time


def main() -> None:
    """First line: the target rules' words; then one ``{"text"}`` a line, answered by seconds."""
    import importlib

    # By name: the package belongs to this environment, not to the project's requirements.
    medspacy = importlib.import_module("medspacy")
    rules = importlib.import_module("medspacy.target_matcher").TargetRule
    nlp = medspacy.load()
    words = json.loads(sys.stdin.readline())
    nlp.get_pipe("medspacy_target_matcher").add([rules(word, "CONDITION") for word in words])
    nlp("Warm up. No chest pain.")
    for line in sys.stdin:
        text = json.loads(line)["text"]
        begin = time.perf_counter()
        nlp(text)
        print(json.dumps(time.perf_counter() - begin), flush=True)


if __name__ == "__main__":
    main()

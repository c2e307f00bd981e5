"""A demo workspace's sample notes."""

from __future__ import annotations

import logging

from serving.coding.service import CodingService
from serving.errors import Problem, log_scrubbed

log = logging.getLogger("superbill.demo")


def load_samples(coding: CodingService, split: str = "samples") -> int:
    """Store the authored sample notes that are not stored yet, with their suggestions.

    Safe to call at every start: a note that is there is left as it is, with its
    decisions. A sample that cannot be stored is logged and skipped; the
    server starts without it.

    Returns:
        How many notes are new.
    """
    from data.authored import load_notes

    added = 0
    for gold in load_notes(split):
        try:
            _, created = coding.add_note(gold.note)
        except Problem as problem:
            log.warning("sample note not loaded: %s", problem.kind)
        except Exception as error:
            log_scrubbed("sample note not loaded", error)
        else:
            added += created
    log.info("samples=%d", added)
    return added

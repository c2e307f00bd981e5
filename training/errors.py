"""What training and evaluation refuse."""

from __future__ import annotations


class TrainingError(ValueError):
    """What a user can mend: the message says how."""

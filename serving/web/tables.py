"""The pages' tables: words, keys and reasons that are rows, not code."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from typing import Any


@cache
def table(name: str) -> tuple[dict[str, str], ...]:
    """The rows of ``resources/<name>.csv``."""
    source = resources.files("serving.web") / "resources" / f"{name}.csv"
    return tuple(csv.DictReader(source.read_text("utf-8").splitlines()))


def keys_of(page: str) -> list[dict[str, Any]]:
    """The keys that a page listens to, for its help."""
    return [
        {"keys": row["keys"].split(), "does": row["does"]}
        for row in table("keys")
        if row["page"] == page
    ]

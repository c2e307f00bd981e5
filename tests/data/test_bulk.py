"""Building and holding large tables: the collector is off while building, and leaks nothing."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from data.bulk import settled, uncollected


class Bundle:
    """Refers to itself, as what only the collector can give back."""

    def __init__(self) -> None:
        self.own = self


@pytest.fixture(autouse=True)
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_another_replaced_is_given_back() -> None:
    old = Bundle()
    gone = weakref.ref(old)
    settled()
    del old
    assert gone() is not None  # frozen, and only a cycle holds it
    settled()
    assert gone() is None


def test_the_collector_is_as_it_was_after_building() -> None:
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()

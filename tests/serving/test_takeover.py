"""A promoted bundle is taken over without a gap; a broken one is not."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from data.schemas import Note
from serving.claims.service import ClaimService
from serving.coding.service import CodingService
from serving.database import Database
from serving.errors import Problem
from serving.models.service import ModelService
from serving.settings import DEMO_PRACTICE
from tests.serving.fixed import FixedLoader

POLL = 0.02


@pytest.fixture
def loader() -> FixedLoader:
    return FixedLoader()


@pytest.fixture
def models(loader: FixedLoader) -> Iterator[ModelService]:
    service = ModelService(loader, poll_seconds=POLL)
    service.start()
    assert service.ready.wait(10)
    yield service
    service.stop()


def eventually(true: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if true():
            return True
        time.sleep(POLL)
    return true()


def test_before_the_first_load_everything_is_503() -> None:
    service = ModelService(FixedLoader(), poll_seconds=POLL)
    for ask in (lambda: service.current, lambda: service.catalog):
        with pytest.raises(Problem) as caught:
            ask()
        assert caught.value.status_code == 503


def test_a_promotion_is_taken_over(models: ModelService, loader: FixedLoader) -> None:
    held = models.current
    loader.promote("second")
    assert eventually(lambda: models.current.bundle.name == "second")
    assert held.coder.bundle == held.id  # type: ignore[attr-defined]


def test_nothing_is_loaded_while_the_aliases_stand_still(
    models: ModelService, loader: FixedLoader
) -> None:
    time.sleep(POLL * 10)
    assert loader.loads == ["first"]


def test_a_broken_bundle_leaves_the_old_one_serving(
    models: ModelService, loader: FixedLoader, caplog: pytest.LogCaptureFixture
) -> None:
    loader.promote("broken")
    assert eventually(lambda: "broken" in loader.loads)
    time.sleep(POLL * 10)
    assert models.current.bundle.name == "first"
    assert loader.loads.count("broken") == 1  # not tried again until the aliases change
    loader.promote("third")
    assert eventually(lambda: models.current.bundle.name == "third")


def test_a_first_bundle_that_appears_late_is_found(caplog: pytest.LogCaptureFixture) -> None:
    loader = FixedLoader("broken")
    service = ModelService(loader, poll_seconds=POLL)
    service.start()
    assert eventually(lambda: service.failure is not None)
    assert not service.ready.is_set()
    loader.name = "built-meanwhile"
    assert service.ready.wait(20)
    service.stop()


def test_samples_that_fail_do_not_keep_the_server_from_being_ready(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> None:
        raise ValueError("a secret of a note")

    service = ModelService(FixedLoader(), poll_seconds=POLL, on_ready=fail)
    service.start()
    assert service.ready.wait(10)
    service.stop()
    assert "secret" not in caplog.text


def test_no_request_is_dropped_or_mixed_while_bundles_change(
    tmp_path: Any, models: ModelService, loader: FixedLoader
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.upgrade()
    claims = ClaimService(database, models, DEMO_PRACTICE)
    coding = CodingService(database, models, claims)
    stop = threading.Event()
    mixed: list[Any] = []
    answered = [0]

    def ask() -> None:
        notes = [{"id": str(n), "text": "hypertension"} for n in range(20)]
        while not stop.is_set():
            lines = coding.suggest_many(notes)
            if len({getattr(line, "bundle", "error") for line in lines}) != 1:
                mixed.append(lines)
            answered[0] += len(lines)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(5):
        loader.promote(f"bundle-{number}")
        assert eventually(lambda: models.current.bundle.name == loader.name)
    stop.set()
    for thread in threads:
        thread.join()
    database.close()
    assert answered[0] > 0
    assert mixed == []


def test_each_stored_result_keeps_the_bundle_that_made_it(
    tmp_path: Any, models: ModelService, loader: FixedLoader, make_note: Any
) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    database.upgrade()
    coding = CodingService(database, models, ClaimService(database, models, DEMO_PRACTICE))
    note = Note.model_validate(make_note())
    first, _ = coding.add_note(note)
    assert first.result is not None
    assert coding.rerun(note.id).result_id == first.result_id  # same bundle: nothing new
    loader.promote("second")
    assert eventually(lambda: models.current.bundle.name == "second")
    assert coding.note(note.id).result == first.result
    again = coding.rerun(note.id)
    database.close()
    assert again.result is not None
    assert again.result_id != first.result_id
    assert again.result.bundle.startswith("second@")

"""Runs and bundles in MLflow: ``var/mlflow.db`` by default, a server by MLFLOW_TRACKING_URI.

Only configurations, figures, ids and codes are logged; never a note's words.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models.bundle import Bundle

EXPERIMENT = "superbill"
REGISTERED_MODEL = "superbill-bundle"


class Run:
    """One MLflow run being written."""

    def __init__(self, client: Any, run_id: str) -> None:
        self._client = client
        self.id = run_id

    def params(self, values: Mapping[str, object]) -> None:
        for name, value in values.items():
            self._client.log_param(self.id, name, str(value)[:500])

    def metrics(self, values: Mapping[str, float], prefix: str = "") -> None:
        for name, value in values.items():
            self._client.log_metric(self.id, f"{prefix}{name}", float(value))

    def artifact(self, path: Path) -> None:
        self._client.log_artifact(self.id, str(path))

    def register(self, bundle: Bundle) -> str:
        """Register a bundle as a version of the registered model; returns the version."""
        from mlflow.exceptions import MlflowException

        try:
            self._client.create_registered_model(REGISTERED_MODEL)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        version = self._client.create_model_version(
            REGISTERED_MODEL,
            source=bundle.path.resolve().as_uri(),
            run_id=self.id,
            tags={"bundle": bundle.id},
        )
        return str(version.version)


def client(var: Path) -> Any:
    """An MLflow client on this installation's store."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    os.environ.setdefault("DO_NOT_TRACK", "true")
    os.environ.setdefault("MLFLOW_RECORD_ENV_VARS_IN_MODEL_LOGGING", "false")
    from mlflow import MlflowClient

    uri = os.environ.get("MLFLOW_TRACKING_URI")
    if not uri:
        var.mkdir(parents=True, exist_ok=True)
        uri = f"sqlite:///{(var / 'mlflow.db').resolve()}"
    return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def tracked(name: str, var: Path) -> Iterator[Run]:
    """A run from start to end; marked FAILED if the block raises."""
    mlflow = client(var)
    experiment = mlflow.get_experiment_by_name(EXPERIMENT)
    if experiment is None:
        folder = (var / "mlruns").resolve().as_uri()
        experiment_id = mlflow.create_experiment(EXPERIMENT, artifact_location=folder)
    else:
        experiment_id = experiment.experiment_id
    run = mlflow.create_run(experiment_id, run_name=name)
    try:
        yield Run(mlflow, run.info.run_id)
    except BaseException:
        mlflow.set_terminated(run.info.run_id, status="FAILED")
        raise
    mlflow.set_terminated(run.info.run_id)

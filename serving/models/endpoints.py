"""``/v1/models`` and the probes: which bundle answers, and whether the server does."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from serving import examples
from serving.deps import JsonRoute, models_of, services_of
from serving.errors import Problem
from serving.models.service import ModelService, ModelsView

router = APIRouter(route_class=JsonRoute)


class Health(BaseModel):
    status: str = Field(examples=["ok"])


class Readiness(BaseModel):
    status: str = Field(examples=["ready"])
    bundle: str = Field(examples=["coder-2026-09-01-3f9a"])


class Version(BaseModel):
    """What runs here."""

    name: str
    version: str
    bundle: str | None
    schema_revision: str | None


@router.get(
    "/v1/models",
    tags=["models"],
    summary="The bundle being served, and all in the store",
    responses=examples.of(200, "models", 503),
)
def list_models(models: Annotated[ModelService, Depends(models_of)]) -> ModelsView:
    """A promotion is taken over within a second or so, without dropping a request."""
    return models.view()


@router.get("/healthz", tags=["probes"], summary="Alive", responses=examples.of(200, "health"))
async def health() -> Health:
    """Answers as soon as the process does, whatever is still loading."""
    return Health(status="ok")


@router.get(
    "/readyz",
    tags=["probes"],
    summary="Ready to code",
    responses=examples.of(200, "readiness", 503),
)
async def ready(request: Request) -> Readiness:
    """200 once the models are loaded and the database answers, else 503."""
    services = services_of(request)
    if not services.models.ready.is_set():
        raise services.models.not_ready()
    try:
        await run_in_threadpool(services.database.ping)
    except SQLAlchemyError:
        raise Problem(
            "not-ready", "The database does not answer.", headers={"retry-after": "3"}
        ) from None
    return Readiness(status="ready", bundle=services.models.current.id)


@router.get(
    "/version", tags=["probes"], summary="What runs here", responses=examples.of(200, "version")
)
def version(request: Request) -> Version:
    """Package version, bundle and schema revision."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    services = services_of(request)
    try:
        number = installed("superbill")
    except PackageNotFoundError:
        number = "0+source"
    return Version(
        name="superbill",
        version=number,
        bundle=services.models.bundle_id,
        schema_revision=services.database.revision(),
    )

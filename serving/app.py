"""The application: one factory, and ``serving.app:app`` for uvicorn.

Started, the server first brings the database to the newest schema, then loads
the models in a thread of its own: ``/healthz`` answers meanwhile, ``/readyz``
says 503 until they are there.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool

from serving import errors, examples
from serving.announce import announce
from serving.claims import endpoints as claims_endpoints
from serving.claims.service import ClaimService
from serving.coding import endpoints as coding_endpoints
from serving.coding.service import CodingService
from serving.database import Database
from serving.demo import load_samples
from serving.deps import Services
from serving.middleware import AccessLog, BodyLimit, CatchAll, HostGuard, OriginGuard
from serving.models import endpoints as models_endpoints
from serving.models.service import BundleLoader, Loader, ModelService
from serving.settings import Settings
from serving.web import endpoints as web_endpoints

DESCRIPTION = """\
Clinical notes in; ICD-10-CM, CPT and HCPCS codes with evidence and calibrated
confidence out; draft claims scored for denial risk with reasons and fixes.

Offsets count Unicode code points, half-open, into the note's text as received.
Errors are problem details (RFC 9457) and never repeat what was sent.
"""
LIBRARY_ERRORS = ("HTTPValidationError", "ValidationError")


def create_app(settings: Settings | None = None, loader: Loader | None = None) -> FastAPI:
    """The server.

    Args:
        settings: without them they are read from the environment.
        loader: reads bundles and catalogue; without it those of ``settings``.
    """
    settings = settings or Settings()
    database = Database(settings.url)
    models = ModelService(loader or BundleLoader(settings), settings.bundle_poll_seconds)
    claims = ClaimService(database, models, settings.claim_practice)
    coding = CodingService(database, models, claims)
    if settings.demo and settings.samples:
        models.on_ready = lambda: load_samples(coding)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        # Uvicorn's own access log writes paths and queries, which name patients.
        logging.getLogger("uvicorn.access").disabled = True
        await run_in_threadpool(database.upgrade)
        models.start()
        try:
            yield
        finally:
            models.stop()
            database.close()

    app = FastAPI(
        title="Superbill",
        description=DESCRIPTION,
        version="1",
        lifespan=lifespan,
        docs_url=None,  # its scripts come from another host, which the policy forbids
        redoc_url=None,
        generate_unique_id_function=lambda route: route.name,
        # The library's own telemetry would export error messages: they may quote a note.
        telemetry={
            "tracing": False,
            "metrics": False,
            "logs": False,
            "operation_spans": False,
            "auto_configure": False,
        },
    )
    app.state.services = Services(settings, database, models, coding, claims)
    errors.install(app)
    for router in (
        coding_endpoints.router,
        claims_endpoints.router,
        models_endpoints.router,
        web_endpoints.router,
    ):
        app.include_router(router)
    # The last added is the outermost.
    app.add_middleware(BodyLimit, limit=settings.max_body_bytes)
    app.add_middleware(OriginGuard)
    app.add_middleware(HostGuard, hosts=settings.hosts)
    app.add_middleware(CatchAll)
    app.add_middleware(AccessLog)
    app.openapi = lambda: openapi_of(app)  # type: ignore[method-assign]
    return app


def openapi_of(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document, with every error as problem details."""
    if app.openapi_schema:
        return app.openapi_schema
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        separate_input_output_schemas=False,
    )
    schemas = document["components"]["schemas"]
    for name in LIBRARY_ERRORS:
        schemas.pop(name, None)
    problem = errors.ProblemDetails.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["ProblemDetails"] = problem
    for operations in document["paths"].values():
        for operation in operations.values():
            if "422" in operation["responses"]:
                operation["responses"]["422"] = examples.problem(422)
    app.openapi_schema = document
    return document


def serve(settings: Settings | None = None) -> None:
    """Run the server until it is stopped; for ``superbill serve`` and ``python -m serving``."""
    import uvicorn

    settings = settings or Settings()
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("alembic").setLevel(logging.WARNING)
    if settings.port:
        announce(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        access_log=False,
        server_header=False,
        log_config=None,
        timeout_graceful_shutdown=10,
    )


def __getattr__(name: str) -> Any:
    """``serving.app:app``, made when first asked for and not at import."""
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    app = create_app()
    globals()["app"] = app
    return app

"""What the rooms share: the interfaces they stand on, and how a request finds them."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, Protocol, cast

from fastapi import Depends, Request
from fastapi.routing import APIRoute
from pydantic_core import from_json
from starlette.responses import Response

from data.schemas import Claim, CodingResult, Convention, Note, RiskAssessment, System
from serving.database import Database
from serving.errors import Problem
from serving.settings import Settings

if TYPE_CHECKING:
    from data.terminology.catalog import CodeEntry, Hit
    from serving.claims.service import ClaimService
    from serving.coding.service import CodingService
    from serving.models.service import ModelService


class CoderLike(Protocol):
    """A loaded coder; ``suggest`` is pure and may run in many threads."""

    def suggest(self, note: Note, convention: Convention = ...) -> CodingResult: ...


class AssessorLike(Protocol):
    """A loaded denial model with its edits; ``assess`` is pure."""

    def assess(self, claim: Claim) -> RiskAssessment: ...


class CatalogLike(Protocol):
    """All code systems."""

    def lookup(self, system: System, code: str, on: date | None = ...) -> CodeEntry | None: ...
    def search(
        self, query: str, system: System | None = ..., limit: int = ..., on: date | None = ...
    ) -> list[Hit]: ...


@dataclass(frozen=True)
class Services:
    """Everything a request may need, made once by the app factory."""

    settings: Settings
    database: Database
    models: ModelService
    coding: CodingService
    claims: ClaimService


def services_of(request: Request) -> Services:
    """The services of the app that answers ``request``."""
    return cast(Services, request.app.state.services)


def coding_of(request: Request) -> CodingService:
    return services_of(request).coding


def claims_of(request: Request) -> ClaimService:
    return services_of(request).claims


def models_of(request: Request) -> ModelService:
    return services_of(request).models


def actor_of(request: Request) -> str:
    """Who acts. One local person until there is a sign-in."""
    return "local"


Actor = Annotated[str, Depends(actor_of)]


class StrictRequest(Request):
    """A request whose JSON is read as the standard says: UTF-8, finite, not too deep."""

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            body = await self.body()
            try:
                body.decode("utf-8")
            except UnicodeDecodeError as error:
                raise Problem(
                    "malformed-body",
                    f"The body is not UTF-8: the byte at position {error.start} does not belong. "
                    "Convert the text to UTF-8 and send it again.",
                ) from None
            try:
                self._json = from_json(body.removeprefix(b"\xef\xbb\xbf"), allow_inf_nan=False)
            except ValueError as error:
                # The parser says what it expected and where, never what it read.
                raise Problem("malformed-body", f"The body is not valid JSON: {error}.") from None
        return self._json


class JsonRoute(APIRoute):
    """A route that reads strict JSON and answers other media types with 415."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()
        takes_body = self.body_field is not None

        async def handle(request: Request) -> Response:
            if takes_body:
                _require_json(request)
            return await handler(StrictRequest(request.scope, request.receive))

        return handle


def _require_json(request: Request) -> None:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.lower().replace(" ", "").replace('"', "").partition("charset=")[2]
    if media_type.strip().lower() != "application/json" or charset not in {"", "utf-8", "utf8"}:
        raise Problem(
            "unsupported-media-type",
            "Send JSON in UTF-8 with the header Content-Type: application/json.",
            headers={"accept": "application/json"},
        )

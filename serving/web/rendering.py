"""Pages from templates: escaped throughout, strict about names, errors as pages too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cache
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from serving.deps import services_of
from serving.errors import Problem, field_problems, sentence
from serving.web.assets import assets
from serving.web.tables import keys_of, table
from serving.web.views import anchor

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HTMX_CONFIG = (
    # No eval, no style of its own (the policy forbids both); and no copy of a
    # page in the browser's storage: pages hold notes. What is swapped in acts at
    # once: after a delay the first key pressed on it would be lost.
    '{"allowEval":false,"allowScriptTags":false,"includeIndicatorStyles":false,'
    '"historyCacheSize":0,"refreshOnHistoryMiss":true,"selfRequestsOnly":true,'
    '"defaultSwapStyle":"outerHTML","defaultSettleDelay":0,"timeout":30000}'
)


@cache
def environment() -> Environment:
    """The templates with what they may use."""
    templates = Environment(
        loader=PackageLoader("serving.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters.update(
        percent=percent, money=money, words=words, moment=moment, verbatim=verbatim
    )
    templates.globals.update(
        asset=assets().url, anchor=anchor, keys_of=keys_of, table=table, htmx_config=HTMX_CONFIG
    )
    return templates


def page(request: Request, template: str, status: int = 200, **context: Any) -> HTMLResponse:
    """One rendered template as an answer."""
    services = services_of(request)
    body = (
        environment()
        .get_template(template)
        .render(
            demo=services.settings.demo,
            bundle=services.models.bundle_id,
            **context,
        )
    )
    return HTMLResponse(
        body,
        status_code=status,
        headers={
            "content-security-policy": CONTENT_SECURITY_POLICY,
            # Under "no-referrer" browsers send "Origin: null" with our own forms.
            "referrer-policy": "same-origin",
        },
    )


def is_htmx(request: Request) -> bool:
    """Whether htmx asks for a part of a page."""
    return request.headers.get("hx-request") == "true"


class PageRoute(APIRoute):
    """A route for people: a refusal is a page to them, and a problem to a script."""

    def get_route_handler(self) -> Callable[[Request], Any]:
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                response: Response = await handler(request)
            except RequestValidationError as error:
                if is_htmx(request):
                    raise
                detail = sentence(field_problems(error.errors()))
                return _error_page(request, 422, "The request is not valid", detail, {})
            except Problem as problem:
                if is_htmx(request):
                    raise
                headers = problem.headers or {}
                return _error_page(
                    request, problem.status_code, problem.title, str(problem.detail), headers
                )
            return response

        return handle


def _error_page(
    request: Request, status: int, title: str, detail: str, headers: Mapping[str, str]
) -> Response:
    response = page(request, "error.html", status, title=title, detail=detail)
    response.headers.update(headers)
    return response


def percent(value: float) -> str:
    """A probability for people: whole percents, never a false 0 or 100."""
    if 0.995 <= value < 1:
        return ">99%"
    if 0 < value < 0.005:
        return "<1%"
    return f"{value:.0%}"


def money(value: Decimal | float) -> str:
    """Dollars with cents."""
    return f"${value:,.2f}"


def words(value: object) -> str:
    """A value of a vocabulary as words: ``in_review`` → ``in review``."""
    return "" if value is None else str(value).replace("_", " ").replace("-", " ")


def moment(value: datetime) -> str:
    """A moment to the minute, in UTC."""
    return f"{value:%Y-%m-%d %H:%M} UTC"


def verbatim(text: str) -> Markup:
    """Escaped text whose carriage returns survive the browser's reading of the page."""
    return Markup(str(escape(text)).replace("\r", "&#13;"))  # noqa: S704 - escaped just here

# SPDX-License-Identifier: EUPL-1.2
"""One Litestar application behind our own edge."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from litestar import Litestar, Request, Response
from litestar.enums import HttpMethod
from litestar.exceptions import HTTPException, MethodNotAllowedException
from litestar.types import ASGIApp, ControllerRouterHandler

from landschap.platform.http.answers import problem_response
from landschap.platform.http.edge import API_HEADERS, Edge
from landschap.platform.http.shortcut import Shortcut, shortcuts_of
from landschap.platform.ids import new_trace_id
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.tracing import parse_traceparent

if TYPE_CHECKING:
    from litestar.connection import ASGIConnection
    from litestar.handlers import BaseRouteHandler
    from litestar.openapi import OpenAPIConfig
    from litestar.types import Scope

log = structlog.get_logger(__name__)

RefusalRenderer = Callable[[Refusal, "Request[Any, Any, Any]"], Response[Any]]


def render_problem(refusal: Refusal, request: Request[Any, Any, Any]) -> Response[Any]:
    """The default look of a refusal: problem details with the path and the trace id."""
    trace = parse_traceparent(request.headers.get("traceparent"))
    return problem_response(
        refusal,
        instance=request.url.path,
        trace_id=trace.trace_id.hex() if trace else "",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AppShape:
    """What differs between our applications.

    ``max_body_bytes`` bounds each request body; ``headers`` go on every answer;
    ``render`` gives refusals their look (FSC has its own body, pages are HTML). With
    ``refuses_null`` an address with a null character gets 400 before anything looks at it.
    """

    title: str
    version: str
    max_body_bytes: int = 1_000_000
    headers: Mapping[str, str] = field(default_factory=lambda: API_HEADERS)
    render: RefusalRenderer = render_problem
    openapi: OpenAPIConfig | None = None
    strict_slashes: bool = True
    refuses_null: bool = True


def make_app(routes: Sequence[ControllerRouterHandler], shape: AppShape) -> ASGIApp:
    """An ASGI application that serves ``routes`` by the rules all our interfaces share.

    Unknown query keys, trailing slashes, oversized bodies and wrong methods get a refusal; an
    exception nobody foresaw becomes 500 with a reference that stands in the technical log.
    """

    def on_problem(request: Request[Any, Any, Any], error: ProblemError) -> Response[Any]:
        return shape.render(error.refusal, request)

    def on_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
        answer = shape.render(_refusal_of(error), request)
        if isinstance(error, MethodNotAllowedException) and error.headers:
            answer.headers.update(error.headers)
        return answer

    def on_anything(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        reference = new_trace_id().hex()
        log.error("unforeseen", reference=reference, path=request.url.path, exc_info=error)
        return shape.render(_unforeseen(reference), request)

    app = Litestar(
        route_handlers=list(routes),
        guards=[refuse_unknown_query_keys],
        exception_handlers={
            ProblemError: on_problem,
            HTTPException: on_http,
            Exception: on_anything,
        },
        request_max_body_size=shape.max_body_bytes,
        openapi_config=shape.openapi,
        logging_config=None,
    )
    headers = {**shape.headers, "API-Version": shape.version}

    def at_edge(refusal: Refusal, scope: Scope) -> Response[bytes]:
        answer = shape.render(refusal, Request(scope))
        if isinstance(answer.content, str):  # a page; no framework encodes it here
            answer.content = answer.content.encode()
        return answer

    return Edge(
        Shortcut(app, shortcuts_of(routes), at_edge),
        headers=headers,
        methods=_methods(app),
        render=at_edge,
        strict=shape.strict_slashes,
        refuses_null=shape.refuses_null,
    )


def _methods(app: Litestar) -> dict[str, str]:
    """Template of an address -> the methods that are answered there, as ``Allow`` tells them."""
    found: dict[str, str] = {}
    for path, handlers in app.route_handler_method_map.items():
        names = {str(name) for name in handlers} | {"OPTIONS"}
        if "GET" in names:
            names.add("HEAD")
        found[_KIND.sub("}", path)] = ", ".join(sorted(names))
    return found


async def refuse_unknown_query_keys(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Refuse a query key the handler does not know: silence would be taken for effect."""
    if connection.scope.get("method") == HttpMethod.OPTIONS:
        return  # it asks what may be asked, and takes no parameters to heart
    allowed = tuple(handler.opt.get("query", ()))
    unknown = [key for key in connection.query_params if key not in allowed]
    if unknown:
        names = ", ".join(sorted(allowed)) or "none"
        told = [_not_a_parameter(key, allowed) for key in unknown[:_MAX_TOLD]]
        raise ProblemError(
            Refusal(
                code="query_unknown",
                status=HTTPStatus.BAD_REQUEST,
                title="Unknown query parameter",
                detail=f"{told[0]} Allowed: {names}.",
                extra={
                    "errors": [
                        {"in": "query", "location": {"name": key[:80]}, "detail": words}
                        for key, words in zip(unknown, told, strict=False)
                    ]
                },
            )
        )


# Enough to mend a question by; more of them is no mistake in typing.
_MAX_TOLD = 20


def _not_a_parameter(key: str, allowed: Sequence[str]) -> str:
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f" Did you mean {near[0]}?" if near else ""
    return f"{key[:80]!r} is not a parameter here.{hint}"


# The kind of a parameter stands in the path of a handler, not in the template of a request.
_KIND = re.compile(r":[a-z]+\}")

_TITLES = {
    HTTPStatus.BAD_REQUEST: ("request_invalid", "The request is not valid"),
    HTTPStatus.NOT_FOUND: ("not_found", "There is nothing at this address"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "This method is not offered here"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "The body is too large"),
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: ("media_type", "This content type is not read here"),
}


def _refusal_of(error: HTTPException) -> Refusal:
    status = HTTPStatus(error.status_code)
    code, title = _TITLES.get(status, (f"http_{status}", status.phrase))
    return Refusal(code=code, status=status, title=title, detail=error.detail or title)


def _unforeseen(reference: str) -> Refusal:
    return Refusal(
        code="internal_error",
        status=HTTPStatus.INTERNAL_SERVER_ERROR,
        title="Something went wrong on our side",
        detail=f"Nothing was delivered. Quote reference {reference} when you report this.",
        owner="the operator of this service",
        fault=Fault.OURS,
        extra={"reference": reference},
    )

# SPDX-License-Identifier: EUPL-1.2
"""Lines of other applications of this organisation, durable before they are confirmed.

    POST /logboek/v1/regels    an array of lines, one line, or JSON lines
    POST /v1/traces            the same as spans of OpenTelemetry (OTLP/HTTP, protobuf or JSON)

A request is written as a whole or not at all. The same line again is confirmed again and counts
once; another line under the same trace and span is refused and told to the operators.
Source: Logboek Dataverwerkingen, "Interface"; OpenTelemetry Protocol, "OTLP/HTTP"; house decision:
replayed ingest.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
import structlog
from litestar import Request, Response, get, post
from litestar.types import ControllerRouterHandler
from prometheus_client import CollectorRegistry, Counter

from landschap.logboek import otlp
from landschap.logboek.api.ingesting import Book, LinesConflict, LinesRefused, Told
from landschap.logboek.api.refusals import (
    body_unreadable,
    conflicting,
    encoding_unknown,
    lines_invalid,
    media_type_unknown,
    too_large,
)
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.given import MAX_BYTES, Given, InvalidLine, read_given, read_lines
from landschap.platform.http import json_response, problem_response
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal

AnyRequest = Request[Any, Any, Any]

_JSON = "application/json"
_BY_LINE = {"application/x-ndjson", "application/jsonl"}
_RETRY = {"Retry-After": "5"}
_RPC_CODES = {401: otlp.UNKNOWN_CALLER, 409: otlp.CONFLICT, 503: otlp.NOT_DURABLE}
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class WritingDeps:
    """What taking in needs.

    ``authenticate`` gives the name of the application with this key or escaped certificate, and
    raises ProblemError for nobody we know.
    """

    book: Book
    authenticate: Callable[[str, str], Awaitable[str]]
    metrics: CollectorRegistry
    describe: Callable[[], Mapping[str, JsonValue]]


class _Figures:
    """What was taken in and what was not; a conflict is an alarm."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.lines = Counter(
            "landschap_log_lines_delivered",
            "Lines that other applications delivered, by what became of them.",
            ["result"],
            registry=registry,
        )
        self.conflicts = Counter(
            "landschap_log_line_conflicts",
            "Alarm: lines under the trace and span of a kept line with another content.",
            registry=registry,
        )

    def tell(self, told: Sequence[Told]) -> None:
        """Count what was confirmed."""
        for each in told:
            self.lines.labels(each.result).inc()


def routes(deps: WritingDeps) -> list[ControllerRouterHandler]:
    """The routes of this module."""
    figures = _Figures(deps.metrics)

    @post("/logboek/v1/regels")
    async def take_lines(request: AnyRequest) -> Response[bytes]:
        application = await _application(deps, request)
        kind = _media_type(request)
        if kind != _JSON and kind not in _BY_LINE:
            raise ProblemError(media_type_unknown(_JSON, *sorted(_BY_LINE)))
        try:
            body = await _body(request)
            lines = await asyncio.to_thread(_lines_in, body, by_line=kind in _BY_LINE)
            told = await _account(deps, figures, application, lines)
        except InvalidLine as error:
            raise ProblemError(body_unreadable(error)) from None
        except LogUnavailable as error:
            return problem_response(error.refusal, instance=request.url.path, headers=_RETRY)
        is_new = any(each.result == "created" for each in told)
        results: JsonValue = [msgspec.to_builtins(each) for each in told]
        return json_response({"lines": results}, status=201 if is_new else 200)

    @post("/v1/traces")
    async def take_spans(request: AnyRequest) -> Response[bytes]:
        kind = _media_type(request)
        if kind not in {otlp.PROTOBUF, otlp.JSON}:
            raise ProblemError(media_type_unknown(otlp.PROTOBUF, otlp.JSON))
        try:
            application = await _application(deps, request)
            spans = await asyncio.to_thread(otlp.spans_in, await _body(request), kind)
            await _account(deps, figures, application, spans)
        except InvalidLine as error:
            return _refused(body_unreadable(error), kind)
        except ProblemError as error:
            return _refused(error.refusal, kind)
        return Response(otlp.accepted(kind), status_code=200, media_type=kind)

    @get("/logboek/v1/openapi.json")
    async def describe() -> Response[bytes]:
        return json_response(
            deps.describe(),
            media_type="application/openapi+json;version=3.1",
            headers={"Access-Control-Allow-Origin": "*"},
        )

    return [take_lines, take_spans, describe]


async def _account(
    deps: WritingDeps,
    figures: _Figures,
    application: str,
    lines: Sequence[Given | InvalidLine],
) -> list[Told]:
    try:
        told = await deps.book.account(application, lines, datetime.now(UTC))
    except LinesRefused as error:
        figures.lines.labels("invalid").inc(len(error.mistakes))
        raise ProblemError(lines_invalid(error.mistakes)) from None
    except LinesConflict as error:
        _alarm(figures, application, error)
        raise ProblemError(conflicting(error.places)) from None
    figures.tell(told)
    return told


def _alarm(figures: _Figures, application: str, error: LinesConflict) -> None:
    figures.lines.labels("conflict").inc(len(error.places))
    figures.conflicts.inc(len(error.places))
    log.error(
        "a line was delivered again with another content",
        application=application,
        spans=[kept.span_id.hex() for _, kept in error.places[:20]],
    )


def _refused(refusal: Refusal, kind: str) -> Response[bytes]:
    """A refusal in the form of the protocol; only what may be tried again says so."""
    # The protocol has one status for what is wrong with a request.
    status = 400 if refusal.status == 422 else refusal.status
    told = [each["detail"] for each in _errors(refusal)]
    words = "; ".join([f"{refusal.code}: {refusal.detail}", *told])
    code = _RPC_CODES.get(status, otlp.INVALID)
    headers = _RETRY if status == 503 else {}
    return Response(
        otlp.status(code, words, kind), status_code=status, media_type=kind, headers=headers
    )


def _errors(refusal: Refusal) -> list[dict[str, Any]]:
    found = refusal.extra.get("errors", [])
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _lines_in(body: bytes, *, by_line: bool) -> list[Given | InvalidLine]:
    """The lines of a body. In a thread: a full body takes long enough for others to notice."""
    return [_read(each) for each in read_lines(body, by_line=by_line)]


def _read(value: JsonValue) -> Given | InvalidLine:
    try:
        return read_given(value)
    except InvalidLine as error:
        return error


async def _application(deps: WritingDeps, request: AnyRequest) -> str:
    headers = request.headers
    return await deps.authenticate(headers.get("x-api-key", ""), headers.get("x-client-cert", ""))


def _media_type(request: AnyRequest) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: AnyRequest) -> bytes:
    """The body, unpacked when it is packed by gzip; never more than the limit."""
    body = await request.body()
    encoding = request.headers.get("content-encoding", "identity").lower()
    if encoding == "identity":
        return body
    if encoding != "gzip":
        raise ProblemError(encoding_unknown())
    unpacker = zlib.decompressobj(wbits=31)
    try:
        found = unpacker.decompress(body, MAX_BYTES + 1)
    except zlib.error:
        raise ProblemError(encoding_unknown()) from None
    if len(found) > MAX_BYTES:
        raise ProblemError(too_large())
    if not unpacker.eof or unpacker.unused_data:
        raise ProblemError(encoding_unknown())
    return found

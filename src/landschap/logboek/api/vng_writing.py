# SPDX-License-Identifier: EUPL-1.2
"""Applications that speak the older municipal standard write their processing in our log.

    POST  /verwerkingenlogging/v1/verwerkingsacties
    PATCH /verwerkingenlogging/v1/verwerkingsacties?verwerkingId=
    GET   /verwerkingenlogging/v1/openapi.json

An action becomes lines as any other, durable before it is confirmed, and a number of a person
becomes our pseudonym. With the same `Idempotency-Key` an action counts once. No line is ever
changed: another term is a row beside it, and what is confidential two officers decide.
Source: VNG, "Logging van verwerkingen", bewerking API 0.9.0; B3891.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from typing import Any
from uuid import UUID

import asyncpg
from litestar import Request, Response, get, patch, post
from litestar.types import ControllerRouterHandler

from landschap.logboek.api import refusals, vng_refusals
from landschap.logboek.api.ingesting import Book, LinesConflict, LinesRefused
from landschap.logboek.disclosure import Disclosure, Level
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.given import Given, InvalidLine
from landschap.logboek.records import Record
from landschap.logboek.store import vng
from landschap.logboek.vng_action import Spans, VngAction, lines_of
from landschap.logboek.vng_answers import NotedAction, Place, created
from landschap.logboek.vng_members import (
    MAX_BODY_BYTES,
    Change,
    InvalidAction,
    in_words,
    once,
    read_action,
    read_change,
)
from landschap.platform.http import json_response, problem_response
from landschap.platform.ids import new_span_id, new_trace_id
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError
from landschap.vocabulary.tracing import parse_traceparent

AnyRequest = Request[Any, Any, Any]

BASE = "/verwerkingenlogging/v1"
MAX_CHANGED = 10_000
_KEY = re.compile(r"[!-~]{8,200}")
RETRY = {"Retry-After": "5"}
_CREATE = ("create:normal", "create:confidential")
_UPDATE = ("update:normal", "update:confidential")
_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)


@dataclass(frozen=True, slots=True, kw_only=True)
class VngWritingDeps:
    """What writing needs.

    ``authenticate`` as at the other doors of the log; ``rights`` the scopes of an application;
    ``disclosed`` what may be told now; ``activity_of`` the address of an activity by its UUID;
    ``describe`` the document of this interface.
    """

    book: Book
    address: str
    authenticate: Callable[[str, str], Awaitable[str]]
    rights: Callable[[str], Collection[str]]
    disclosed: Callable[[Collection[bytes] | None], Awaitable[Disclosure]]
    activity_of: Callable[[UUID], Awaitable[str | None]]
    describe: Callable[[], Mapping[str, JsonValue]]


def routes(deps: VngWritingDeps) -> list[ControllerRouterHandler]:
    """The routes of this module."""

    @post(f"{BASE}/verwerkingsacties")
    async def create(request: AnyRequest) -> Response[bytes]:
        application = await _application(deps, request)
        try:
            return await _create(deps, request, application)
        except InvalidAction as error:
            raise ProblemError(vng_refusals.action_invalid(error.mistakes)) from None
        except LogUnavailable as error:
            return problem_response(error.refusal, instance=request.url.path, headers=RETRY)
        except _AWAY as error:
            return _away(request, error)

    @patch(f"{BASE}/verwerkingsacties", opt={"query": ("verwerkingId",)})
    async def change(request: AnyRequest) -> Response[bytes]:
        application = await _application(deps, request)
        try:
            await _change(deps, request, application)
        except InvalidAction as error:
            raise ProblemError(vng_refusals.action_invalid(error.mistakes)) from None
        except _AWAY as error:
            return _away(request, error)
        return Response(b"", status_code=204)

    @get(f"{BASE}/openapi.json")
    async def describe() -> Response[bytes]:
        return json_response(
            deps.describe(),
            media_type="application/openapi+json;version=3.1",
            headers={"Access-Control-Allow-Origin": "*"},
        )

    return [create, change, describe]


async def _create(deps: VngWritingDeps, request: AnyRequest, application: str) -> Response[bytes]:
    action = read_action(await _body(request), deps.book.keys.controller)
    uri = await _activity(deps, action)
    level = await _allowed(deps, application, action, uri)
    lines = lines_of(action, uri, _spans(request, application))
    first, place = lines[0], Place(deps.address)
    noted = _noted(action, uri, application, first, place)
    is_new = await _account(deps, application, lines)
    await vng.note_action(deps.book.pool, noted)
    record = await _written(deps, first)
    told = created(action, noted, record, level, place)
    headers = {"Location": place.url_of(noted.action_id), "Cache-Control": "no-store"}
    return json_response(told, status=201 if is_new else 200, headers=headers)


async def _account(deps: VngWritingDeps, application: str, lines: Sequence[Given]) -> bool:
    """Write the lines; False when they were there. Raises InvalidAction, ProblemError."""
    try:
        told = await deps.book.account(application, lines, datetime.now(UTC))
    except LinesRefused as error:
        raise InvalidAction([in_words(*each, len(lines)) for each in error.mistakes]) from None
    except LinesConflict:
        raise ProblemError(vng_refusals.key_reused()) from None
    return any(each.result == "created" for each in told)


def _spans(request: AnyRequest, application: str) -> Spans:
    """Where the lines stand. A key of the application gives the same place again."""
    given = parse_traceparent(request.headers.get("traceparent"))
    parent, key = given.span_id if given else None, request.headers.get("idempotency-key")
    if key is None:
        return Spans(given.trace_id if given else new_trace_id(), parent, new_span_id)
    if not _KEY.fullmatch(key):
        mistake = InvalidLine("key", "8 to 200 printable characters", "Idempotency-Key")
        raise InvalidAction([mistake])
    named, numbers = sha256(f"{application}\0{key}".encode()).digest(), count()

    def fresh() -> bytes:
        return sha256(named + next(numbers).to_bytes(4, "big")).digest()[:8]

    return Spans(given.trace_id if given else named[:16], parent, fresh)


async def _written(deps: VngWritingDeps, first: Given) -> Record:
    record = await vng.line_at(deps.book.pool, first.trace_id, first.span_id)
    if record is None:
        raise LogUnavailable("a line that was written can not be read")
    return record


async def _activity(deps: VngWritingDeps, action: VngAction) -> str | None:
    """The address of the activity, by address or UUID. Raises InvalidAction."""
    if action.activity_id is None:
        return action.activity
    found = await deps.activity_of(action.activity_id)
    place = "verwerkingsactiviteitId"
    if found is None:
        mistake = InvalidLine("activity_unknown", "the register holds no such activity", place)
        raise InvalidAction([mistake])
    if action.activity not in (None, found):
        mistake = InvalidLine("activity_two", "address and number are of two activities", place)
        raise InvalidAction([mistake])
    return found


async def _allowed(
    deps: VngWritingDeps, application: str, action: VngAction, uri: str | None
) -> Level:
    """How confidential the action is, for one that may create it. Raises ProblemError."""
    rights = deps.rights(application)
    if action.level is Level.LIFTED:
        raise ProblemError(vng_refusals.never_lifted())
    is_held = (await deps.disclosed(())).keeps(uri or "", str(action.processing_id or ""))
    if (action.level is Level.HELD or is_held) and "create:confidential" not in rights:
        raise ProblemError(vng_refusals.scope_missing("create:confidential"))
    if not set(_CREATE) & set(rights):
        raise ProblemError(vng_refusals.scope_missing(*_CREATE))
    if action.level is Level.HELD and not is_held:
        raise ProblemError(vng_refusals.no_confidential_variant())
    return Level.HELD if is_held else Level.NORMAL


def _noted(
    action: VngAction, uri: str | None, application: str, first: Given, place: Place
) -> NotedAction:
    consumer = action.consumer
    return NotedAction(
        action_id=place.action_id(first.trace_id, first.span_id),
        trace_id=first.trace_id,
        span_id=first.span_id,
        application=application,
        at=action.at,
        activity=uri,
        processing_id=action.processing_id,
        consumer_activity_id=consumer.activity_id,
        consumer_activity=consumer.activity,
        consumer_processing=consumer.processing,
        term=action.term,
    )


async def _change(deps: VngWritingDeps, request: AnyRequest, application: str) -> None:
    rights = set(deps.rights(application))
    if not rights & set(_UPDATE):
        raise ProblemError(vng_refusals.scope_missing(*_UPDATE))
    query = once(request.query_params.multi_items())
    processing, change = read_change(query, await _body(request))
    _refuse_level(change, rights)
    found = await vng.actions_of(deps.book.pool, processing, MAX_CHANGED + 1)
    if not found:
        raise ProblemError(vng_refusals.processing_unknown())
    if len(found) > MAX_CHANGED:
        raise ProblemError(vng_refusals.too_many_actions(MAX_CHANGED))
    held = await deps.disclosed(())
    is_held = any(held.keeps(each.activity or "", str(processing)) for each in found)
    if is_held and "update:confidential" not in rights:
        raise ProblemError(vng_refusals.scope_missing("update:confidential"))
    numbers = [each.action_id for each in found]
    assert change.term is not None  # noqa: S101 - a change without level has a term
    await vng.change_term(deps.book.pool, numbers, change.term, application)


def _refuse_level(change: Change, rights: Collection[str]) -> None:
    """Raises ProblemError for another degree of confidentiality."""
    if change.level is None:
        return
    if "update:confidential" not in rights:
        raise ProblemError(vng_refusals.scope_missing("update:confidential"))
    raise ProblemError(vng_refusals.held_by_decision())


def _away(request: AnyRequest, error: BaseException) -> Response[bytes]:
    refusal = LogUnavailable(f"the log can not be written: {type(error).__name__}").refusal
    return problem_response(refusal, instance=request.url.path, headers=RETRY)


async def _application(deps: VngWritingDeps, request: AnyRequest) -> str:
    headers: Mapping[str, str] = request.headers
    return await deps.authenticate(headers.get("x-api-key", ""), headers.get("x-client-cert", ""))


async def _body(request: AnyRequest) -> bytes:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise ProblemError(refusals.media_type_unknown("application/json"))
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise ProblemError(refusals.encoding_unknown())
    body = await request.body()
    if len(body) > MAX_BODY_BYTES:
        raise ProblemError(vng_refusals.too_large())
    return body

# SPDX-License-Identifier: EUPL-1.2
"""``POST /{register}-bijhouden/v1/_stuf/{kennisgevingen}``: one Lk01 of another system.

It is the service of writing in the register, so the same permit opens it, the same fields may be
written, and the same line per person is durable first. A notice is done once, by its number and
sender; sent again it gets its receipt again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from litestar import Request, Response, post, route
from litestar.enums import HttpMethod
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.integration.conforming import Conformity
from landschap.integration.connectors.telling import Teller
from landschap.integration.stuf.applying import act_of, body_of, digest_of, operation_of
from landschap.integration.stuf.mapping import NoticeMapping
from landschap.integration.stuf.messages import (
    FAILED,
    INVALID,
    Notice,
    StufFault,
    fault,
    read_notice,
    receipt,
)
from landschap.platform.http import json_response
from landschap.platform.ids import new_span_id
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.api import changing
from landschap.registers.api.desk import Desk
from landschap.registers.changing import read_change, written_paths
from landschap.registers.inbox import read_events
from landschap.registers.store import Act
from landschap.registers.subscriptions import usual_path
from landschap.registers.timeline import segment_on
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal, granted

MAX_BYTES = 1_000_000
_ORIGIN = re.compile(r"[A-Za-z0-9.-]{1,253}")
_XML = ("text/xml", "application/soap+xml", "application/xml")


def routes(
    desk: Desk,
    mappings: Mapping[str, NoticeMapping],
    schemas: Mapping[str, Conformity] | None = None,
) -> list[ControllerRouterHandler]:
    """The routes of all kinds of notices that are taken; ``schemas`` by the name of a kind."""
    names = {each.type.register for each in mappings.values()}
    return [_route(desk, register, mappings, schemas or {}) for register in sorted(names)]


def telling_routes(desk: Desk, found: Sequence[Teller]) -> list[ControllerRouterHandler]:
    """The routes at which our own subscriptions bring what is to be told in StUF."""
    return [handler for each in found for handler in _telling(desk, each)]


def _telling(desk: Desk, teller: Teller) -> list[ControllerRouterHandler]:
    service = teller.out.service
    path = usual_path(service)

    @route(path, http_method=[HttpMethod.OPTIONS], opt={"query": ()})
    async def may_send(request: Request[Any, Any, Any]) -> Response[bytes]:
        desk.permit(service, request, datetime.now(UTC))
        origin = request.headers.get("webhook-request-origin", "")
        consent = {"WebHook-Allowed-Origin": origin} if _ORIGIN.fullmatch(origin) else {}
        return Response(
            b"", status_code=HTTPStatus.OK, headers={"Allow": "OPTIONS, POST", **consent}
        )

    @post(path, status_code=HTTPStatus.OK, opt={"query": ()})
    async def tell(request: Request[Any, Any, Any]) -> Response[bytes]:
        permit = desk.permit(service, request, datetime.now(UTC))
        body = await request.body()
        events = granted(read_events(request.headers.get("content-type", ""), body, permit.peer))
        if permit.peer != desk.deps.controller.value:
            raise ProblemError(_NOT_OURS)
        told = [await teller.tell(each, permit, request) for each in events]
        return json_response({"ontvangen": len(told), "verzonden": sum(told)})

    return [may_send, tell]


_NOT_OURS = Refusal(
    code="melding.andere-bron",
    status=HTTPStatus.FORBIDDEN,
    title="These notices are not of our own registers",
    detail="Only changes of our own registers are told in StUF.",
)


def _route(
    desk: Desk,
    register: str,
    mappings: Mapping[str, NoticeMapping],
    schemas: Mapping[str, Conformity],
) -> ControllerRouterHandler:
    base = f"/{register}{changing.SERVICE_ENDING}/v1/_stuf"

    @post(f"{base}/{{naam:str}}", status_code=HTTPStatus.OK, opt={"query": ()})
    async def take(naam: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        now = datetime.now(UTC)
        permit = desk.permit(f"{register}{changing.SERVICE_ENDING}", request, now)
        mapping = mappings.get(naam)
        if mapping is None or mapping.type.register != register:
            raise ProblemError(_NOTHING)
        return await _answer(_Desk(desk, mapping, permit, request, now, schemas.get(naam)))

    return take


_NOTHING = Refusal(
    code="not_found",
    status=HTTPStatus.NOT_FOUND,
    title="There is nothing at this address",
    detail="No notices of this name are taken.",
)
_NO_XML = Refusal(
    code="media_type",
    status=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    title="This content type is not read here",
    detail="Send the notice as text/xml.",
)


class _Desk:
    """One notice on its way."""

    def __init__(
        self, desk: Desk, mapping: NoticeMapping, permit: Permit, request: Request[Any, Any, Any],
        now: datetime, conformity: Conformity | None,
    ) -> None:  # fmt: skip
        self.desk = desk
        self.mapping = mapping
        self.permit = permit
        self.request = request
        self.now = now
        self.conformity = conformity

    async def notice(self) -> Notice:
        """What came. Raises ProblemError or StufFault."""
        if self.request.content_type[0] not in _XML:
            raise ProblemError(_NO_XML)
        body = await self.request.body()
        if len(body) > MAX_BYTES:
            raise ProblemError(
                Refusal(
                    code="body_too_large",
                    status=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    title="The message is too large",
                    detail=f"A notice holds at most {MAX_BYTES} bytes.",
                )
            )
        return read_notice(body, self.mapping, self.conformity)

    async def carry_out(self, notice: Notice) -> None:
        """Write it, once. Raises StufFault, and ProblemError when nothing can be written now."""
        kind = self.mapping.type
        operation = operation_of(notice, self.mapping)
        act = Act(
            register=self.desk.deps.registers.by_name[kind.register],
            transaction_id=act_of(self.permit.peer, self.permit.service, notice),
            entries=(),
        )
        digest = digest_of(notice)
        if await self._taken(act, digest, notice):
            return
        before, seen = await self._before(notice)
        body = body_of(notice, self.mapping, before)
        wanted = read_change(kind, notice.object_id, operation, body)
        if isinstance(wanted, Refusal):
            raise StufFault(INVALID, _in_words(wanted), notice.head)
        case = changing.case_of(
            kind, self.permit, self.request, self.now, written_paths(kind, wanted)
        )
        try:
            await changing.carry_out(
                self.desk, case, notice.object_id, wanted, act.transaction_id, seen, digest
            )
        except ProblemError:
            # It may have come twice at the same moment: then the other one was written.
            if not await self._taken(act, digest, notice):
                raise
        else:
            # What was written under this number may be another notice of the same moment.
            await self._taken(act, digest, notice)

    async def _taken(self, act: Act, digest: str, notice: Notice) -> bool:
        """True when this notice was written. Raises StufFault when another one was under its
        number.
        """
        pool = self.desk.deps.pool
        if await store.written_before(pool, act) is None:
            return False
        if await store.request_of(pool, act) != digest:
            words = "another notice was taken under this referentienummer"
            raise StufFault(INVALID, words, notice.head)
        return True

    async def _before(self, notice: Notice) -> tuple[Mapping[str, JsonValue] | None, int]:
        """What holds on the day of the notice, and the last number of the object."""
        kind, pool = self.mapping.type, self.desk.deps.pool
        groups = await store.history_of(pool, kind, notice.object_id)
        seen = max((one.number for each in groups.values() for one in each), default=0)
        register = self.desk.deps.registers.by_name[kind.register]
        known = await store.known_at(pool, register, self.now)
        line = await store.line_of(pool, kind, notice.object_id, self.mapping.group, known)
        assert notice.begin is not None  # noqa: S101  # `operation_of` saw it
        segment = segment_on(line.segments, notice.begin)
        found = None if segment is None else segment.assertion.content
        if found is None and notice.mutation in ("W", "C"):
            words = "there is no such object on that day, so it can not be changed"
            raise StufFault(FAILED, words, notice.head)
        return found, seen


async def _answer(one: _Desk) -> Response[bytes]:
    number = new_span_id().hex()
    try:
        notice = await one.notice()
        try:
            await one.carry_out(notice)
        except ProblemError as error:
            if error.refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise  # the log or the database is away: it is to be sent again
            raise StufFault(FAILED, _in_words(error.refusal), notice.head) from None
        body, status = receipt(notice.head, number, one.now), HTTPStatus.OK
    except StufFault as wrong:
        # A fault comes with status 500. Source: SOAP 1.1, section 6.2.
        body, status = fault(wrong, number, one.now), HTTPStatus.INTERNAL_SERVER_ERROR
    return Response(body, status_code=status, media_type="text/xml; charset=utf-8")


def _in_words(refusal: Refusal) -> str:
    """Why, with the places that are wrong; never with a value of the notice."""
    errors = refusal.extra.get("errors", ())
    places = [
        str(each.get("location", {}).get("pointer", ""))  # type: ignore[union-attr]  # as refusals are made
        for each in errors  # type: ignore[union-attr]
        if isinstance(each, Mapping)
    ]
    found = ", ".join(place for place in places if place)
    return f"{refusal.code}: {refusal.detail}" + (f" ({found})" if found else "")

# SPDX-License-Identifier: EUPL-1.2
"""Delivering whole collections over HTTP, piece by piece at flat memory.

    GET /{register}/v1/{collectie}?formaat=...         collections without personal data
    GET /{register}-bulk/v1/{collectie}?formaat=...    every collection; a service of its own, so
                                                       that a permit to ask never opens all of it
    GET .../leveringen/{id}                            whether it was written to its end

Of each piece the lines per person are durable before it is let go: no line, no piece. What is
broken off has no end: the connection closes before the last chunk, the seal is missing, and the
delivery says that it is not whole.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.http.answers import problem_response
from landschap.platform.http.edge import is_head
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.api.bulk_plan import SERVICE_ENDING, plan_headers, planned
from landschap.registers.api.bulk_stream import Stream
from landschap.registers.api.cases import AnyRequest, Deps
from landschap.registers.api.desk import Desk
from landschap.registers.api.streamed import Streamed
from landschap.registers.bulk import BULK_KEYS, DELIVERIES, form_of_accept
from landschap.registers.listing import list_query_keys
from landschap.registers.models import ObjectType, Register
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.times import as_utc_text

AT_ONCE = 2
_RETRY_SECONDS = 60


def export_keys(kind: ObjectType) -> tuple[str, ...]:
    """Every query key a delivery understands."""
    return (*list_query_keys(kind), *BULK_KEYS)


def is_export(request: AnyRequest) -> bool:
    """True when all of a collection is asked for, and not a page of it."""
    accept = request.headers.get("accept", "")
    named = not set(BULK_KEYS).isdisjoint(request.query_params)
    return named or form_of_accept(accept) is not None


class Slots:
    """How many deliveries one process makes at once, and one at a time per peer."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._busy: list[str] = []

    def take(self, peer: str) -> Refusal | None:
        """Take a place; the refusal when there is none."""
        if peer in self._busy:
            return _ONE_AT_A_TIME
        if len(self._busy) >= self._at_once:
            return _ALL_BUSY
        self._busy.append(peer)
        return None

    def give(self, peer: str) -> None:
        """Give a place back."""
        self._busy.remove(peer)


class _BulkDesk(Desk):
    """A desk whose permits are for the service that delivers all."""

    def permit(
        self,
        register: str,
        request: AnyRequest,
        now: datetime,
        *,
        obeys: bool = False,
        looks_up: bool = False,
    ) -> Permit:
        """The permit that came with the request. Raises ProblemError."""
        service = f"{register}{SERVICE_ENDING}"
        return super().permit(service, request, now, obeys=obeys, looks_up=looks_up)


def bulk_routes(deps: Deps, register: Register, slots: Slots) -> list[ControllerRouterHandler]:
    """The service that delivers every collection of a register."""
    desk = _BulkDesk(deps)
    base = f"/{register.name}{SERVICE_ENDING}/v1"
    made = [
        _whole(desk, kind, f"{base}/{kind.collection}", slots) for kind in register.types.values()
    ]
    return [*made, delivery_route(desk, register, base)]


def _whole(desk: Desk, kind: ObjectType, path: str, slots: Slots) -> ControllerRouterHandler:
    @get(path, opt={"query": export_keys(kind)})
    async def whole(request: Request[Any, Any, Any]) -> Response[bytes]:
        return await export(desk, kind, request, slots)

    return whole


def delivery_route(desk: Desk, register: Register, base: str) -> ControllerRouterHandler:
    """Where it is told how a delivery ended."""

    @get(f"{base}/{DELIVERIES}/{{levering:str}}", opt={"query": ()})
    async def delivery(levering: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        return await told(desk, register, levering, request)

    return delivery


async def export(
    desk: Desk, kind: ObjectType, request: AnyRequest, slots: Slots
) -> Response[bytes]:
    """A whole collection. Raises ProblemError as long as nothing was sent."""
    plan = await planned(desk, kind, request, is_bulk=isinstance(desk, _BulkDesk))
    headers = plan_headers(plan)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    case = plan.case
    peer = case.permit.peer
    full = slots.take(peer)
    if full is not None:
        later = {"Retry-After": str(_RETRY_SECONDS)}
        return problem_response(full, instance=case.path, headers=later)
    try:
        stream = Stream(desk, plan)
        if not is_head(request.scope):
            await stream.prepare()
    except BaseException:
        slots.give(peer)
        raise
    return Streamed(stream, headers, lambda: slots.give(peer))


async def told(desk: Desk, register: Register, text: str, request: AnyRequest) -> Response[bytes]:
    """How a delivery to this peer ended. Raises ProblemError."""
    permit = desk.permit(register.name, request, datetime.now(UTC), looks_up=True)
    try:
        delivery_id = UUID(text)
    except ValueError:
        delivery_id = UUID(int=0)
    found = await store.delivery_of(desk.deps.pool, delivery_id, register.name, permit.peer)
    if found is None:
        raise ProblemError(
            Refusal(
                code="niet-gevonden",
                status=HTTPStatus.NOT_FOUND,
                title="There is no such delivery",
                detail="No delivery to your organisation has this number.",
            )
        )
    state = "volledig" if found.whole else "afgebroken" if found.ended_at else "loopt"
    body: dict[str, JsonValue] = {
        "levering": str(found.delivery_id),
        "status": state,
        "begonnenOp": as_utc_text(found.started_at),
        "geeindigdOp": as_utc_text(found.ended_at) if found.ended_at else None,
        **found.manifest,
    }
    return json_response(body)


_ONE_AT_A_TIME = Refusal(
    code="levering_loopt",
    status=HTTPStatus.TOO_MANY_REQUESTS,
    title="A delivery to your organisation is running",
    detail="One at a time: take it to its end, or close its connection.",
)
_ALL_BUSY = Refusal(
    code="leveringen_bezet",
    status=HTTPStatus.SERVICE_UNAVAILABLE,
    title="Other deliveries are running",
    detail="No more deliveries are made at once than this service has room for. Ask again later; "
    "nothing was read.",
    owner="the operators of this organisation",
    fault=Fault.OURS,
)

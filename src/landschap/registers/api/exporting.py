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

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode
from uuid import UUID

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.http.answers import problem_response
from landschap.platform.http.edge import is_head
from landschap.platform.ids import uuid7
from landschap.purposes.permit import Permit
from landschap.registers import store
from landschap.registers.answering import headers_of
from landschap.registers.api.cases import AnyRequest, Case, Deps, History
from landschap.registers.api.collections import refuse_closed
from landschap.registers.api.desk import Desk, preference
from landschap.registers.api.streamed import Streamed
from landschap.registers.asking import Faults
from landschap.registers.bulk import (
    BULK_KEYS,
    DELIVERIES,
    MEDIA,
    Bulk,
    Manifest,
    Output,
    Seal,
    file_name,
    form_of_accept,
    read_bulk,
)
from landschap.registers.bulk_forms import Body, Writer, sheet_of, writer_of
from landschap.registers.exporting import (
    object_rows,
    registration_rows,
    stretch_rows,
    stretches_of,
)
from landschap.registers.listing import Listed, Order, list_query_keys, read_listed
from landschap.registers.models import ObjectType, Register
from landschap.registers.questions import AsOf, Found
from landschap.registers.store import Wanted
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import Fault, ProblemError, Refusal
from landschap.vocabulary.times import as_utc_text

SERVICE_ENDING = "-bulk"
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
    plan = await _planned(desk, kind, request)
    headers = _headers(plan)
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    case = plan.case
    peer = case.permit.peer
    full = slots.take(peer)
    if full is not None:
        later = {"Retry-After": str(_RETRY_SECONDS)}
        return problem_response(full, instance=case.path, headers=later)
    try:
        stream = _Stream(desk, plan)
        if not is_head(request.scope):
            await stream.prepare()
    except BaseException:
        slots.give(peer)
        raise
    return Streamed(stream, headers, lambda: slots.give(peer))


async def told(desk: Desk, register: Register, text: str, request: AnyRequest) -> Response[bytes]:
    """How a delivery to this peer ended. Raises ProblemError."""
    permit = desk.permit(register.name, request, datetime.now(UTC))
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """A delivery as it will be made."""

    case: Case
    bulk: Bulk
    wanted: Wanted
    manifest: Manifest
    delivery_id: UUID

    @property
    def question(self) -> AsOf:
        """The question all objects answer."""
        wanted = self.wanted
        return AsOf(
            type=wanted.type, wanted=[], valid_on=wanted.valid_on, known=wanted.known,
            uncertainty=wanted.uncertainty,
        )  # fmt: skip


async def _planned(desk: Desk, kind: ObjectType, request: AnyRequest) -> _Plan:
    """What is to be delivered; nothing was read yet. Raises ProblemError."""
    read: list[tuple[Bulk, Listed]] = []
    accept = request.headers.get("accept", "")

    def more(query: Mapping[str, str], wrong: Faults) -> None:
        listed = read_listed(kind, query, wrong)
        read.append((read_bulk(kind, query, accept, listed, wrong), listed))

    output = request.query_params.get("uitvoer", "")
    case = desk.case(
        kind,
        request,
        more=more,
        needs=History(
            material=output if output == Output.STRETCHES else "",
            formal=output if output == Output.REGISTRATIONS else "",
        ),
        offered=[*MEDIA.values(), "application/json"],
    )
    if kind.holds_personal_data and not isinstance(desk, _BulkDesk):
        raise ProblemError(_other_service(kind))
    ((bulk, listed),) = read
    refuse_closed(case, listed)
    known = await desk.known(case)
    wanted = Wanted(
        type=desk.seen(case, listed.paths()),
        filters=listed.filters,
        order=Order(),
        valid_on=case.asked.valid_on,
        known=known,
        limit=store.PAGE,
        uncertainty=case.asked.uncertainty,
        rows=case.permit.rows,
        area=listed.area,
    )
    manifest = Manifest(
        register=kind.register,
        collection=kind.collection,
        model_version=kind.version,
        bulk=bulk,
        valid_on=wanted.valid_on,
        known=known,
        fields=sorted(case.shape.leaves),
        purpose=case.permit.purpose,
    )
    return _Plan(case=case, bulk=bulk, wanted=wanted, manifest=manifest, delivery_id=uuid7())


def _headers(plan: _Plan) -> dict[str, str]:
    """What lets a delivery be repeated, kept and checked."""
    case, form = plan.case, plan.bulk.form
    bound: list[JsonValue] = [
        plan.manifest.as_json(Seal()), sorted(case.query.items()),
        case.shape.crs.code,
    ]  # fmt: skip
    headers = headers_of(case.path, case.asked, plan.question, [], bound)
    told = dict(parse_qsl(headers["Content-Location"].partition("?")[2]))
    if plan.bulk.output is not Output.OBJECTS:
        del told["geldigOp"]
    again = {**case.query, **told, "formaat": form.value, "uitvoer": plan.bulk.output.value}
    base = case.path.rpartition("/")[0]
    name = file_name(case.type, plan.wanted.known.moment, form)
    return {
        **headers,
        "Content-Location": f"{case.path}?{urlencode(again)}",
        # What it says is the same each time; that the bytes are is not promised.
        "ETag": f"W/{headers['ETag']}",
        "Content-Type": f"{MEDIA[form]}; charset=utf-8" if form.value == "csv" else MEDIA[form],
        "Content-Disposition": f'attachment; filename="{name}"',
        "Link": f'<{base}/{DELIVERIES}/{plan.delivery_id}>; rel="describedby"',
        **preference(case),
    }


class _Stream:
    """The pieces of one delivery. The first is made before the answer begins."""

    def __init__(self, desk: Desk, plan: _Plan) -> None:
        self._desk, self._plan = desk, plan
        self._seal = Seal()
        self._pieces = self._made()
        self._first: bytes | None = None
        self._begun = False

    async def prepare(self) -> None:
        """Note the delivery and make its first piece. Raises ProblemError."""
        plan = self._plan
        try:
            self._first = await anext(self._pieces)
        except BaseException:
            await self._pieces.aclose()
            raise
        asked = plan.manifest.as_json(Seal())
        await store.begin_delivery(
            self._desk.deps.pool, plan.delivery_id, plan.case.type, plan.case.permit, asked
        )
        self._begun = True

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All pieces in order; ends early only by an error."""
        async with aclosing(self._pieces):
            if self._first is not None:
                yield self._first
            async for piece in self._pieces:
                yield piece

    async def ended(self, *, whole: bool) -> None:
        """Note how it ended."""
        if self._begun:
            manifest = self._plan.manifest.as_json(self._seal)
            pool = self._desk.deps.pool
            await store.end_delivery(pool, self._plan.delivery_id, manifest, whole=whole)

    async def _made(self) -> AsyncGenerator[bytes, None]:
        plan, case, seal = self._plan, self._plan.case, self._seal
        history = case.shape.with_history
        sheet = sheet_of(
            case.type, case.shape.leaves, plan.bulk.output, history=history, crs=case.shape.crs
        )
        writer: Writer = writer_of(plan.bulk.form, sheet)
        begin = seal.add_bytes(writer.begin())
        async with aclosing(self._bodies()) as parts:
            async for bodies in parts:
                seal.add_rows(bodies)
                # The loop has others to serve than who takes all.
                rows = await asyncio.to_thread(writer.rows, bodies)
                piece, begin = begin + seal.add_bytes(rows), b""
                if piece:
                    yield piece
        yield begin + seal.add_bytes(writer.end(seal))

    async def _bodies(self) -> AsyncGenerator[Sequence[Body], None]:
        """Rows, each part after the lines about its persons are durable."""
        plan, case, pool = self._plan, self._plan.case, self._desk.deps.pool
        is_first = True
        if plan.bulk.output is Output.OBJECTS:
            async with aclosing(store.pages(pool, plan.wanted)) as pages:
                async for found in pages:
                    await self._record(found, always=is_first)
                    is_first = False
                    yield object_rows(found, plan.question, case.shape)
            return
        known, kind = plan.wanted.known, plan.wanted.type
        async with aclosing(store.histories(pool, plan.wanted)) as parts:
            async for part in parts:
                stretches = list(stretches_of(kind, part.objects, known))
                await self._record(stretches, always=is_first)
                is_first = False
                if plan.bulk.output is Output.STRETCHES:
                    yield stretch_rows(stretches, known, case.shape)
                else:
                    yield list(registration_rows(kind, part.objects, known, case.shape))

    async def _record(self, found: Sequence[Found], *, always: bool) -> None:
        if found or always:
            case = self._plan.case
            await self._desk.record(case, [], found, doing=f"{case.type.collection} leveren")


def _other_service(kind: ObjectType) -> Refusal:
    service = f"{kind.register}{SERVICE_ENDING}"
    return Refusal(
        code="lijst_van_personen",
        status=HTTPStatus.FORBIDDEN,
        title="Persons are not delivered here",
        detail=f"A delivery of all {kind.collection} is a service of its own: "
        f"GET /{service}/v1/{kind.collection}.",
        missing=f"a permit for the service {service}",
        owner="the privacy officers of the organisation that offers the service",
    )


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

# SPDX-License-Identifier: EUPL-1.2
"""Writing in a register: its own service, so that a permit to read never opens it.

    POST /{register}-bijhouden/v1/{collectie}/{id}/_wijzig      and the other operations

A writer says which state it saw (``If-Match`` with the last number of the object, or
``If-None-Match: *`` for one that is not there yet); when somebody wrote in between, nothing is
written. With an ``Idempotency-Key`` the same request can be sent again: it is done once, and told
again. The line of the use is durable before the change is made.
Source: RFC 9110, "If-Match"; NL GOV REST API Design Rules 2.2; house rule for the service.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from litestar import Response

from landschap.platform.http import json_response
from landschap.purposes.permit import Permit
from landschap.purposes.rows import hold
from landschap.registers import store
from landschap.registers.answering import Shape
from landschap.registers.api.cases import AnyRequest, Case
from landschap.registers.api.desk import Desk
from landschap.registers.api.forms import crs_headers
from landschap.registers.api.requests import check_media
from landschap.registers.asking import Asked
from landschap.registers.changing import Change, read_change, written_paths
from landschap.registers.geo_asking import read_content_crs
from landschap.registers.geometry_crs import Crs
from landschap.registers.models import ObjectType
from landschap.registers.operations import Draft
from landschap.registers.refusals import closed_fields
from landschap.registers.store import Act, Entry, Written
from landschap.registers.timeline import Uncertainty
from landschap.registers.views import conditions_on
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.problems import ProblemError, Refusal, granted
from landschap.vocabulary.times import amsterdam_day, as_utc_text
from landschap.vocabulary.tracing import parse_traceparent

SERVICE_ENDING = "-bijhouden"
_NUMBER = re.compile(r'"([0-9]{1,18})"')
_KEY = re.compile(r"[\x21-\x7e]{8,200}")


async def change(
    desk: Desk, kind: ObjectType, object_id: str, operation: str, request: AnyRequest
) -> Response[bytes]:
    """Carry out one operation on one object. Raises ProblemError."""
    now = datetime.now(UTC)
    permit = desk.permit(f"{kind.register}{SERVICE_ENDING}", request, now)
    check_media(request)
    body = await request.body()
    crs = granted(read_content_crs(crs_headers(request)))
    wanted = granted(read_change(kind, object_id, operation, body, crs))
    paths = written_paths(kind, wanted)
    _refuse_closed(kind, paths, permit)
    seen = granted(_seen(request))
    key, digest = granted(_key(request, permit)), _digest(request.url.path, body, crs)
    register = desk.deps.registers.by_name[kind.register]
    asked = Act(register=register, transaction_id=key, entries=())
    earlier = await store.written_before(desk.deps.pool, asked)
    if earlier is None:
        case = case_of(kind, permit, request, now, paths)
        act = await _act(desk, case, object_id, wanted, asked, seen, digest)
        earlier = await _write(desk, case, object_id, wanted, act)
    await _refuse_other_body(desk, asked, digest)
    return json_response(
        _told(kind, object_id, earlier),
        status=HTTPStatus.CREATED,
        headers={"Location": f"/{kind.register}/v1/{kind.collection}/{object_id}"},
    )


async def carry_out(  # each says one thing of the change
    desk: Desk, case: Case, object_id: str, wanted: Change, name: UUID, seen: int, digest: str = ""
) -> Written:
    """A change by one of our own people at a page of ours, or that another system tells, as
    ``name``. Raises ProblemError.

    ``case`` is of the permit to change; ``seen`` is the last number of the object they saw, and
    ``digest`` what was said, when the same may come again.
    """
    _refuse_closed(case.type, written_paths(case.type, wanted), case.permit)
    register = desk.deps.registers.by_name[case.type.register]
    asked = Act(register=register, transaction_id=name, entries=())
    act = await _act(desk, case, object_id, wanted, asked, seen, digest)
    return await _write(desk, case, object_id, wanted, act)


async def _act(
    desk: Desk,
    case: Case,
    object_id: str,
    wanted: Change,
    asked: Act,
    seen: int,
    digest: str,
) -> Act:
    """What is to be added. Raises ProblemError for what can not be done to this timeline."""
    await _refuse_outside(desk, case, object_id, wanted)
    expected = {(case.type.key, object_id): seen}
    stale = await store.refusal_of(desk.deps.pool, replace(asked, expected=expected))
    if stale is not None:
        raise ProblemError(stale)
    known = await desk.known(case)
    line = await store.line_of(desk.deps.pool, case.type, object_id, wanted.group, known)
    act = Act(
        register=asked.register,
        transaction_id=asked.transaction_id,
        entries=[
            _entry(case, object_id, draft, wanted, digest) for draft in granted(wanted.on(line))
        ],
        expected=expected,
    )
    refusal = await store.refusal_of(desk.deps.pool, act)
    if refusal is not None:
        raise ProblemError(refusal)
    return act


async def _refuse_outside(desk: Desk, case: Case, object_id: str, wanted: Change) -> None:
    """An object outside the row conditions is not there; a new one has to lie within them."""
    rows = case.permit.rows
    if not rows:
        return
    _, found = await desk.ask(case, [object_id])
    if found:
        return
    known = await store.history_of(desk.deps.pool, case.type, object_id)
    conditions = conditions_on(case.type, rows)
    if known or conditions is None or not hold(conditions, wanted.content or {}):
        raise ProblemError(_NOT_THERE)


_NOT_THERE = Refusal(
    code="niet-gevonden",
    status=HTTPStatus.NOT_FOUND,
    title="There is no such object",
    detail="No object that this permit opens has this identification; a new one has to meet the "
    "conditions of the permit.",
)


async def _write(desk: Desk, case: Case, object_id: str, wanted: Change, act: Act) -> Written:
    """First the line, then the change. Raises ProblemError when somebody was quicker."""
    doing = f"{case.type.collection} bijwerken"
    _, found = await desk.ask(case, [object_id])
    subject = case.type.subject
    number = (wanted.content or {}).get(subject.name) if subject is not None else None
    also = [str(number)] if number is not None else []
    await desk.record(case, [object_id], found, doing=doing, also=also)
    done = await store.write(desk.deps.pool, act)
    if isinstance(done, Refusal):
        # After the line was written: the log tells how it ended.
        await desk.record(case, [object_id], found, doing=doing, also=also, refused=True)
        raise ProblemError(done)
    return done


def _digest(path: str, body: bytes, crs: Crs) -> str:
    """What a request said, and of what: the same numbers in another system are another request."""
    return hashlib.sha256(f"{path}\0{crs.uri}\0".encode() + body).hexdigest()


def _told(kind: ObjectType, object_id: str, done: Written) -> JsonValue:
    assert done.registered_at is not None  # noqa: S101  # something was added
    return {
        kind.identification: object_id,
        "volgnummer": done.last_number,
        "tijdstipRegistratie": as_utc_text(done.registered_at),
        "aantal": done.added,
    }


def _entry(case: Case, object_id: str, draft: Draft, wanted: Change, digest: str) -> Entry:
    source: dict[str, JsonValue] = {
        "document": wanted.document,
        "reden": wanted.reason,
        "organisatie": case.permit.peer,
        "transactie": str(case.permit.transaction_id),
        "verzoek": digest,
    }
    return Entry(type=case.type, object_id=object_id, draft=replace(draft, source=source))


def case_of(
    kind: ObjectType, permit: Permit, request: AnyRequest, now: datetime, paths: frozenset[str]
) -> Case:
    """A question to write these paths, as every use of a register is one."""
    return Case(
        type=kind,
        permit=permit,
        asked=Asked(
            valid_on=amsterdam_day(now),
            moment=None,
            clock=kind.clock,
            uncertainty=Uncertainty.SHOW,
            number=None,
            wants_history=False,
            fields=None,
        ),
        query={},
        expanded=(),
        shape=Shape(leaves=paths, left_out=frozenset(), with_history=False),
        trace=parse_traceparent(
            request.headers.get("traceparent"), request.headers.get("tracestate", "")
        ),
        path=request.url.path,
        started_at=now,
    )


async def _refuse_other_body(desk: Desk, act: Act, digest: str) -> None:
    """A key that was used for another request is not this one."""
    if await store.request_of(desk.deps.pool, act) != digest:
        raise ProblemError(
            Refusal(
                code="idempotency_key_reused",
                status=HTTPStatus.CONFLICT,
                title="This key was used for another request",
                detail="Nothing was written. An Idempotency-Key stands for one request; take a new "
                "one for another.",
            )
        )


def _seen(request: AnyRequest) -> int | Refusal:
    """The last number of the object the writer saw; 0 when it saw none."""
    if request.headers.get("if-none-match", "").strip() == "*":
        return 0
    match = _NUMBER.fullmatch(request.headers.get("if-match", "").strip())
    if match is not None:
        return int(match[1])
    return Refusal(
        code="precondition_required",
        status=HTTPStatus.PRECONDITION_REQUIRED,
        title="Say which state you saw",
        detail='Send If-Match: "N", N being the last volgnummer of the object, or '
        "If-None-Match: * when it is not there yet.",
    )


def _key(request: AnyRequest, permit: Permit) -> UUID | Refusal:
    """Under which identifier this act is known; without a key that of the question."""
    text = request.headers.get("idempotency-key")
    if text is None:
        return permit.transaction_id
    if not _KEY.fullmatch(text):
        return Refusal(
            code="request_invalid",
            status=HTTPStatus.BAD_REQUEST,
            title="The question is not well formed",
            detail="Idempotency-Key must hold 8 to 200 printable characters.",
        )
    named = f"{permit.peer}\0{permit.service}\0{text}".encode()
    data = bytearray(hashlib.sha256(named).digest()[:16])
    # A UUID of version 8: an own form. Source: RFC 9562, section 5.8.
    data[6], data[8] = (data[6] & 0x0F) | 0x80, (data[8] & 0x3F) | 0x80
    return UUID(bytes=bytes(data))


def _refuse_closed(kind: ObjectType, paths: frozenset[str], permit: Permit) -> None:
    allowed = {leaf for path in permit.fields for leaf in kind.leaves(path)}
    closed = sorted(paths - allowed)
    if closed:
        raise ProblemError(
            closed_fields(
                closed, "; nothing was written, as a change is of all fields of its group."
            )
        )

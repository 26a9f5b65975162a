# SPDX-License-Identifier: EUPL-1.2
"""Subscribing to the changes of a register, by who may read it.

POST /{register}/v1/abonnementen                  ask for one
GET  /{register}/v1/abonnementen                  those of the organisation that asks
GET  /{register}/v1/abonnementen/{id}             one of them
POST /{register}/v1/abonnementen/{id}/_pauzeer    hold it; nothing is lost meanwhile
POST /{register}/v1/abonnementen/{id}/_hervat     go on where it was held
POST /{register}/v1/abonnementen/{id}/_beeindig   end it, for good
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from uuid import UUID

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.platform.ids import uuid7
from landschap.purposes.permit import Permit
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.desk import Desk
from landschap.registers.api.requests import check_media
from landschap.registers.models import Register
from landschap.registers.refusals import rows_not_obeyed
from landschap.registers.store import subscriptions as kept
from landschap.registers.subscribing import read_wanted
from landschap.registers.subscriptions import (
    ACTIONS,
    NOT_FOUND,
    State,
    Subscription,
    ended_already,
    on_behalf,
)
from landschap.vocabulary.problems import ProblemError, granted

_REASON = "door de afnemer zelf"


def subscriptions(desk: Desk, register: Register) -> list[ControllerRouterHandler]:
    """The routes of subscribing to one register."""
    base = f"/{register.name}/v1/abonnementen"
    place = f"{base}/{{abonnement:str}}"

    @post(base, status_code=HTTPStatus.CREATED, opt={"query": ()})
    async def ask(request: AnyRequest) -> Response[bytes]:
        return await subscribe(desk, register, request)

    @get(base, opt={"query": ()})
    async def every(request: AnyRequest) -> Response[bytes]:
        return await list_own(desk, register, request)

    @get(place, opt={"query": ()})
    async def one(abonnement: FromPath[str], request: AnyRequest) -> Response[bytes]:
        return await read_one(desk, register, abonnement, request)

    def acting(action: str) -> ControllerRouterHandler:
        @post(f"{place}/{action}", status_code=HTTPStatus.OK, opt={"query": ()})
        async def act(abonnement: FromPath[str], request: AnyRequest) -> Response[bytes]:
            return await carry_out(desk, register, abonnement, action, request)

        return act

    return [ask, every, one, *(acting(action) for action in ACTIONS)]


async def subscribe(desk: Desk, register: Register, request: AnyRequest) -> Response[bytes]:
    """Ask for a subscription; it begins when its place of delivery agrees. Raises ProblemError."""
    permit = _permit(desk, register, request)
    check_media(request)
    body = await request.body()
    if permit.delegator:
        raise ProblemError(on_behalf())
    wanted = granted(read_wanted(register, body, permit.fields, desk.deps.notice_hosts))
    asking = kept.Asking(
        subscription_id=uuid7(),
        peer=permit.peer,
        purpose=permit.purpose,
        policy=permit.policy,
        transaction_id=permit.transaction_id,
    )
    made = granted(await kept.subscribe(desk.deps.pool, register, asking, wanted))
    place = f"/{register.name}/v1/abonnementen/{made.subscription_id}"
    return json_response(
        made.as_json(register), status=HTTPStatus.CREATED, headers={"Location": place}
    )


async def list_own(desk: Desk, register: Register, request: AnyRequest) -> Response[bytes]:
    """The subscriptions of the organisation that asks. Raises ProblemError."""
    permit = _permit(desk, register, request)
    found = await kept.subscriptions(desk.deps.pool, register.name, permit.peer)
    return json_response({"items": [each.as_json(register) for each in found]})


async def read_one(
    desk: Desk, register: Register, subscription_id: str, request: AnyRequest
) -> Response[bytes]:
    """One subscription of the organisation that asks. Raises ProblemError."""
    permit = _permit(desk, register, request)
    return json_response((await _found(desk, register, subscription_id, permit)).as_json(register))


async def carry_out(
    desk: Desk, register: Register, subscription_id: str, action: str, request: AnyRequest
) -> Response[bytes]:
    """Hold, go on or end. The same again changes nothing. Raises ProblemError."""
    permit = _permit(desk, register, request)
    found = await _found(desk, register, subscription_id, permit)
    state = ACTIONS[action]
    if found.state is State.ENDED and state is not State.ENDED:
        raise ProblemError(ended_already())
    goes_on = state is State.ASKED and found.state is not State.PAUSED
    if found.state is not state and not goes_on:
        reason = "" if state is State.ASKED else _REASON
        await kept.set_state(desk.deps.pool, found.subscription_id, state, reason)
        found = await _found(desk, register, subscription_id, permit)
    return json_response(found.as_json(register))


def _permit(desk: Desk, register: Register, request: AnyRequest) -> Permit:
    """The permit. One for some rows only opens no subscription: a notice names the object.

    Who may not be used is left out when a notice is sent.
    """
    permit = desk.permit(register.name, request, datetime.now(UTC), looks_up=True)
    if permit.rows:
        raise ProblemError(rows_not_obeyed(f"/{register.name}/v1/abonnementen"))
    return permit


async def _found(desk: Desk, register: Register, text: str, permit: Permit) -> Subscription:
    """One of the asker's own; that others exist is not for it to know. Raises ProblemError."""
    try:
        subscription_id = UUID(text)
    except ValueError:
        raise ProblemError(NOT_FOUND) from None
    found = await kept.subscription(desk.deps.pool, subscription_id, register.name)
    if found is None or found.peer != permit.peer:
        raise ProblemError(NOT_FOUND)
    return found

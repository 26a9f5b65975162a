# SPDX-License-Identifier: EUPL-1.2
"""The inbox: notices of other organisations, through our Inway.

OPTIONS /meldingen/v1/gebeurtenissen   may you send here? yes, to who came through the door
POST    /meldingen/v1/gebeurtenissen   one CloudEvent, or a batch

A notice is kept before it is accepted, once; acting upon it is for the worker.
Source: CloudEvents HTTP webhook 1.0.2, "Delivering notifications" and "Validation".
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http import HTTPStatus

from litestar import Response, post, route
from litestar.enums import HttpMethod
from litestar.types import ControllerRouterHandler

from landschap.platform.http import json_response
from landschap.registers.api.cases import AnyRequest
from landschap.registers.api.desk import Desk
from landschap.registers.inbox import read_events
from landschap.registers.store import inbox
from landschap.registers.subscriptions import usual_path
from landschap.vocabulary.problems import granted

SERVICE = "meldingen"
_ORIGIN = re.compile(r"[A-Za-z0-9.-]{1,253}")
PATH = usual_path(SERVICE)


def receiving(desk: Desk) -> list[ControllerRouterHandler]:
    """The routes of the inbox."""

    @route(PATH, http_method=[HttpMethod.OPTIONS], opt={"query": ()})
    async def may_send(request: AnyRequest) -> Response[bytes]:
        desk.permit(SERVICE, request, datetime.now(UTC))
        headers = {"Allow": "OPTIONS, POST"}
        origin = request.headers.get("webhook-request-origin", "")
        if _ORIGIN.fullmatch(origin):
            # The contract says who may: whoever has a Permit is one of these.
            headers |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": "*"}
        return Response(b"", status_code=HTTPStatus.OK, headers=headers)

    @post(PATH, status_code=HTTPStatus.OK, opt={"query": ()})
    async def receive(request: AnyRequest) -> Response[bytes]:
        permit = desk.permit(SERVICE, request, datetime.now(UTC))
        body = await request.body()
        events = granted(read_events(request.headers.get("content-type", ""), body, permit.peer))
        new = await inbox.keep(desk.deps.pool, events, permit.peer)
        return json_response({"ontvangen": len(events), "nieuw": new})

    return [may_send, receive]

# SPDX-License-Identifier: EUPL-1.2
"""The catalogue for peers: a service of our own, that shows each what is offered to it.

    GET /catalogus/v1/apis                    what one may see, searched and chosen as on the page
    GET /catalogus/v1/apis/{naam}             one of them
    GET /catalogus/v1/apis/{naam}/openapi     its description, as it was read
    GET /catalogus/v1/openapi.json            this interface

Who asks is told by the Permit that our door makes: the organisation for which is asked. Declare the
service as ``catalogus`` with ``recording = "intent"`` and ``declaration = "none"``: there is no
person in a catalogue.
Source: house decision: visibility per Group or list of peers, the same on pages and for programs.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from litestar import Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from landschap.catalogue import store
from landschap.catalogue.describing_api import SERVICE, VERSION, document_of
from landschap.catalogue.own_service import OwnServices
from landschap.catalogue.pages.listed import now, standing_as_listed
from landschap.catalogue.pages.looking import QUERY, as_json, look, wanted_of
from landschap.catalogue.pages.machine import api_json
from landschap.platform.http import json_response
from landschap.purposes.api import permit_of
from landschap.purposes.model import FieldSet
from landschap.vocabulary.problems import ProblemError, Refusal

BASE = f"/{SERVICE}/v1"
_HEADERS = {"API-Version": VERSION}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiDeps:
    """What the catalogue for peers needs; the keys open the Permits of our door."""

    pool: asyncpg.Pool
    services: Callable[[], Awaitable[OwnServices]]
    permit_key: bytes = field(repr=False)
    permit_keys: Callable[[], Sequence[bytes]] | None = None
    field_sets: Callable[[], Mapping[str, FieldSet]] = dict
    address: str = ""
    organisation: str = ""
    email: str = ""
    url: str = ""


def api_routes(deps: ApiDeps) -> list[HTTPRouteHandler]:
    """The routes of the catalogue for peers."""

    @get(f"{BASE}/apis", opt=QUERY)
    async def every(request: Request[Any, Any, Any]) -> Response[bytes]:
        found = await look(deps, _viewer(deps, request), wanted_of(request))
        return json_response(as_json(found), headers=_HEADERS)

    @get(f"{BASE}/apis/{{naam:str}}")
    async def one(naam: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        api = await _seen(deps, request, naam)
        standing = standing_as_listed(api, await deps.services(), now())
        return json_response(api_json(api, standing), headers=_HEADERS)

    @get(f"{BASE}/apis/{{naam:str}}/openapi")
    async def description(naam: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        api = await _seen(deps, request, naam)
        raw = await store.document_of(deps.pool, api.api, api.number)
        is_json = raw.lstrip()[:1] == b"{"
        medium = "application/json" if is_json else "application/yaml"
        return Response(raw, media_type=medium, headers=_HEADERS)

    @get(f"{BASE}/openapi.json")
    async def document() -> Response[bytes]:
        told = document_of(deps.address, deps.organisation, email=deps.email, url=deps.url)
        return json_response(told, headers={**_HEADERS, "Access-Control-Allow-Origin": "*"})

    return [every, one, description, document]


def _viewer(deps: ApiDeps, request: Request[Any, Any, Any]) -> Sequence[str]:
    """As whom one looks: the organisation for which is asked. Raises ProblemError."""
    permit = permit_of(request, deps, SERVICE, now())
    return (store.EVERYONE, store.GROUP, permit.receiver)


async def _seen(deps: ApiDeps, request: Request[Any, Any, Any], name: str) -> store.Shown:
    found = await store.shown_named(deps.pool, _viewer(deps, request), name)
    if found is None:
        raise ProblemError(_NOT_THERE)
    return found


_NOT_THERE = Refusal(
    code="not_found",
    status=404,
    title="There is no such API",
    detail="No API of this name is offered to you.",
)

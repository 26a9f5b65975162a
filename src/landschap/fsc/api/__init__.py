# SPDX-License-Identifier: EUPL-1.2
"""The Manager: the API by which peers agree. Served under ``/v1`` and under the bare paths.

The standard gives ``/v1`` as base, deployers also call the bare paths, so both are there.
`routes` gives the handlers, `SHAPE` how errors look: FSC's own body with its code in the header
``Fsc-Error-Code``, and OAuth's at the token endpoint.
Source: FSC Core, OpenAPI; FSC Logging, OpenAPI.
"""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post, put
from litestar.types import ASGIApp, ControllerRouterHandler

from landschap.fsc.api import reading, writing
from landschap.fsc.api.deps import ManagerDeps, caller
from landschap.fsc.api.description import openapi_json
from landschap.fsc.api.refusals import render_fsc
from landschap.fsc.api.token import give_token
from landschap.fsc.states import Kind
from landschap.fsc.wire import peer_info
from landschap.fsc.witnesses import EXTENSION, PATH, VERSION
from landschap.fsc.witnesses import api as witnesses
from landschap.platform.http import AppShape, json_response, make_app
from landschap.vocabulary.ijson import JsonValue

__all__ = ["SHAPE", "ManagerDeps", "manager_app", "routes"]

AnyRequest = Request[Any, Any, Any]

# An address with a null character is no content hash, and is told as such.
SHAPE = AppShape(title="FSC Manager", version="1.0.0", render=render_fsc, refuses_null=False)


def manager_app(deps: ManagerDeps) -> ASGIApp:
    """The Manager as an ASGI application, to be reached by the carrier only."""
    return make_app(routes(deps), SHAPE)


def routes(deps: ManagerDeps) -> list[ControllerRouterHandler]:
    """The handlers of the Manager."""
    return [*_writing(deps), *_reading(deps), *_about_us(deps), *_witnessing(deps)]


def _paths(path: str) -> list[str]:
    return [path, f"/v1{path}"]


def _named(request: AnyRequest) -> str:
    """The content hash in the address; ``$`` came raw or as %24."""
    return str(request.path_params["content_hash"])


def _done(status: int) -> Response[bytes]:
    return Response(b"", status_code=status, media_type="application/json")


def _writing(deps: ManagerDeps) -> list[ControllerRouterHandler]:
    @put(_paths("/announce"))
    async def announce(request: AnyRequest) -> Response[bytes]:
        """A peer tells where its Manager answers."""
        await writing.announce(deps, request)
        return _done(200)

    @post(_paths("/contracts"))
    async def submit_contract(request: AnyRequest) -> Response[bytes]:
        """A participant submits a contract with its accept."""
        await writing.take_signature(deps, request, Kind.ACCEPT, None)
        return _done(201)

    @post(_paths("/token"), status_code=200)
    async def get_token(request: AnyRequest) -> Response[bytes]:
        """An outway asks for a token."""
        answer = json_response(await give_token(deps, request))
        answer.headers["Pragma"] = "no-cache"
        return answer

    return [announce, submit_contract, get_token, *(_signing(deps, kind) for kind in Kind)]


def _signing(deps: ManagerDeps, kind: Kind) -> ControllerRouterHandler:
    @put(_paths(f"/contracts/{{content_hash:str}}/{kind}"), name=f"{kind}Contract")
    async def take_signature(request: AnyRequest) -> Response[bytes]:
        """A participant accepts, rejects or revokes."""
        await writing.take_signature(deps, request, kind, _named(request))
        return _done(201)

    return take_signature


def _reading(deps: ManagerDeps) -> list[ControllerRouterHandler]:
    @get(_paths("/contracts"), opt={"query": reading.CONTRACT_QUERY})
    async def list_contracts(request: AnyRequest) -> Response[bytes]:
        """The caller's contracts."""
        return Response(await reading.contracts(deps, request), media_type="application/json")

    @get(_paths("/peers"), opt={"query": reading.PEER_QUERY})
    async def get_peers(request: AnyRequest) -> Response[bytes]:
        """The peers we know."""
        return json_response(await reading.peers(deps, request))

    @get(_paths("/services"), opt={"query": reading.SERVICE_QUERY})
    async def get_services(request: AnyRequest) -> Response[bytes]:
        """The services that are published here."""
        return json_response(await reading.services(deps, request))

    @get(_paths("/regulated-areas/{area:str}/members"), opt={"query": reading.MEMBER_QUERY})
    async def get_members(request: AnyRequest) -> Response[bytes]:
        """The members of a Regulated Area that we administer."""
        name = str(request.path_params["area"])
        return json_response(await reading.members(deps, request, name))

    @get(_paths("/logs"), opt={"query": reading.LOG_QUERY})
    async def get_logs(request: AnyRequest) -> Response[bytes]:
        """The caller's transactions."""
        return json_response(await reading.logs(deps, request))

    return [list_contracts, get_peers, get_services, get_members, get_logs]


def _witnessing(deps: ManagerDeps) -> list[ControllerRouterHandler]:
    @put(_paths(PATH))
    async def keep_anchor(request: AnyRequest) -> Response[bytes]:
        """A peer has us keep the signed end of its log."""
        await witnesses.take_anchor(deps, request)
        return _done(201)

    @get(_paths(PATH), opt={"query": witnesses.ANCHOR_QUERY})
    async def get_anchors(request: AnyRequest) -> Response[bytes]:
        """What we keep of the caller's log."""
        return json_response(await witnesses.given_back(deps, request))

    return [keep_anchor, get_anchors]


def _about_us(deps: ManagerDeps) -> list[ControllerRouterHandler]:
    @get(_paths("/peer"))
    async def get_peer_info(request: AnyRequest) -> Response[bytes]:
        """Who we are."""
        caller(request)
        more = {EXTENSION: VERSION} if deps.witnesses else {}
        told: dict[str, JsonValue] = peer_info(reading.own_listing(deps), deps.own.profile, more)
        return json_response(told)

    @get(_paths("/.well-known/jwks.json"))
    async def get_key_set(request: AnyRequest) -> Response[bytes]:
        """What we sign with."""
        caller(request)
        return json_response(await reading.key_set(deps))

    @get(_paths("/openapi.json"))
    async def get_openapi(request: AnyRequest) -> Response[bytes]:
        """What this API is."""
        caller(request)
        # Anybody may read it, also in a page from elsewhere. Source: NL GOV API rules, API-51.
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(openapi_json(), media_type="application/json", headers=headers)

    return [get_peer_info, get_key_set, get_openapi]

# SPDX-License-Identifier: EUPL-1.2
"""A peer that is not ours: a small Manager and Inway on aiohttp, which may break one rule.

It knows as much of FSC as it needs to answer each question rightly; nothing in it comes from the
parts that are tested against it, except certificates. ``spoil`` gets every answer before it goes.
"""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from tests.fsc import fsc_rig as rig
from tests.fsc.manager_rig import write_identity

from landschap.fsc.own import OwnPeer

Spoil = Callable[[web.Request, web.Response], Awaitable[web.Response] | web.Response]
_HASH_LENGTH = 91
_MISSING = "ERROR_CODE_ACCESS_TOKEN_MISSING"


def as_is(request: web.Request, response: web.Response) -> web.Response:
    """The answer as it should be."""
    del request
    return response


@dataclass(kw_only=True)
class ForeignPeer:
    """What it knows, and how it breaks its rule."""

    own: OwnPeer
    address: str
    spoil: Spoil = as_is
    group_id: str = rig.GROUP
    contracts: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    announced: dict[str, dict[str, str]] = field(default_factory=dict)
    heard: list[str] = field(default_factory=list)
    version: str = "2.0.0"

    def app(self) -> web.Application:
        """Its Manager under ``/v1``, its Inway everywhere else."""
        app = web.Application()
        app.router.add_get("/v1/peer", self._peer)
        app.router.add_get("/v1/.well-known/jwks.json", self._keys)
        app.router.add_put("/v1/announce", self._announce)
        app.router.add_get("/v1/peers", self._peers)
        app.router.add_get("/v1/services", self._services)
        app.router.add_get("/v1/contracts", self._contracts)
        app.router.add_get("/v1/logs", self._logs)
        app.router.add_post("/v1/token", self._token)
        app.router.add_post("/v1/contracts", self._submit)
        app.router.add_put("/v1/contracts/{hash}/{kind}", self._sign)
        app.router.add_route("*", "/v1/{rest:.*}", self._nothing)
        app.router.add_route("*", "/{path:.*}", self._inway)
        app.middlewares.append(self._spoiled)
        return app

    @web.middleware
    async def _spoiled(self, request: web.Request, handler: Any) -> web.StreamResponse:
        self.heard.append(f"{request.method} {request.path}")
        answer = await handler(request)
        spoiled = self.spoil(request, answer)
        return spoiled if isinstance(spoiled, web.Response) else await spoiled

    async def _peer(self, request: web.Request) -> web.Response:
        del request
        return web.json_response(
            {
                "peer_id": self.own.peer_id.value,
                "peer_name": self.own.name,
                "fsc_version": self.version,
                "enabled_extensions": {"EXTENSION_TRANSACTION_LOGGING": "1.0.0"},
            }
        )

    async def _keys(self, request: web.Request) -> web.Response:
        del request
        numbers = self.own.certificate.x509.public_key().public_numbers()  # type: ignore[union-attr]
        chain = [self.own.certificate.der]
        key = {
            "kty": "EC",
            "crv": "P-256",
            "x": _url64(numbers.x.to_bytes(32)),  # type: ignore[union-attr]
            "y": _url64(numbers.y.to_bytes(32)),  # type: ignore[union-attr]
            "x5c": [base64.b64encode(each).decode() for each in chain],
        }
        return web.json_response({"keys": [key]})

    async def _announce(self, request: web.Request) -> web.Response:
        who = _caller(request)
        self.announced[who] = {
            "id": who, "name": "peer", "manager_address": request.headers["Fsc-Manager-Address"],
        }  # fmt: skip
        return web.Response()

    async def _peers(self, request: web.Request) -> web.Response:
        wanted = request.query.get("peer_id", "").split(",")
        found = [e for e in self.announced.values() if wanted == [""] or e["id"] in wanted]
        return _page(request, "peers", found)

    async def _services(self, request: web.Request) -> web.Response:
        listed = {
            "type": "SERVICE_TYPE_SERVICE",
            "data": {
                "type": "SERVICE_TYPE_SERVICE",
                "peer": {
                    "id": self.own.peer_id.value,
                    "name": self.own.name,
                    "manager_address": self.address,
                },
                "name": "bijstand",
                "protocol": "PROTOCOL_TCP_HTTP_1.1",
            },
        }
        return _page(request, "services", [listed])

    async def _contracts(self, request: web.Request) -> web.Response:
        mine = [each for each in self.contracts if _caller(request) in json.dumps(each)]
        return _page(request, "contracts", mine)

    async def _logs(self, request: web.Request) -> web.Response:
        wanted = request.query.get("transaction_ids", "")
        mine = [each for each in self.records if _caller(request) in json.dumps(each)]
        found = [each for each in mine if not wanted or each["transaction_id"] in wanted]
        return _page(request, "records", found)

    async def _token(self, request: web.Request) -> web.Response:
        form = await request.post()
        scope = str(form.get("scope", ""))
        error = "invalid_grant"
        if "grant_type" not in form or "scope" not in form or "client_id" not in form:
            error = "invalid_request"
        elif form["grant_type"] != "client_credentials":
            error = "unsupported_grant_type"
        elif len(scope) != _HASH_LENGTH or not scope.startswith("$1$"):
            error = "invalid_scope"
        elif form["client_id"] != _caller(request):
            error = "invalid_client"
        return web.json_response({"error": error}, status=400)

    async def _submit(self, request: web.Request) -> web.Response:
        return self._judge(request, await request.json(), "")

    async def _sign(self, request: web.Request) -> web.Response:
        return self._judge(request, await request.json(), request.match_info["hash"])

    def _judge(self, request: web.Request, body: dict[str, Any], path_hash: str) -> web.Response:
        content = body["content"]
        types = {each["data"]["type"] for each in content["grants"]}
        participants = json.dumps(content["grants"])
        if content["hash_algorithm"] != "HASH_ALGORITHM_SHA3_512":
            return _refused("ERROR_CODE_UNKNOWN_HASH_ALGORITHM_HASH")
        if len(types) > 1 and any("PUBLICATION" in each for each in types):
            return _refused("ERROR_CODE_GRANT_COMBINATION_NOT_ALLOWED")
        if path_hash and path_hash != rig.contract(content).hash.value:
            return _refused("ERROR_CODE_URL_PATH_CONTENT_HASH_MISMATCH")
        if content["group_id"] != self.group_id:
            return _refused("ERROR_CODE_INCORRECT_GROUP_ID")
        if _caller(request) not in participants:
            return _refused("ERROR_CODE_SUBMITTING_PEER_NOT_PART_OF_CONTRACT")
        if body["signature"].count(".") != 2:
            return _refused("ERROR_CODE_SIGNATURE_VERIFICATION_FAILED")
        return _refused("ERROR_CODE_CONTRACT_INVALID")

    async def _nothing(self, request: web.Request) -> web.Response:
        del request
        return web.Response(status=404)

    async def _inway(self, request: web.Request) -> web.Response:
        token = request.headers.get("Fsc-Authorization", "")
        code = "ERROR_CODE_ACCESS_TOKEN_INVALID" if token else _MISSING
        return _refused(code, 401, "ERROR_DOMAIN_INWAY", {"WWW-Authenticate": "Bearer"})


@asynccontextmanager
async def foreign_peer(
    folder: Path, own: OwnPeer, *, place: str, port: int, certified: bool = True, **changes: Any
) -> AsyncIterator[ForeignPeer]:
    """It answers at this place while the block runs; ``certified``: it asks for certificates.

    ``believes`` is an anchor it holds its callers against instead of its own.
    """
    identity = write_identity(folder, own)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(identity.certificate, identity.key)
    believed = changes.pop("believes", None)
    if believed is None:
        context.load_verify_locations(identity.trust_anchors[0])
    else:
        context.load_verify_locations(cadata=believed.certificate.public_bytes(Encoding.DER))
    context.verify_mode = ssl.CERT_REQUIRED if certified else ssl.CERT_OPTIONAL
    peer = ForeignPeer(own=own, address=own.manager_address, **changes)
    runner = web.AppRunner(peer.app(), access_log=None)
    await runner.setup()
    await web.TCPSite(runner, place, port, ssl_context=context).start()
    try:
        yield peer
    finally:
        await asyncio.wait_for(runner.cleanup(), 10)


def _caller(request: web.Request) -> str:
    assert request.transport is not None
    der = request.transport.get_extra_info("ssl_object").getpeercert(True)
    if der is None:
        return "nobody"
    certificate = x509.load_der_x509_certificate(der)
    return str(certificate.subject.get_attributes_for_oid(x509.NameOID.SERIAL_NUMBER)[0].value)


def _page(request: web.Request, key: str, entries: list[Any]) -> web.Response:
    limit = int(request.query.get("limit", "25"))
    begin = int(request.query.get("cursor") or "0")
    more = str(begin + limit) if len(entries) > begin + limit else ""
    chosen = entries[begin : begin + limit]
    return web.json_response({key: chosen, "pagination": {"next_cursor": more}})


def _refused(
    code: str,
    status: int = 422,
    domain: str = "ERROR_DOMAIN_MANAGER",
    headers: dict[str, str] | None = None,
) -> web.Response:
    told = {"message": "refused", "domain": domain, "code": code}
    return web.json_response(
        told, status=status, headers={"Fsc-Error-Code": code, **(headers or {})}
    )


def _url64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

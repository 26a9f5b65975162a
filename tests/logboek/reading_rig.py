# SPDX-License-Identifier: EUPL-1.2
"""The log's interface for reading as it is composed, and the people who ask it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import httpx
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey
from tests.gateway.gateway_scene import ACTIVITY, WEESP, register
from tests.logboek.log_rig import line
from tests.throwaway import Database

from landschap.cli.composition import Composition, pseudonym_keys, pseudonym_space
from landschap.cli.composition_log import log_of
from landschap.gateway.store import add_application
from landschap.logboek.pseudonyms import subject_pseudonym
from landschap.logboek.records import Kind
from landschap.logboek.store import LogWriter, latest
from landschap.platform.ids import new_trace_id
from landschap.platform.oidc_settings import (
    ConsoleOidcSettings,
    EmployeesOidcSettings,
    OidcSettings,
    PortalOidcSettings,
)
from landschap.purposes.store import Signers, save_register

SECRET = f"{ACTIVITY}-besloten"
PERSON, SOMEBODY = "999993653", "999990019"
NEXT, OLD = "/logboek/v1/data-processing-operations", "/logboek/v1/processing-activities"
REASON = "Steekproef van deze maand"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"
_KEY = ECKey.generate_key("P-256", parameters={"kid": "k1"})


@dataclass
class Reading:
    """The log as it is composed, and the people who ask it."""

    client: httpx.AsyncClient
    log: LogWriter
    parts: Composition
    issuer: str
    key: str
    officers: asyncpg.Pool

    def token(self, **changes: Any) -> str:
        claims = {
            "iss": self.issuer,
            "aud": "landschap",
            "sub": "a.devries",
            "exp": int(datetime.now(UTC).timestamp()) + 300,
            "acr": SUBSTANTIAL,
            **changes,
        }
        return jwt.encode({"alg": "ES256", "kid": "k1"}, claims, _KEY)

    def auditor(self, **changes: Any) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token(roles=['privacy-officer'], **changes)}"}

    def resident(self, bsn: str = PERSON, **changes: Any) -> dict[str, str]:
        token = self.token(**({"aud": "portaal", "bsn": bsn} | changes))
        return {"Authorization": f"Bearer {token}", "X-Api-Key": self.key}

    async def ask(
        self, who: dict[str, str], body: Any, path: str = NEXT, status: int = 200
    ) -> dict[str, Any]:
        answer = await self.client.post(path, json=body, headers=who)
        assert answer.status_code == status, answer.text
        told: dict[str, Any] = answer.json()
        kind = "application/json" if status == 200 else "application/problem+json"
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["api-version"] == "1.0.0"
        return told

    def pseudonym(self, bsn: str = PERSON) -> bytes:
        oin = self.parts.settings.organisation.oin
        return subject_pseudonym(pseudonym_keys(self.parts.settings)[1], oin, "bsn", bsn)

    async def write(self, bsn: str = PERSON, **changes: Any) -> bytes:
        """One line, alone in its trace unless that is given; gives the trace."""
        trace = changes.pop("trace_id", new_trace_id())
        space = f"{pseudonym_space(self.parts.settings)}/bsn/1"
        given = {
            "trace_id": trace, "subject": self.pseudonym(bsn), "subject_type": space,
            "activity": ACTIVITY, **changes,
        }  # fmt: skip
        await self.log.append([line(**given)])
        return bytes(trace)


async def _issuer(stack: AsyncExitStack) -> str:
    """The address of an issuer that publishes the key."""
    address: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        told: Any = {"issuer": address[0], "jwks_uri": f"{address[0]}/jwks"}
        if request.path == "/jwks":
            told = {"keys": [_KEY.as_dict(private=False)]}
        return web.Response(text=json.dumps(told))

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    address.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
    return address[0]


@asynccontextmanager
async def reading_log(database: Database, **changes: Any) -> AsyncIterator[Reading]:
    """The log of an organisation with a login, an application and a confidential activity.

    ``changes`` are other settings.
    """
    async with AsyncExitStack() as stack:
        issuer = await _issuer(stack)
        oidc = OidcSettings(
            portal=PortalOidcSettings(issuer=issuer, client_id="portaal"),
            employees=EmployeesOidcSettings(issuer=issuer, audience="landschap"),
            console=ConsoleOidcSettings(
                issuer=issuer, client_id="console", roles=("consulent",),
                log_officers=("privacy-officer",),
            ),
        )  # fmt: skip
        settings = dataclasses.replace(database.settings, oidc=oidc, **changes)
        parts = Composition(settings=settings, stack=stack)
        made = register(WEESP)
        secret = dataclasses.replace(made.activities[0], uri=SECRET, confidential=True)
        changed = dataclasses.replace(made, activities=(*made.activities, secret))
        signers = Signers(author="A. de Vries", approver="B. Jansen", reason="proef")
        await save_register(await parts.pool("purposes"), changed, signers, based_on="")
        key = await add_application(await parts.pool("gateway"), "portaal", datetime.now(UTC))
        app: Any = await log_of(parts)
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="https://logboek.proefdorp.example"
        )
        await stack.enter_async_context(client)
        officers = await database.pool("logboek", role="landschap_disclosure")
        yield Reading(client, await parts.log(), parts, issuer, key, officers)


def by_trace(trace: bytes, **attributes: str) -> dict[str, Any]:
    return {"traceId": trace.hex(), "attributes": {"nl.landschap.reason": REASON, **attributes}}


def spans(told: dict[str, Any]) -> list[str]:
    [items] = [value for name, value in told.items() if name != "metadata"]
    return [each["spanId"] for each in items]


async def last_look(reading: Reading) -> Any:
    [record] = await latest(
        await reading.parts.pool("logboek"), since=datetime.now(UTC) - timedelta(minutes=5), limit=1,
        kind=Kind.ADL,
    )  # fmt: skip
    content: Any = record.content()
    return content["adl"]["body"]["adl.core.request"]["context"]

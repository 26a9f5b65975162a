# SPDX-License-Identifier: EUPL-1.2
"""What nginx should carry now: the gateway's plan as a text, and word of its changes."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Self

import asyncpg

from landschap.gateway.access import Counted, Total
from landschap.gateway.carrier import render
from landschap.gateway.store import CARRIER_CHANNEL, Pools, access_totals, carrier_plan
from landschap.platform import nginx, postgres
from landschap.platform.carrier import Text
from landschap.platform.credentials import SIGNERS_WAIT_SECONDS, Credentials, Watched
from landschap.platform.settings import Settings
from landschap.platform.system_users import SystemUser
from landschap.platform.trouble import Trouble
from landschap.vocabulary.identifiers import InvalidValue


class Renderer:
    """The configuration that follows from the settings and the database."""

    def __init__(self, settings: Settings, user: SystemUser | None) -> None:
        self.program = nginx.program(settings)
        self._settings = settings
        self._user = user
        self._pools: Pools | None = None
        self._listener: asyncpg.Connection | None = None
        self._told = asyncio.Event()
        self._watched = Watched(settings, datetime.now(UTC))
        self._in_force = self._watched.held
        self._waits_since = 0.0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        if self._listener is not None:
            self._listener.terminate()
        if self._pools is not None:
            for pool in (self._pools.gateway, self._pools.fsc, self._pools.purposes):
                pool.terminate()

    async def text(self) -> Text:
        """The configuration that should run now. Raises Trouble when it cannot be had."""
        try:
            plan = await carrier_plan(
                self._settings,
                await self._connected(),
                nginx_version=self.program.version,
                worker_user=self._user.name if self._user else None,
                credentials=await self._credentials(),
            )
        except InvalidValue as error:
            raise Trouble(
                f"nginx cannot carry these settings: {error}", "correct organisation.toml"
            ) from None
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Trouble(
                f"the services cannot be read: {error}", "the database must be back first"
            ) from None
        rendered = render(plan)
        return Text(rendered.text, rendered.version)

    async def _credentials(self) -> Credentials:
        """What is in force. A new certificate waits until the deciders know it; nothing else does:
        a revoked caller is refused as soon as its list is here.
        """
        await asyncio.to_thread(self._watched.look, datetime.now(UTC))
        wanted, held = self._watched.held, self._in_force
        if wanted is held:
            return held
        if (wanted.chain_pem, wanted.key_pem) == (held.chain_pem, held.key_pem):
            self._in_force, self._waits_since = wanted, 0.0
            return wanted
        now = time.monotonic()
        self._waits_since = self._waits_since or now
        if now < self._waits_since + SIGNERS_WAIT_SECONDS:
            # The lists and anchors of the new one count already.
            return dataclasses.replace(
                held,
                anchors=wanted.anchors,
                anchors_pem=wanted.anchors_pem,
                revocation=wanted.revocation,
            )
        self._in_force, self._waits_since = wanted, 0.0
        return wanted

    async def carried(self) -> Mapping[Counted, Total]:
        """What nginx carried since the beginning; empty while the database is away."""
        try:
            return await access_totals((await self._connected()).gateway)
        except (Trouble, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return {}

    async def changed(self) -> None:
        """Wait until somebody tells that services or tokens changed.

        While nobody can tell, because the database is away, this waits for ever: the caller
        looks by itself every few seconds.
        """
        if self._listener is None or self._listener.is_closed():
            with contextlib.suppress(Trouble, OSError, asyncpg.PostgresError):
                self._listener = await postgres.connect(self._settings, "gateway")
                await self._listener.add_listener(CARRIER_CHANNEL, self._hear)
        await self._told.wait()
        self._told.clear()

    def _hear(self, *_: Any) -> None:
        self._told.set()

    async def _connected(self) -> Pools:
        if self._pools is None:
            self._pools = Pools(
                gateway=await postgres.pool(self._settings, "gateway", size=1),
                fsc=await postgres.pool(self._settings, "fsc", size=1),
                purposes=await postgres.pool(self._settings, "purposes", size=1),
            )
        return self._pools

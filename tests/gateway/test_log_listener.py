# SPDX-License-Identifier: EUPL-1.2
"""The listener of the processing log: who delivers is who nginx saw, and nothing passes its limits."""

from __future__ import annotations

import asyncio
import gzip
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.gateway.gateway_rig import Anchor, Caller, Leaf
from tests.gateway.gateway_scene import escaped
from tests.gateway.own_door_rig import OwnListener, own_listener
from tests.logboek.book_rig import LINES, Account, account_on, line, pools_of
from tests.throwaway import Database

from landschap.fsc.certificates import peer_certificate
from landschap.gateway import store
from landschap.gateway.plan import LogDoor


@pytest.fixture
async def account(database: Database) -> AsyncIterator[Account]:
    async with account_on(database.settings, await pools_of(database)) as made:
        yield made


@pytest.fixture
async def door(
    account: Account, gateway_folder: Path, group_anchor: Anchor, weesp: Leaf, doesburg: Leaf
) -> AsyncIterator[OwnListener]:
    """The listener, with the log behind it."""
    folder = gateway_folder / "logboek"
    async with own_listener(account.app, LogDoor, folder, group_anchor, weesp, doesburg) as made:
        yield made


async def test_only_a_certificate_that_nginx_saw_or_a_key_delivers(
    account: Account, door: OwnListener, database: Database, doesburg: Leaf
) -> None:
    stranger, certified, server, serving = door
    certificate = peer_certificate(doesburg.certificate)
    gateway = await database.pool("gateway")
    await store.add_application(
        gateway, "balie", datetime.now(UTC), certificate_thumbprint=certificate.thumbprint
    )

    async def deliver(by: Caller, body: bytes, **more: str) -> tuple[int, Any, dict[str, str]]:
        told = {"Content-Type": "application/json"}
        told |= {name.replace("_", "-"): text for name, text in more.items()}
        status, headers, content = await asyncio.to_thread(
            by.ask, LINES, method="POST", headers=told, body=body
        )
        return status, json.loads(content), headers

    body = json.dumps(given := line()).encode()
    status, told, _ = await deliver(stranger, body, X_Client_Cert=escaped(certificate))
    assert (status, told["code"]) == (401, "application_unknown")
    assert (await deliver(certified, body))[0] == 201
    (record,) = await account.kept(given["trace_id"])
    own: Any = record.content()["landschap"]
    assert own["application"] == "balie"
    key = account.client.headers["X-Api-Key"]
    packed = gzip.compress(json.dumps(line()).encode())
    status, _, _ = await deliver(stranger, packed, X_Api_Key=key, Content_Encoding="gzip")
    assert status == 201
    status, told, _ = await deliver(certified, b"[" + b" " * 5_000_000 + b"]")
    assert (status, told["code"]) == (413, "body_too_large")
    await store.revoke_application(gateway, "balie", datetime.now(UTC))
    status, told, _ = await deliver(certified, json.dumps(line()).encode())
    assert (status, told["code"]) == (401, "application_unknown")
    server.should_exit = True
    await serving
    status, told, headers = await deliver(stranger, body, X_Api_Key=key)
    assert (status, told["code"], headers["retry-after"]) == (503, "log_unavailable", "5")

# SPDX-License-Identifier: EUPL-1.2
"""A peer that does not answer holds up none of the others when catalogues are gathered."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from tests.catalogue.test_needs import grant
from tests.conftest import Database

from landschap.catalogue import store
from landschap.catalogue.peers import worker
from landschap.client import AsyncLandschap
from landschap.fsc.client import HostMap
from landschap.vocabulary.identifiers import GrantHash, PeerId

SILENT, QUICK = 4, 2
NOTHING = b'{"results": []}'


async def test_peers_that_stay_silent_are_told_and_the_others_are_read(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As many are silent as are asked beside each other, and they are asked first."""
    monkeypatch.setattr(worker, "_PEER_SECONDS", 0.3)
    pool = await database.pool("catalogue")
    peers = [f"000000990000000{number}0000" for number in range(1, SILENT + QUICK + 1)]
    grants = [
        replace(grant(), grant_hash=GrantHash(f"$1$3${number}" + "g" * 85),
                service_peer_id=PeerId(peer), service_name="catalogus")
        for number, peer in enumerate(peers)
    ]  # fmt: skip

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        if any(f"$1$3${number}" in asked for number in range(SILENT)):
            await reader.read()  # until they hang up
        else:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(NOTHING)}\r\nConnection: close\r\n\r\n"
            writer.write(head.encode() + NOTHING)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        deps = worker.GatherDeps(
            pool=pool, agreed=pool, me="00000099000000003000", outway=f"http://127.0.0.1:{port}",
            key=lambda: "k" * 40, hosts=HostMap({}, allow_private=False),
        )  # fmt: skip
        async with asyncio.timeout(40), AsyncLandschap(deps.outway, key=deps.key()) as line:
            told = await worker.told_by(deps, line, grants)
    places = [f"fsc://{peer}/catalogus/" for peer in peers]
    assert [each.source for each in told] == places[:SILENT]
    assert all("it did not tell all it offers within" in each.why for each in told)
    assert {source for source, _ in await store.unreadable(pool)} == set(places[:SILENT])
    seen = await pool.fetch("SELECT source FROM look WHERE outcome = 'same'")
    assert {row["source"] for row in seen} == set(places[SILENT:])

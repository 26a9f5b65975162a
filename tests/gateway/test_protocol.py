# SPDX-License-Identifier: EUPL-1.2
"""The decider's socket: what comes in pieces is read whole, what is no HTTP ends the connection."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.gateway.pair_rig import Pair
from tests.throwaway import Database

from landschap.fsc.tokens import BEARER
from landschap.gateway.api.desk import Desk
from landschap.gateway.asked import Asked
from landschap.platform.ids import uuid7
from landschap.platform.sockets import ask, decide_socket

QUESTION = b"GET /x HTTP/1.1\r\nHost: x\r\nX-Landschap-Door: inway\r\n\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(pair: Pair) -> Streams:
    return await asyncio.open_unix_connection(str(decide_socket(pair.weesp.settings)))


async def head(reader: asyncio.StreamReader) -> bytes:
    return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


def status_of(answer: bytes) -> str:
    headers = dict(line.split(b": ", 1) for line in answer.split(b"\r\n")[1:] if b": " in line)
    body = json.loads(headers[b"X-Fsc-Body"])
    return f"{headers[b'X-Fsc-Status'].decode()} {body['code']}"


NO_CERTIFICATE = "400 ERROR_CODE_PEER_CERTIFICATE_VERIFICATION_FAILED"


async def test_question_in_single_bytes_is_answered(pair: Pair) -> None:
    reader, writer = await connect(pair)
    for byte in QUESTION:
        writer.write(bytes([byte]))
        await writer.drain()
    assert status_of(await head(reader)) == NO_CERTIFICATE
    writer.close()


async def test_connection_stays_open_for_the_next_question(pair: Pair) -> None:
    reader, writer = await connect(pair)
    for _ in range(3):
        writer.write(QUESTION)
        assert status_of(await head(reader)) == NO_CERTIFICATE
    writer.close()


@pytest.mark.parametrize(
    "data",
    [b"rubbish\r\n\r\n", b"GET /x HTTP/9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", QUESTION * 2],
)
async def test_what_is_no_question_at_a_time_ends_the_connection(pair: Pair, data: bytes) -> None:
    reader, writer = await connect(pair)
    writer.write(data)
    answers = await asyncio.wait_for(reader.read(), 5)
    assert answers.count(b"HTTP/1.1") <= 1
    writer.close()


async def test_client_that_leaves_early_harms_nobody(pair: Pair) -> None:
    _, writer = await connect(pair)
    writer.write(QUESTION)
    writer.transport.abort()
    reader, writer = await connect(pair)
    writer.write(QUESTION)
    assert status_of(await head(reader)) == NO_CERTIFICATE
    writer.close()


async def test_only_pages_of_its_own_are_answered_without_a_door(pair: Pair) -> None:
    place = decide_socket(pair.weesp.settings)
    ready = await ask(place, "/ready")
    assert ready is not None
    assert ready.startswith(b"HTTP/1.1 200")
    assert b"epoch " in ready
    elsewhere = await ask(place, "/elsewhere")
    assert elsewhere is not None
    assert elsewhere.startswith(b"HTTP/1.1 404")


class Asker:
    """Doesburg at Weesp's decider, as the carrier writes it: alike but for the tail."""

    def __init__(self, pair: Pair, token: str, streams: Streams) -> None:
        certificate = pair.doesburg.own.certificate.x509.public_bytes(Encoding.PEM).decode()
        self._head = (
            "GET /panden/1 HTTP/1.1\r\nHost: x\r\nX-Landschap-Door: inway\r\n"
            f"X-Peer-Cert: {quote(certificate, safe='')}\r\nFsc-Authorization: {token}\r\n"
        )
        self._streams = streams
        self.desk = pair.weesp.desk
        self.transaction = ""

    async def ask(self) -> bytes:
        reader, writer = self._streams
        self.transaction = str(uuid7())
        trace = f"00-{uuid4().hex}-{uuid4().hex[:16]}-01"
        tail = f"Fsc-Transaction-Id: {self.transaction}\r\ntraceparent: {trace}\r\n\r\n"
        writer.write((self._head + tail).encode())
        answer = await head(reader)
        if answer.startswith(b"HTTP/1.1 200"):
            assert self.transaction.encode() in answer
            assert trace[:36].encode() in answer
        return answer

    async def from_memory(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Ask until a question was answered without being read."""
        read: list[Asked] = []
        ask = Desk.ask

        def spy(desk: Desk, asked: Asked, reply: Any) -> None:
            read.append(asked)
            ask(desk, asked, reply)

        monkeypatch.setattr(Desk, "ask", spy)
        for _ in range(200):
            before = len(read)
            assert (await self.ask()).startswith(b"HTTP/1.1 200")
            if len(read) == before:
                return
        pytest.fail("each question was read")


@pytest.fixture
async def asker(pair: Pair) -> AsyncIterator[Asker]:
    held = await pair.doesburg.keeper.peers.token(
        pair.doesburg.desk.holdings.world.outgoing[pair.grants["pand-open"]], datetime.now(UTC)
    )
    assert held is not None
    streams = await connect(pair)
    yield Asker(pair, f"{BEARER}{held.token}", streams)
    streams[1].close()


async def test_question_answered_from_memory_has_its_own_record(
    pair: Pair, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asker.from_memory(monkeypatch)
    [record] = await pair.weesp.records(asker.transaction)
    assert str(record.columns.transaction_id) == asker.transaction


async def test_question_answered_from_memory_is_decided_anew_when_the_world_is_newer(
    pair: Pair, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asker.from_memory(monkeypatch)
    raised = "UPDATE platform.epoch SET value = value + 1 RETURNING value"
    epoch = await pair.weesp.administrator.fetchval(raised)
    assert (await asker.ask()).startswith(b"HTTP/1.1 200")
    assert asker.desk.holdings.world.epoch >= epoch
    assert len(await pair.weesp.records(asker.transaction)) == 1


async def test_question_answered_from_memory_is_refused_when_it_can_not_be_recorded(
    pair: Pair, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asker.from_memory(monkeypatch)
    database = pair.weesp.administrator
    await database.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    try:
        refused = await asker.ask()
    finally:
        await database.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
    assert status_of(refused) == "500 TRANSACTION_LOG_WRITE_ERROR"
    assert await pair.weesp.records(asker.transaction) == []
    assert (await asker.ask()).startswith(b"HTTP/1.1 200")


async def start(database: Database, *more: str) -> asyncio.subprocess.Process:
    settings = database.settings
    settings.paths.run.mkdir(parents=True, exist_ok=True)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "landschap", "serve", "decider",
        "--config", str(settings.path), *more,
        env=os.environ | {"LANDSCHAP__POSTGRES__DSN": settings.postgres.dsn or ""},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip


async def ready(place: Path, process: asyncio.subprocess.Process) -> None:
    for _ in range(200):
        if await ask(place, "/ready"):
            return
        assert process.returncode is None, (await process.communicate())[0]
        await asyncio.sleep(0.05)
    pytest.fail("the decider does not answer")


async def test_process_ends_well_on_a_signal_and_its_lane_is_free_again(
    database: Database,
) -> None:
    place = decide_socket(database.settings)
    for _ in range(2):
        process = await start(database)
        await ready(place, process)
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0, out


async def test_second_decider_on_one_lane_does_not_start(database: Database) -> None:
    place = decide_socket(database.settings)
    first = await start(database)
    await ready(place, first)
    second = await start(database)
    out, _ = await asyncio.wait_for(second.communicate(), 20)
    assert second.returncode != 0
    assert out
    first.send_signal(signal.SIGTERM)
    await first.wait()

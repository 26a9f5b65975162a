# SPDX-License-Identifier: EUPL-1.2
"""WebSocket, server-sent events and HTTP/2, through both doors: where declared, and refused else."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import subprocess
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.gateway.gateway_rig import NGINX, http_answer
from tests.gateway.gateway_scene import ASSISTANCE, SERVICES
from tests.gateway.pair_rig import Pair, conclude, want_tokens
from tests.ports import free_port

from landschap.gateway import store

_MAGIC = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
KEY = base64.b64encode(b"sixteen bytes ok").decode()
PAUSE = 0.6


def accept_of(key: str) -> str:
    """What answers a key. Source: RFC 6455, 4.2.2."""
    digest = hashlib.sha1(f"{key}{_MAGIC}".encode(), usedforsecurity=False).digest()
    return base64.b64encode(digest).decode()


async def stream_service(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A service that opens a WebSocket and echoes, or sends two events with a pause between."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    told = dict(line.split(": ", 1) for line in head.split("\r\n")[1:] if ": " in line)
    low = {name.lower(): value for name, value in told.items()}
    if low.get("upgrade") == "websocket" and low.get("connection") == "upgrade":
        accept = accept_of(low["sec-websocket-key"])
        answer = f"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}"
        writer.write(f"HTTP/1.1 101 Switching Protocols\r\n{answer}\r\n\r\n".encode())
        while data := await reader.read(65_536):
            writer.write(data.swapcase())
            await writer.drain()
    else:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n")
        writer.write(b"Transfer-Encoding: chunked\r\n\r\n")
        for number in (1, 2):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await asyncio.sleep(PAUSE)
        writer.write(b"0\r\n\r\n")
    writer.close()


@pytest.fixture(scope="module", autouse=True)
async def declared(whole_pair: Pair, gateway_folder: Path) -> AsyncIterator[None]:
    """`pand-open` streams, `pand-plain` speaks HTTP/2 only, `uitkeringen` is an ordinary one."""
    stream, http2 = free_port(), free_port()
    server = await asyncio.start_server(stream_service, "127.0.0.1", stream)
    speaker = _http2_only(gateway_folder / "h2", http2, whole_pair.service.address)
    gateway = whole_pair.weesp.pools.gateway
    service = next(each for each in await store.services(gateway) if each.name == "pand-open")
    streaming = replace(
        service, upstream=f"http://127.0.0.1:{stream}", events=True, websocket=True, body_bytes=0
    )
    second = replace(
        SERVICES[2],
        upstream=f"http://127.0.0.1:{http2}",
        base="/b",
        protocol="http/2",
        trace="child",
        permit=True,
        body_bytes=0,
    )
    await store.apply_services(gateway, [streaming, second], datetime.now(UTC))
    await conclude(whole_pair, "pand-plain")
    await want_tokens(whole_pair)
    await whole_pair.weesp.take_effect()
    yield
    server.close()
    speaker.terminate()
    speaker.wait(5)


def _http2_only(folder: Path, port: int, behind: str) -> subprocess.Popen[bytes]:
    """A server that is spoken to in HTTP/2 and tells the party behind it so."""
    folder.mkdir()
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "scgi", "uwsgi")
    )
    (folder / "nginx.conf").write_text(f"""
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; user root;
events {{}}
http {{
  access_log off; merge_slashes off; {temporary}
  server {{
    listen 127.0.0.1:{port}; http2 on; client_max_body_size 0;
    if ($server_protocol != HTTP/2.0) {{ return 505; }}
    location / {{
      proxy_http_version 1.1; proxy_set_header X-Protocol $server_protocol;
      proxy_set_header Host $http_host; proxy_set_header Connection "";
      proxy_pass http://{behind}$request_uri;
    }}
  }}
}}
""")
    return subprocess.Popen([NGINX, "-p", folder, "-c", folder / "nginx.conf"])


def code_of(answer: tuple[int, dict[str, str], bytes]) -> tuple[int, str]:
    return answer[0], json.loads(answer[2])["code"]


def head_of(pair: Pair, service: str, **more: str) -> bytes:
    told = {
        "Host": "door.test",
        "X-Api-Key": pair.key,
        "Fsc-Grant-Hash": pair.grants[service],
        "Doelbinding": ASSISTANCE,
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    lines = "\r\n".join(f"{name}: {value}" for name, value in told.items())
    return f"GET /live HTTP/1.1\r\n{lines}\r\n\r\n".encode()


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec_WebSocket_Key": KEY,
    "Sec_WebSocket_Version": "13",
}


async def test_websocket_of_a_service_that_declares_it_carries_bytes_both_ways(pair: Pair) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.outway.port)
    writer.write(head_of(pair, "pand-open", **UPGRADE))
    async with asyncio.timeout(10):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        assert head.startswith("HTTP/1.1 101 ")
        assert f"Sec-WebSocket-Accept: {accept_of(KEY)}" in head
        assert "Fsc-Transaction-Id: " in head
        for word in (b"abc", b"x" * 50_000 + b"y"):
            writer.write(word)
            assert await reader.readexactly(len(word)) == word.swapcase()
    writer.close()


async def test_websocket_of_any_other_service_is_refused_in_the_form_of_fsc(pair: Pair) -> None:
    began = time.monotonic()
    answer = await pair.ask(method="GET", **UPGRADE)
    assert code_of(answer) == (400, "ERROR_CODE_PROTOCOL_UNSUPPORTED")
    assert json.loads(answer[2])["domain"] == "ERROR_DOMAIN_INWAY"
    assert answer[1]["fsc-error-code"] == "ERROR_CODE_PROTOCOL_UNSUPPORTED"
    assert time.monotonic() - began < 5
    assert not pair.service.heard


async def test_wish_for_another_upgrade_is_overlooked_and_goes_nowhere(pair: Pair) -> None:
    """As clients of Java and curl have it: HTTP/2, if you can. Source: RFC 9110, 7.8."""
    told = {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2_Settings": "AAMAAABk"}
    assert (await pair.ask(**told))[0] == 200
    arrived = pair.service.heard[0].headers
    assert not {"upgrade", "connection", "http2-settings"} & arrived.keys()


async def test_events_pass_one_by_one_where_they_are_declared(pair: Pair) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", pair.outway.port)
    writer.write(head_of(pair, "pand-open", Accept="text/event-stream", Connection="close"))
    async with asyncio.timeout(10):
        await reader.readuntil(b"data: 1\n\n")
        first = time.monotonic()
        await reader.readuntil(b"data: 2\n\n")
        assert time.monotonic() - first > PAUSE / 2
        assert (await reader.read()).endswith(b"0\r\n\r\n")
    writer.close()


async def test_events_of_any_other_service_are_refused(pair: Pair) -> None:
    answer = await pair.ask(Accept="text/event-stream;q=0.9, */*")
    assert code_of(answer) == (400, "ERROR_CODE_PROTOCOL_UNSUPPORTED")
    assert not pair.service.heard
    assert (await pair.ask(Accept="*/*"))[0] == 200


@pytest.mark.parametrize("size", [0, 20, 1_000_000])
async def test_service_that_speaks_http2_only_is_asked_in_it(pair: Pair, size: int) -> None:
    answered = b"y" * 300_000
    pair.service.answer_with(http_answer(201, {"X-Answer": "1"}, answered))
    for _ in range(5):
        status, headers, body = await asyncio.to_thread(
            pair.outway.ask,
            "//a/../b?x=%20",
            method="POST",
            headers={
                "X-Api-Key": pair.key,
                "Fsc-Grant-Hash": pair.grants["pand-plain"],
                "Doelbinding": ASSISTANCE,
                "Content-Type": "a/b",
            },
            body=b"q" * size or b"",
        )
        assert (status, headers.get("x-answer"), body) == (201, "1", answered), body[:300]
    arrived = pair.service.heard[-1]
    assert arrived.request_line == "POST /b//a/../b?x=%20 HTTP/1.1"
    assert arrived.headers["x-protocol"] == "HTTP/2.0"
    assert arrived.headers["host"].startswith("inway.weesp.test")
    assert arrived.headers["content-type"] == "a/b"
    assert arrived.headers["fsc-transaction-id"] == headers["fsc-transaction-id"]
    assert arrived.headers["permit"]
    assert "x-landschap-host" not in arrived.headers
    assert len(arrived.body) == size


async def test_http2_service_that_is_gone_is_answered_as_any_other(pair: Pair) -> None:
    gateway = pair.weesp.pools.gateway
    service = next(each for each in await store.services(gateway) if each.name == "pand-plain")
    gone = replace(service, upstream=f"http://127.0.0.1:{free_port()}")
    await store.apply_services(gateway, [gone], datetime.now(UTC))
    await pair.weesp.take_effect()
    for _ in range(20):
        answer = await pair.ask("/x", service="pand-plain", method="GET")
        if answer[0] == 502:
            break
        # A kept connection may be served once more by the configuration of before.
        await asyncio.sleep(0.2)
    assert code_of(answer) == (502, "ERROR_CODE_SERVICE_UNREACHABLE")
    assert answer[1]["fsc-transaction-id"]
    await store.apply_services(gateway, [service], datetime.now(UTC))
    await pair.weesp.take_effect()


async def test_private_servers_answer_nobody_at_the_doors(pair: Pair) -> None:
    for host in ("h2-own-pand-plain", "private"):
        head = f"GET /version HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
        assert (await asyncio.to_thread(pair.inway.raw, head.encode()))[0] == 401
        assert (await asyncio.to_thread(pair.outway.raw, head.encode()))[0] == 401


@pytest.mark.parametrize("words", [["--http2"], ["--http2-prior-knowledge"], ["--http1.1"]])
async def test_application_may_speak_http2_with_its_outway(pair: Pair, words: list[str]) -> None:
    headers = (
        f"X-Api-Key: {pair.key}",
        f"Doelbinding: {ASSISTANCE}",
        f"Fsc-Grant-Hash: {pair.grants['uitkeringen']}",
    )
    done = await asyncio.create_subprocess_exec(
        *("curl", "-sS", *words, "-w", "\n%{http_code} %{http_version}", "-d", "q"),
        *(word for each in headers for word in ("-H", each)),
        f"http://127.0.0.1:{pair.outway.port}/v1/x?fields=uitkering.soort",
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await done.communicate()
    version = "2" if "prior" in words[0] else "1.1"
    assert out.decode() == f"data\n200 {version}"
    assert pair.service.heard[0].body == b"q"


@pytest.mark.parametrize("method", ["CONNECT", "TRACE"])
async def test_methods_that_tunnel_or_echo_are_refused_at_the_outway(
    pair: Pair, method: str
) -> None:
    target = "inway.weesp.test:443" if method == "CONNECT" else "/"
    answer = await pair.ask(target, method=method)
    assert code_of(answer) == (405, "ERROR_CODE_METHOD_UNSUPPORTED")
    assert json.loads(answer[2])["domain"] == "ERROR_DOMAIN_OUTWAY"
    assert not pair.service.heard

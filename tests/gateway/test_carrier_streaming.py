# SPDX-License-Identifier: EUPL-1.2
"""A hundred megabytes, up and down, through Outway and Inway: whole, and nobody keeps them.

The service is a process of its own and so is the client: what grows would be nginx or a decider.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.gateway.gateway_scene import ASSISTANCE
from tests.gateway.pair_rig import Pair, Side
from tests.ports import free_port

from landschap.gateway import store

SIZE = 100_000_000
GROWTH_KB = 10_000
PIECES = ("length", "chunked")

# Counts what comes, sends what is asked; reads and writes piece by piece.
SERVICE = """
import http.server, sys
SIZE = int(sys.argv[2])
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def log_message(self, *_): pass
    def do_POST(self):
        count = 0
        if self.headers.get("Transfer-Encoding") == "chunked":
            while size := int(self.rfile.readline(), 16):
                count += self._read(size); self.rfile.readline()
            self.rfile.readline()
        else:
            count = self._read(int(self.headers["Content-Length"]))
        body = b"%d" % count
        self.send_response(200); self.send_header("Content-Length", str(len(body)))
        self.end_headers(); self.wfile.write(body)
    def _read(self, size):
        left = size
        while left:
            got = len(self.rfile.read(min(left, 65536)))
            if not got: raise ConnectionError
            left -= got
        return size
    def do_GET(self):
        self.send_response(200)
        chunked = self.path.endswith("chunked")
        name, value = ("Transfer-Encoding", "chunked") if chunked else ("Content-Length", str(SIZE))
        self.send_header(name, value); self.end_headers()
        piece = b"x" * 50000
        for _ in range(SIZE // 50000):
            self.wfile.write(b"c350\\r\\n" + piece + b"\\r\\n" if chunked else piece)
        if chunked: self.wfile.write(b"0\\r\\n\\r\\n")
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture(scope="module", autouse=True)
async def big_service(whole_pair: Pair) -> AsyncIterator[None]:
    """`pand-open` answered by a process that moves much; no limit on its bodies."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVICE, str(port), str(SIZE)
    )
    await answering(port)
    gateway = whole_pair.weesp.pools.gateway
    service = next(each for each in await store.services(gateway) if each.name == "pand-open")
    moved = replace(service, upstream=f"http://127.0.0.1:{port}", body_bytes=0)
    await store.apply_services(gateway, [moved], datetime.now(UTC))
    await whole_pair.weesp.take_effect()
    yield
    process.kill()
    await process.wait()


async def answering(port: int) -> None:
    """Wait until somebody listens there."""
    for _ in range(500):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
    raise AssertionError(f"nobody listens on {port}")


def memory_kb(pid: int) -> int:
    """Resident memory of a process now; 0 when it has ended."""
    try:
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    except OSError:
        return 0
    return int(found[1]) if found else 0


def carriers(side: Side) -> list[int]:
    """The processes of one nginx that carry now."""
    assert side.carrier
    master = side.carrier.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text()
    return [int(child) for child in children.split()]


async def carried(pair: Pair, *words: str) -> tuple[bytes, dict[int, int]]:
    """What curl got through both doors, and by how many kilobytes each process grew meanwhile."""
    headers = (f"X-Api-Key: {pair.key}", f"Doelbinding: {ASSISTANCE}")
    grant = f"Fsc-Grant-Hash: {pair.grants['pand-open']}"
    told = [word for each in (*headers, grant, "Expect:") for word in ("-H", each)]
    pids = [*carriers(pair.weesp), *carriers(pair.doesburg), os.getpid()]
    before = {pid: memory_kb(pid) for pid in pids}
    peak = dict(before)
    process = await asyncio.create_subprocess_exec(
        "curl", "-sS", "--fail", "--max-time", "120", *told, *words, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    out = asyncio.create_task(process.stdout.read(1_000_000))
    while process.returncode is None:
        await asyncio.sleep(0.02)
        peak = {pid: max(peak[pid], memory_kb(pid)) for pid in pids}
    assert process.returncode == 0
    return await out, {pid: peak[pid] - before[pid] for pid in pids}


def kept_files(side: Side) -> list[Path]:
    assert side.carrier
    run = Path(side.carrier.plan.run)
    return [file for file in run.glob("nginx-*/**/*") if file.is_file()]


def assert_flat(pair: Pair, growth: dict[int, int]) -> None:
    assert max(growth.values()) < GROWTH_KB, growth
    assert kept_files(pair.weesp) == kept_files(pair.doesburg) == []


@pytest.mark.case("S-26")
@pytest.mark.parametrize("form", PIECES)
async def test_hundred_megabytes_up_pass_whole_at_flat_memory(
    pair: Pair, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "large"
    with file.open("wb") as opened:
        opened.truncate(SIZE)
    place = f"http://127.0.0.1:{pair.outway.port}/up"
    chunked = ("-H", "Transfer-Encoding: chunked") if form == "chunked" else ()
    out, growth = await carried(pair, "-X", "POST", "-T", str(file), *chunked, place)
    assert int(out) == SIZE
    assert_flat(pair, growth)


@pytest.mark.case("S-26")
@pytest.mark.parametrize("form", PIECES)
async def test_hundred_megabytes_down_pass_whole_at_flat_memory(
    pair: Pair, tmp_path: Path, form: str
) -> None:
    file = tmp_path / "got"
    place = f"http://127.0.0.1:{pair.outway.port}/{form}"
    _, growth = await carried(pair, "-o", str(file), place)
    assert file.stat().st_size == SIZE
    assert_flat(pair, growth)


async def test_reader_that_is_slow_is_waited_for_and_nothing_piles_up(
    pair: Pair, tmp_path: Path
) -> None:
    """Twenty megabytes a second: what the service would send faster stays with the service."""
    file = tmp_path / "got"
    place = f"http://127.0.0.1:{pair.outway.port}/length"
    _, growth = await carried(pair, "--limit-rate", "20M", "-o", str(file), place)
    assert file.stat().st_size == SIZE
    assert_flat(pair, growth)

# SPDX-License-Identifier: EUPL-1.2
"""When nothing can be made durable, nothing is answered; and it mends itself."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.logboek.log_rig import line, permitted

from landschap.logboek import verify as proof
from landschap.logboek.faults import LogUnavailable
from landschap.logboek.records import Draft
from landschap.logboek.store import LogWriter, by_record, snapshot
from landschap.platform.postgres import Server, apply_migrations, pool
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble


@pytest.fixture
async def own_server(cluster: Any, short_folder: Path, tmp_path: Path) -> AsyncIterator[Server]:
    """A server of its own, with fsync: these tests take it down."""
    home = short_folder / tmp_path.name[-12:]
    paths = replace(cluster.settings.paths, data=home / "d", secrets=home / "s", run=home / "r")
    server = Server(replace(cluster.settings, paths=paths))
    await server.start()
    await apply_migrations(server.settings)
    yield server
    await server.stop()


async def _records(settings: Settings) -> int:
    """Verify the whole log and give the number of records."""
    connections = await pool(settings, "logboek")
    async with snapshot(connections) as log:
        report = await proof.verify(log)
    await connections.close()
    assert report.intact, [finding.sentence() for finding in report.findings]
    return report.records


async def _writer(settings: Settings, **more: Any) -> LogWriter:
    writer = LogWriter(settings, "fout-0", **more)
    await writer.start()
    return writer


async def _started_again(killed: Server) -> Server:
    """Start anew after a kill, as soon as the last children of the old server have gone."""
    while not killed.ended():  # noqa: ASYNC110 - a process that ends sets no event
        await asyncio.sleep(0.01)
    for _ in range(100):
        server = Server(killed.settings)
        try:
            await server.start()
        except Trouble:
            await asyncio.sleep(0.05)
        else:
            return server
    pytest.fail("the server does not start after a kill")


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.case("L14", "L15")
async def test_while_the_database_is_away_appends_are_refused_after_their_limit(
    own_server: Server, lanes: int
) -> None:
    writer = await _writer(own_server.settings, wait_seconds=0.5, lanes=lanes)
    await writer.append([permitted()])
    await own_server.stop()
    begin = time.monotonic()
    with pytest.raises(LogUnavailable):
        await writer.append([line()])
    assert 0.3 < time.monotonic() - begin < 5
    await own_server.start()
    for _ in range(100):
        try:
            await writer.append([line()])
            break
        except LogUnavailable:
            continue
    else:
        pytest.fail("the writer did not come back by itself")
    await writer.close()
    assert await _records(own_server.settings) == 2


@pytest.mark.parametrize("lanes", [1, 2])
async def test_what_was_acknowledged_before_a_kill_is_there_and_appends_go_on_after_it(
    own_server: Server, lanes: int
) -> None:
    writer = await _writer(own_server.settings, wait_seconds=20, lanes=lanes)
    assert own_server.pid is not None
    acknowledged: list[Any] = []
    stop = asyncio.Event()

    async def ask() -> None:
        while not stop.is_set():
            acknowledged.extend(await writer.append([permitted()]))

    askers = [asyncio.create_task(ask()) for _ in range(16)]
    await asyncio.sleep(0.4)
    before = len(acknowledged)
    os.kill(own_server.pid, signal.SIGKILL)
    restarted = await _started_again(own_server)
    await asyncio.sleep(0.5)
    stop.set()
    await asyncio.gather(*askers)
    await writer.close()
    assert before > 0
    assert len(acknowledged) > before, "no append after the server came back"
    assert len(set(acknowledged)) == len(acknowledged)
    connections = await pool(own_server.settings, "logboek")
    rows = await connections.fetch("SELECT record_id FROM logboek.record")
    await connections.close()
    # Nobody gave up, so the log holds exactly what was acknowledged: nothing lost, nothing twice.
    assert {row["record_id"] for row in rows} == set(acknowledged)
    assert await _records(own_server.settings) == len(acknowledged)
    await restarted.stop()


@pytest.mark.parametrize("lanes", [1, 2])
@pytest.mark.case("L14", "L15")
async def test_without_permission_to_write_the_append_is_refused_at_once(
    database: Any, lanes: int
) -> None:
    writer = await _writer(database.settings, lanes=lanes)
    owner = await database.administrator()
    await owner.execute("REVOKE INSERT ON logboek.record FROM landschap_logboek")
    begin = time.monotonic()
    with pytest.raises(LogUnavailable, match="permission"):
        await writer.append([permitted()])
    assert time.monotonic() - begin < 1
    await owner.execute("GRANT INSERT ON logboek.record TO landschap_logboek")
    await owner.close()
    [record_id] = await writer.append([permitted()])
    assert await by_record(await database.pool("logboek"), record_id) is not None
    await writer.close()
    assert await _records(database.settings) == 1


@pytest.mark.case("S-25")
async def test_with_a_full_disk_the_append_is_refused_and_says_so(own_server: Server) -> None:
    await own_server.stop()
    # A limit on the size of files is, to the server, a disk that holds no more.
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (24 * 1024 * 1024, hard))
    try:
        await own_server.start()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    writer = await _writer(own_server.settings, wait_seconds=10)
    big = line(data_groups=tuple(os.urandom(12).hex() for _ in range(2200)))
    with capture_logs() as told:
        with pytest.raises(LogUnavailable, match="disk is full"):
            await _fill(writer, big)
        with pytest.raises(LogUnavailable, match="disk is full"):
            await writer.append([big] * 20)
        await own_server.stop()
        await own_server.start()
        await writer.append([big])
    await writer.close()
    assert await _records(own_server.settings) > 1
    # The operator is told once, with what to do, and when it is over.
    begun, over = [each for each in told if each.get("lane") == writer.lane]
    assert (begun["log_level"], "questions are refused" in begun["event"]) == ("error", True)
    assert begun["why"] == "the log can not be written: the disk is full"
    assert begun["remedy"].startswith("make room on the disk")
    assert over["event"] == "the log is written again"
    assert over["seconds"] > 0


async def test_with_the_clock_set_back_records_keep_their_order_and_it_is_told(
    database: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    writer = LogWriter(database.settings, "proef-0", wait_seconds=5)
    await writer.start()
    before = await writer.append([permitted(), line()])
    real = time.time_ns
    with monkeypatch.context() as back, capture_logs() as told:
        back.setattr(time, "time_ns", lambda: real() - 3_600_000_000_000)
        during = [await writer.append([line()]) for _ in range(3)]
    after = await writer.append([line()])
    await writer.close()
    made = [*before, *(one for each in during for one in each), *after]
    assert made == sorted(made)
    assert await _records(database.settings) == 6
    (warned,) = [each for each in told if each.get("lane") == "proef-0"]
    assert warned["event"].startswith("the clock went back")
    assert 3595 < warned["seconds"] < 3605
    assert "NTP" in warned["remedy"]


async def _fill(writer: LogWriter, draft: Draft) -> None:
    for _ in range(1200):
        await writer.append([draft] * 20)


@pytest.mark.parametrize("lanes", [1, 2])
async def test_a_broken_connection_loses_nothing_and_writes_nothing_twice(
    database: Any, lanes: int
) -> None:
    writer = await _writer(database.settings, wait_seconds=10, lanes=lanes)
    owner = await database.administrator()
    acknowledged: list[Any] = []

    async def ask(count: int) -> None:
        for _ in range(count):
            acknowledged.extend(await writer.append([permitted()]))

    async def cut() -> None:
        for _ in range(8):
            await asyncio.sleep(0.05)
            await owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE usename = 'landschap_logboek' AND datname = current_database()"
            )

    await asyncio.gather(cut(), *[ask(60) for _ in range(8)])
    await writer.close()
    rows = await owner.fetch("SELECT record_id FROM logboek.record")
    await owner.close()
    assert {row["record_id"] for row in rows} == set(acknowledged)
    assert len(rows) == len(acknowledged) == 480
    assert await _records(database.settings) == 480


async def test_a_lane_that_lost_its_connection_leaves_the_work_to_the_other(
    database: Any,
) -> None:
    writer = await _writer(database.settings, wait_seconds=5, lanes=2)
    assert await writer.append([permitted()])
    owner = await database.administrator()
    # Whoever holds the lock of the first lane keeps its name, so that it can not come back.
    await owner.execute(
        "SELECT pg_terminate_backend(pid, 2000) FROM pg_locks WHERE locktype = 'advisory' AND "
        "(classid::bigint << 32 | objid::bigint) = hashtextextended('logboek.lane:fout-0', 0)"
    )
    assert await owner.fetchval(
        "SELECT pg_try_advisory_lock(hashtextextended('logboek.lane:fout-0', 0))"
    )
    begin = time.monotonic()
    for _ in range(20):
        await asyncio.gather(*[writer.append([permitted()]) for _ in range(16)])
    assert time.monotonic() - begin < 4
    assert writer.healthy
    names = await owner.fetch("SELECT DISTINCT lane FROM logboek.batch ORDER BY lane")
    assert [row["lane"] for row in names] == ["fout-0", "fout-0-2"]
    await owner.close()
    await writer.close()
    assert await _records(database.settings) == 321


async def test_a_lane_that_is_lost_while_it_writes_keeps_nobody_else_waiting(database: Any) -> None:
    """However few they are: what it was writing is in doubt, and what comes after is not."""
    writer = await _writer(database.settings, wait_seconds=5, lanes=2)
    owner, other = await database.administrator(), await database.administrator()
    await owner.execute("BEGIN; LOCK TABLE logboek.batch IN SHARE MODE")
    in_doubt = writer.submit([permitted()])
    await _until(lambda: _writing(owner))
    # Who waits for the lock of the first lane gets its name, so that it can not come back.
    lock = "hashtextextended('logboek.lane:fout-0', 0)"
    taking = asyncio.create_task(other.execute(f"SELECT pg_advisory_lock({lock})"))
    of_lane = (
        "FROM pg_locks WHERE locktype = 'advisory' AND"
        f" (classid::bigint << 32 | objid::bigint) = {lock}"
    )
    await _until(lambda: owner.fetchval(f"SELECT count(*) {of_lane} AND NOT granted"))
    await owner.execute(f"SELECT pg_terminate_backend(pid) {of_lane} AND granted")
    await asyncio.wait_for(taking, 40)
    await owner.execute("COMMIT")
    for _ in range(3):
        assert await writer.append([permitted()])
        # A connection that asks for the name of the lane can not write it yet.
        await _until(lambda: owner.fetchval(_CLAIMING))
    with pytest.raises(LogUnavailable):
        await in_doubt
    for each in (owner, other):
        await each.close()
    await writer.close()
    assert await _records(database.settings) == 3


_CLAIMING = (
    "SELECT count(*) FROM pg_stat_activity WHERE usename = 'landschap_logboek' AND"
    " datname = current_database() AND query LIKE '%pg_try_advisory_lock%'"
)


async def _until(told: Callable[[], Awaitable[int]]) -> None:
    async with asyncio.timeout(40):
        while not await told():  # noqa: ASYNC110 - of PostgreSQL
            await asyncio.sleep(0.02)


async def test_two_lanes_have_two_batches_under_way(database: Any) -> None:
    writer = await _writer(database.settings, wait_seconds=20, lanes=2)
    owner = await database.administrator()
    await owner.execute("BEGIN; LOCK TABLE logboek.batch IN SHARE MODE")
    waiting = [writer.submit([permitted()])]
    await asyncio.sleep(0.1)
    waiting += [writer.submit([permitted()]) for _ in range(3)]
    await asyncio.sleep(0.1)
    few = await _writing(owner)
    waiting += [writer.submit([permitted()])]
    await asyncio.sleep(0.2)
    enough = await _writing(owner)
    await owner.execute("COMMIT")
    assert (few, enough) == (1, 2)
    await asyncio.gather(*waiting)
    sizes = await owner.fetch("SELECT size FROM logboek.batch ORDER BY lane")
    assert [row["size"] for row in sizes] == [1, 4]
    await owner.close()
    await writer.close()
    assert await _records(database.settings) == 5


async def _writing(owner: Any) -> int:
    """How many connections of the log wait in a statement."""
    await owner.execute("SELECT pg_stat_clear_snapshot()")
    count: int = await owner.fetchval(
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'landschap_logboek' AND "
        "datname = current_database() AND state = 'active'"
    )
    return count


@pytest.mark.parametrize("lanes", [1, 2])
async def test_a_month_without_partition_is_made_when_it_is_needed(
    database: Any, lanes: int
) -> None:
    writer = await _writer(database.settings, lanes=lanes)
    owner = await database.administrator()
    for row in await owner.fetch("SELECT inhrelid::regclass::text AS name FROM pg_inherits "
                                 "WHERE inhparent = 'logboek.record'::regclass"):  # fmt: skip
        await owner.execute(f"DROP TABLE {row['name']}")
    await owner.close()
    assert await writer.append([permitted()])
    await writer.close()
    assert await _records(database.settings) == 1


async def test_a_log_that_is_not_there_refuses_to_start(database: Any, tmp_path: Path) -> None:
    away = replace(database.settings.postgres, dsn="postgresql://a:b@/x?host=/nowhere&port=1")
    writer = LogWriter(replace(database.settings, postgres=away), "weg-0")
    with pytest.raises(LogUnavailable):
        await writer.start()
    with pytest.raises(LogUnavailable):
        await writer.append([permitted()])

# SPDX-License-Identifier: EUPL-1.2
"""A load that is killed, a disk that fills, a file that is large: nothing half, nothing double."""

from __future__ import annotations

import asyncio
import resource
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest
from tests.registers.loading_rig import at_the_prompt, many, permits, write_models
from tests.throwaway import Cluster, organisation
from tests.typing_commands import start, typed

from landschap.platform import postgres
from landschap.platform.identity import Issued
from landschap.platform.postgres import Server

COUNT = 20_000
BATCH = 10_000


async def assertions(pool: asyncpg.Pool) -> int:
    return int(await pool.fetchval("SELECT count(*) FROM registers.assertion"))


def load(file: Path) -> tuple[str, ...]:
    return (
        "register",
        "load",
        "vergunningen",
        str(file),
        "--mapping",
        str(file.with_suffix(".toml")),
    )


@pytest.mark.long
async def test_a_load_that_is_killed_goes_on_where_it_was_and_writes_nothing_twice(
    cluster: Cluster, tmp_path: Path
) -> None:
    config, database = await permits(cluster, tmp_path)
    file, pool = many(tmp_path / "in.csv", COUNT), await database.pool("registers")
    process = await start(config, database.settings.postgres.dsn, *load(file))
    while not (there := await assertions(pool)):
        assert process.returncode is None
        await asyncio.sleep(0.02)
    process.kill()
    await process.communicate()
    there = await settled(pool)
    assert there % BATCH == 0
    assert 0 < there < COUNT
    again = await typed(config, database.settings.postgres.dsn, *load(file), "--json")
    assert (again.code, again.json["passedOver"], again.json["added"]) == (0, there, COUNT - there)
    rows = await pool.fetchrow(
        """SELECT count(DISTINCT object_id) AS objects, count(*) AS assertions,
                  max(volgnummer) AS last FROM registers.assertion"""
    )
    assert tuple(rows) == (COUNT, COUNT, COUNT)
    projected = await pool.fetchval("SELECT count(*) FROM registers.projection")
    assert projected == COUNT


async def settled(pool: asyncpg.Pool) -> int:
    """The count when the server has seen that its client is gone."""
    lock = "SELECT pg_advisory_xact_lock(registers.lock_of('vergunningen'))"
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(lock)
        return await assertions(pool)


@pytest.fixture
async def small_disk(short_folder: Path, anchor: Issued) -> AsyncIterator[Server]:
    """A server of its own, stopped, with all migrations."""
    settings = organisation(
        short_folder / "vol", anchor, more=f'\n[paths]\nrun = "{short_folder}/v"\n'
    )
    server = postgres.Server(settings, durable=False)
    await server.start()
    await postgres.apply_migrations(settings)
    await server.stop()
    yield server
    await server.stop()


@contextmanager
def file_size_limit(size: int) -> Iterator[None]:
    """A limit on the size of files is, to a server that starts now, a disk that holds no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_a_disk_that_fills_is_told_and_the_load_goes_on_when_there_is_room(
    small_disk: Server, tmp_path: Path
) -> None:
    settings = small_disk.settings
    config = settings.path
    write_models(config.parent)
    file = many(tmp_path / "in.csv", 2 * BATCH, name="Kap van een boom " * 80)
    words = [*load(file)[1:], "--config", str(config)]
    with file_size_limit(17 * 1024 * 1024):
        await small_disk.start()
    full = await asyncio.to_thread(at_the_prompt, words)
    assert full.code == 1
    assert "the disk of the database is full" in full.err, full.err
    assert "start the same load again" in full.err
    await small_disk.stop()
    await small_disk.start()
    pool = await postgres.pool(settings, "registers")
    there = await assertions(pool)
    assert there % BATCH == 0
    assert there < 2 * BATCH
    again = await asyncio.to_thread(at_the_prompt, [*words, "--json"])
    assert (again.code, again.json["passedOver"], again.json["added"]) == (
        0,
        there,
        2 * BATCH - there,
    )
    assert await assertions(pool) == 2 * BATCH
    await pool.close()


_GATHER = """
import resource, sys
from pathlib import Path
from landschap.registers import client
folder, file = Path(sys.argv[1]), Path(sys.argv[2])
register = client.read_models(folder / "registers").by_name["vergunningen"]
with client.Spool(register) as spool:
    mapping = file.with_suffix(".toml")
    client.gather(client.Delivery(register=register, path=file, mapping=mapping), spool)
    count = sum(1 for _ in spool.readings())
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def measured(folder: Path, count: int) -> tuple[int, int]:
    """How many readings, and the most memory in kB."""
    file = many(folder / f"{count}.csv", count, name="Kap van een boom " * 30)
    done = subprocess.run(
        [sys.executable, "-c", _GATHER, str(folder), str(file)],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    found, most = done.stdout.split()
    return int(found), int(most)


def test_memory_does_not_grow_with_the_file(tmp_path: Path) -> None:
    write_models(tmp_path)
    (small, little), (large, much) = measured(tmp_path, 3_000), measured(tmp_path, 30_000)
    assert (small, large) == (3_000, 30_000)
    assert much < little + 16_000


@pytest.mark.long
def test_memory_does_not_grow_with_a_file_of_300_megabytes(tmp_path: Path) -> None:
    write_models(tmp_path)
    name = "Kap van een boom aan de gracht " * 8
    small, large = many(tmp_path / "a.csv", 5_000), many(tmp_path / "b.csv", 1_050_000, name=name)
    assert large.stat().st_size > 300_000_000
    found = [
        subprocess.run(
            [sys.executable, "-c", _GATHER, str(tmp_path), str(file)],
            check=True, capture_output=True, text=True,
        ).stdout.split()
        for file in (small, large)
    ]  # fmt: skip
    assert int(found[1][0]) == 1_050_000
    assert int(found[1][1]) < int(found[0][1]) + 40_000

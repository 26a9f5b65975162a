# SPDX-License-Identifier: EUPL-1.2
"""Our own PostgreSQL: made, shared, healed after kill -9, refused when it is another's."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import asyncpg
import pytest
from tests.platform.serving import alive, until
from tests.throwaway import organisation

from landschap.platform import postgres
from landschap.platform.identity import Issued
from landschap.platform.postgres import Server, binaries
from landschap.platform.postgres.roles import ADMINISTRATOR, password_file
from landschap.platform.postgres.server import place_of
from landschap.platform.settings import Settings
from landschap.platform.system_users import SystemUser, choose
from landschap.platform.trouble import Trouble
from landschap.platform.watchdog import Watchdog

_numbers = count(1)


@pytest.fixture
def settings(short_folder: Path, anchor: Issued) -> Settings:
    return organisation(short_folder / f"p{next(_numbers)}", anchor)


@pytest.fixture
async def server(settings: Settings) -> AsyncIterator[Server]:
    made = Server(settings, durable=False)
    await made.start()
    yield made
    await made.stop()


async def asked(settings: Settings, question: str) -> object:
    connection = await postgres.administrator(settings)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_passwords_are_asked_of_everyone_and_kept_privately(
    server: Server, settings: Settings
) -> None:
    await postgres.apply_migrations(settings)
    file = password_file(settings, ADMINISTRATOR)
    assert file.stat().st_mode & 0o777 == 0o600
    sockets = str(postgres.socket_folder(settings))
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host=sockets, user=ADMINISTRATOR, database="postgres", password="x")
    methods = await asked(settings, "SELECT array_agg(DISTINCT auth_method) FROM pg_hba_file_rules")
    assert set(methods) == {"scram-sha-256", "reject"}  # type: ignore[call-overload]  # a list
    assert (
        await asked(settings, "SELECT rolcanlogin FROM pg_roles WHERE rolname='landschap_owner'")
        is False
    )


async def test_listens_on_its_socket_only_and_sorts_alike_everywhere(
    server: Server, settings: Settings
) -> None:
    assert await asked(settings, "SHOW listen_addresses") == ""
    assert (
        await asked(
            settings, "SELECT datlocprovider::text FROM pg_database WHERE datname='postgres'"
        )
        == "b"
    )
    assert postgres.socket_folder(settings).stat().st_mode & 0o777 == 0o700


async def test_runs_as_an_ordinary_user(server: Server) -> None:
    assert server.pid is not None
    assert Path(f"/proc/{server.pid}").stat().st_uid != 0


async def test_acknowledged_rows_survive_kill_9_of_the_postmaster(settings: Settings) -> None:
    server = Server(settings)
    await server.start()
    connection = await postgres.administrator(settings)
    await connection.execute("CREATE TABLE kept (n int)")
    for number in range(200):
        await connection.execute("INSERT INTO kept VALUES ($1)", number)
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)
    until(server.ended, 5)
    assert not await server.alive()
    # The old backends need a moment to notice; the supervisor tries again in the same way.
    for _ in range(50):
        try:
            await server.start()
            break
        except Trouble:
            await asyncio.sleep(0.1)
    assert await asked(settings, "SELECT count(*) FROM kept") == 200
    await server.stop()


async def test_starts_where_a_killed_one_still_has_its_process_id(settings: Settings) -> None:
    """As in a container in which nobody waits for what lost its parent."""
    killed, server = Server(settings), Server(settings)
    await killed.start()
    connection = await postgres.administrator(settings)
    await connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    assert killed.pid is not None
    state = Path(f"/proc/{killed.pid}/stat")
    os.kill(killed.pid, signal.SIGKILL)
    until(lambda: state.read_text().rpartition(")")[2].split()[0] == "Z", 20)
    for _ in range(200):
        try:
            await server.start()
            break
        except Trouble:
            await asyncio.sleep(0.1)
    assert await asked(settings, "SELECT n FROM kept") == 1
    await server.stop()
    assert killed.ended()


async def test_is_shared_and_the_last_one_out_stops_it(settings: Settings) -> None:
    first, second = Server(settings, durable=False), Server(settings, durable=False)
    await first.start()
    await second.start()
    assert second.pid is None  # it uses the one that is there
    pid = first.pid
    await first.leave()
    assert await second.alive()
    await second.leave()
    assert pid is not None
    until(lambda: not alive(pid), 10)


async def test_a_killed_command_leaves_no_server_behind(settings: Settings) -> None:
    code = (
        "import asyncio, pathlib, sys, time\n"
        "from landschap.platform import postgres\n"
        "from landschap.platform.settings import load_settings\n"
        "async def main():\n"
        "    async with postgres.running(load_settings(pathlib.Path(sys.argv[1]))):\n"
        "        print('up', flush=True); time.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    command = [sys.executable, "-c", code, str(settings.path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        file = settings.paths.data / "postgres" / "data" / "postmaster.pid"
        pid = int(file.read_text(encoding="ascii").splitlines()[0])
        process.kill()
    until(lambda: not alive(pid), 15)


async def test_a_killed_command_does_not_stop_a_server_that_others_use(
    server: Server, settings: Settings
) -> None:
    watchdog = Watchdog()
    assert server.pid is not None
    watchdog.watch(server.pid, with_signal=signal.SIGINT, lock=server.users_lock)
    watchdog.close()
    assert await server.alive()


async def test_refuses_the_data_of_another_major(server: Server, settings: Settings) -> None:
    await server.stop()
    (server.place.data / "PG_VERSION").write_text("17\n", encoding="ascii")
    with pytest.raises(Trouble, match=r"made by PostgreSQL 17; this program brings 18\.") as told:
        await Server(settings).start()
    assert "landschap backup FILE" in told.value.remedy
    (server.place.data / "PG_VERSION").write_text("18\n", encoding="ascii")


async def test_refuses_a_password_that_is_not_the_database_s(
    server: Server, settings: Settings
) -> None:
    await server.stop()
    password_file(settings, ADMINISTRATOR).write_text("guess", encoding="ascii")
    with pytest.raises(Trouble, match="refuses its administrator's password") as told:
        await Server(settings).start()
    assert "restore the secrets folder" in told.value.remedy
    assert server.ended() or server.pid is None


async def test_says_what_to_do_when_a_password_is_gone(server: Server, settings: Settings) -> None:
    await server.stop()
    password_file(settings, ADMINISTRATOR).unlink()
    with pytest.raises(Trouble, match="no password for the database role landschap"):
        await Server(settings).start()


async def test_makes_no_half_cluster_when_the_disk_is_full(settings: Settings) -> None:
    with limited(200_000), pytest.raises(Trouble, match="the database cannot be made") as told:
        await Server(settings).start()
    assert "make room on the disk" in told.value.remedy
    assert not (settings.paths.data / "postgres" / "data").exists()
    server = Server(settings, durable=False)
    await server.start()
    await server.stop()


async def test_a_full_disk_at_start_is_told_with_what_to_do(
    server: Server, settings: Settings
) -> None:
    await server.stop()
    log = server.place.log
    full = limited(max(4_096, log.stat().st_size + 60))
    with full, pytest.raises(Trouble, match="the database does not start"):
        await Server(settings).start()
    again = Server(settings, durable=False)
    await again.start()
    await again.stop()


async def test_broken_configuration_is_told_in_the_server_s_own_words(
    server: Server, settings: Settings
) -> None:
    await server.stop()
    with (server.place.data / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(Trouble, match="no_such_setting"):
        await Server(settings).start()


async def test_refuses_a_socket_path_that_does_not_fit(settings: Settings) -> None:
    long = replace(settings, paths=replace(settings.paths, run=Path("/tmp") / ("r" * 90)))  # noqa: S108
    with pytest.raises(Trouble, match="at most 107 fit") as told:
        Server(long)
    assert "paths.run" in told.value.remedy


async def test_an_address_that_cannot_be_read_or_reached_is_told(settings: Settings) -> None:
    for dsn, words in (
        ("postgresql://x@127.0.0.1:1/y", "check postgres.dsn"),
        ("mysql://x", "write it as postgresql://"),
    ):
        given = replace(settings, postgres=replace(settings.postgres, dsn=dsn))
        with pytest.raises(Trouble) as told:
            await postgres.apply_migrations(given)
        assert words in told.value.remedy


async def test_a_pool_on_a_server_that_is_away_says_how_to_start_it(
    server: Server, settings: Settings
) -> None:
    await postgres.apply_migrations(settings)
    await server.stop()
    with pytest.raises(Trouble, match="cannot be reached as landschap_platform") as told:
        await postgres.pool(settings, "platform")
    assert "landschap serve" in told.value.remedy


def test_programs_are_copied_for_a_user_who_may_not_read_them(
    short_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stranger = SystemUser("stranger", 60_001, 60_001)
    monkeypatch.setattr(SystemUser, "may_read", lambda *_: False)
    found = binaries.readable_by(stranger, copies=short_folder / "copies")
    assert found.folder.is_relative_to(short_folder)
    said = subprocess.run(
        [found.program("psql"), "--version"], capture_output=True, text=True, check=True, env={}
    )
    assert said.stdout.startswith(f"psql (PostgreSQL) {found.major}")
    assert binaries.readable_by(stranger, copies=short_folder / "copies") == found


def test_a_user_who_may_not_enter_the_data_folder_gets_the_cluster_elsewhere(
    settings: Settings,
) -> None:
    closed = settings.path.parent / "closed"
    closed.mkdir(mode=0o700)
    inside = replace(settings, paths=replace(settings.paths, data=closed / "data"))
    place = place_of(inside)
    if os.geteuid() == 0:
        assert place.home.is_relative_to(binaries.SHARED_STATE)
        assert place.user is not None
    else:
        assert place.home == closed / "data" / "postgres"
        assert place.user is None


def test_a_configured_user_must_exist() -> None:
    if os.geteuid() == 0:
        with pytest.raises(Trouble, match="no ordinary system user here"):
            choose("no-such-user")
        with pytest.raises(Trouble, match="no ordinary system user here"):
            choose("root")
    else:
        assert choose("no-such-user") is None


class limited:  # noqa: N801 - reads as a word where it is used
    """Children may write no file larger than this: a full disk that needs no disk."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __enter__(self) -> None:
        self._before = resource.getrlimit(resource.RLIMIT_FSIZE)
        self._handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (self._size, self._before[1]))

    def __exit__(self, *_: object) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, self._before)
        signal.signal(signal.SIGXFSZ, self._handler)

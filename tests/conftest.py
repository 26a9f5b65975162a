# SPDX-License-Identifier: EUPL-1.2
"""What tests of all rooms stand on: a real PostgreSQL and a throw-away organisation.

One server per run, under our own supervision; one template database with the migrations of every
room; a fresh database from that template per test (`database`) or module (`module_database`).
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
import structlog
from hypothesis import settings as property_settings
from tests.throwaway import TEMPLATE, Cluster, Database, organisation
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

from landschap.platform import postgres
from landschap.platform.identity import Issued, Validity, make_anchor
from landschap.platform.settings import PostgresSettings
from landschap.platform.watchdog import Watchdog

__all__ = ["Cluster", "Database"]

# Time tells nothing on a machine where others work too; speed is measured in benchmarks.
property_settings.register_profile("landschap", deadline=None)
property_settings.load_profile("landschap")


_ROOM_WANTED = 6_000_000_000


def _has_room_in_memory(place: Path) -> bool:
    """True where files can be kept in memory, run from there, and leave enough of it."""
    if not place.is_dir():
        return False
    told = os.statvfs(place)
    lines = Path("/proc/meminfo").read_text().splitlines()
    kilobytes = next((line.split()[1] for line in lines if line.startswith("MemAvailable")), "0")
    return (
        not told.f_flag & os.ST_NOEXEC
        and told.f_bavail * told.f_frsize > _ROOM_WANTED
        and int(kilobytes) * 1024 > 2 * _ROOM_WANTED
    )


# Databases by the thousand are made and thrown away: in memory that takes half the time.
_MEMORY = Path("/dev/shm")  # noqa: S108 - folders in it are made by mkdtemp
if "TMPDIR" not in os.environ and _has_room_in_memory(_MEMORY):
    os.environ["TMPDIR"] = str(_MEMORY)
    tempfile.tempdir = None
# Images often forbid compiled files; compiling anew is half the start of each program of ours.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Drawn with the values of all variables, one failure in a log takes seconds.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(
            colors=False, exception_formatter=structlog.dev.plain_traceback
        ),
    ]
)
# The width of who runs the tests is not that of a user's terminal.
os.environ.pop("COLUMNS", None)
# Each starts whole organisations once per run; all of its tests use those.
_TOGETHER = ("landscape", "fsc_running", "docs")


_LONGEST_SECONDS = 5400


def pytest_itemcollected(item: pytest.Item) -> None:
    """Let a report tell which cases it is about, whichever process made it; what is long may be."""
    if item.get_closest_marker("long"):
        item.add_marker(pytest.mark.timeout(_LONGEST_SECONDS))
    ids = [case for mark in item.iter_markers("case") for case in mark.args]
    item.user_properties += [("case", case) for case in ids]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Read the tests without searching what stays for what can go, and never search it after."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


class _Together(LoadScopeScheduling):
    """When several processes run the tests, a file stays in one, and so do those of a landscape.

    Not by marks: the installed versions of pytest and xdist do not hand those on to each other.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        place = file.removeprefix("tests/").split("/", 1)[0]
        return place if place in _TOGETHER else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Together:
    """The order in which processes get their tests."""
    return _Together(config, log)


@pytest.fixture(scope="session")
def short_folder() -> Iterator[Path]:
    """A folder with a short path that other users may pass through: sockets and clusters fit."""
    folder = Path(tempfile.mkdtemp(prefix="ls-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def anchor() -> Issued:
    """The trust anchor of the tests' Group."""
    return make_anchor("Proefanker", Validity.of_days(datetime.now(UTC), 365))


@pytest.fixture(scope="session")
async def cluster(short_folder: Path, anchor: Issued) -> AsyncIterator[Cluster]:
    """One server for all tests; without fsync, as no test pulls the plug of this one."""
    run = f'\n[paths]\nrun = "{short_folder}/r"\n'
    settings = organisation(short_folder / "cluster", anchor, more=run)
    watchdog = Watchdog()
    server = postgres.Server(settings, durable=False, watchdog=watchdog)
    await server.start()
    made = Cluster(settings=settings, anchor=anchor)
    await made.run(f"CREATE DATABASE {TEMPLATE}")
    in_template = PostgresSettings(dsn=made.dsn(TEMPLATE))
    await postgres.apply_migrations(replace(settings, postgres=in_template))
    yield made
    await server.stop()
    watchdog.close()


@pytest.fixture
async def database(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Database]:
    """A fresh database for one test."""
    made = await cluster.fresh(tmp_path / "organisation")
    yield made
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")


@pytest.fixture(scope="module")
async def module_database(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """A fresh database for the tests of one module together."""
    made = await cluster.fresh(tmp_path_factory.mktemp("organisation"))
    yield made
    made.close()
    await cluster.run(f"DROP DATABASE {made.name} WITH (FORCE)")

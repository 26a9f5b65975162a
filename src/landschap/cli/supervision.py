# SPDX-License-Identifier: EUPL-1.2
"""Everything of one organisation under one supervisor: which parts, and in which order.

database -> deciders, web, worker -> nginx. The door opens last and closes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import IO

from landschap.cli.carrying import Renderer
from landschap.cli.operation import Operation
from landschap.platform import nginx
from landschap.platform.carrier import Carrier
from landschap.platform.folders import (
    data_folder,
    leave_run_folder,
    private_folder,
    run_folder,
)
from landschap.platform.identity_checks import require_identity
from landschap.platform.keys import make_secret_keys
from landschap.platform.listeners import require_free
from landschap.platform.log_keys import make_log_key, sealing_key
from landschap.platform.nginx import Configuration
from landschap.platform.notify import notify
from landschap.platform.postgres.part import GivenDatabase, OwnDatabase
from landschap.platform.postgres.server import Server, socket_folder
from landschap.platform.privileges import Privileges, arrange
from landschap.platform.processes import (
    Child,
    Part,
    Probe,
    ProcessSpec,
    Supervisor,
    Watch,
    end_with_parent,
)
from landschap.platform.pseudonym_keys import make_first_line_key
from landschap.platform.revocation import require_lists
from landschap.platform.settings import Settings, default_run_folder
from landschap.platform.sockets import (
    App,
    answers_http,
    app_socket,
    decide_socket,
    listening,
    open_files_folder,
)
from landschap.platform.telemetry import Figures, logger, start_logging
from landschap.platform.trouble import Trouble

_CORES_PER_DECIDER = 2


def supervise(settings: Settings) -> None:
    """Run all parts until SIGTERM or Ctrl-C. Raises Trouble when something does not start."""
    start_logging(settings.log, "supervisor")
    began = time.monotonic()
    make_folders(settings)
    with _only_one(settings):
        require_lists(settings, datetime.now(UTC))
        require_identity(settings, datetime.now(UTC))
        if "pseudonym" in make_secret_keys(settings):
            make_first_line_key(settings)
        make_log_key(settings)
        sealing_key(settings)  # a lost one is told now, not by each process
        privileges = arrange(settings)
        run_folder(settings.paths.run, user=privileges.service)
        if settings.listen.open:
            # The worker writes bulk files there, and nginx's workers read them.
            private_folder(open_files_folder(settings), owner=privileges.python, mode=0o755)
        if privileges.why_root:
            logger().warning("our processes run as root", why=privileges.why_root)
        asyncio.run(_supervise(settings, privileges, began))
        if settings.paths.run == default_run_folder(settings.path):
            leave_run_folder(
                settings.paths.run, shared=socket_folder(settings), lock=_lock_file(settings)
            )


def make_folders(settings: Settings) -> None:
    """The folders everything else stands in. Raises Trouble."""
    data_folder(settings.paths.data)
    private_folder(settings.paths.secrets)
    run_folder(settings.paths.run)


async def _supervise(settings: Settings, privileges: Privileges, began: float) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def end() -> None:
        notify("STOPPING=1")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, end)
    end_with_parent(loop)
    watch = Watch()
    log = logger()
    figures = Figures(version("landschap"))
    try:
        async with Renderer(settings, privileges.service) as renderer:
            configuration = _configuration(settings, renderer.program)
            if configuration.end_leftover():
                log.warning("ended an nginx that an earlier run left behind")
            require_free(settings.listen)
            carrier = Carrier(configuration, renderer.text, watch, log.info)
            with _parts(settings, privileges, watch) as parts:
                stages = [[parts.database], parts.processes, [carrier]]
                supervisor = Supervisor(stages, watch, log.info)
                async with Operation(settings, supervisor, carrier, figures) as operation:
                    supervisor.before_end = operation.rest

                    def ready() -> None:
                        log.info("ready", seconds=round(time.monotonic() - began, 2))
                        operation.begin(renderer)
                        notify("READY=1")

                    await supervisor.run(stop, ready=ready)
    finally:
        watch.close()


@dataclass(frozen=True, slots=True)
class _Parts:
    database: Part
    processes: Sequence[Part]


@contextmanager
def _parts(settings: Settings, privileges: Privileges, watch: Watch) -> Iterator[_Parts]:
    """The parts that the configured listeners need, and the socket that all deciders share."""
    database: Part
    if settings.postgres.dsn is not None:
        database = GivenDatabase(settings)
    else:
        database = OwnDatabase(Server(settings, watchdog=watch))
    processes: list[Part] = []
    with contextlib.ExitStack() as stack:
        if settings.listen.inway or settings.listen.outway:
            deciding = stack.enter_context(listening(decide_socket(settings)))
            specs = _deciders(settings, privileges, deciding)
            processes += [Child(spec, watch) for spec in specs]
        apps = _apps(settings)
        if apps:
            processes.append(Child(_web(settings, privileges, apps), watch))
        processes.append(Child(_worker(settings, privileges), watch))
        yield _Parts(database, processes)


def _deciders(
    settings: Settings, privileges: Privileges, deciding: socket.socket
) -> Iterator[ProcessSpec]:
    count = settings.processes.deciders or max(1, (os.cpu_count() or 1) // _CORES_PER_DECIDER)
    place = decide_socket(settings)
    for number in range(count):
        host = settings.processes.host
        lane = f"decider-{host}-{number}" if host else f"decider-{number}"
        more = ["--listen-fd", str(deciding.fileno()), "--lane", lane]
        yield ProcessSpec(
            name=lane,
            command=_command(settings, "decider", *more),
            ready=lambda: answers_http(place),
            pass_fds=(deciding.fileno(),),
            user=privileges.python,
            environment=_environment(settings),
        )


def _apps(settings: Settings) -> Sequence[App]:
    listen = settings.listen
    needed: list[tuple[App, str | None]] = [
        ("manager", listen.manager),
        ("services", listen.inway),
        ("hold", listen.inway),
        ("people", listen.web),
        ("open", listen.open),
        ("decisions", listen.decisions),
        ("logboek", listen.logboek),
    ]
    return [app for app, listener in needed if listener]


def _web(settings: Settings, privileges: Privileges, apps: Sequence[App]) -> ProcessSpec:
    places = [app_socket(settings, app) for app in apps]
    return ProcessSpec(
        name="web",
        command=_command(settings, "web"),
        ready=_all_answer(places),
        user=privileges.python,
        environment=_environment(settings),
    )


def _worker(settings: Settings, privileges: Privileges) -> ProcessSpec:
    return ProcessSpec(
        name="worker",
        command=_command(settings, "worker"),
        user=privileges.python,
        environment=_environment(settings),
    )


def _environment(settings: Settings) -> dict[str, str]:
    """The run folder as we have it: its default differs per user, and a part may be another."""
    return {"LANDSCHAP__PATHS__RUN": str(settings.paths.run)}


def _all_answer(places: Sequence[Path]) -> Probe:
    async def probe() -> bool:
        return all(await asyncio.gather(*(answers_http(place) for place in places)))

    return probe


def _command(settings: Settings, part: str, *more: str) -> list[str]:
    """The command of one part. ``-P``: what stands in the present folder is never imported."""
    start = "from landschap.cli import main; main()"
    return [sys.executable, "-P", "-c", start, "serve", part, "-c", str(settings.path), *more]


def _configuration(settings: Settings, program: nginx.Program) -> Configuration:
    return Configuration(
        program=program,
        file=settings.paths.run / "nginx.conf",
        version_socket=settings.paths.run / "carrier.sock",
        error_log=settings.paths.data / "logs" / "error.log",
    )


def _lock_file(settings: Settings) -> Path:
    return settings.paths.run / "serve.lock"


def _is_at(opened: IO[str], path: Path) -> bool:
    """True while the opened file still stands at its path: one that ends takes it away."""
    try:
        return os.path.samestat(os.fstat(opened.fileno()), path.stat())
    except FileNotFoundError:
        return False


@contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """One supervisor per organisation. Raises Trouble when there is one already."""
    path = _lock_file(settings)
    just_ended = Trouble(
        "landschap served this organisation until this very moment", "start it once more"
    )
    try:
        opened = path.open("a+", encoding="ascii")
    except FileNotFoundError:
        raise just_ended from None
    with opened as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise Trouble(
                f"landschap already serves this organisation (process {lock.read().strip()})",
                "stop that one first, or use another organisation.toml",
            ) from None
        if not _is_at(lock, path):
            raise just_ended
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield

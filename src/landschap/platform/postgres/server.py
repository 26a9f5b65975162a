# SPDX-License-Identifier: EUPL-1.2
"""Our own PostgreSQL: made when absent, started, known to be alive, and stopped.

A server is alive when it answers a query; a process id proves nothing. Several programs may use
one server (a running `serve` and a command beside it): each holds a shared lock, and the last one
out stops the server. PostgreSQL itself decides whether a left-over pid file is stale.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg

from landschap.platform import system_users
from landschap.platform.folders import check_socket_path, data_folder, private_folder, run_folder
from landschap.platform.postgres import binaries
from landschap.platform.postgres.binaries import Binaries
from landschap.platform.postgres.left_behind import renumber_dead
from landschap.platform.postgres.roles import ADMINISTRATOR, make_password, password_of
from landschap.platform.settings import Settings
from landschap.platform.system_users import SystemUser
from landschap.platform.trouble import Trouble
from landschap.platform.watchdog import Watching

PORT = 5432
_START_SECONDS = 60.0
_POLL_SECONDS = 0.02
_SERIOUS = re.compile(r"FATAL|PANIC|[Ee]rror|ERROR|unrecognized|invalid|could not")
_LOG_LIMIT_BYTES = 10_000_000
_OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "200",
    "cluster_name": "landschap",
    "shared_buffers": "64MB",
    "log_min_messages": "warning",
    # Iterations guard passwords that can be guessed. Ours are 256 random bits, and asyncpg
    # computes each iteration in Python.
    "scram_iterations": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one organisation's server lives, and as whom it runs."""

    home: Path
    sockets: Path
    user: SystemUser | None
    programs: Binaries

    @property
    def data(self) -> Path:
        """The data folder of PostgreSQL itself."""
        return self.home / "data"

    @property
    def log(self) -> Path:
        """Where the server writes what it has to say."""
        return self.home / "server.log"


def socket_folder(settings: Settings) -> Path:
    """The folder of the server's socket, which is what clients connect to."""
    return settings.paths.run / "pg"


def place_of(settings: Settings) -> Place:
    """Where the server of these settings lives. Raises Trouble.

    Started as root, the server runs as a system user. When that user may not enter the data
    folder (a closed home), the cluster stands under /var/lib/landschap instead.
    """
    home = settings.paths.data / "postgres"
    user = system_users.choose(settings.processes.user, owner_of=home)
    if user is not None:
        data_folder(settings.paths.data)
        if not user.may_enter(settings.paths.data):
            name = hashlib.sha256(str(home).encode()).hexdigest()[:10]
            private_folder(binaries.SHARED_STATE, mode=0o755)
            home = binaries.SHARED_STATE / name / "postgres"
    sockets = socket_folder(settings)
    check_socket_path(sockets / f".s.PGSQL.{PORT}")
    return Place(home=home, sockets=sockets, user=user, programs=binaries.readable_by(user))


class Server:
    """The server of one organisation, as one of its users sees it."""

    def __init__(
        self, settings: Settings, *, durable: bool = True, watchdog: Watching | None = None
    ) -> None:
        self.settings = settings
        self.place = place_of(settings)
        self._durable = durable
        self._watchdog = watchdog
        self._process: subprocess.Popen[bytes] | None = None
        self._use: int | None = None

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, when we started it."""
        return self._process.pid if self._process else None

    @property
    def users_lock(self) -> Path:
        """The lock that every user of the server holds, shared."""
        return self.place.home / "users.lock"

    async def start(self) -> None:
        """Make the cluster when absent and have the server answer. Raises Trouble.

        A server that another program started is used as it is.
        """
        self._make_folders()
        starting = await _lock(self.place.home / "start.lock")
        try:
            if self._use is None:
                self._use = os.open(self.users_lock, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._use, fcntl.LOCK_SH)
            if not (self.place.data / "PG_VERSION").exists():
                await asyncio.to_thread(self._initialise)
            self._refuse_other_major()
            if not await self.alive():
                await self._launch()
        except BaseException:
            self._let_go()
            raise
        finally:
            os.close(starting)

    async def alive(self) -> bool:
        """True when the server answers a query."""
        try:
            await self._ask()
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        return True

    def ended(self) -> bool:
        """True when the postmaster that we started is gone."""
        return self._process is not None and self._process.poll() is not None

    async def stop(self) -> None:
        """Stop the server now, whoever uses it; connections are ended, nothing is lost."""
        pid = self.pid or self._pid_from_file()
        if pid is not None and not self.ended():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT)
            await self._gone()
        self._forget()
        self._let_go()

    async def leave(self) -> None:
        """Stop using the server; the last one out stops it."""
        if self._use is None:
            return
        fcntl.flock(self._use, fcntl.LOCK_UN)
        try:
            fcntl.flock(self._use, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._forget()
            self._let_go()
            return
        await self.stop()

    def _make_folders(self) -> None:
        data_folder(self.settings.paths.data)
        data_folder(self.place.home.parent)
        private_folder(self.place.home, owner=self.place.user)
        run_folder(self.settings.paths.run, user=self.place.user)
        private_folder(self.place.sockets, owner=self.place.user)

    def _initialise(self) -> None:
        """Make the cluster beside its final place, so that a crash leaves no half one."""
        place = self.place
        password, _ = make_password(self.settings, ADMINISTRATOR)
        draft = place.home / "data.new"
        given = place.home / "initdb.password"
        _remove(draft)
        try:
            given.write_text(password, encoding="ascii")
            given.chmod(0o600)
            if place.user is not None:
                place.user.own(given)
            command = [
                place.programs.program("initdb"),
                *("-D", str(draft), "-U", ADMINISTRATOR, f"--pwfile={given}"),
                *("--auth-local=scram-sha-256", "--auth-host=reject", "-E", "UTF8"),
                *("--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
                *("--set", "scram_iterations=1"),
                *(() if self._durable else ("--no-sync",)),
            ]
            made = subprocess.run(
                command, capture_output=True, check=False, **self._circumstances()
            )
        except OSError as error:
            raise self._unstartable(error) from None
        finally:
            given.unlink(missing_ok=True)
        if made.returncode:
            _remove(draft)
            raise _refusal("the database cannot be made", made.stderr.decode(errors="replace"))
        draft.rename(place.data)

    def _refuse_other_major(self) -> None:
        found = (self.place.data / "PG_VERSION").read_text(encoding="ascii").strip()
        ours = self.place.programs
        if found != str(ours.major):
            raise Trouble(
                f"the database in {self.place.data} was made by PostgreSQL {found}; "
                f"this program brings {ours.version}",
                f"with the landschap that brought PostgreSQL {found}: `landschap backup FILE`; "
                "then move that folder away and `landschap restore FILE` with this one",
            )

    async def _launch(self) -> None:
        begin = self._open_log()
        place = self.place
        renumber_dead(place.data / "postmaster.pid", place.sockets / f".s.PGSQL.{PORT}.lock")
        self._process = self._spawn()
        if self._watchdog is not None:
            self._watchdog.watch(self._process.pid, with_signal=signal.SIGINT, lock=self.users_lock)
        await self._answering(begin)

    def _spawn(self) -> subprocess.Popen[bytes]:
        options = _OPTIONS if self._durable else {**_OPTIONS, "fsync": "off"}
        place = self.place
        command = [place.programs.program("postgres"), "-D", str(place.data)]
        command += ["-k", str(place.sockets)]
        command += [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        try:
            with place.log.open("ab") as log:
                return subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    # Ctrl-C in a terminal must not reach the postmaster before our own order does.
                    start_new_session=True,
                    **self._circumstances(),
                )
        except OSError as error:
            raise self._unstartable(error) from None

    async def _answering(self, log_begin: int) -> None:
        """Wait until the server answers. While it recovers after a crash, there is no deadline."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                await self._ask()
            except asyncpg.CannotConnectNowError:
                deadline = time.monotonic() + _START_SECONDS
            except (asyncpg.InvalidPasswordError, asyncpg.InvalidAuthorizationSpecificationError):
                await self.stop()
                raise Trouble(
                    "the database refuses its administrator's password",
                    f"restore the secrets folder {self.settings.paths.secrets} that belongs to it",
                ) from None
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
                pass
            else:
                return
            if self.ended():
                self._forget()
                raise _refusal("the database does not start", self._said_since(log_begin))
            if time.monotonic() > deadline:
                await self.stop()
                raise _refusal("the database does not answer", self._said_since(log_begin))
            await asyncio.sleep(_POLL_SECONDS)

    async def _ask(self) -> None:
        connection = await asyncpg.connect(
            host=str(self.place.sockets),
            port=PORT,
            user=ADMINISTRATOR,
            database="postgres",
            password=password_of(self.settings, ADMINISTRATOR),
            timeout=5,
        )
        try:
            await connection.execute("SELECT 1")
        finally:
            connection.terminate()

    def _circumstances(self) -> dict[str, Any]:
        user = self.place.user.start_as() if self.place.user else {}
        environment = {"PATH": str(self.place.programs.folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
        return {"cwd": str(self.place.home), "env": environment, **user}

    def _open_log(self) -> int:
        """Make the log when absent, empty it when large; give its size."""
        log = self.place.log
        if log.exists() and log.stat().st_size > _LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
        log.touch(mode=0o600)
        return log.stat().st_size

    def _said_since(self, begin: int) -> str:
        with self.place.log.open("rb") as log:
            log.seek(begin)
            return log.read()[-8_000:].decode(errors="replace")

    def _pid_from_file(self) -> int | None:
        try:
            lines = (self.place.data / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return int(lines[0])
        except (OSError, ValueError, IndexError):
            return None

    async def _gone(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while (self.place.data / "postmaster.pid").exists() and not self.ended():
            if time.monotonic() > deadline:
                break
            await asyncio.sleep(_POLL_SECONDS)
        if self._process is not None:
            await asyncio.to_thread(self._process.wait)

    def _forget(self) -> None:
        if self._process is not None and self._watchdog is not None:
            self._watchdog.forget(self._process.pid)
        self._process = None

    def _let_go(self) -> None:
        if self._use is not None:
            os.close(self._use)
            self._use = None

    def _unstartable(self, error: OSError) -> Trouble:
        return Trouble(
            f"PostgreSQL cannot be started: {error.strerror} ({error.filename})",
            "install landschap where this user may run programs, or configure postgres.dsn",
        )


def _refusal(what: str, said: str) -> Trouble:
    """The server's own last words, and what they ask for."""
    words = [line for line in said.splitlines() if _SERIOUS.search(line)]
    shown = " | ".join(line.strip() for line in words[-3:]) or said.strip()[-500:] or "no message"
    lower = said.lower()
    if "no space left" in lower or "disk full" in lower or "file too large" in lower:
        remedy = "make room on the disk of paths.data, then start again; nothing was lost"
    elif "permission denied" in lower or "not permitted" in lower or "wrong ownership" in lower:
        remedy = "give the folder back to the user that made it"
    elif "lock file" in lower or "already in use" in lower:
        remedy = "another server uses this data folder or socket: stop it, or change [paths]"
    elif "shared memory" in lower or "semaphore" in lower:
        remedy = "the old server is still ending, or the machine's limits are low; try again"
    else:
        remedy = "see the message above and server.log beside the data"
    return Trouble(f"{what}: {shown}", remedy)


async def _lock(path: Path) -> int:
    """Take a lock, waiting for who holds it. The caller closes the descriptor."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            await asyncio.sleep(_POLL_SECONDS)
        else:
            return descriptor


def _remove(folder: Path) -> None:
    import shutil

    shutil.rmtree(folder, ignore_errors=True)

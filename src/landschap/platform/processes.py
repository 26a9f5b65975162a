# SPDX-License-Identifier: EUPL-1.2
"""Processes that belong together: started in order, ready as a whole, restarted, stopped gently.

A `Supervisor` has stages of parts. A stage starts when the one before it is ready; the parts of
one stage start side by side. A part that ends is started again, sooner the longer it ran; SIGTERM
stops the stages in reverse order, so that the door closes before what stands behind it.

Nothing outlives the supervisor, not even when it is killed with -9: each child holds a line to it
and ends when that closes (`end_with_parent`), and a watchdog stops what knows nothing of pipes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from landschap.platform.system_users import SystemUser
from landschap.platform.trouble import Trouble
from landschap.platform.watchdog import Watchdog

LIFELINE = "LANDSCHAP_LIFELINE"
_READY = b"R"
_POLL_SECONDS = 0.02
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 30.0
# A part that ran this long is taken to be well: the next restart is quick again.
_QUIET_SECONDS = 60.0
_WATCHDOG_POLL_SECONDS = 1.0

Probe = Callable[[], Awaitable[bool]]
Tell = Callable[..., Any]


class Part(Protocol):
    """Something that runs: a child process, a database server."""

    @property
    def name(self) -> str:
        """What operators call it."""
        ...

    async def start(self) -> None:
        """Start it; return when it is ready. Raises Trouble."""
        ...

    async def ended(self) -> str:
        """Wait until it has ended by itself; gives why."""
        ...

    async def healthy(self) -> bool:
        """True when it does its work now."""
        ...

    async def stop(self) -> None:
        """Let it finish what it accepted, then end it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessSpec:
    """A child process: what to run, how to see that it is ready, how to stop it.

    Without a ``ready`` probe the process tells it by itself (`tell_ready`). ``pass_fds`` are
    inherited under the same numbers.
    """

    name: str
    command: Sequence[str]
    ready: Probe | None = None
    ready_seconds: float = 60.0
    stop_signal: int = signal.SIGTERM
    stop_seconds: float = 30.0
    user: SystemUser | None = None
    pass_fds: Sequence[int] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"


class Watch:
    """The watchdog, replaced when somebody ends it; it is then told again what to watch."""

    def __init__(self) -> None:
        self._watchdog = Watchdog()
        self._watched: dict[int, dict[str, Any]] = {}

    @property
    def pid(self) -> int:
        """The process id of the present watchdog."""
        return self._watchdog.pid

    def watch(self, pid: int, **how: Any) -> None:
        """See `Watchdog.watch`."""
        self._watched[pid] = how
        self._watchdog.watch(pid, **how)

    def forget(self, pid: int) -> None:
        """See `Watchdog.forget`."""
        self._watched.pop(pid, None)
        self._watchdog.forget(pid)

    def renew(self) -> bool:
        """Start another watchdog when this one is gone; True when that was so."""
        if self._watchdog.alive():
            return False
        self._watchdog = Watchdog()
        for pid, how in self._watched.items():
            self._watchdog.watch(pid, **how)
        return True

    def close(self) -> None:
        """End the watchdog."""
        self._watchdog.close()


class Child:
    """A part that is a child process of ours."""

    def __init__(self, spec: ProcessSpec, watch: Watch) -> None:
        self.spec = spec
        self._watch = watch
        self._process: asyncio.subprocess.Process | None = None
        self._lifeline: socket.socket | None = None

    @property
    def name(self) -> str:
        """What operators call it."""
        return self.spec.name

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process else None

    async def start(self) -> None:
        """Start the process and wait until it is ready. Raises Trouble."""
        await self._clear()
        self._lifeline, theirs = socket.socketpair()
        self._lifeline.setblocking(False)
        try:
            self._process = await self._spawn(theirs.fileno())
        except OSError as error:
            await self._clear()
            raise Trouble(
                f"{self.name} cannot be started: {error.strerror} ({self.spec.command[0]})",
                "check that the program exists and that this user may run it",
            ) from None
        finally:
            theirs.close()
        self._watch.watch(self._process.pid, with_signal=self.spec.stop_signal)
        try:
            await self._until_ready(self._process)
        except BaseException:
            await self.stop()
            raise

    async def ended(self) -> str:
        """Wait until the process has ended; gives its exit code in words."""
        if self._process is None:
            return "it does not run"
        code = await self._process.wait()
        return f"ended by signal {-code}" if code < 0 else f"ended with exit code {code}"

    async def healthy(self) -> bool:
        """True when the process runs and its probe succeeds."""
        if self._process is None or self._process.returncode is not None:
            return False
        return self.spec.ready is None or await self.spec.ready()

    async def stop(self) -> None:
        """Signal the process; what remains after its time is killed, with its group."""
        process = self._process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(self.spec.stop_signal)
            try:
                await asyncio.wait_for(process.wait(), self.spec.stop_seconds)
            except TimeoutError:
                pass
        await self._clear()

    def signal(self, number: int) -> None:
        """Send a signal to the process."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(number)

    async def _spawn(self, lifeline: int) -> asyncio.subprocess.Process:
        spec = self.spec
        return await asyncio.create_subprocess_exec(
            *spec.command,
            stdin=asyncio.subprocess.DEVNULL,
            pass_fds=(lifeline, *spec.pass_fds),
            env={**os.environ, **spec.environment, LIFELINE: str(lifeline)},
            cwd=spec.cwd,
            # A group of its own: Ctrl-C reaches the supervisor only, and a group can be killed.
            start_new_session=True,
            **(spec.user.start_as() if spec.user else {}),
        )

    async def _until_ready(self, process: asyncio.subprocess.Process) -> None:
        ready = self.spec.ready or self._has_told
        deadline = time.monotonic() + self.spec.ready_seconds
        while process.returncode is None:
            if await ready():
                return
            if time.monotonic() > deadline:
                raise Trouble(
                    f"{self.name} is not ready after {self.spec.ready_seconds:.0f} s",
                    "see its own lines in the log above",
                )
            await asyncio.sleep(_POLL_SECONDS)
        raise Trouble(
            f"{self.name} {await self.ended()} before it was ready",
            "see its own lines in the log above",
        )

    async def _has_told(self) -> bool:
        """True when the process said that it is ready."""
        try:
            return self._lifeline is not None and self._lifeline.recv(16) == _READY
        except BlockingIOError:
            return False

    async def _clear(self) -> None:
        """Leave nothing of the last run: its group may hold what the process itself left."""
        if self._lifeline is not None:
            self._lifeline.close()
            self._lifeline = None
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._watch.forget(self._process.pid)
        self._process = None


@dataclass(kw_only=True)
class PartState:
    """What is known of one part."""

    up: bool = False
    restarts: int = 0
    last_end: str = ""


class Supervisor:
    """Keeps the parts of one organisation running until it is told to stop.

    ``tell(event, **facts)`` hears what happens.
    """

    def __init__(self, stages: Sequence[Sequence[Part]], watch: Watch, tell: Tell) -> None:
        self._stages = stages
        self._watch = watch
        self._tell = tell
        self._started: list[Part] = []
        self.before_end: Callable[[], Awaitable[None]] | None = None
        self.states = {part.name: PartState() for stage in stages for part in stage}
        self.complete = False

    async def run(self, stop: asyncio.Event, *, ready: Callable[[], Any] = lambda: None) -> None:
        """Start all, call ``ready``, keep all running until ``stop``, stop all.

        ``before_end`` is awaited before the first part is stopped. Raises Trouble when a part
        does not start the first time; nothing is left running.
        """
        keeping: list[asyncio.Task[None]] = []
        try:
            for stage in self._stages:
                await self._start_stage(stage, stop)
                if stop.is_set():
                    return
            self.complete = True
            ready()
            keeping = [asyncio.create_task(self._keep(part)) for part in self._started]
            keeping.append(asyncio.create_task(self._keep_watchdog()))
            await stop.wait()
        finally:
            for task in keeping:
                task.cancel()
            await asyncio.gather(*keeping, return_exceptions=True)
            if self.before_end is not None:
                await self.before_end()
            await self._stop_all()

    async def health(self) -> dict[str, bool]:
        """For each part whether it does its work now."""
        parts = [part for stage in self._stages for part in stage]
        answers = await asyncio.gather(*(self._probe(part) for part in parts))
        return {part.name: answer for part, answer in zip(parts, answers, strict=True)}

    async def _probe(self, part: Part) -> bool:
        if not self.states[part.name].up:
            return False
        try:
            return await asyncio.wait_for(part.healthy(), timeout=3)
        except (TimeoutError, OSError):
            return False

    async def _start_stage(self, stage: Sequence[Part], stop: asyncio.Event) -> None:
        """Start the parts side by side; an order to stop ends the waiting."""
        self._started.extend(stage)
        starts = [asyncio.create_task(self._start_first(part)) for part in stage]
        stopping = asyncio.create_task(stop.wait())
        try:
            waiting = {*starts, stopping}
            while any(not task.done() for task in starts) and not stop.is_set():
                _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for task in starts:
                    if task.done():
                        task.result()
        finally:
            stopping.cancel()
            for task in starts:
                task.cancel()
            await asyncio.gather(*starts, stopping, return_exceptions=True)

    async def _start_first(self, part: Part) -> None:
        began = time.monotonic()
        await part.start()
        self.states[part.name].up = True
        self._tell("started", part=part.name, seconds=round(time.monotonic() - began, 3))

    async def _keep(self, part: Part) -> None:
        """Start the part again whenever it ends, with pauses that grow while it does not last."""
        pause, began = _FIRST_PAUSE_SECONDS, time.monotonic()
        state = self.states[part.name]
        while True:
            if state.up:
                state.last_end = await part.ended()
                state.up = False
                self._tell("ended", part=part.name, why=state.last_end, pause_seconds=pause)
            if time.monotonic() - began > _QUIET_SECONDS:
                pause = _FIRST_PAUSE_SECONDS
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE_SECONDS)
            state.restarts += 1
            try:
                await part.start()
            except Trouble as trouble:
                state.last_end = trouble.what
                self._tell("not restarted", part=part.name, why=trouble.what, todo=trouble.remedy)
                continue
            state.up, began = True, time.monotonic()
            self._tell("restarted", part=part.name)

    async def _keep_watchdog(self) -> None:
        while True:
            await asyncio.sleep(_WATCHDOG_POLL_SECONDS)
            if self._watch.renew():
                self._tell("watchdog replaced")

    async def _stop_all(self) -> None:
        for part in reversed(self._started):
            self.states[part.name].up = False
            await part.stop()
            self._tell("stopped", part=part.name)


def end_with_parent(loop: asyncio.AbstractEventLoop) -> None:
    """In a child: send ourselves SIGTERM when the supervisor is gone. No-op when there is none."""
    lifeline = _lifeline()
    if lifeline is None:
        return

    def gone() -> None:
        loop.remove_reader(lifeline)
        os.kill(os.getpid(), signal.SIGTERM)

    os.set_inheritable(lifeline, False)
    loop.add_reader(lifeline, gone)


def tell_ready() -> None:
    """In a child: tell the supervisor that we do our work. No-op when there is none."""
    lifeline = _lifeline()
    if lifeline is not None:
        with contextlib.suppress(OSError):
            os.write(lifeline, _READY)


def _lifeline() -> int | None:
    number = os.environ.get(LIFELINE, "")
    return int(number) if number.isdigit() else None

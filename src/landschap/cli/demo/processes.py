# SPDX-License-Identifier: EUPL-1.2
"""The demo's processes: started in order, waited for, stopped together."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import aiohttp

from landschap.platform.processes import LIFELINE

READY_SECONDS = 180.0
STOP_SECONDS = 15.0
_POLL_SECONDS = 0.1
_TAIL_LINES = 12


class NotReadyError(RuntimeError):
    """A process of the demo ended, or was not ready in time; the message holds its last words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A process: its name, what to run, and the address that answers 200 when it is ready."""

    name: str
    module: Sequence[str]
    ready: str


@dataclass(slots=True)
class Processes:
    """The running parts. Leaving the context stops them in reverse order."""

    logs: Path
    _running: dict[str, asyncio.subprocess.Process] = field(default_factory=dict)

    async def __aenter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for name in reversed(self._running):
            await self._stop(self._running[name])

    async def start(self, parts: Sequence[Part]) -> Mapping[str, float]:
        """Start parts side by side; seconds until each was ready. Raises NotReadyError."""
        started = time.monotonic()
        for part in parts:
            self._running[part.name] = await self._spawn(part)

        async def ready(part: Part) -> tuple[str, float]:
            await self._until_ready(part)
            return part.name, round(time.monotonic() - started, 2)

        return dict(await asyncio.gather(*(ready(part) for part in parts)))

    async def wait_for_any_end(self) -> str:
        """The name of the first part that ends by itself."""
        waits = {asyncio.create_task(p.wait()): name for name, p in self._running.items()}
        try:
            done, _ = await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
            return waits[done.pop()]
        finally:
            for task in waits:
                task.cancel()

    def pid(self, name: str) -> int:
        """The process id of a running part."""
        return self._running[name].pid

    def last_words(self, name: str) -> str:
        """The last lines a part wrote, for an error that helps."""
        with suppress(OSError):
            lines = (self.logs / f"{name}.log").read_text(errors="replace").splitlines()
            return "\n".join(lines[-_TAIL_LINES:])
        return ""

    async def _spawn(self, part: Part) -> asyncio.subprocess.Process:
        log = os.open(self.logs / f"{part.name}.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            # A session of its own: Ctrl-C in the terminal reaches the demo, which stops the parts
            # in order. The pipe on standard input closes when the demo dies; the parts end then.
            return await asyncio.create_subprocess_exec(
                sys.executable,
                *part.module,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, LIFELINE: "0"},
            )
        finally:
            os.close(log)

    async def _until_ready(self, part: Part) -> None:
        deadline = time.monotonic() + READY_SECONDS
        timeout = aiohttp.ClientTimeout(total=2)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while time.monotonic() < deadline:
                ended = self._running[part.name].returncode
                if ended is not None:
                    raise NotReadyError(
                        f"{part.name} ended with exit code {ended}. Its last words:\n"
                        f"{self.last_words(part.name)}"
                    )
                with suppress(aiohttp.ClientError, TimeoutError, OSError):
                    async with session.get(part.ready) as answer:
                        if answer.status == 200:
                            return
                await asyncio.sleep(_POLL_SECONDS)
        raise NotReadyError(
            f"{part.name} was not ready within {READY_SECONDS:.0f} s. Its last words:\n"
            f"{self.last_words(part.name)}"
        )

    async def _stop(self, process: asyncio.subprocess.Process) -> None:
        if process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGTERM)
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()

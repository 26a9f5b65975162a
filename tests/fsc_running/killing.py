# SPDX-License-Identifier: EUPL-1.2
"""Parts of a running organisation are killed with -9; what the supervisor can not start again,
its operator does.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.fsc.manager_rig import until
from tests.fsc_running.organisations import Organisation, start
from tests.platform.serving import command_of, descendants

from landschap.cli.demo.processes import Processes

MARKS = {
    "worker": (" serve worker ",),
    "web": (" serve web ",),
    "postgresql": ("postgres", "-D"),
    "nginx": ("nginx: master",),
}
EVERYTHING = "everything"
VICTIMS = (*MARKS, EVERYTHING)
_GONE_SECONDS = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kill:
    """Whom to kill, which part of it, and how long to wait before."""

    organisation: Organisation
    part: str
    after_seconds: float

    def __str__(self) -> str:
        return f"{self.part} of {self.organisation.place.key}"


def chosen(organisations: Sequence[Organisation], number: int, chance: random.Random) -> list[Kill]:
    """As many kills as asked, each of any part of any organisation, at any moment."""
    return [
        Kill(
            organisation=chance.choice(organisations),
            part=chance.choice(VICTIMS),
            after_seconds=chance.uniform(0.0, 1.5),
        )
        for _ in range(number)
    ]


async def carry_out(processes: Processes, kill: Kill) -> None:
    """Wait, kill, and see that the organisation comes back as a whole."""
    await asyncio.sleep(kill.after_seconds)
    key = kill.organisation.place.key
    supervisor = processes.pid(key)
    if kill.part != EVERYTHING:
        # Between two kills of one part it may be away already: that is a kill too.
        with suppress(LookupError, ProcessLookupError):
            os.kill(_part(supervisor, kill.part), signal.SIGKILL)
        return
    below = {pid: command_of(pid) for pid in (supervisor, *descendants(supervisor))}
    os.kill(supervisor, signal.SIGKILL)

    async def gone() -> bool:
        return not any(_runs(pid, command) for pid, command in below.items() if command)

    await until(gone, seconds=_GONE_SECONDS)
    kill.organisation.forget_pools()
    await start(processes, [kill.organisation])


def _part(supervisor: int, name: str) -> int:
    for pid in descendants(supervisor):
        if all(mark in command_of(pid) for mark in MARKS[name]):
            return pid
    raise LookupError(f"{name} does not run")


def _runs(pid: int, command: str) -> bool:
    """True when the process still is what it was; what waits to be buried does not run."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and command_of(pid) == command

# SPDX-License-Identifier: EUPL-1.2
"""A tiny process that ends what its owner started, when the owner itself can no longer do so.

The owner tells it over a pipe which processes it has (`Watchdog`); when the pipe closes, because
the owner is gone (kill -9 included), the watchdog stops them, last started first. Run as a script
it needs nothing but the standard library, so that it starts in milliseconds.

A process may be shared: with a lock named, it is stopped only when nobody else holds that lock.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any, Protocol

_PATIENCE_SECONDS = 10.0


class Watching(Protocol):
    """Whoever can be told to stop a process when we are gone."""

    def watch(self, pid: int, *, with_signal: int = ..., lock: Path | None = ...) -> None:
        """Stop this process (and its group) when we are gone; only if ``lock`` is free."""

    def forget(self, pid: int) -> None:
        """Stop watching: the process ended, or is no longer ours."""


class Watchdog:
    """The owner's side."""

    def __init__(self) -> None:
        command = [sys.executable, "-I", "-S", __file__]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, start_new_session=True, cwd="/"
        )

    @property
    def pid(self) -> int:
        """The watchdog's own process id."""
        return self._process.pid

    def alive(self) -> bool:
        """False when somebody ended the watchdog."""
        return self._process.poll() is None

    def watch(
        self, pid: int, *, with_signal: int = signal.SIGTERM, lock: Path | None = None
    ) -> None:
        """Stop this process (and its group) when we are gone; only if ``lock`` is free."""
        order = {"pid": pid, "signal": int(with_signal), "lock": str(lock) if lock else None}
        self._tell({"watch": order})

    def forget(self, pid: int) -> None:
        """Stop watching: the process ended, or is no longer ours."""
        self._tell({"forget": pid})

    def close(self) -> None:
        """End the watchdog, and with it everything that it still watches."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait()

    def _tell(self, order: dict[str, Any]) -> None:
        if self._process.stdin is None:
            return
        with contextlib.suppress(OSError):  # a watchdog that was killed is replaced by its owner
            self._process.stdin.write(json.dumps(order).encode() + b"\n")
            self._process.stdin.flush()


def keep_watch(orders: IO[bytes]) -> None:
    """Read orders until the owner is gone, then stop what it left. The script's main."""
    watched: dict[int, dict[str, Any]] = {}
    for line in orders:
        order = json.loads(line)
        if "forget" in order:
            watched.pop(order["forget"], None)
            continue
        target = order["watch"]
        target["born"] = _birth(target["pid"])
        watched[target["pid"]] = target
    for target in reversed(watched.values()):
        if target["lock"] is None or _is_free(target["lock"]):
            _stop(target)


def _stop(target: dict[str, Any]) -> None:
    """Signal the process; what is still there after ten seconds is killed with its group."""
    pid = target["pid"]
    if _birth(pid) is None:
        _signal_group(pid, signal.SIGKILL)  # its children may have outlived it (nginx workers)
        return
    if not _still(target):
        return  # the number belongs to a stranger by now
    with contextlib.suppress(OSError):
        os.kill(pid, target["signal"])
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while _still(target) and time.monotonic() < deadline:
        time.sleep(0.02)
    _signal_group(pid, signal.SIGKILL)


def _signal_group(pid: int, number: int) -> None:
    """Every watched process leads a group of its own, so the group's number is the process's."""
    with contextlib.suppress(OSError):
        os.killpg(pid, number)


def _still(target: dict[str, Any]) -> bool:
    """True while the process we were told of lives: the same number, born at the same moment."""
    born = _birth(target["pid"])
    return born is not None and born == target["born"]


def _birth(pid: int) -> str | None:
    """When a process started, in ticks; '' where there is no /proc, None when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None if Path("/proc/self").exists() or not _exists(pid) else ""
    state, *rest = fields.rpartition(")")[2].split()
    return None if state == "Z" else rest[18]


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except OSError:
        return False
    return True


def _is_free(lock: str) -> bool:
    """True when nobody holds the lock; it is then ours until this process ends."""
    try:
        descriptor = os.open(lock, os.O_RDWR)
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


if __name__ == "__main__":
    # Ctrl-C and SIGTERM are for the owner; we end when its pipe does.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    keep_watch(sys.stdin.buffer)

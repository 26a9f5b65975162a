# SPDX-License-Identifier: EUPL-1.2
"""A real `landschap serve` of a throw-away organisation, started and watched from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_ports
from tests.throwaway import organisation

from landschap.platform.identity import Issued
from landschap.platform.settings import Settings

DOORS = ("manager", "inway", "outway", "web", "open", "admin")
OPEN_HOST = "data.proefdorp.localhost"


def listening_organisation(folder: Path, anchor: Issued, more: str = "") -> Settings:
    """An organisation with all its doors on free ports."""
    ports = dict(zip(DOORS, free_ports(len(DOORS)), strict=True))
    # Open data needs its address as well, which is written below.
    listen = "\n".join(
        f'{door} = "127.0.0.1:{port}"' for door, port in ports.items() if door != "open"
    )
    settings = organisation(folder, anchor, more=f"\n[listen]\n{listen}\n{more}")
    text = settings.path.read_text(encoding="utf-8")
    web = (
        f'[addresses]\nweb = "http://proefdorp.localhost:{ports["web"]}"\n'
        f'open = "http://{OPEN_HOST}:{ports["open"]}"'
    )
    text = text.replace("[listen]", f'[listen]\nopen = "127.0.0.1:{ports["open"]}"')
    settings.path.write_text(text.replace("[addresses]", web), encoding="utf-8")
    from landschap.platform.settings import load_settings

    return load_settings(settings.path, {})


def landschap(*arguments: str, seconds: float = 60) -> subprocess.CompletedProcess[str]:
    """One command, to its end."""
    command = [sys.executable, "-c", "from landschap.cli import main; main()", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=seconds, cwd="/"
    )


@dataclass
class Serving:
    """A running supervisor."""

    settings: Settings
    process: subprocess.Popen[bytes]
    log: Path
    known: set[int] = field(default_factory=set)

    @classmethod
    def start(cls, settings: Settings) -> Serving:
        """Start it; it need not be ready yet."""
        log = settings.path.parent / "serve.log"
        command = [sys.executable, "-c", "from landschap.cli import main; main()", "serve"]
        with log.open("ab") as out:
            process = subprocess.Popen(
                [*command, "--config", str(settings.path)],
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                cwd="/",
            )
        return cls(settings, process, log)

    def get(self, page: str, method: str = "GET") -> tuple[int, bytes]:
        """One page of the admin listener."""
        address = f"http://{self.settings.listen.admin}{page}"
        request = urllib.request.Request(address, method=method)  # our own listener
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  # the same
                return answer.status, answer.read()
        except urllib.error.HTTPError as refused:
            return refused.code, refused.read()

    def health(self) -> dict[str, Any]:
        """What /health/ready says; empty while nobody answers."""
        try:
            read: dict[str, Any] = json.loads(self.get("/health/ready")[1])
        except OSError:
            return {}
        return read

    def until_ready(self, seconds: float = 60) -> None:
        """Wait until all parts do their work."""
        until(lambda: self.health().get("status") == "ready", seconds, self.explain)

    def part(self, name: str) -> int:
        """The process id of a part."""
        for pid in descendants(self.process.pid):
            command = command_of(pid)
            if f" serve {name} " in command or f"--lane {name}" in command:
                return pid
            if name in {"nginx", "postgresql", "watchdog"} and _is(name, pid, command):
                return pid
        raise AssertionError(f"{name} does not run: {self.explain()}")

    def remember(self) -> set[int]:
        """All processes of this supervisor, now."""
        self.known |= {self.process.pid, *descendants(self.process.pid)}
        return self.known

    def left(self) -> dict[int, str]:
        """Which of the remembered processes still live."""
        return {pid: command_of(pid) for pid in self.known if alive(pid)}

    def explain(self) -> str:
        """The end of its log."""
        return self.log.read_text(encoding="utf-8", errors="replace")[-6_000:]

    def terminate(self, seconds: float = 40) -> int:
        """SIGTERM, and wait; gives the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(seconds)

    def kill(self) -> None:
        """End it and what it started, whatever the state."""
        self.remember()
        for pid in self.known:
            # A part may end by itself, of its parent's end, between the look and the signal.
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()


def _is(name: str, pid: int, command: str) -> bool:
    parent = parent_of(pid)
    if name == "watchdog":
        return "watchdog.py" in command
    if name == "nginx":
        return "nginx" in command and "nginx" not in command_of(parent)
    return "/postgres -D" in command


def until(holds: Callable[[], bool], seconds: float, explain: Callable[[], str] = str) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """True when a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return state.rpartition(")")[2].split()[0] != "Z"


def command_of(pid: int) -> str:
    """The command line of a process, '' when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def parent_of(pid: int) -> int:
    """The parent of a process, 0 when it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0
    return int(fields.rpartition(")")[2].split()[1])


def descendants(pid: int) -> list[int]:
    """Children, their children, and so on."""
    everyone = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit()]
    parents = {each: parent_of(each) for each in everyone}
    found = [pid]
    for each in found:
        found += [child for child, parent in parents.items() if parent == each]
    return [each for each in found[1:] if alive(each)]

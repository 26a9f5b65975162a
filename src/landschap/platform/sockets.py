# SPDX-License-Identifier: EUPL-1.2
"""Where our processes listen for nginx: one unix socket per application, named in one place.

Only nginx may reach them (the run folder keeps others out), so what nginx says of a peer's
certificate can be believed.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from pathlib import Path
from typing import Literal

from landschap.platform.folders import check_socket_path
from landschap.platform.settings import Settings
from landschap.platform.trouble import Trouble

App = Literal["manager", "services", "hold", "people", "open", "decisions", "logboek"]


def decide_socket(settings: Settings) -> Path:
    """Where the deciders answer nginx; the supervisor listens, the deciders accept."""
    return check_socket_path(settings.paths.run / "decide.sock")


def app_socket(settings: Settings, app: App) -> Path:
    """Where one of the web applications answers nginx."""
    return check_socket_path(settings.paths.run / f"{app}.sock")


def open_files_folder(settings: Settings) -> Path:
    """Where the bulk files of open data lie, that nginx sends by itself."""
    return settings.paths.data / "open"


def listening(path: Path) -> socket.socket:
    """A listening unix socket in the place of a stale one. Raises Trouble when it is in use."""
    check_socket_path(path)
    if path.exists() and _in_use(path):
        raise Trouble(
            f"somebody else listens on {path}",
            "stop the other landschap of this organisation, or set another paths.run",
        )
    path.unlink(missing_ok=True)
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.bind(str(path))
        path.chmod(0o660)  # the group is that of the run folder: nginx's workers
        made.listen(1024)
    except OSError as error:
        made.close()
        raise Trouble(
            f"{path} cannot be listened on: {error.strerror}",
            "check that paths.run is a folder this user may write to",
        ) from None
    made.setblocking(False)
    return made


async def answers_http(path: Path) -> bool:
    """True when something behind the socket gives any HTTP answer, were it 404."""
    return (await ask(path, "/-/ready")) is not None


async def ask(path: Path, target: str, *, seconds: float = 2.0) -> bytes | None:
    """The raw answer to one GET over a unix socket, None when there is none."""
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_unix_connection(str(path))
            try:
                head = f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
                writer.write(head.encode())
                await writer.drain()
                answer = await reader.read(65_536)
                return answer if answer.startswith(b"HTTP/1.") else None
            finally:
                writer.close()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except (OSError, TimeoutError):
        return None


def _in_use(path: Path) -> bool:
    probe = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    probe.settimeout(1)
    try:
        probe.connect(str(path))
    except OSError:
        return False
    finally:
        probe.close()
    return True

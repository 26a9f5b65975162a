# SPDX-License-Identifier: EUPL-1.2
"""nginx as a part that the supervisor keeps running, with a configuration that keeps changing."""

from __future__ import annotations

import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from landschap.platform.nginx import Configuration
from landschap.platform.processes import Child, ProcessSpec, Tell, Watch
from landschap.platform.trouble import Trouble


@dataclass(frozen=True, slots=True)
class Text:
    """A configuration and the version that nginx tells when it runs it."""

    text: str
    version: str


Render = Callable[[], Awaitable[Text]]


class Carrier:
    """One nginx. ``render`` gives the configuration that should run now."""

    name = "nginx"

    def __init__(
        self, configuration: Configuration, render: Render, watch: Watch, tell: Tell
    ) -> None:
        self._configuration = configuration
        self._render = render
        self._tell = tell
        self._refused = ""
        # While it is being reloaded nginx may serve either text; it is well with both.
        self._coming = ""
        self.running: Text | None = None
        spec = ProcessSpec(
            name=self.name,
            command=configuration.command(),
            ready=self._serves_the_text,
            # Graceful: what was accepted is answered.
            stop_signal=signal.SIGQUIT,
        )
        self._child = Child(spec, watch)

    async def start(self) -> None:
        """Start nginx on the present configuration. Raises Trouble.

        When the present one cannot be had (the database is away), the last one that ran serves.
        """
        self._configuration.end_leftover()
        try:
            wanted = await self._render()
            self._configuration.write(wanted.text)
            self.running = wanted
        except Trouble:
            if self.running is None:
                raise
        try:
            await self._child.start()
        except Trouble as trouble:
            why = self._configuration.last_emergency()
            raise Trouble(
                f"{trouble.what}. {why}" if why else trouble.what, trouble.remedy
            ) from None

    async def ended(self) -> str:
        """Wait until nginx has ended by itself."""
        return await self._child.ended()

    async def healthy(self) -> bool:
        """True when nginx serves the configuration it should."""
        return await self._child.healthy()

    async def stop(self) -> None:
        """Let nginx answer what it accepted, then end it."""
        await self._child.stop()

    def reopen(self) -> None:
        """Have nginx open its log files again, after they were renamed."""
        self._child.signal(signal.SIGUSR1)

    async def refresh(self) -> str:
        """Bring a changed configuration into effect: '' when nothing changed, else the outcome.

        ``applied``; ``refused`` by nginx, and the old one keeps running; or ``no effect``.
        """
        wanted = await self._render()
        if self.running is None or wanted.version in (self.running.version, self._refused):
            return ""
        try:
            self._configuration.write(wanted.text)
        except Trouble as trouble:
            # Told once: the same text would be refused every two seconds.
            self._refused = wanted.version
            self._tell("configuration refused", why=trouble.what, todo=trouble.remedy)
            return "refused"
        self._coming = wanted.version
        self._child.signal(signal.SIGHUP)
        if not await self._configuration.takes_effect(wanted.version):
            self._coming = ""
            self._tell("configuration without effect", why=self._configuration.last_emergency())
            return "no effect"
        self.running, self._refused, self._coming = wanted, "", ""
        self._tell("configuration applied", version=wanted.version)
        return "applied"

    async def _serves_the_text(self) -> bool:
        version = await self._configuration.running_version()
        return self.running is not None and version in (self.running.version, self._coming)

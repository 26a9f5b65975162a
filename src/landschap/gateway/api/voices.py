# SPDX-License-Identifier: EUPL-1.2
"""Asking another decision point, within its time; whatever goes wrong is no answer.

A question that waits here holds nothing that others need: the decider goes on, and a service
without a voice notices nothing. An answer is used for one question and never kept.
Source: AuthZEN 1.0, "Access Evaluation"; OPA, "Data API".
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

import aiohttp

from landschap.fsc.client import HostMap
from landschap.gateway.voices import VoiceWanted
from landschap.platform.settings import Settings
from landschap.purposes.authzen.voice import (
    MAX_ANSWER_BYTES,
    Voice,
    body_of,
    heard_in,
    unavailable,
)
from landschap.purposes.vetoes import Heard

_MAX_CONNECTIONS = 64


class Voices:
    """Connections to other decision points; opened and closed as a context."""

    def __init__(self, settings: Settings) -> None:
        self._secrets = settings.paths.secrets
        self._hosts = settings.network.hosts or {}
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        resolver = HostMap(self._hosts, allow_private=True)
        connector = aiohttp.TCPConnector(
            resolver=resolver, use_dns_cache=False, limit=_MAX_CONNECTIONS
        )
        self._session = aiohttp.ClientSession(connector=connector, trust_env=False)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def hear(self, wanted: VoiceWanted) -> Heard:
        """What it says of this question. Never raises: no answer is an answer too."""
        voice, about = wanted.voice, wanted.about
        try:
            async with asyncio.timeout(voice.timeout_ms / 1000):
                raw, status = await self._ask_again(voice, body_of(wanted.request, voice.kind))
        except TimeoutError:
            return unavailable(voice, about, "timeout")
        except (aiohttp.ClientError, OSError, ValueError):
            return unavailable(voice, about, "unreachable")
        return heard_in(raw, status, voice, about)

    async def _ask_again(self, voice: Voice, body: bytes) -> tuple[bytes, int]:
        """Ask, and once more when a kept connection turns out to be closed at the other end.

        An evaluation changes nothing, so that it is heard twice does no harm.
        """
        try:
            return await self._ask(voice, body)
        except aiohttp.ClientConnectorError:
            raise
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
            return await self._ask(voice, body)

    async def _ask(self, voice: Voice, body: bytes) -> tuple[bytes, int]:
        if self._session is None:
            raise OSError("not open")
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if voice.key_file:
            # Read with each question, so that a replaced key works at once; it is one short file.
            key = (self._secrets / voice.key_file).read_text(encoding="ascii").strip()
            headers["Authorization"] = f"Bearer {key}"
        asked = self._session.post(voice.address, data=body, headers=headers, allow_redirects=False)
        async with asked as answer:
            raw = await answer.content.read(MAX_ANSWER_BYTES + 1)
            while len(raw) <= MAX_ANSWER_BYTES and (more := await answer.content.read(65_536)):
                raw += more
            return raw, answer.status

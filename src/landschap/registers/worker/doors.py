# SPDX-License-Identifier: EUPL-1.2
"""The ways a notice leaves: through our own Outway to a service of another, or to an own address.

A door carries one request and tells how it ended; it keeps nothing and judges nothing. Time, size
and redirects are bounded here: who is told must not be able to hold us up.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import aiohttp

from landschap.registers.subscriptions import FSC_PREFIX, Subscription, service_and_path

SECONDS = 10.0
_MAX_ANSWER = 65_536
_MAX_CODE = 100


class Unreached(Exception):
    """Nobody answered; the words hold no content."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status and headers of an answer (names in lower case), and the code of a problem in it."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    code: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One request to make."""

    method: str
    headers: Mapping[str, str]
    body: bytes = b""


class Door(Protocol):
    """One way out."""

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        """Make the request and tell the answer. Raises Unreached."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """Both ways; which one is told by the place of delivery."""

    outway: Door
    address: Door

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        """Make the request by the way that fits. Raises Unreached."""
        is_fsc = to.wanted.sink.startswith(FSC_PREFIX)
        door = self.outway if is_fsc else self.address
        try:
            async with asyncio.timeout(SECONDS):
                return await door.carry(to, letter)
        except TimeoutError:
            raise Unreached(f"no answer within {SECONDS:.0f} seconds") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """How our own Outway knows a connection: headers that name contract, purpose and action."""

    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class OutwayDoor:
    """Through our own Outway, as one of its applications; to the path that was agreed.

    ``way`` finds the connection to a service of a peer. It raises Unreached when there is no
    contract, and says what is missing.
    """

    session: aiohttp.ClientSession
    outway: str
    way: Callable[[str, str], Awaitable[Way]]

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        """Make the request. Raises Unreached."""
        service, path = service_and_path(to.wanted.sink)
        way = await self.way(to.peer, service)
        headers = {**letter.headers, **way.headers}
        return await _request(self.session, f"{self.outway}{path}", letter, headers, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class AddressDoor:
    """To an https address of our own network; the session resolves only what was configured."""

    session: aiohttp.ClientSession
    context: ssl.SSLContext
    check: Callable[[str], str]

    async def carry(self, to: Subscription, letter: Letter) -> Answer:
        """Make the request. Raises Unreached, also when the address may not be used any more."""
        why = self.check(to.wanted.sink)
        if why:
            raise Unreached(why)
        return await _request(self.session, to.wanted.sink, letter, letter.headers, self.context)


async def _request(
    session: aiohttp.ClientSession,
    url: str,
    letter: Letter,
    headers: Mapping[str, str],
    context: ssl.SSLContext | None,
) -> Answer:
    try:
        async with session.request(
            letter.method,
            url,
            data=letter.body,
            headers=dict(headers),
            allow_redirects=False,
            ssl=True if context is None else context,
        ) as answer:
            told = await answer.content.read(_MAX_ANSWER)
            return Answer(
                status=answer.status,
                headers={name.lower(): value for name, value in answer.headers.items()},
                code=_code_in(told),
            )
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise Unreached(f"not reached: {type(error).__name__}") from None


def _code_in(body: bytes) -> str:
    """The code of a problem; nothing else of an answer is kept."""
    try:
        told = json.loads(body)
    except ValueError:
        return ""
    code = told.get("code", "") if isinstance(told, dict) else ""
    return code[:_MAX_CODE] if isinstance(code, str) and code.isascii() else ""

# SPDX-License-Identifier: EUPL-1.2
"""What evidence is asked with and what it gives: the period, the rooms, and a finding."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

import asyncpg

from landschap.logboek.findings import Report
from landschap.platform import postgres
from landschap.platform.settings import Settings

_MOST_NAMED = 10


class State(StrEnum):
    """What the evidence says; everything but ``shown`` is red."""

    SHOWN = "aangetoond"
    FAILED = "voldoet niet"
    MISSING = "niet aangetoond"


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one query found: the state, a sentence, and the numbers it rests on."""

    state: State
    words: str
    facts: Mapping[str, int | str] = field(default_factory=dict)


@dataclass(kw_only=True)
class Asked:
    """A question about ``[since, until)``, put at ``now``; with the rooms it may look in.

    ``report`` is the verification of the log that was just made; None when it was not made.
    """

    settings: Settings
    since: datetime
    until: datetime
    now: datetime
    report: Report | None = None
    _open: AsyncExitStack = field(default_factory=AsyncExitStack)
    _pools: dict[tuple[str, str | None], asyncpg.Pool] = field(default_factory=dict)

    @property
    def moment(self) -> datetime:
        """The end of the period, or now when it is not over."""
        return min(self.until, self.now)

    @property
    def begun(self) -> bool:
        """False for a period that lies wholly ahead: nothing can be shown of it."""
        return self.since < self.now

    async def pool(self, room: str, *, role: str | None = None) -> asyncpg.Pool:
        """One connection to the tables of a room, open until `close`."""
        if (room, role) not in self._pools:
            pool = await postgres.pool(self.settings, room, role=role, size=1)
            self._open.push_async_callback(pool.close)
            self._pools[room, role] = pool
        return self._pools[room, role]

    async def close(self) -> None:
        """End the connections."""
        await self._open.aclose()


Facts = dict[str, int | str]
Evidence = Callable[[Asked, timedelta], Awaitable[Found]]
"""Finds evidence; the second is the limit of the control (``most``), zero when it has none."""


def shown(words: str, **facts: int | str) -> Found:
    """It is so."""
    return Found(state=State.SHOWN, words=words, facts=facts)


def failed(words: str, **facts: int | str) -> Found:
    """The evidence is there, and it shows that it is not so."""
    return Found(state=State.FAILED, words=words, facts=facts)


def missing(words: str, **facts: int | str) -> Found:
    """There is nothing by which it can be shown."""
    return Found(state=State.MISSING, words=words, facts=facts)


def named(names: list[str]) -> str:
    """The first ten names, and how many more."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")

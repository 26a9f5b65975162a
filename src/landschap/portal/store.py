# SPDX-License-Identifier: EUPL-1.2
"""What somebody had typed when their session was over: kept sealed until they are back.

It is kept for a day at most, and given back once, to the same person at the same place.
"""

from __future__ import annotations

from collections.abc import Callable

import asyncpg
import msgspec

from landschap.platform.web import drafts


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """What was typed and ticked: where, in which form, and a proof of who it is for."""

    person: str
    path: str
    form: str
    proposed: str
    explanation: str
    ticked: bool = False

    def __repr__(self) -> str:
        return "Draft()"


async def keep_draft(pool: asyncpg.Pool, key: bytes, draft: Draft) -> str:
    """Keep a draft; returns the token for the cookie."""
    return await drafts.keep(pool, key, draft)


async def take_draft(
    pool: asyncpg.Pool, key: bytes, token: str, fits: Callable[[Draft], bool]
) -> Draft | None:
    """The draft of a cookie when it fits, which is forgotten with that; None for another."""
    return await drafts.take(pool, key, token, Draft, fits)

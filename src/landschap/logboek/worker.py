# SPDX-License-Identifier: EUPL-1.2
"""Sign the ends of all lanes, and forget declarations that ended: every minute, and at the end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

import asyncpg
import structlog
from cryptography import x509

from landschap.logboek.anchors import (
    Anchor,
    InvalidAnchor,
    LaneHead,
    SigningKey,
    Statement,
    digest_of,
    read_anchor,
    sign_anchor,
)
from landschap.logboek.store.proving import add_anchor, lane_ends, last_anchor
from landschap.platform.ids import uuid7

SECONDS_BETWEEN = 60.0
_MONTHS_AHEAD = 2
_FORGOTTEN_AT_ONCE = 10_000
_FORGETTINGS_PER_ROUND = 100

_AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)

_log = structlog.get_logger(__name__)


class Signer(NamedTuple):
    """Who signs anchors: the organisation, with its own key and certificate."""

    organisation: str
    key: SigningKey
    certificate: x509.Certificate


async def anchor_now(pool: asyncpg.Pool, signer: Signer) -> Anchor | None:
    """Sign the ends of all lanes as they are; None when nothing was written since the last time.

    Two workers may do so at once: each anchor is true, only one of them follows the other, so one
    lock keeps them in a row.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('logboek.anchor', 0))"
        )
        previous = await last_anchor(connection)
        ends = tuple(LaneHead(*end) for end in await lane_ends(connection))
        if not ends or (previous is not None and _states(previous) == ends):
            return None
        statement = Statement(
            anchor_id=uuid7(),
            at=datetime.now(UTC),
            organisation=signer.organisation,
            prev=None if previous is None else digest_of(previous),
            lanes=ends,
        )
        anchor = sign_anchor(statement, signer.key, signer.certificate)
        await add_anchor(connection, anchor)
        return anchor


async def forget_declarations(
    pool: asyncpg.Pool, *, at_once: int = _FORGOTTEN_AT_ONCE, times: int = _FORGETTINGS_PER_ROUND
) -> int:
    """Forget used declarations that ended, ``at_once`` per transaction; returns how many went.

    At most ``times`` transactions: what is left goes in the next round.
    """
    return await _forget(pool, "SELECT logboek.forget_declarations($1)", at_once, times)


async def forget_seen(
    pool: asyncpg.Pool, *, at_once: int = _FORGOTTEN_AT_ONCE, times: int = _FORGETTINGS_PER_ROUND
) -> int:
    """Forget delivered lines whose month has gone, as `forget_declarations` does; how many."""
    return await _forget(pool, "SELECT logboek.forget_seen($1)", at_once, times)


async def forget_actions(
    pool: asyncpg.Pool, *, at_once: int = _FORGOTTEN_AT_ONCE, times: int = _FORGETTINGS_PER_ROUND
) -> int:
    """Forget what is kept beside lines of the municipal standard that are gone; how many."""
    return await _forget(pool, "SELECT logboek.forget_actions($1)", at_once, times)


async def _forget(pool: asyncpg.Pool, statement: str, at_once: int, times: int) -> int:
    forgotten = 0
    for _ in range(times):
        gone: int = await pool.fetchval(statement, at_once)
        forgotten += gone
        if gone < at_once:
            break
    return forgotten


async def keep_anchoring(
    pool: asyncpg.Pool,
    signer: Callable[[], Signer],
    stop: asyncio.Event,
    *,
    seconds_between: float = SECONDS_BETWEEN,
) -> None:
    """Sign every ``seconds_between`` until ``stop`` is set, and once more then.

    ``signer`` gives who signs now: our certificate may be replaced meanwhile. Also makes the
    partitions of the months ahead, and forgets declarations that ended. A failure is told and
    tried again a round later: the log goes on without anchors, and verification says from when
    there is none.
    """
    while True:
        stopping = stop.is_set()
        try:
            await pool.fetchval("SELECT logboek.ensure_months($1)", _MONTHS_AHEAD)
            await anchor_now(pool, signer())
        except _AWAY as error:
            _log.warning(
                "anchor not written: until there is one, a cut off end of the log would not show",
                error=type(error).__name__,
            )
        try:
            await forget_declarations(pool)
            await forget_seen(pool)
            await forget_actions(pool)
        except _AWAY as error:
            _log.warning("what has ended is not forgotten", error=type(error).__name__)
        if stopping:
            return
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), seconds_between)


def _states(anchor: Anchor) -> tuple[LaneHead, ...]:
    try:
        return read_anchor(anchor).lanes
    except InvalidAnchor:
        return ()

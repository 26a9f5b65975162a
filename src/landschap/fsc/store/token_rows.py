# SPDX-License-Identifier: EUPL-1.2
"""Tokens of other Managers, held for our own Outway.

A row exists for each connection that our Outway may use; the row says when it is fetched again.
A token for a new Inway address raises the epoch and tells the carrier: it must be able to reach
that address before anyone is sent there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from landschap.fsc.connections import HeldToken
from landschap.fsc.store.rows import Connection, Source
from landschap.vocabulary.identifiers import GrantHash

CARRIER_CHANNEL = "landschap_carrier"


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenDue:
    """A token that must be fetched now; ``failures`` counts the attempts since the last success."""

    grant_hash: GrantHash
    failures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTrouble:
    """Why there is no fresh token for a grant."""

    grant_hash: GrantHash
    error: str
    failures: int


async def tokens(source: Source) -> list[HeldToken]:
    """The tokens we hold, also those that have just expired: ask ``expires_at``."""
    rows = await source.fetch(
        "SELECT grant_hash, token, inway_address, expires_at FROM token WHERE token <> ''"
    )
    return [
        HeldToken(
            grant_hash=GrantHash(row["grant_hash"]),
            token=row["token"],
            inway_address=row["inway_address"],
            expires_at=row["expires_at"],
        )
        for row in rows
    ]


async def troubles(source: Source) -> list[TokenTrouble]:
    """The grants for which fetching a token fails, with the last error."""
    rows = await source.fetch(
        "SELECT grant_hash, last_error, failures FROM token WHERE failures > 0 ORDER BY grant_hash"
    )
    return [
        TokenTrouble(
            grant_hash=GrantHash(row["grant_hash"]),
            error=row["last_error"],
            failures=row["failures"],
        )
        for row in rows
    ]


async def want_tokens(source: Source, grant_hashes: list[str], now: datetime) -> None:
    """Hold tokens for exactly these grants: new ones are due now, others are dropped."""
    await source.execute(
        """
        INSERT INTO token (grant_hash, next_attempt_at)
        SELECT unnest($1::text[]), $2 ON CONFLICT (grant_hash) DO NOTHING
        """,
        grant_hashes,
        now,
    )
    await source.execute("DELETE FROM token WHERE grant_hash <> ALL($1::text[])", grant_hashes)


async def make_due(source: Source, grant_hashes: list[str], now: datetime) -> None:
    """Have these tokens fetched now, unless fetching them failed and waits for its next turn."""
    await source.execute(
        """
        UPDATE token SET next_attempt_at = $2
         WHERE grant_hash = ANY($1) AND next_attempt_at > $2 AND failures = 0
        """,
        grant_hashes,
        now,
    )


async def due_tokens(source: Source, now: datetime) -> list[TokenDue]:
    """The tokens that must be fetched now, the longest overdue first."""
    rows = await source.fetch(
        """
        SELECT grant_hash, failures FROM token WHERE next_attempt_at <= $1
         ORDER BY next_attempt_at LIMIT 1000
        """,
        now,
    )
    return [
        TokenDue(grant_hash=GrantHash(row["grant_hash"]), failures=row["failures"]) for row in rows
    ]


async def next_attempt(source: Source) -> datetime | None:
    """When the first token must be fetched again, None when none is wanted."""
    moment: datetime | None = await source.fetchval("SELECT min(next_attempt_at) FROM token")
    return moment


async def save_token(
    connection: Connection, held: HeldToken, now: datetime, next_attempt_at: datetime
) -> None:
    """Keep a fetched token; a new Inway address reaches carrier and deciders at once.

    A question may need a token before the worker has seen the new contract: the row is made here
    then, or every decider would fetch it again with each question.
    """
    before: Any = await connection.fetchval(
        "SELECT inway_address FROM token WHERE grant_hash = $1 FOR UPDATE", held.grant_hash.value
    )
    await connection.execute(
        """
        INSERT INTO token (grant_hash, token, inway_address, expires_at, fetched_at,
                           next_attempt_at)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (grant_hash) DO UPDATE
        SET token = $2, inway_address = $3, expires_at = $4, fetched_at = $5,
            next_attempt_at = $6, last_error = '', failures = 0
        """,
        held.grant_hash.value,
        held.token,
        held.inway_address,
        held.expires_at,
        now,
        next_attempt_at,
    )
    if before != held.inway_address:
        await connection.execute("SELECT platform.bump_epoch()")
        await connection.execute("SELECT pg_notify($1, $2)", CARRIER_CHANNEL, held.inway_address)


async def drop_refused_token(
    connection: Connection, grant_hash: str, used_at: datetime, now: datetime
) -> bool:
    """Drop a token that the other side refused, and have a new one fetched now.

    Only one that was fetched before it was used: an older refusal says nothing of a newer token,
    and a peer that refuses everything costs one fetch per token and no more.
    """
    dropped: Any = await connection.fetchval(
        """
        UPDATE token SET token = '', expires_at = NULL, next_attempt_at = $3
         WHERE grant_hash = $1 AND token <> '' AND fetched_at <= $2 RETURNING grant_hash
        """,
        grant_hash,
        used_at,
        now,
    )
    if dropped is not None:
        await connection.execute("SELECT platform.bump_epoch()")
    return dropped is not None


async def note_failure(
    source: Source, due: TokenDue, error: str, next_attempt_at: datetime
) -> None:
    """Remember that a token could not be fetched, and when to try again."""
    await source.execute(
        """
        UPDATE token SET last_error = $2, failures = failures + 1, next_attempt_at = $3
         WHERE grant_hash = $1
        """,
        due.grant_hash.value,
        error[:500],
        next_attempt_at,
    )

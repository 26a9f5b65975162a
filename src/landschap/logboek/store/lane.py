# SPDX-License-Identifier: EUPL-1.2
"""One lane: the one connection that may write under its name, and the end of its chain.

A session lock holds the name as long as the connection lives in the server. So when it is ours
again after a broken connection, the old statement has ended, and what the table says is final.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from landschap.logboek.batches import LaneEnd, Sealed, head_over
from landschap.logboek.declarations import DeclarationKey, UsedDeclaration, claims_of
from landschap.logboek.faults import LaneTaken, LogUnavailable
from landschap.logboek.merkle import BatchHead
from landschap.logboek.seen import SeenLine
from landschap.logboek.store.lane_forms import LaneForms
from landschap.logboek.store.wire import Wire

Connect = Callable[[], Awaitable[asyncpg.Connection]]

LANE_NAME = re.compile(r"[a-z][a-z0-9-]{0,50}")
_NUMBERED = re.compile(r".*-[0-9]+")
_LANES_PER_NAME = 64
_CLAIM_SECONDS = 3.0
_POLL_SECONDS = 0.05
# A statement that takes this long hangs; the connection is given up and the outcome looked up.
_STATEMENT_SECONDS = 30.0

_SEALED = (
    "record_id, kind, at, trace_id, span_id, transaction_id, subject, key_id, peer, "
    "source_delegator, destination_delegator, service, grant_hash, activity, salt, leaf, payload, "
    "form"
)
_COMMIT = f"""
WITH world AS MATERIALIZED (SELECT value FROM platform.epoch),
sealed AS (
    INSERT INTO logboek.batch (lane, no, size, first_record, last_record, root, prev, head)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM world WHERE $9::bigint IS NULL OR value <= $9
    RETURNING no
), written AS (
    INSERT INTO logboek.record (lane, batch, pos, {_SEALED})
    SELECT $1, $2, place - 1, {_SEALED}
    FROM sealed, unnest($10::logboek.sealed[]) WITH ORDINALITY AS r({_SEALED}, place)
)
SELECT value, EXISTS (SELECT FROM sealed) FROM world
"""  # noqa: S608 - only names of columns are put in
# The same with declarations. `claimed` tells of each one that was free, and of each one that
# another question has: those are read after whoever wrote them has ended, not as of our beginning.
# One such question keeps the whole batch away; what the others claimed stays theirs, by span.
_COMMIT_USED = f"""
WITH world AS MATERIALIZED (SELECT value FROM platform.epoch),
used AS MATERIALIZED (
    SELECT * FROM unnest($11::text[], $12::uuid[], $13::bytea[], $14::timestamptz[])
    WITH ORDINALITY AS u(issuer, jti, span, expires_at, place)
), claimed AS (
    INSERT INTO logboek.used_declaration AS held (issuer, jti, span, expires_at)
    SELECT issuer, jti, span, expires_at FROM used
    WHERE EXISTS (SELECT FROM world WHERE $9::bigint IS NULL OR value <= $9) ORDER BY place
    ON CONFLICT (jti, issuer)
    DO UPDATE SET expires_at = greatest(held.expires_at, excluded.expires_at)
    WHERE held.span <> excluded.span OR held.expires_at < excluded.expires_at
    RETURNING issuer, jti, span
), replayed AS MATERIALIZED (
    SELECT used.place, claimed.span FROM used JOIN claimed USING (issuer, jti)
    WHERE used.span <> claimed.span
), sealed AS (
    INSERT INTO logboek.batch (lane, no, size, first_record, last_record, root, prev, head)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8 FROM world
    WHERE ($9::bigint IS NULL OR value <= $9) AND NOT EXISTS (SELECT FROM replayed)
    RETURNING no
), written AS (
    INSERT INTO logboek.record (lane, batch, pos, {_SEALED})
    SELECT $1, $2, place - 1, {_SEALED}
    FROM sealed, unnest($10::logboek.sealed[]) WITH ORDINALITY AS r({_SEALED}, place)
)
SELECT value, EXISTS (SELECT FROM sealed), ARRAY(SELECT place FROM replayed ORDER BY place),
    ARRAY(SELECT span FROM replayed ORDER BY place) FROM world
"""  # noqa: S608 - only names of columns are put in
_CLAIM = "SELECT pg_try_advisory_lock(hashtextextended('logboek.lane:' || $1, 0))"
_END = """
SELECT no, head, last_record FROM logboek.batch WHERE lane = $1 ORDER BY no DESC LIMIT 1
"""
# Also what a quota or a limit on the size of files makes of it; that has no code of its own.
_NO_ROOM = "could not extend file"
_NO_PARTITION = "no partition of relation"
# The same with lines that may come once only: one that came before keeps the whole batch away.
_COMMIT_SEEN = _COMMIT.replace(
    "\n)\nSELECT value",
    """
), noted AS (
    INSERT INTO logboek.seen (trace_id, span_id, digest, month)
    SELECT s.trace_id, s.span_id, s.digest,
           date_trunc('month', uuid_extract_timestamp($5) AT TIME ZONE 'UTC')::date
    FROM sealed, unnest($11::bytea[], $12::bytea[], $13::bytea[])
    AS s(trace_id, span_id, digest)
)
SELECT value""",
)
_SEEN_TABLE = "seen"


class ConnectionLost(Exception):
    """The connection broke; whether the last statement was done is not known."""


class Withheld(NamedTuple):
    """Why a batch was not written: the world is newer, or declarations have another span."""

    epoch: int
    spans: Mapping[DeclarationKey, bytes]


class Lane:
    """The writing end of one lane."""

    def __init__(self, connect: Connect, name: str) -> None:
        if not LANE_NAME.fullmatch(name):
            raise ValueError(f"lane name {name!r}: small letters, digits and '-', at most 51")
        self._connect = connect
        self._wanted = name
        self.name = name if _NUMBERED.fullmatch(name) else ""
        self.end = LaneEnd()
        self._connection: asyncpg.Connection | None = None
        self._ours = False
        self._commit: Any = None
        self._commit_used: Any = None
        self._commit_seen: Any = None
        self._doubt: BatchHead | None = None
        self._forms = LaneForms()
        self._wire = Wire()

    @property
    def connected(self) -> bool:
        """True when the lane can be written now, as far as we know; not while it is opened."""
        connection = self._connection
        return self._ours and connection is not None and not connection.is_closed()

    async def open(self) -> bool:
        """Connect, claim the name, find the end of the chain.

        True when the batch whose outcome was unknown turns out to be written.
        Raises LaneTaken when another live process has the name, ConnectionLost otherwise.
        """
        await self.close()
        try:
            connection = await self._connect()
        except Exception as error:
            raise ConnectionLost(str(error)) from error
        self._connection = connection
        try:
            await self._claim(connection)
            await connection.execute("SET plan_cache_mode = force_generic_plan; SET jit = off")
            await connection.fetchval("SELECT logboek.ensure_months(2)")
            await self._wire.begin(connection)
            self._commit = await connection.prepare(_COMMIT)
            self._commit_used = await connection.prepare(_COMMIT_USED)
            self._commit_seen = await connection.prepare(_COMMIT_SEEN)
            await self._forms.begin(connection, self.name)
            written = await self._find_end(connection)
        except LaneTaken:
            await self.close()
            raise
        except _CUT as error:
            await self.close()
            raise ConnectionLost(str(error)) from error
        self._ours = True
        return written

    async def commit(
        self,
        records: Sequence[Sealed],
        decided: int | None,
        used: Sequence[UsedDeclaration] = (),
        seen: Sequence[SeenLine] = (),
    ) -> Withheld | None:
        """Write one batch, with the declarations it rests on; returns None when done.

        Or with lines that may come once only: a batch has the one or the other.

        Raises ConnectionLost (outcome unknown until `open`), and what PostgreSQL refuses.
        """
        claims = claims_of(used) if used else ()
        connection = self._connection
        statement = self._commit_used if claims else self._commit_seen if seen else self._commit
        if connection is None or connection.is_closed():
            raise ConnectionLost("not connected")
        head = head_over(self.name, self.end, records)
        digest = head.digest()
        try:
            numbers = await self._forms.numbers(connection, self.name, records)
            self._doubt = head
            row = await statement.fetchrow(
                *(head.lane, head.no, head.size, UUID(bytes=head.first), UUID(bytes=head.last)),
                *(head.root, head.prev, digest, decided),
                self._wire.rows(records, numbers),
                *(_columns(claims) if claims else _seen_columns(seen)),
                timeout=_STATEMENT_SECONDS,
            )
        except asyncpg.PostgresError as error:
            if connection.is_closed() or _breaks(error):
                connection.terminate()
                raise ConnectionLost(str(error)) from error
            raise
        except Exception as error:
            if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
                raise  # a value that can not be sent: nothing was
            # A broken connection shows itself in many ways; none tells whether it was written.
            connection.terminate()
            raise ConnectionLost(type(error).__name__) from error
        self._doubt = None
        if not row[1]:
            replayed = zip(row[2], row[3], strict=True) if claims else ()
            return Withheld(row[0], {claims[place - 1].key: span for place, span in replayed})
        self.end = LaneEnd(head.no, digest, records[-1].columns.record_id)
        return None

    async def make_months(self) -> None:
        """Have the partitions of this month and the next ones made."""
        if self._connection is not None:
            await self._connection.fetchval("SELECT logboek.ensure_months(2)")

    async def close(self) -> None:
        """Give up the connection, and with it the lane."""
        connection, self._connection = self._connection, None
        self._ours = False
        if connection is None or connection.is_closed():
            return
        try:
            await connection.close(timeout=2)
        except _CUT:
            connection.terminate()

    async def _claim(self, connection: asyncpg.Connection) -> None:
        deadline = time.monotonic() + _CLAIM_SECONDS
        names = [self.name] if self.name else _numbered(self._wanted)
        while True:
            for name in names:
                if await connection.fetchval(_CLAIM, name):
                    self.name = name
                    return
            # The lock of a process that just died is released when the server notices.
            if time.monotonic() > deadline:
                raise LaneTaken(f"lane {self._wanted} is written by another process")
            await asyncio.sleep(_POLL_SECONDS)

    async def _find_end(self, connection: asyncpg.Connection) -> bool:
        row = await connection.fetchrow(_END, self.name)
        self.end = LaneEnd() if row is None else LaneEnd(row["no"], row["head"], row["last_record"])
        doubt, self._doubt = self._doubt, None
        return doubt is not None and self.end.head == doubt.digest()


# A connection that is cut in the middle of an answer may leave the client itself confused.
_CUT = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


def further_name(name: str, number: int) -> str:
    """The name to ask for a second lane beside ``name``: its own, or the next free number."""
    return f"{name}-{number}" if _NUMBERED.fullmatch(name) else name


def was_seen(error: Exception) -> bool:
    """True when a line of the batch came before."""
    return isinstance(error, asyncpg.UniqueViolationError) and error.table_name == _SEEN_TABLE


def is_data_fault(error: Exception) -> bool:
    """True when one of the records, and not the log, is the cause."""
    if isinstance(error, asyncpg.InterfaceError) and isinstance(error, ValueError):
        return True
    if isinstance(error, asyncpg.UniqueViolationError):
        return was_seen(error)
    classes = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
    return isinstance(error, classes) and not lacks_month(error)


def lacks_month(error: Exception) -> bool:
    """True when the partition of this month has not been made yet."""
    return isinstance(error, asyncpg.CheckViolationError) and _NO_PARTITION in str(error)


def in_words(error: Exception) -> LogUnavailable:
    """Why nothing can be written, without anything of what should have been."""
    if isinstance(error, asyncpg.InsufficientPrivilegeError):
        return LogUnavailable("the log may not be written: permission was taken away")
    if isinstance(error, asyncpg.DiskFullError) or _NO_ROOM in str(error):
        return LogUnavailable("the log can not be written: the disk is full")
    return LogUnavailable(f"the log can not be written: {type(error).__name__}")


def _breaks(error: asyncpg.PostgresError) -> bool:
    broken = (
        asyncpg.PostgresConnectionError,
        asyncpg.AdminShutdownError,
        asyncpg.CrashShutdownError,
        asyncpg.CannotConnectNowError,
        asyncpg.IdleSessionTimeoutError,
    )
    return isinstance(error, broken)


def _columns(claims: Sequence[UsedDeclaration]) -> tuple[list[Any], ...]:
    """The declarations as the last four parameters."""
    return (
        [each.issuer for each in claims],
        [each.jti for each in claims],
        [each.span for each in claims],
        [each.expires_at for each in claims],
    )


def _seen_columns(seen: Sequence[SeenLine]) -> tuple[list[bytes], ...]:
    """The lines as the last three parameters; none of them when there is no such line."""
    if not seen:
        return ()
    return (
        [each.trace_id for each in seen],
        [each.span_id for each in seen],
        [each.digest for each in seen],
    )


def _numbered(name: str) -> list[str]:
    return [f"{name}-{number}" for number in range(_LANES_PER_NAME)]

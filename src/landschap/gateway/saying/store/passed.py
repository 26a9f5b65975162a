# SPDX-License-Identifier: EUPL-1.2
"""Reports on their way to the organisation that holds the register, and how they stand there.

Also which reports others brought: under which number each stands in our registers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

import asyncpg

from landschap.gateway.saying.report import Reported, ToldReport
from landschap.gateway.saying.statement import LIFETIME, SKEW
from landschap.platform.loops import backoff_seconds
from landschap.registers.store.reports import destroyed_of

_LONGEST_PAUSE = 300.0
_HELD = timedelta(seconds=60)
_AT_ONCE = 20
# What is more counts as ours.
_MOST_ELSEWHERE = 10_000
# Between two looks at what became of it; opening its page asks at once.
_ASKED_AGAIN = timedelta(minutes=15)


class State(StrEnum):
    """How a report stands that is for another organisation."""

    ON_THE_WAY = "onderweg"
    DELIVERED = "afgeleverd"
    DECIDED = "besloten"
    TAKEN_BACK = "ingetrokken"
    REFUSED = "geweigerd"
    EXPIRED = "verlopen"


OPEN = (State.ON_THE_WAY, State.DELIVERED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A report for another organisation; ``report`` is also its number in our registers."""

    report: UUID
    register: str
    peer: str
    subject: bytes
    key_id: int
    said_at: datetime
    trace_id: bytes
    sealed: bytes | None = field(default=None, repr=False)
    taken_back: bytes | None = field(default=None, repr=False)
    state: State = State.ON_THE_WAY
    attempts: int = 0
    code: str = ""
    delivered_at: datetime | None = None
    number: str = ""
    decide_by: date | None = None
    decided_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True while the other organisation is to decide on it."""
        return self.state in OPEN


class HeardReport(NamedTuple):
    """A report that another organisation brought; ``kept`` is None when it was taken back first."""

    digest: bytes
    subject: bytes
    key_id: int
    register: str
    kept: UUID | None
    files: tuple[str, ...]


_COLUMNS = (
    "report, register, peer, subject, key_id, said_at, trace_id, sealed, taken_back, state,"
    " attempts, code, delivered_at, number, decide_by, decided_at"
)


async def keep_passed(pool: asyncpg.Pool, passed: Passed) -> None:
    """Keep a report until it is brought; the same again changes nothing."""
    await pool.execute(
        "INSERT INTO report_sent (report, register, peer, subject, key_id, said_at, trace_id,"
        " sealed, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + interval '20 seconds')"
        " ON CONFLICT (report) DO NOTHING",
        *(passed.report, passed.register, passed.peer, passed.subject, passed.key_id),
        *(passed.said_at, passed.trace_id, passed.sealed),
    )


async def take_due(pool: asyncpg.Pool, now: datetime) -> list[Passed]:
    """The next that must be brought or asked after, held for a minute for this process."""
    rows = await pool.fetch(
        "UPDATE report_sent SET next_at = $1::timestamptz + $2::interval WHERE report IN ("  # noqa: S608 - names of columns
        "SELECT report FROM report_sent WHERE next_at <= $1"
        " AND (state IN ('onderweg', 'afgeleverd') OR taken_back IS NOT NULL)"
        f" ORDER BY next_at LIMIT {_AT_ONCE} FOR UPDATE SKIP LOCKED) RETURNING {_COLUMNS}",
        *(now, _HELD),
    )
    return [_passed(row) for row in rows]


async def passed_of(pool: asyncpg.Pool, report: UUID) -> Passed | None:
    """One report; None when it is for us alone."""
    row = await pool.fetchrow(
        f"SELECT {_COLUMNS} FROM report_sent WHERE report = $1",  # noqa: S608 - names of columns
        report,
    )
    return _passed(row) if row else None


async def decided_elsewhere(pool: asyncpg.Pool) -> frozenset[UUID]:
    """Reports on which another organisation decides: they are there, or on their way there."""
    rows = await pool.fetch(
        "SELECT report FROM report_sent WHERE state IN ('onderweg', 'afgeleverd')"
        " ORDER BY next_at LIMIT $1",
        _MOST_ELSEWHERE,
    )
    return frozenset(row["report"] for row in rows)


async def put_off(pool: asyncpg.Pool, passed: Passed, code: str, now: datetime) -> None:
    """It could not be brought or asked now: again later, with a growing pause.

    What was not brought within thirty days has expired: its signature counts no longer. Of what is
    there, ``code`` says why a file is not: that its holder is away now says nothing of a file.
    """
    if passed.state is not State.DELIVERED and now - passed.said_at > LIFETIME:
        await settle(pool, passed, State.EXPIRED, code)
        return
    pause = timedelta(seconds=backoff_seconds(passed.attempts, _LONGEST_PAUSE))
    await pool.execute(
        "UPDATE report_sent SET attempts = attempts + 1, next_at = $3,"
        " code = CASE WHEN state = 'onderweg' THEN $2 ELSE code END WHERE report = $1",
        *(passed.report, code, now + pause),
    )


async def settle(pool: asyncpg.Pool, passed: Passed, state: State, code: str = "") -> None:
    """Nothing more is brought: it was decided, taken back, or never can be."""
    await pool.execute(
        "UPDATE report_sent SET state = $2, code = $3, sealed = NULL, taken_back = NULL,"
        " attempts = attempts + 1 WHERE report = $1",
        *(passed.report, state.value, code),
    )


async def delivered(
    pool: asyncpg.Pool, passed: Passed, told: ToldReport, now: datetime, lacks: str = ""
) -> None:
    """It is there, or it is still to be decided on there; ``lacks``: why a file is not."""
    await pool.execute(
        "UPDATE report_sent SET sealed = NULL, code = $6, attempts = 0, number = $2,"
        " decide_by = $3, decided_at = $7, next_at = $4, delivered_at = coalesce(delivered_at, $5),"
        " state = CASE WHEN state = 'onderweg' THEN 'afgeleverd' ELSE state END WHERE report = $1",
        *(
            passed.report,
            told.nummer,
            told.uiterlijk,
            now + _ASKED_AGAIN,
            now,
            lacks,
            told.besloten,
        ),
    )


async def take_back(pool: asyncpg.Pool, report: UUID, sealed: bytes) -> bool:
    """The person takes it back, which is brought too: the report may be on its way this moment.

    False when there is nothing to take back any more.
    """
    told: str = await pool.execute(
        "UPDATE report_sent SET taken_back = $2, next_at = now() + interval '20 seconds'"
        " WHERE report = $1 AND state IN ('onderweg', 'afgeleverd') AND taken_back IS NULL",
        *(report, sealed),
    )
    return told.endswith(" 1")


async def heard_report(pool: asyncpg.Pool, issuer: str, report: UUID) -> HeardReport | None:
    """A report that was brought; None when it is new."""
    row = await pool.fetchrow(
        "SELECT digest, subject, key_id, register, kept, files FROM report_heard"
        " WHERE issuer = $1 AND report = $2",
        *(issuer, report),
    )
    if row is None:
        return None
    return _heard(row)


async def keep_report(
    pool: asyncpg.Pool,
    said: Reported,
    digest: bytes,
    subject: tuple[int, bytes],
    kept: UUID | None,
) -> HeardReport:
    """Keep which report was brought; gives the first when it was brought twice at once."""
    doubt = said.doubt
    await pool.execute(
        "INSERT INTO report_heard (issuer, report, digest, key_id, subject, register, kept, files,"
        " said_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING",
        *(said.issuer, said.report, digest, *subject, doubt.register if doubt else "", kept),
        *(list(doubt.files) if doubt else [], said.said_at),
    )
    found = await heard_report(pool, said.issuer, said.report)
    assert found is not None  # noqa: S101 - it was kept just now
    return found


async def heard_of(
    pool: asyncpg.Pool, issuer: str, reports: Sequence[UUID]
) -> dict[UUID, HeardReport]:
    """Those of these reports that this organisation brought."""
    rows = await pool.fetch(
        "SELECT report, digest, subject, key_id, register, kept, files FROM report_heard"
        " WHERE issuer = $1 AND report = ANY ($2)",
        *(issuer, list(reports)),
    )
    return {row["report"]: _heard(row) for row in rows}


async def forget_reports(gateway: asyncpg.Pool, registers: asyncpg.Pool, now: datetime) -> int:
    """Forget which reports were passed on and heard that are destroyed in the registers.

    Not one that can still be brought, or brought again: its signature counts for thirty days.
    Source: AVG art. 5 lid 1 onder e.
    """
    before, count = now - LIFETIME - SKEW, 0
    for page, forget in (_SENT, _HEARD):
        after = UUID(int=0)
        while rows := await gateway.fetch(page, after, before, _PAGE):
            after = rows[-1]["report"]
            gone = await destroyed_of(registers, [row["report"] for row in rows])
            count += _count(await gateway.execute(forget, gone))
    # Of what was taken back before it came, nothing is there.
    early = "DELETE FROM report_heard WHERE kept IS NULL AND said_at < $1"
    return count + _count(await gateway.execute(early, before))


_PAGE = 1000
_SENT = (
    (
        "SELECT report FROM report_sent WHERE report > $1 AND said_at < $2"
        " AND taken_back IS NULL AND state NOT IN ('onderweg', 'afgeleverd')"
        " ORDER BY report LIMIT $3"
    ),
    "DELETE FROM report_sent WHERE report = ANY ($1::uuid[])",
)
_HEARD = (
    (
        "SELECT DISTINCT kept AS report FROM report_heard WHERE kept > $1 AND said_at < $2"
        " ORDER BY kept LIMIT $3"
    ),
    "DELETE FROM report_heard WHERE kept = ANY ($1::uuid[])",
)


def _count(told: str) -> int:
    return int(told.rpartition(" ")[2])


def _heard(row: asyncpg.Record) -> HeardReport:
    return HeardReport(
        digest=row["digest"],
        subject=row["subject"],
        key_id=row["key_id"],
        register=row["register"],
        kept=row["kept"],
        files=tuple(row["files"]),
    )


def _passed(row: asyncpg.Record) -> Passed:
    return Passed(**{**dict(row), "state": State(row["state"])})

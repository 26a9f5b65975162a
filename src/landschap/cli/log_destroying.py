# SPDX-License-Identifier: EUPL-1.2
"""The months of the log of which every term is over: judged, and taken away by hand or each day."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from typing import NamedTuple

import asyncpg
import structlog

from landschap.logboek.legal_holds import EndedMonth, Verdict, judged
from landschap.logboek.store import legal_holds as store
from landschap.platform import postgres
from landschap.platform.loops import forever, pause
from landschap.platform.settings import Settings
from landschap.platform.siem.outbox import note
from landschap.platform.trouble import Trouble
from landschap.purposes.store import activity_versions

_CALM_SECONDS = 180.0
_DAY_SECONDS = 86_400.0

_log = structlog.get_logger(__name__)


class Disposal(NamedTuple):
    """Who may look at the log, at the terms of activities, and take months away."""

    reader: asyncpg.Pool
    purposes: asyncpg.Pool
    keeper: asyncpg.Pool


@asynccontextmanager
async def disposal(settings: Settings) -> AsyncIterator[Disposal]:
    """One connection each, while the block runs. Raises Trouble."""
    reader = await postgres.pool(settings, "logboek", role=store.READER, size=1)
    purposes = await postgres.pool(settings, "purposes", size=1)
    keeper = await postgres.pool(settings, "logboek", role=store.KEEPER, size=1)
    try:
        yield Disposal(reader, purposes, keeper)
    finally:
        for pool in (reader, purposes, keeper):
            await pool.close()


async def judged_months(by: Disposal) -> list[Verdict]:
    """Of each month of which the term of the log is over, whether it may go; the oldest first."""
    return [await _verdict(by, each) for each in await store.ended_months(by.reader)]


class ClockDoubted(Trouble):
    """The clock may stand months ahead of the log: by it everything would be past its term."""

    def __init__(self) -> None:
        super().__init__(
            "the clock of the database may stand ahead: the log was signed on fewer than 7 of the "
            "last 40 days by it, so nothing is destroyed",
            "set the clock right; when it is right and the log was out of use: "
            "`landschap log destroy --execute --clock-is-right`",
        )


async def take_away(
    by: Disposal,
    months: Sequence[date],
    tell: Callable[[int], None] | None = None,
    *,
    confirmed: bool = False,
) -> dict[date, int | None]:
    """Destroy these; the records of each, or None when something in it is held since.

    What somebody else took away meanwhile is left out.
    ``tell`` gets how many were done. What is held is asked again by the database when a month goes.
    Raises Trouble when somebody reads the log all the time, ClockDoubted unless ``confirmed``.
    """
    records: dict[date, int | None] = {}
    for place, month in enumerate(months, start=1):
        try:
            records[month] = await store.drop_month(by.keeper, month, confirmed=confirmed)
        except asyncpg.RaiseError:
            records[month] = None
        except asyncpg.NoDataFoundError:
            continue
        except asyncpg.LockNotAvailableError:
            gone = sum(each is not None for each in records.values())
            raise Trouble(
                f"the log is being read, or another destroys, so its month {month:%Y-%m} can not "
                f"go now; months that went before it: {gone}",
                "run `landschap log destroy --execute` again when no export or verification runs; "
                "the worker tries again by itself",
            ) from None
        except asyncpg.ObjectNotInPrerequisiteStateError as error:
            if type(error) is not asyncpg.ObjectNotInPrerequisiteStateError:
                raise  # of the same family, and something else
            raise ClockDoubted from None
        if tell is not None:
            tell(place)
    return records


def due(verdicts: Sequence[Verdict]) -> list[date]:
    """The months that nothing keeps now."""
    now = datetime.now(UTC)
    return [each.month for each in verdicts if each.is_due(now)]


async def keep_destroying(
    settings: Settings,
    stop: asyncio.Event,
    *,
    calm: float = _CALM_SECONDS,
    between: float = _DAY_SECONDS,
) -> None:
    """Take away each day what is due, until ``stop``; not at all when that is done by hand.

    What stays is told with its reason, each time: an activity without a term keeps its months until
    somebody gives it one.
    """
    if settings.logboek.destroy == "by_hand":
        return

    async def destroying() -> None:
        await pause(stop, calm)
        while not stop.is_set():
            async with disposal(settings) as by:
                verdicts = await judged_months(by)
                try:
                    _tell(verdicts, await take_away(by, due(verdicts)))
                except ClockDoubted as doubt:
                    await _alarm(settings, doubt, len(due(verdicts)))
            await pause(stop, between)

    await forever(destroying, stop, "destroying the log after its term")


async def _alarm(settings: Settings, doubt: ClockDoubted, months: int) -> None:
    """Tell the watch and the operators that the clock can not be right, or the log was not used."""
    _log.error("months of the log stay: the clock may stand ahead", remedy=doubt.remedy)
    pool = await postgres.pool(settings, "platform", size=1)
    try:
        await note(pool, "log_clock_doubted", {"code": "clock_ahead", "times": months})
    finally:
        await pool.close()


def _tell(verdicts: Sequence[Verdict], taken: dict[date, int | None]) -> None:
    for each in verdicts:
        month, records = each.month.isoformat()[:7], taken.get(each.month)
        if records is not None:
            _log.info("month of the log destroyed after its term", month=month, records=records)
        elif each.holds or each.month in taken:
            holds = [str(hold) for hold in each.holds]
            _log.info("month of the log stays: something in it is held", month=month, holds=holds)
        elif each.unknown:
            told = {"month": month, "activities": list(each.unknown)}
            _log.warning("month of the log stays: an activity in it has no term", **told)


async def _verdict(by: Disposal, month: EndedMonth) -> Verdict:
    ends: dict[str, datetime] = {}
    for uri in month.activities:
        terms = [each.log_retention for each in await activity_versions(by.purposes, uri)]
        if all(terms) and terms:
            ends[uri] = max(await store.term_ends(by.reader, month.month, terms))
    return judged(month, ends)

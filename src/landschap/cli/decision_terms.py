# SPDX-License-Identifier: EUPL-1.2
"""Reports that a value is wrong and wait for a decision: for the doctor, the log and a figure.

A report is named by its number, and never by whose data it is about.
Source: AVG art. 12 lid 3; Awb art. 6:2.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import asyncpg

from landschap.cli.ends import Ending
from landschap.cli.held_back import Word
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import amsterdam_day

if TYPE_CHECKING:
    from landschap.platform.settings import Settings
    from landschap.registers.reports import Report

SOON = timedelta(days=7)
_MOST = 1000
_REMEDY = "decide on it in the console, under Terugmeldingen"
_ASK = "ask the organisation that holds the source; its person may object there"
_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTerms:
    """The reports that wait here, the first that is due first; on those ``elsewhere`` another
    organisation decides.
    """

    waiting: Sequence[Report]
    elsewhere: Sequence[Report] = ()

    def late(self, today: date) -> list[Report]:
        """Those on which should have been decided before this day."""
        return [each for each in self.waiting if each.is_late(today)]

    def figures(self, today: date) -> Mapping[str, int]:
        """How many by state: ``waiting``, ``late`` (which wait as well)."""
        return {"waiting": len(self.waiting), "late": len(self.late(today))}

    def endings(self, today: date) -> list[Ending]:
        """The terms that end within a week, or have ended: at the end of their last day."""
        from landschap.purposes.model import midnight

        return [
            Ending(
                name=each.number,
                ends=midnight(each.decide_by + timedelta(days=1)),
                kind="term to decide on a report",
                remedy=_REMEDY,
            )
            for each in self.waiting
            if each.decide_by is not None and each.decide_by <= today + SOON
        ]


async def decision_terms(settings: Settings) -> DecisionTerms | None:
    """What waits for a decision now; None while the database is away."""
    from landschap.gateway.saying.store.passed import decided_elsewhere
    from landschap.registers.store import due_reports

    found = await _asked(settings, "registers", lambda pool: due_reports(pool, _MOST))
    if found is None:
        return None
    # While that can not be read, all count as ours.
    there = await _asked(settings, "gateway", decided_elsewhere) or frozenset()
    return DecisionTerms(
        waiting=[each for each in found if each.report_id not in there],
        elsewhere=[each for each in found if each.report_id in there],
    )


async def _asked(
    settings: Settings, room: str, question: Callable[[asyncpg.Pool], Awaitable[_Found]]
) -> _Found | None:
    """What a room answers; None while its database is away."""
    from landschap.platform import postgres

    try:
        pool = await postgres.pool(settings, room, size=1)
    except (Trouble, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    try:
        return await question(pool)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    finally:
        pool.terminate()


async def words(settings: Settings) -> AsyncIterator[Word]:
    """What the doctor says."""
    found, today = await decision_terms(settings), amsterdam_day(datetime.now(UTC))
    if found is None:
        return
    late = found.late(today)
    for each in late:
        what = f"report {each.number} had to be decided on by {each.decide_by}"
        yield Word(is_alarm=True, what=what, remedy=_REMEDY)
    soon = found.endings(today)[len(late) :]
    for ending in soon:
        what = f"report {ending.name} is to be decided on within a week"
        yield Word(is_alarm=False, what=what, remedy=_REMEDY)
    for each in found.elsewhere:
        if each.is_late(today):
            what = f"report {each.number} had to be decided on elsewhere by {each.decide_by}"
            yield Word(is_alarm=False, what=what, remedy=_ASK)
    if not (late or soon):
        yield Word(is_alarm=False, what=f"{len(found.waiting)} reports wait, none is due in a week")

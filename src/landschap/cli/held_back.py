# SPDX-License-Identifier: EUPL-1.2
"""What is held back from residents and has to be looked at: for the doctor, the log and a figure.

A hold is named by its number: what is secret stands in no log of the programs.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import asyncpg

from landschap.cli.ends import Ending
from landschap.platform.trouble import Trouble
from landschap.vocabulary.times import amsterdam_day

if TYPE_CHECKING:
    from landschap.logboek.disclosure import Hold
    from landschap.platform.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldBack:
    """The holds in force, the oldest first, and how many activities nobody decided on."""

    holds: tuple[Hold, ...]
    undecided: int

    def overdue(self, today: date) -> list[Hold]:
        """Those that had to be looked at before this day."""
        return [each for each in self.holds if each.is_overdue(today)]

    def figures(self, today: date) -> Mapping[str, int]:
        """How many by state: ``in_force``, ``overdue`` (which are in force), ``undecided``."""
        overdue = len(self.overdue(today))
        return {"in_force": len(self.holds), "overdue": overdue, "undecided": self.undecided}

    def endings(self) -> list[Ending]:
        """When each has to be looked at: at the end of the day of its review."""
        from landschap.purposes.model import midnight

        return [
            Ending(
                name=str(each.hold_id),
                ends=midnight(each.review_at + timedelta(days=1)),
                kind="review of a hold",
                remedy=_remedy(each),
            )
            for each in self.holds
        ]


async def held_back(settings: Settings) -> HeldBack | None:
    """What is held back now; None while the database is away."""
    from landschap.logboek.disclosure import undecided
    from landschap.logboek.store.holds import holds
    from landschap.platform import postgres
    from landschap.purposes.store import confidential_activities

    pools: list[asyncpg.Pool] = []
    try:
        for room in ("logboek", "purposes"):
            pools.append(await postgres.pool(settings, room, size=1))  # noqa: PERF401 - ended below
        found = await holds(pools[0])
        missing = undecided(await confidential_activities(pools[1]), found)
    except (Trouble, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    finally:
        for pool in pools:
            pool.terminate()
    standing = tuple(each for each in found if each.stands)
    return HeldBack(holds=standing, undecided=len(missing))


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One thing that the doctor says of it; without a remedy it is well."""

    is_alarm: bool
    what: str
    remedy: str = ""


async def words(settings: Settings) -> AsyncIterator[Word]:
    """What the doctor says."""
    found, today = await held_back(settings), amsterdam_day(datetime.now(UTC))
    if found is None:
        return
    overdue = found.overdue(today)
    for each in overdue:
        what = f"hold {each.hold_id} had to be looked at again on {each.review_at}; it still holds"
        yield Word(is_alarm=True, what=what, remedy=_remedy(each))
    if found.undecided:
        what = f"{found.undecided} confidential activities are held back without a decision"
        remedy = "`landschap log holds` names them, `landschap log hold` decides"
        yield Word(is_alarm=False, what=what, remedy=remedy)
    if not (overdue or found.undecided):
        yield Word(is_alarm=False, what=f"{len(found.holds)} holds, none is to be reviewed late")


def _remedy(each: Hold) -> str:
    return f"`landschap log review {each.hold_id}`, or `landschap log lift {each.hold_id}`"

# SPDX-License-Identifier: EUPL-1.2
"""How the services stood to standards at a moment, counted for the council."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime

import asyncpg

from landschap.console.council.figures import Kept
from landschap.registers.standards.model import Duty, Standing, State
from landschap.registers.standards.reading import Standards
from landschap.registers.standards.store import last_day, standings_on
from landschap.vocabulary.times import amsterdam_day


async def kept_standards(
    pool: asyncpg.Pool, standards: Callable[[], Standards], at: datetime
) -> Sequence[Kept]:
    """Per standard of the list what was measured last before a moment; nothing when nothing was.

    ``pool`` is of role ``landschap_registers``; ``standards`` reads the list as it is now.
    """
    day = await last_day(pool, amsterdam_day(at))
    if day is None:
        return []
    found = await standings_on(pool, day)
    known = (await asyncio.to_thread(standards)).standards
    told = []
    for each in known:
        duty = each.duty_on(day)
        told.append(
            Kept(
                standard=each.id,
                name=each.name,
                duty=(duty.duty if duty else Duty.NONE).value,
                from_day=duty.from_day.isoformat() if duty else "",
                states=_counted([one for one in found if one.standard == each.id]),
                explained=sum(_is_explained(one) for one in found if one.standard == each.id),
            )
        )
    return told


def _counted(standings: Sequence[Standing]) -> dict[str, int]:
    return dict(Counter(each.state.value for each in standings))


def _is_explained(one: Standing) -> bool:
    return one.state in (State.DIFFERS, State.UNKNOWN) and one.explanation is not None

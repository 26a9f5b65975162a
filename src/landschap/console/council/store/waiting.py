# SPDX-License-Identifier: EUPL-1.2
"""What waits with a term, from the rooms that keep it. Nobody is named, nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import asyncpg

from landschap.console.council.store.gathering import JUDGED_WITHIN
from landschap.console.council.store.incidents import open_incidents
from landschap.console.council.terms import Matter, Waiting, by_urgency, month_after
from landschap.console.officers.store import person_questions
from landschap.console.store import emergencies_between
from landschap.logboek.store.holds import holds
from landschap.purposes.model import midnight
from landschap.registers.store.reported import reported_between

_EVER = datetime(2000, 1, 1, tzinfo=UTC)


async def waiting_now(
    console: asyncpg.Pool, registers: asyncpg.Pool, log: asyncpg.Pool, now: datetime
) -> list[Waiting]:
    """Everything that waits, what ends first on top."""
    return by_urgency([
        *await _corrections(registers, now),
        *await _questions(console),
        *[
            Waiting(matter=Matter.INCIDENT, since=each.found_at, until=each.until)
            for each in await open_incidents(console)
            if each.authority_at is None
        ],
        *[
            Waiting(
                matter=Matter.EMERGENCY,
                since=each.begun_at,
                until=each.until + JUDGED_WITHIN,
                path=f"/console/noodtoegang/{each.emergency_id}",
            )
            for each in await emergencies_between(console, _EVER, now)
            if each.reviewed_at is None
        ],
        *[
            Waiting(
                matter=Matter.UNTOLD,
                since=each.decided_at,
                # The whole day of the review is in time.
                until=midnight(each.review_at + timedelta(days=1)),
            )
            for each in await holds(log)
            if each.stands
        ],
    ])  # fmt: skip


async def _corrections(registers: asyncpg.Pool, now: datetime) -> list[Waiting]:
    return [
        Waiting(
            matter=Matter.CORRECTION,
            since=each.at,
            until=each.until,
            path=f"/console/terugmeldingen/{each.register}/{each.report_id}",
        )
        for each in await reported_between(registers, now, now)
        if each.decided_at is None
    ]


async def _questions(console: asyncpg.Pool) -> list[Waiting]:
    return [
        Waiting(
            matter=Matter.ACCESS,
            since=each.at,
            until=month_after(each.at),
            path=f"/console/persoon/{each.question_id}",
        )
        for each in await person_questions(console)
        if each.is_open
    ]

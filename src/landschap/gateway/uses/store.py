# SPDX-License-Identifier: EUPL-1.2
"""What uses refer to, read from the rooms that know."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import asyncpg

from landschap.logboek.records import Record
from landschap.purposes.model import ProcessingActivity
from landschap.purposes.store import activity_at


async def activities_of(
    purposes: asyncpg.Pool, records: Sequence[Record]
) -> dict[UUID, ProcessingActivity]:
    """The entry of the register for each record, as it was then.

    Versions only rise, so when the oldest and the newest use have the same one, so have all
    between; that keeps a long list at two questions per activity.
    """
    by_uri: dict[str, list[Record]] = {}
    for record in records:
        if record.columns.activity:
            by_uri.setdefault(record.columns.activity, []).append(record)
    found: dict[UUID, ProcessingActivity | None] = {}
    for uri, alike in by_uri.items():
        alike.sort(key=lambda record: record.columns.at)
        first, last = [
            await activity_at(purposes, uri, alike[place].columns.at) for place in (0, -1)
        ]
        for record in alike:
            at = record.columns.at
            same = first == last
            found[record.record_id] = first if same else await activity_at(purposes, uri, at)
    return {key: each for key, each in found.items() if each is not None}

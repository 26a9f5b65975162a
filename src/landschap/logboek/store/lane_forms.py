# SPDX-License-Identifier: EUPL-1.2
"""The forms that a lane has written down: each once a month, before the first record that names it.

A form that no record names in the end, because its batch was not written, does no harm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime

import asyncpg

from landschap.logboek.batches import Sealed

# Forms that are remembered; beyond that all are forgotten and written again when they are needed.
_REMEMBERED = 4096
_LAST = "SELECT coalesce(max(no), 0) FROM logboek.form WHERE lane = $1"
_ADD = """
INSERT INTO logboek.form (lane, no, month, text)
SELECT $1, $2 + place, $3, text FROM unnest($4::bytea[]) WITH ORDINALITY AS f(text, place)
"""


class LaneForms:
    """Which number each form has; whoever writes the lane alone gives numbers."""

    def __init__(self) -> None:
        self._last = 0
        self._month = date.min
        self._month_ends = 0
        self._numbers: dict[bytes, int] = {}

    async def begin(self, connection: asyncpg.Connection, lane: str) -> None:
        """Go on after the last form that the table has."""
        self._numbers.clear()
        self._last = await connection.fetchval(_LAST, lane)

    async def numbers(
        self, connection: asyncpg.Connection, lane: str, records: Sequence[Sealed]
    ) -> Mapping[bytes, int]:
        """The numbers of the forms of these records of one month, by their text.

        What is new is written first. Raises what PostgreSQL raises.
        """
        self._see_month(records[0])
        known = self._numbers
        new = {each.form for each in records if each.form is not None and each.form not in known}
        if new:
            await self._write(connection, lane, list(new))
        return known

    async def _write(self, connection: asyncpg.Connection, lane: str, new: list[bytes]) -> None:
        await connection.execute(_ADD, lane, self._last, self._month, new)
        if len(self._numbers) + len(new) > _REMEMBERED:
            self._numbers.clear()
        for text in new:
            self._last += 1
            self._numbers[text] = self._last

    def _see_month(self, record: Sealed) -> None:
        """Forms go with the month of their records, so another month begins with none."""
        millisecond = record.columns.record_id.int >> 80
        if millisecond < self._month_ends:
            return
        moment = datetime.fromtimestamp(millisecond / 1000, tz=UTC)
        self._month = moment.date().replace(day=1)
        self._month_ends = int(_following(self._month).timestamp()) * 1000
        self._numbers.clear()


def _following(month: date) -> datetime:
    return datetime(month.year + month.month // 12, month.month % 12 + 1, 1, tzinfo=UTC)

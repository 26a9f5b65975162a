# SPDX-License-Identifier: EUPL-1.2
"""Record identifiers and salts: uuid v7 that rise within a lane, whatever the clock does.

Because they rise, a record that was moved or put in between shows, and a batch is one range.
Source: RFC 9562, section 6.2, method 1.
"""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from uuid import UUID

from asyncpg.pgproto.pgproto import UUID as DriverUuid  # noqa: N811

from landschap.logboek.records import SALT_BYTES

_COUNTER_BITS = 12
_COUNTER_START = 0x7FF  # a random start in the lower half leaves 2048 steps per millisecond
_COUNTER_END = 1 << _COUNTER_BITS
_TAIL_BYTES = 8
_VERSION = 0x7 << 76
_VARIANT = 0x2 << 62
_TAIL_MASK = (1 << 62) - 1
_POOL_BYTES = 8192


class RecordIds:
    """The identifiers of one lane, each later than all before it."""

    def __init__(self) -> None:
        self._millisecond = 0
        self._counter = 0
        self._random = b""
        self._used = 0
        self._month_end = 0
        self.ahead = 0
        """Milliseconds that the last identifier is later than the clock was: it went back."""

    def continue_after(self, last: UUID | None) -> None:
        """Never give an identifier at or before ``last``, also when the clock went back."""
        if last is not None and last.int >> 80 >= self._millisecond:
            self._millisecond = last.int >> 80
            self._counter = _COUNTER_END

    def take(self, count: int) -> list[UUID]:
        """``count`` identifiers of one month (UTC): a batch never lies in two partitions."""
        while True:
            self._tick()
            self._see_month()
            made = [self._next() for _ in range(count)]
            if self._millisecond < self._month_end:
                return made

    def salt(self) -> bytes:
        """Sixteen random bytes."""
        return self._take_random(SALT_BYTES)

    def _tick(self) -> None:
        now = time.time_ns() // 1_000_000
        if now > self._millisecond:
            self._millisecond = now
            self._counter = int.from_bytes(self._take_random(2), "big") & _COUNTER_START
        self.ahead = self._millisecond - now

    def _next(self) -> UUID:
        if self._counter >= _COUNTER_END:
            self._millisecond += 1
            self._counter = 0
        tail = int.from_bytes(self._take_random(_TAIL_BYTES), "big") & _TAIL_MASK
        value = self._millisecond << 80 | _VERSION | self._counter << 64 | _VARIANT | tail
        self._counter += 1
        # The driver's own kind of UUID is made and sent at a third of the cost.
        made: UUID = DriverUuid(value.to_bytes(16, "big"))
        return made

    def _see_month(self) -> None:
        if self._millisecond >= self._month_end:
            moment = datetime.fromtimestamp(self._millisecond / 1000, tz=UTC)
            following = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
            following = following.replace(
                year=moment.year + moment.month // 12, month=moment.month % 12 + 1
            )
            self._month_end = int(following.timestamp()) * 1000

    def _take_random(self, size: int) -> bytes:
        """Random bytes, asked from the system by the page: one call for 300 records."""
        if self._used + size > len(self._random):
            self._random = os.urandom(_POOL_BYTES)
            self._used = 0
        begin, self._used = self._used, self._used + size
        return self._random[begin : self._used]

# SPDX-License-Identifier: EUPL-1.2
"""Pointing at the successor of a register that another organisation holds now."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime

from landschap.registers import store
from landschap.registers.holders import Closure
from landschap.registers.models import Register
from landschap.registers.store.rows import Pool
from landschap.vocabulary.times import amsterdam_day

# A register is closed once in its life, on a day that was known long before.
_LOOK_SECONDS = 10.0


class Pointers:
    """Which registers were closed, looked at now and then."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._seen: dict[str, tuple[float, Closure | None]] = {}

    async def headers(self, register: Register) -> Mapping[str, str]:
        """The header that names where to ask since the closing; none for an open register."""
        now = time.monotonic()
        looked_at, closure = self._seen.get(register.name, (-_LOOK_SECONDS, None))
        if now - looked_at >= _LOOK_SECONDS:
            closure = await store.closure_of(self._pool, register)
            self._seen[register.name] = (now, closure)
        if closure is None or not closure.holds_on(amsterdam_day(datetime.now(UTC))):
            return {}
        return {"Link": closure.link}

# SPDX-License-Identifier: EUPL-1.2
"""The helpers of a verification without processes of their own."""

from __future__ import annotations

import asyncio
from typing import Any

from landschap.logboek.sections import Section
from landschap.logboek.store import helping


class Here:
    """Looks at one section at a time, on the loop of the test."""

    number = 2

    def __init__(self, settings: Any, exported: str) -> None:
        self._helper = helping.Helper(settings, "landschap_log_reader", exported)
        self._one = asyncio.Lock()

    async def look(self, section: Section) -> bytes | None:
        heads = [batch.made for batch in section.batches]
        if not section.plain:
            return None
        async with self._one:
            return await self._helper.read(section.after, section.until, heads)

    async def close(self) -> None:
        await self._helper.close()

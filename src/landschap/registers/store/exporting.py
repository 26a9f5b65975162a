# SPDX-License-Identifier: EUPL-1.2
"""A whole collection as it was, object by object, at flat memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from landschap.registers.questions import Found
from landschap.registers.store.paging import Wanted, page_of
from landschap.registers.store.rows import Pool

_PAGE = 500


async def export(pool: Pool, wanted: Wanted) -> AsyncGenerator[Found, None]:
    """Every object of a list, in its order and of one state of knowledge."""
    asked = replace(wanted, limit=_PAGE)
    while True:
        page = await page_of(pool, asked)
        for found in page.found:
            yield found
        if page.next is None:
            return
        asked = replace(asked, after=page.next)

# SPDX-License-Identifier: EUPL-1.2
"""How large a collection is, without counting more than one wants to know."""

from __future__ import annotations

from landschap.registers.models import ObjectType
from landschap.registers.store.rows import Pool


async def count_up_to(pool: Pool, kind: ObjectType, most: int) -> int:
    """How many objects of a type are registered now; ``most + 1`` says that there are more."""
    found: int = await pool.fetchval(
        """SELECT count(*) FROM (
               SELECT DISTINCT object_id FROM registers.projection
               WHERE object_type = $1 LIMIT $2) counted""",
        kind.key, most + 1,
    )  # fmt: skip
    return found

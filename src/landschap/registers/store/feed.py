# SPDX-License-Identifier: EUPL-1.2
"""What changed after a number: which objects to ask again, and nothing of their content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from landschap.registers.models import Register
from landschap.registers.store.rows import Pool, groups_condition
from landschap.registers.timeline import Known


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One assertion, by number, kind of object and id."""

    number: int
    type_key: str
    object_id: str
    group: str
    kind: str
    registered_at: datetime


async def changes_after(
    pool: Pool, register: Register, number: int, known: Known, limit: int
) -> Sequence[Change]:
    """The assertions after a number that can no longer be preceded by others, in order."""
    rows = await pool.fetch(
        f"""SELECT volgnummer, object_type, object_id, groep, soort, registered_at
           FROM registers.assertion
           WHERE object_type = ANY ($1) AND volgnummer > $2 AND volgnummer <= $3{_groups(register)}
           ORDER BY volgnummer LIMIT $4""",  # noqa: S608 - literals of a model
        [kind.key for kind in register.types.values()], number, known.number, limit,
    )  # fmt: skip
    return [
        Change(
            number=row["volgnummer"],
            type_key=row["object_type"],
            object_id=row["object_id"],
            group=row["groep"],
            kind=row["soort"],
            registered_at=row["registered_at"],
        )
        for row in rows
    ]


def _groups(register: Register) -> str:
    """Of views only the groups they have; a register is one as a whole, or not at all."""
    types = register.types.values()
    if not any(kind.view for kind in types):
        return ""
    each = " OR ".join(f"object_type = '{kind.key}'{groups_condition(kind)}" for kind in types)
    return f" AND ({each})"

# SPDX-License-Identifier: EUPL-1.2
"""Objects as they were within a period: each once, in the last stretch of days that fits."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from landschap.registers.models import ObjectType
from landschap.registers.occurrences import occurrences
from landschap.registers.periods import Period
from landschap.registers.questions import Found
from landschap.registers.store.rows import Connection, by_object, columns_of, groups_condition
from landschap.registers.timeline import Known


async def last_within(
    source: Connection,
    kind: ObjectType,
    ids: Sequence[str],
    known: Known,
    period: Period,
    fits: Callable[[Found], bool],
) -> list[Found]:
    """Of each object what held in the last stretch that has a day in the period and fits.

    Two of one object only where that stretch is uncertain. In no order.
    """
    rows = await source.fetch(
        f"""SELECT {columns_of(kind)} FROM registers.assertion
            WHERE object_type = $1 AND object_id = ANY ($2) AND volgnummer <= $3
            {groups_condition(kind)} ORDER BY object_id, volgnummer""",  # noqa: S608 - literals of a model
        kind.key, list(ids), known.number,
    )  # fmt: skip
    found: list[Found] = []
    for object_id, groups in by_object(rows, kind).items():
        fitting = [
            each for each in occurrences(kind, object_id, groups, known, period) if fits(each)
        ]
        found += [each for each in fitting if each.history.period == fitting[0].history.period]
    return found

# SPDX-License-Identifier: EUPL-1.2
"""Which objects a permit lets be seen, found out without reading anything else of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from landschap.purposes.rows import RowCondition, hold
from landschap.registers.questions import AsOf, Match
from landschap.registers.store.reading import as_of
from landschap.registers.store.rows import Pool
from landschap.registers.views import conditions_on, narrowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Sifted:
    """The ids that may be seen, in order, and whether there were others."""

    ids: tuple[str, ...]
    outside: bool


async def permitted(pool: Pool, question: AsOf, rows: Iterable[RowCondition]) -> Sifted:
    """The objects of a question that the row conditions let through, on that day as known then.

    Where a value is uncertain, each value it may have must pass. Raises ProblemError as `as_of`.
    """
    kind, wanted = question.type, question.wanted
    conditions = conditions_on(kind, rows)
    if conditions is None:
        return Sifted(ids=(), outside=True)
    names = {each.path.partition(".")[0] for each in conditions}
    if isinstance(wanted, Match):
        names.add(wanted.path)
    seen: dict[str, bool] = {}
    for one in await as_of(pool, replace(question, type=narrowed(kind, names))):
        passes = hold(conditions, one.content)
        seen[one.object_id] = seen.get(one.object_id, True) and passes
    ids = tuple(object_id for object_id, passes in seen.items() if passes)
    return Sifted(ids=ids, outside=len(ids) < len(seen))

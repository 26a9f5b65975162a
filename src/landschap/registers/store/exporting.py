# SPDX-License-Identifier: EUPL-1.2
"""A whole collection as it was, or with its whole history, page by page at flat memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from landschap.registers.questions import AsOf, Found
from landschap.registers.store.paging import Wanted, page_of
from landschap.registers.store.permitted import permitted
from landschap.registers.store.rows import Pool, by_object, columns_of, groups_condition
from landschap.registers.timeline import Assertion

PAGE = 500


@dataclass(frozen=True, slots=True)
class Histories:
    """Everything asserted about some objects and known, per object and group."""

    objects: Mapping[str, Mapping[str, Sequence[Assertion]]]


async def export(pool: Pool, wanted: Wanted) -> AsyncGenerator[Found, None]:
    """Every object of a list, in its order and of one state of knowledge."""
    async with aclosing(pages(pool, wanted)) as parts:
        async for found in parts:
            for one in found:
                yield one


async def pages(pool: Pool, wanted: Wanted) -> AsyncGenerator[Sequence[Found], None]:
    """The objects of a list in order of id, all of one state of knowledge."""
    asked = replace(wanted, limit=PAGE)
    while True:
        page = await page_of(pool, asked)
        yield page.found
        if page.next is None:
            return
        asked = replace(asked, after=page.next)


async def histories(pool: Pool, wanted: Wanted) -> AsyncGenerator[Histories, None]:
    """Everything asserted up to a state of knowledge, in order of id; filters do not count.

    With row conditions only of objects that may be seen on the day of the question.
    """
    last: str | None = None
    while True:
        ids = await _ids_after(pool, wanted, last)
        if ids:
            yield Histories(await _histories_of(pool, wanted, await _permitted(pool, wanted, ids)))
        if len(ids) < PAGE:
            return
        last = ids[-1]


async def _ids_after(pool: Pool, wanted: Wanted, last: str | None) -> list[str]:
    rows = await pool.fetch(
        """SELECT DISTINCT object_id FROM registers.assertion
           WHERE object_type = $1 AND volgnummer <= $2 AND ($3::text IS NULL OR object_id > $3)
           ORDER BY object_id LIMIT $4""",
        wanted.type.key, wanted.known.number, last, PAGE,
    )  # fmt: skip
    return [row["object_id"] for row in rows]


async def _permitted(pool: Pool, wanted: Wanted, ids: Sequence[str]) -> Sequence[str]:
    if not wanted.rows:
        return ids
    question = AsOf(type=wanted.type, wanted=ids, valid_on=wanted.valid_on, known=wanted.known)
    return (await permitted(pool, question, wanted.rows)).ids


async def _histories_of(
    pool: Pool, wanted: Wanted, ids: Sequence[str]
) -> Mapping[str, Mapping[str, Sequence[Assertion]]]:
    kind, known = wanted.type, wanted.known
    rows = await pool.fetch(
        f"""SELECT {columns_of(kind)} FROM registers.assertion
            WHERE object_type = $1 AND object_id = ANY ($2) AND volgnummer <= $3
            {groups_condition(kind)} ORDER BY object_id, volgnummer""",  # noqa: S608 - literals of a model
        kind.key, list(ids), known.number,
    )  # fmt: skip
    return {
        object_id: {
            group: [each for each in assertions if known.includes(each)]
            for group, assertions in groups.items()
        }
        for object_id, groups in by_object(rows, kind).items()
    }

# SPDX-License-Identifier: EUPL-1.2
"""A whole collection as it was, or with its whole history, page by page at flat memory."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from landschap.registers.cursors import Place
from landschap.registers.listing import Order, is_text
from landschap.registers.questions import AsOf, Found
from landschap.registers.store.paging import Wanted, page_of
from landschap.registers.store.permitted import permitted
from landschap.registers.store.rows import (
    Pool,
    by_object,
    columns_of,
    contents_in,
    contents_of,
    groups_condition,
)
from landschap.registers.timeline import Assertion
from landschap.vocabulary.ijson import JsonValue

PAGE = 500


@dataclass(frozen=True, slots=True)
class Histories:
    """Everything asserted about some objects and known, per object and group."""

    objects: Mapping[str, Mapping[str, Sequence[Assertion]]]


@dataclass(frozen=True, slots=True)
class Contents:
    """The contents of objects that hold for certain, in order of id, each with that id."""

    contents: Sequence[dict[str, JsonValue]]
    last: str


async def export(pool: Pool, wanted: Wanted) -> AsyncGenerator[Found, None]:
    """Every object of a list, in its order and of one state of knowledge."""
    async with aclosing(found_pages(pool, wanted)) as parts:
        async for found in parts:
            for one in found:
                yield one


async def found_pages(pool: Pool, wanted: Wanted) -> AsyncGenerator[Sequence[Found], None]:
    """The objects of a list in order of id, all of one state of knowledge."""
    asked = replace(wanted, limit=PAGE)
    while True:
        page = await page_of(pool, asked)
        yield page.found
        if page.next is None:
            return
        asked = replace(asked, after=page.next)


async def pages(pool: Pool, wanted: Wanted) -> AsyncGenerator[Sequence[Found] | Contents, None]:
    """As `found_pages`; contents alone, in a fraction of the time, as long as they say all.

    They do where no history is told (``contents_only``) and the projection stands at the asked
    knowledge: from the first page on that it does not, the rest comes as it is found.
    """
    last = ""
    while _contents_say_all(wanted):
        told = await _contents_after(pool, wanted, last)
        if told is None:
            break
        yield told
        if len(told.contents) < PAGE:
            return
        last = told.last
    onward = replace(wanted, after=Place(last)) if last else wanted
    async with aclosing(found_pages(pool, onward)) as parts:
        async for found in parts:
            yield found


def _contents_say_all(wanted: Wanted) -> bool:
    """True when the rows of the projection are the answer, of a type with one group."""
    kind = wanted.type
    return (
        wanted.contents_only
        and wanted.known.clock is kind.clock
        and not (kind.incomplete_dates or kind.migrations or kind.derived or wanted.rows)
        and (wanted.area, wanted.within, wanted.after, wanted.order) == (None, None, None, Order())
        and len(kind.groups) == 1
        and all(is_text(kind, path) for path in wanted.filters)
    )


async def _contents_after(pool: Pool, wanted: Wanted, last: str) -> Contents | None:
    """The next objects; None when the projection stands at another state of knowledge.

    They come as one row. The limit is a literal, or the planner gathers all before it orders.
    """
    kind, known = wanted.type, wanted.known
    (group,) = kind.groups
    filters = "".join(
        f" AND (m.inhoud ->> '{path}') = ${number}" for number, path in enumerate(wanted.filters, 4)
    )
    row = await pool.fetchrow(
        f"""WITH state AS MATERIALIZED (
                SELECT coalesce(max(last_number), 0) AS at_number, max(registered_at) AS at_moment
                FROM registers.act WHERE register = $1)
            SELECT state.*, found.* FROM state CROSS JOIN (
                SELECT array_agg(object_id) AS ids, '[' || string_agg(told, ',') || ']' AS contents
                FROM (SELECT m.object_id, {contents_of(kind, "m.inhoud")} AS told
                      FROM registers.projection m
                      WHERE m.object_type = '{kind.key}' AND m.groep = '{group}'
                        AND m.valid_from <= $2 AND m.valid_to > $2 AND m.object_id > $3{filters}
                      ORDER BY m.object_id LIMIT {PAGE}) each) found""",  # noqa: S608 - literals of a model
        kind.register, wanted.valid_on, last, *wanted.filters.values(),
    )  # fmt: skip
    reaches = row["at_moment"] is None or known.moment >= row["at_moment"]
    if row["at_number"] != known.number or not reaches:
        return None
    ids, contents = row["ids"] or (), contents_in(row["contents"] or "[]")
    name = kind.identification
    whole = [{name: one, **told} for one, told in zip(ids, contents, strict=True)]
    return Contents(whole, ids[-1] if ids else last)


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

# SPDX-License-Identifier: EUPL-1.2
"""The pieces of one delivery, each after the lines about its persons are durable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import compress
from typing import NamedTuple

from landschap.registers import store
from landschap.registers.api.bulk_plan import Plan
from landschap.registers.api.cases import Case
from landschap.registers.api.desk import Desk
from landschap.registers.api.persons import numbers_in, usable
from landschap.registers.bulk import Output, Seal
from landschap.registers.bulk_forms import Body, Writer, sheet_of, writer_of
from landschap.registers.exporting import (
    Groups,
    content_rows,
    object_rows,
    registration_rows,
    stretch_rows,
    stretches_of,
)
from landschap.registers.lines_of_use import Held, numbers_of
from landschap.registers.questions import Found
from landschap.vocabulary.ijson import JsonValue


class Stream:
    """The pieces of one delivery. The first is made before the answer begins."""

    def __init__(self, desk: Desk, plan: Plan) -> None:
        self._desk, self._plan = desk, plan
        self._seal = Seal(counts_left_out=plan.counts_left_out)
        self._pieces = self._made()
        self._first: bytes | None = None
        self._begun = False

    async def prepare(self) -> None:
        """Note the delivery and make its first piece. Raises ProblemError."""
        plan = self._plan
        try:
            self._first = await anext(self._pieces)
        except BaseException:
            await self._pieces.aclose()
            raise
        asked = plan.manifest.as_json(Seal())
        await store.begin_delivery(
            self._desk.deps.pool, plan.delivery_id, plan.case.type, plan.case.permit, asked
        )
        self._begun = True

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """All pieces in order; ends early only by an error."""
        async with aclosing(self._pieces):
            if self._first is not None:
                yield self._first
            async for piece in self._pieces:
                yield piece

    async def ended(self, *, whole: bool) -> None:
        """Note how it ended."""
        if self._begun:
            manifest = self._plan.manifest.as_json(self._seal)
            pool = self._desk.deps.pool
            await store.end_delivery(pool, self._plan.delivery_id, manifest, whole=whole)

    async def _made(self) -> AsyncGenerator[bytes, None]:
        plan, case, seal = self._plan, self._plan.case, self._seal
        history = case.shape.with_history
        sheet = sheet_of(
            case.type, case.shape.leaves, plan.bulk.output, history=history, crs=case.shape.crs
        )
        writer: Writer = writer_of(plan.bulk.form, sheet)
        begin = seal.add_bytes(writer.begin())
        async with aclosing(self._bodies()) as parts:
            async for bodies in parts:
                seal.add_rows(bodies)
                # The loop has others to serve than who takes all.
                rows = await asyncio.to_thread(writer.rows, bodies)
                piece, begin = begin + seal.add_bytes(rows), b""
                if piece:
                    yield piece
        yield begin + seal.add_bytes(writer.end(seal))

    async def _bodies(self) -> AsyncGenerator[Sequence[Body], None]:
        """Rows, each part after the lines about its persons are durable."""
        plan, case, pool = self._plan, self._plan.case, self._desk.deps.pool
        is_first = True
        if plan.bulk.output is Output.OBJECTS:
            async with aclosing(store.pages(pool, plan.wanted)) as pages:
                async for page in pages:
                    found = await self._usable(page)
                    if case.type.holds_personal_data:
                        held = _held(found) if isinstance(found, store.Contents) else found
                        await self._record(held, always=is_first)
                    is_first = False
                    if isinstance(found, store.Contents):
                        yield content_rows(case.type, found.contents, case.shape)
                    else:
                        yield object_rows(found, plan.question, case.shape)
            return
        known, kind = plan.wanted.known, plan.wanted.type
        async with aclosing(store.histories(pool, plan.wanted)) as parts:
            async for part in parts:
                objects = await self._usable_objects(part.objects)
                stretches = list(stretches_of(kind, objects, known))
                await self._record(stretches, always=is_first)
                is_first = False
                if plan.bulk.output is Output.STRETCHES:
                    yield stretch_rows(stretches, known, case.shape)
                else:
                    yield list(registration_rows(kind, objects, known, case.shape))

    async def _usable(
        self, page: store.Contents | Sequence[Found]
    ) -> store.Contents | Sequence[Found]:
        """A page without those who may not be used; they are counted."""
        case = self._plan.case
        if not case.permit.checks:
            return page
        if isinstance(page, store.Contents):
            kept = await usable(self._desk, case, [_numbers(case, each) for each in _held(page)])
            self._count_left_out(kept)
            return replace(page, contents=[*compress(page.contents, kept)])
        # More than one row of an object where what held is uncertain: all of them, or none.
        of_each: dict[str, set[str]] = {}
        for each in page:
            of_each.setdefault(each.object_id, set()).update(_numbers(case, each))
        kept = await usable(self._desk, case, [*of_each.values()])
        self._count_left_out(kept)
        may = dict(zip(of_each, kept, strict=True))
        return [each for each in page if may[each.object_id]]

    async def _usable_objects(self, objects: Mapping[str, Groups]) -> Mapping[str, Groups]:
        """Objects without those that were ever about somebody who may not be used."""
        case = self._plan.case
        if not case.permit.checks:
            return objects
        numbers = [numbers_in(case.type, groups) for groups in objects.values()]
        kept = await usable(self._desk, case, numbers)
        self._count_left_out(kept)
        return dict(compress(objects.items(), kept))

    def _count_left_out(self, kept: Iterable[bool]) -> None:
        self._seal.left_out += sum(not each for each in kept)

    async def _record(self, found: Sequence[Held], *, always: bool) -> None:
        if found or always:
            case = self._plan.case
            await self._desk.record(case, [], found, doing=f"{case.type.collection} leveren")


class _Content(NamedTuple):
    """A content as `Found` has it."""

    content: Mapping[str, JsonValue]


def _numbers(case: Case, one: Held) -> list[str]:
    return numbers_of(case.type, (), [one])


def _held(found: store.Contents) -> list[_Content]:
    return [_Content(each) for each in found.contents]

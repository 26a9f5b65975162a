# SPDX-License-Identifier: EUPL-1.2
"""Run one example: its rows in memory, through the same plan, asking, merging and release."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from landschap.integration.answer import release
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.deriving import with_derived
from landschap.integration.examples import Example
from landschap.integration.merge import merge
from landschap.integration.model import Declaration
from landschap.integration.permitted_rows import within
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import (
    Collected,
    Connector,
    Moment,
    Question,
    Reason,
    Row,
    SourceFailed,
)
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day
from landschap.vocabulary.tracing import TraceContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """What one source did: when it was asked and for how long (ms since the question), for how
    many keys, and how many rows it gave. ``failed`` is why it gave none, or empty.
    """

    source: str
    begin_ms: float
    took_ms: float
    keys: int
    rows: int
    failed: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsal:
    """An example as it ran: its plan, the answer as it would leave, and what each source did.

    ``collected`` is what sources gave, ``moment`` the day and knowledge it was asked for.
    """

    plan: Plan
    body: Mapping[str, JsonValue]
    timings: Sequence[Timing]
    took_ms: float
    collected: Collected
    moment: Moment


async def rehearse(declaration: Declaration, example: Example) -> Mapping[str, JsonValue]:
    """The answer to the example's question, as it would leave."""
    return (await rehearsed(declaration, example)).body


async def rehearsed(
    declaration: Declaration,
    example: Example,
    permitted: Collection[str] | None = None,
    *,
    real: Mapping[str, Connector] | None = None,
    trace: TraceContext | None = None,
) -> Rehearsal:
    """An example with all that happened; with ``permitted`` no other field is asked or leaves.

    With ``real`` doors these are asked, instead of the rows of the example.
    """
    fields = example.fields if permitted is None else example.fields & frozenset(permitted)
    now = datetime.now(UTC)
    day = example.valid_on or amsterdam_day(now)
    moment = Moment(valid_on=day, known_at=now, today=example.valid_on is None, now=True)
    loop = asyncio.get_running_loop()
    begun = loop.time()
    timings: list[Timing] = []
    doors: dict[str, Connector] = {
        name: _Timed(
            name, real[name] if real else _door(example.rows.get(name, ())), begun, timings
        )
        for name in declaration.sources
    }
    plan = make_plan(declaration, fields)
    collected = await collect(plan, example.key, Occasion(moment=moment, trace=trace), doors)
    merged = with_derived(plan, merge(plan, collected), day)
    if plan.hidden:
        merged = within(merged, (), fields)
    body = release(merged, moment, fields).body
    return Rehearsal(
        plan=plan,
        body=body,
        timings=timings,
        took_ms=_since(begun),
        collected=collected,
        moment=moment,
    )


def _door(given: Sequence[Row] | Reason) -> Connector:
    if isinstance(given, Reason):
        return MemoryConnector(failing=given)
    return MemoryConnector(given)


def _since(begun: float) -> float:
    return round((asyncio.get_running_loop().time() - begun) * 1000, 2)


class _Timed:
    """A door of which is written down when it was asked, and what it gave."""

    def __init__(self, name: str, door: Connector, begun: float, timings: list[Timing]) -> None:
        self._name = name
        self._door = door
        self._begun = begun
        self._timings = timings

    async def rows(self, question: Question) -> Sequence[Row]:
        """The rows of the door behind it. Raises SourceFailed as that does."""
        begin = _since(self._begun)
        found: Sequence[Row] = ()
        failed = ""
        try:
            found = await self._door.rows(question)
        except SourceFailed as error:
            failed = error.reason.value
            raise
        else:
            return found
        finally:
            told = Timing(
                source=self._name,
                begin_ms=begin,
                took_ms=round(_since(self._begun) - begin, 2),
                keys=len(question.keys),
                rows=len(found),
                failed=failed,
            )
            self._timings.append(told)

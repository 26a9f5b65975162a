# SPDX-License-Identifier: EUPL-1.2
"""Run one example: its rows in memory, through the same plan, asking, merging and release."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from landschap.integration.answer import release
from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.connectors.memory import MemoryConnector
from landschap.integration.deriving import with_derived
from landschap.integration.examples import Example
from landschap.integration.merge import merge
from landschap.integration.model import Declaration
from landschap.integration.permitted_rows import within
from landschap.integration.plan import make_plan
from landschap.integration.rows import Connector, Moment, Reason
from landschap.vocabulary.ijson import JsonValue
from landschap.vocabulary.times import amsterdam_day


async def rehearse(declaration: Declaration, example: Example) -> Mapping[str, JsonValue]:
    """The answer to the example's question, as it would leave."""
    now = datetime.now(UTC)
    day = example.valid_on or amsterdam_day(now)
    moment = Moment(valid_on=day, known_at=now, today=example.valid_on is None, now=True)
    doors: dict[str, Connector] = {}
    for name in declaration.sources:
        given = example.rows.get(name, ())
        if isinstance(given, Reason):
            doors[name] = MemoryConnector(failing=given)
        else:
            doors[name] = MemoryConnector(given)
    plan = make_plan(declaration, example.fields)
    collected = await collect(plan, example.key, Occasion(moment=moment), doors)
    merged = with_derived(plan, merge(plan, collected), day)
    if plan.hidden:
        merged = within(merged, (), example.fields)
    return release(merged, moment, example.fields).body

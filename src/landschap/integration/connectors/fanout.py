# SPDX-License-Identifier: EUPL-1.2
"""Carry out a plan: each source is asked as soon as the rows it waits for are there.

Keys are collected, made unique and asked at once, so the number of questions does not grow with
the number of rows. Each source has its own time-out, all together have one time budget; who is
late is named and not waited for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog

from landschap.integration.plan import Ask, Plan
from landschap.integration.rows import (
    MAX_KEYS,
    Batch,
    Behalf,
    Collected,
    Connector,
    Failure,
    Moment,
    Question,
    Reason,
    SourceFailed,
    batch_of,
    keys_of,
)
from landschap.vocabulary.tracing import TraceContext

log = structlog.get_logger(__name__)
_MS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What all questions of one answer share."""

    moment: Moment
    trace: TraceContext | None = None
    behalf: Behalf | None = None


async def collect(
    plan: Plan, key: str, occasion: Occasion, connectors: Mapping[str, Connector]
) -> Collected:
    """The rows per source, or why they are absent. Never raises for a source."""
    run = _Run(plan, occasion, connectors)
    await run.ask(plan.root, (key,))
    return run.collected


class _Run:
    def __init__(self, plan: Plan, occasion: Occasion, connectors: Mapping[str, Connector]) -> None:
        self.plan = plan
        self.occasion = occasion
        self.connectors = connectors
        self.collected: dict[str, Batch | Failure] = {}
        self.shared: dict[str, object] = {}
        self.deadline = asyncio.get_running_loop().time() + plan.declaration.budget_ms / _MS

    async def ask(self, ask: Ask, keys: Sequence[str]) -> None:
        """Ask one source, then at once all that wait for it."""
        found = await self._rows(ask, keys)
        self.collected[ask.source.name] = found
        below = self.plan.below(ask.source.name)
        if len(below) == 1:
            await self.ask(below[0], _keys_for(below[0], found))
        elif below:
            await asyncio.gather(*(self.ask(child, _keys_for(child, found)) for child in below))

    async def _rows(self, ask: Ask, keys: Sequence[str]) -> Batch | Failure:
        if not keys:
            return Batch({})
        if len(keys) > MAX_KEYS:
            return Failure(Reason.TOO_LARGE)
        if self.occasion.moment.beyond(ask.source.axes):
            return Failure(Reason.NO_TIME_TRAVEL)
        question = Question(
            by=ask.by,
            keys=keys,
            columns=tuple(ask.columns),
            moment=self.occasion.moment,
            trace=self.occasion.trace,
            behalf=self.occasion.behalf,
            shared=self.shared,
        )
        own = asyncio.get_running_loop().time() + ask.source.timeout_ms / _MS
        name = ask.source.name
        try:
            async with asyncio.timeout_at(min(own, self.deadline)):
                return batch_of(await self.connectors[name].rows(question), ask.by)
        except TimeoutError:
            return Failure(Reason.TOO_LATE)
        except SourceFailed as failed:
            return Failure(failed.reason)
        except Exception as error:  # one broken door must not take the others with it
            log.exception("source_broken", source=name, error=type(error).__name__)
            return Failure(Reason.BROKEN)


def _keys_for(ask: Ask, parent: Batch | Failure) -> tuple[str, ...]:
    """The unique keys that the parent's rows lead to, sorted so that questions repeat exactly."""
    if isinstance(parent, Failure) or ask.link is None:
        return ()
    column, splits = ask.link.origin.name, ask.link.splits
    keys = {
        key
        for rows in parent.by_key.values()
        for row in rows
        for key in keys_of(row.values.get(column), splits)
    }
    return tuple(sorted(keys))

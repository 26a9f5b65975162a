# SPDX-License-Identifier: EUPL-1.2
"""A copy beside its source: both are asked the same question, and what they say is compared.

For a whole collection of keys (``landschap source compare``), or beside real questions: in shadow
the source answers, the copy is asked for the same permitted fields afterwards, and what differs is
counted. Nobody waits for the shadow, and what it was told goes nowhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import structlog
from prometheus_client import CollectorRegistry

from landschap.integration.connectors.fanout import Occasion, collect
from landschap.integration.deriving import with_derived
from landschap.integration.drift import DRIFT, Difference, Outcome, common_fields, differences
from landschap.integration.lines import subjects_of
from landschap.integration.merge import Merged, merge
from landschap.integration.model import Declaration
from landschap.integration.plan import Plan, make_plan
from landschap.integration.rows import Collected, Connector, Failure
from landschap.platform.part_figures import shadow_fields

log = structlog.get_logger(__name__)
_AT_ONCE = 16
# So many shadows at the same time; what comes on top is left out, and counted.
_SHADOWS = 32


@runtime_checkable
class Listing(Protocol):
    """A door that can tell which keys there are."""

    async def every_key(self, by: str, most: int) -> list[str]:
        """At most so many different keys, in their order. Raises SourceFailed."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One logical source with its doors open."""

    declaration: Declaration
    doors: Mapping[str, Connector]

    async def ask(self, plan: Plan, key: str, occasion: Occasion) -> tuple[Merged, Collected]:
        """One answer, as a question would get it."""
        collected = await collect(plan, key, occasion, self.doors)
        merged = with_derived(plan, merge(plan, collected), occasion.moment.valid_on)
        return merged, collected


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One key: what both say of each field, and whose data that is by either declaration: kinds and
    numbers. When a source that tells whose it is failed, nothing is told of the fields.
    """

    differences: Sequence[Difference]
    subjects: frozenset[tuple[str, str]]


async def compare(
    copy: Side, source: Side, keys: Sequence[str], occasion: Occasion
) -> AsyncIterator[Compared]:
    """Ask both about every key, some at a time, in the order of the keys."""
    paths = common_fields(copy.declaration, source.declaration)
    plans = make_plan(copy.declaration, paths), make_plan(source.declaration, paths)

    async def one(key: str) -> Compared:
        # Each answer has its own state of knowledge of the registers.
        (told, first), (other, second) = await asyncio.gather(
            copy.ask(plans[0], key, replace(occasion)), source.ask(plans[1], key, occasion)
        )
        found = tuple(differences(key, told, other, paths))
        whose = [_whose(plans[0], key, first), _whose(plans[1], key, second)]
        if None in whose:
            found = tuple(
                replace(one, outcome=Outcome.UNKNOWN, copy=(), source=()) for one in found
            )
        return Compared(
            differences=found, subjects=frozenset().union(*(each or () for each in whose))
        )

    for begin in range(0, len(keys), _AT_ONCE):
        part = keys[begin : begin + _AT_ONCE]
        for each in await asyncio.gather(*(one(key) for key in part)):
            yield each


def _whose(plan: Plan, key: str, collected: Collected) -> frozenset[tuple[str, str]] | None:
    """The persons an answer is about, by kind and number; None when they are unknown."""
    found, subject = subjects_of(plan, key, collected), plan.declaration.subject
    if isinstance(found, Failure):
        return None
    return frozenset((subject.kind, number) for number in found) if subject else frozenset()


class Shadow:
    """The copies that are compared while their sources answer."""

    def __init__(self, sides: Mapping[str, Side], metrics: CollectorRegistry) -> None:
        self._sides = sides
        self._counted = shadow_fields(metrics)
        self._running: set[asyncio.Task[None]] = set()

    def follow(
        self, declaration: Declaration, paths: Collection[str], key: str, occasion: Occasion,
        answer: Merged,
    ) -> None:  # fmt: skip
        """Compare what was answered with what the copy says, later; never raises."""
        side = self._sides.get(declaration.shadow)
        if side is None:
            return
        if len(self._running) >= _SHADOWS:
            self._counted.labels(declaration.name, "", "left_out").inc()
            return
        fields = [path for path in common_fields(side.declaration, declaration) if path in paths]
        work = self._compare(side, declaration, fields, key, occasion, answer)
        task = asyncio.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def settled(self) -> None:
        """Wait until all that was begun is done."""
        await asyncio.gather(*self._running, return_exceptions=True)

    async def _compare(
        self, side: Side, declaration: Declaration, fields: Sequence[str], key: str,
        occasion: Occasion, answer: Merged,
    ) -> None:  # fmt: skip
        if not fields:
            return
        try:
            told, _ = await side.ask(make_plan(side.declaration, fields), key, occasion)
        except Exception as error:  # the answer was given: nothing of it may fail now
            log.exception("shadow_failed", source=declaration.name, error=type(error).__name__)
            return
        seen = list(differences(key, told, answer, fields))
        for one in seen:
            self._counted.labels(declaration.name, one.field, one.outcome.value).inc()
        if drifted := [one.field for one in seen if one.outcome in DRIFT]:
            # Names of fields only: whose they are and what they hold is nobody's here.
            log.warning(
                "shadow_differs",
                source=declaration.name,
                copy=side.declaration.name,
                fields=drifted,
            )

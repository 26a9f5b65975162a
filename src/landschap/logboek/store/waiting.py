# SPDX-License-Identifier: EUPL-1.2
"""Who waits before the log: what is to be written for them, and how they are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from landschap.logboek.batches import Sealed
from landschap.logboek.declarations import UsedDeclaration
from landschap.logboek.faults import Replayed, StaleDecision
from landschap.logboek.forms import Ready
from landschap.logboek.seen import SeenLine
from landschap.logboek.store.lane import Withheld

# Told once, when the records are durable (None) or will never be.
Done = Callable[[Exception | None], None]


class Waiting:
    """One append: its records, the epoch of its decision, its declaration, who waits, how long.

    ``seen`` are the lines of it that may be delivered once only.

    The records are sealed when their batch is made: identifiers rise in the order of the lane.
    """

    __slots__ = ("deadline", "done", "epoch", "open", "ready", "records", "seen", "used")

    def __init__(
        self,
        ready: Sequence[Ready],
        decided: tuple[int | None, UsedDeclaration | None],
        done: Done,
        deadline: float,
        seen: Sequence[SeenLine] = (),
    ) -> None:
        self.ready = ready
        self.records: list[Sealed] = []
        self.epoch, self.used = decided
        self.done = done
        self.deadline = deadline
        self.seen = seen
        self.open = True

    def release(self) -> None:
        """Tell that the records are durable."""
        if self.open:
            self._end(None)

    def fail(self, error: Exception) -> None:
        """Tell why they never will be; who was told before is not told again."""
        if self.open:
            self._end(error)

    def _end(self, error: Exception | None) -> None:
        self.open = False
        try:
            self.done(error)
        except Exception as accident:  # noqa: BLE001 - of one who waited, not of the batch
            told = {"message": "told of a record", "exception": accident}
            asyncio.get_running_loop().call_exception_handler(told)


def judge(waiting: Waiting, withheld: Withheld) -> None:
    """Whom of a batch that was not written it is about: those go, the others try again."""
    if waiting.epoch is not None and waiting.epoch < withheld.epoch:
        waiting.fail(StaleDecision(withheld.epoch))
    elif waiting.used is not None and waiting.used.key in withheld.spans:
        waiting.fail(Replayed(withheld.spans[waiting.used.key]))
